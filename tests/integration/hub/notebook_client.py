"""A person in a notebook: starts kernels, runs cells, answers questions. Imported by tests."""

import asyncio
import json
import time
import uuid

import httpx
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

LIMIT_S = 30


class Notebook:
    """One kernel of one server, with its outputs."""

    def __init__(self, base, token):
        self.base, self.headers = base, {"Authorization": f"token {token}"}
        self.http = httpx.AsyncClient(headers=self.headers, trust_env=False, timeout=LIMIT_S)
        self.kernel, self.socket = "", None

    async def __aenter__(self):
        answer = await self.http.post(f"{self.base}api/kernels", json={"name": "python3"})
        assert answer.status_code == 201, answer.text
        self.kernel = answer.json()["id"]
        await self.connect()
        return self

    async def __aexit__(self, *_):
        await self.disconnect()
        await self.http.delete(f"{self.base}api/kernels/{self.kernel}")
        await self.http.aclose()

    async def connect(self):
        address = f"{self.base}api/kernels/{self.kernel}/channels".replace("http", "ws", 1)
        self.socket = await websocket_connect(HTTPRequest(address, headers=self.headers))

    async def disconnect(self):
        self.socket.close()
        while await asyncio.wait_for(self.socket.read_message(), LIMIT_S) is not None:
            continue

    async def act(self, verb):
        answer = await self.http.post(f"{self.base}api/kernels/{self.kernel}/{verb}")
        assert answer.is_success, answer.text

    def send(self, kind, content, channel="shell"):
        number = uuid.uuid4().hex
        header = {
            "msg_id": number,
            "msg_type": kind,
            "session": "s",
            "username": "",
            "version": "5.3",
        }
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        self.socket.write_message(json.dumps({**message, "channel": channel, "buffers": []}))
        return number

    async def debug(self, command, **arguments):
        """Ask the kernel's debugger; returns its answer."""
        content = {"seq": 1, "type": "request", "command": command, "arguments": arguments}
        number = self.send("debug_request", content, "control")
        answer = await self._until("debug_reply", number)
        assert answer["success"], answer
        return answer.get("body", {})

    async def until_stopped(self):
        """Wait until the debugger has stopped somewhere; returns in which thread."""
        while (event := await self._until("debug_event"))["event"] != "stopped":
            continue
        return event["body"]["threadId"]

    async def _until(self, kind, number=""):
        deadline = time.monotonic() + LIMIT_S
        while True:
            left = deadline - time.monotonic()
            message = json.loads(await asyncio.wait_for(self.socket.read_message(), left))
            is_asked = not number or message["parent_header"].get("msg_id") == number
            if message["msg_type"] == kind and is_asked:
                return message["content"]

    async def run(self, code, answer=None, on_start=None, until=""):
        """Run a cell, at least until it has shown a text; returns text, mime types, error name."""
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": True}
        number = self.send("execute_request", {**content, "user_expressions": {}})
        text, mimes, error, is_idle, is_done = "", set(), "", False, False
        deadline = time.monotonic() + LIMIT_S
        while not (is_idle and is_done and until in text):
            left = deadline - time.monotonic()
            message = json.loads(await asyncio.wait_for(self.socket.read_message(), left))
            if message["parent_header"].get("msg_id") != number:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                text += content["text"]
            elif kind in ("execute_result", "display_data"):
                mimes |= set(content["data"])
                text += content["data"].get("text/plain", "")
            elif kind == "error":
                error = content["ename"]
            elif kind == "input_request":
                self.send("input_reply", {"value": answer}, "stdin")
            elif kind == "status":
                is_idle = content["execution_state"] == "idle"
                if content["execution_state"] == "busy" and on_start is not None:
                    asyncio.get_running_loop().call_later(0.3, on_start)
            elif kind == "execute_reply":
                is_done = True
        return text.strip(), mimes, error
