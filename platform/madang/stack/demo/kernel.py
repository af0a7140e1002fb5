"""A real kernel on a person's server, spoken to as JupyterLab does: REST and one websocket."""

import asyncio
import contextlib
import json
import uuid
from typing import Any

import httpx
from tornado.httpclient import HTTPRequest
from tornado.websocket import (
    WebSocketClientConnection,
    WebSocketClosedError,
    websocket_connect,
)

from madang.stack.demo.steps import CheckError

_CLOSE_S = 5.0


class Kernel:
    """Executes cells in one kernel and collects what they print."""

    def __init__(self, url: str, user: str, token: str) -> None:
        self._base = f"{url}/user/{user}"
        self._headers = {"Authorization": f"token {token}"}
        self._socket: WebSocketClientConnection | None = None
        self.id = ""

    async def start(self, path: str = "") -> None:
        """Start a kernel whose working folder is that of ``path``."""
        async with httpx.AsyncClient(headers=self._headers, timeout=60) as http:
            body = {"path": path, "type": "notebook", "name": path, "kernel": {"name": "python3"}}
            answer = await http.post(f"{self._base}/api/sessions", json=body)
            answer.raise_for_status()
            self.id = answer.json()["kernel"]["id"]
        await self.connect()

    async def connect(self) -> None:
        """Open the connection to the kernel, again after it was cut; the kernel never notices."""
        await self.leave()
        address = self._base.replace("http", "ws", 1) + f"/api/kernels/{self.id}/channels"
        request = HTTPRequest(address, headers=self._headers)
        self._socket = await websocket_connect(request)

    async def execute(self, code: str) -> str:
        """Run a cell and return what it printed.

        Raises
        ------
        CheckError
            The cell raised; carries the error's name and text.
        """
        if self._socket is None:
            raise CheckError("the kernel was not started")
        asked = uuid.uuid4().hex
        try:
            await self._socket.write_message(json.dumps(_request(asked, code)))
        except WebSocketClosedError as error:
            raise CheckError("the kernel's connection was closed") from error
        printed: list[str] = []
        while True:
            raw = await self._socket.read_message()
            if raw is None:
                raise CheckError("the kernel's connection was closed")
            message = json.loads(raw)
            if message["parent_header"].get("msg_id") != asked:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                printed.append(content["text"])
            elif kind == "error":
                raise CheckError(f"{content['ename']}: {content['evalue']} {''.join(printed)}")
            elif kind == "status" and content["execution_state"] == "idle":
                return "".join(printed)

    def close(self) -> None:
        """Close the connection; the kernel goes on."""
        if self._socket is not None:
            self._socket.close()

    async def leave(self) -> None:
        """Close the connection and wait until it is closed."""
        self.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                while self._socket is not None and await self._socket.read_message() is not None:
                    pass


def _request(message_id: str, code: str) -> dict[str, Any]:
    return {
        "header": {
            "msg_id": message_id,
            "msg_type": "execute_request",
            "username": "",
            "session": uuid.uuid4().hex,
            "date": "",
            "version": "5.3",
        },
        "parent_header": {},
        "metadata": {},
        "content": {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        },
        "channel": "shell",
        "buffers": [],
    }
