"""Asks a kernel to save or to restore, between cells and unseen by them.

The request is an execution of nothing with an expression beside it: no event of a cell is raised,
no number is counted, nothing is remembered in ``In`` and ``Out``. What is executed travels as text,
so that kernels of other environments understand it.
"""

import ast
import contextlib
import json
import time
from collections.abc import Mapping
from importlib.resources import files
from queue import Empty
from typing import Any

from jupyter_core.utils import ensure_async, run_sync
from nbclient.exceptions import DeadKernelError

OBEY_S = 10.0
"""How long a kernel may take to answer once it was interrupted."""

_NAME = "madang_checkpoint"
_EXPRESSION = (
    "(lambda e, c, i: (e({checking!r}, c), e({inside!r}, i), i['answer']({request!r}, c['check'])))"
    "(__import__('builtins').exec, {{'__name__': {name!r}}}, {{'__name__': {name!r}}})[2]"
)


def expression(request: Mapping[str, Any]) -> str:
    """Return what the kernel evaluates."""
    here = files(__package__)
    return _EXPRESSION.format(
        checking=(here / "checking.py").read_text("utf-8"),
        inside=(here / "inside.py").read_text("utf-8"),
        request=json.dumps(request),
        name=_NAME,
    )


def ask(
    client: Any, request: Mapping[str, Any], limit_s: float, cell: Any = None, index: int = 0
) -> dict[str, Any]:
    """Return the kernel's answer, or ``{"refused": code}``.

    Parameters
    ----------
    client
        nbclient's, with a kernel that is idle.
    cell, index
        Where goes what threads of the notebook print meanwhile; None for nowhere.

    Raises
    ------
    nbclient.exceptions.DeadKernelError
        The kernel died of it, or before.
    """
    answer: dict[str, Any] = run_sync(_ask)(client, request, limit_s, cell, index)
    return answer


async def _ask(
    client: Any, request: Mapping[str, Any], limit_s: float, cell: Any, index: int
) -> dict[str, Any]:
    identifier = client.kc.execute(
        "",
        silent=True,
        store_history=False,
        allow_stdin=False,
        stop_on_error=False,
        user_expressions={_NAME: expression(request)},
    )
    reply = await _reply(client, identifier, time.monotonic() + limit_s)
    if reply is None:
        return {"refused": "silent"}
    await _drain(client, identifier, cell, index)
    return _read(reply)


async def _reply(client: Any, identifier: str, deadline: float) -> dict[str, Any] | None:
    """Wait for the reply; interrupt at the deadline; None when that is not heard either."""
    is_interrupted = False
    while True:
        try:
            message = await ensure_async(client.kc.shell_channel.get_msg(timeout=1.0))
        except Empty:
            if not await ensure_async(client.kc.is_alive()):
                raise DeadKernelError("Kernel died") from None
            if time.monotonic() < deadline:
                continue
            if is_interrupted:
                return None
            is_interrupted = True
            deadline = time.monotonic() + OBEY_S
            await ensure_async(client.km.interrupt_kernel())
            continue
        if message["parent_header"].get("msg_id") == identifier:
            content: dict[str, Any] = message["content"]
            return content


async def _drain(client: Any, identifier: str, cell: Any, index: int) -> None:
    """Take what was published meanwhile, until the kernel says that it is idle."""
    with contextlib.suppress(Empty):
        while True:
            message = await ensure_async(
                client.kc.iopub_channel.get_msg(timeout=client.iopub_timeout)
            )
            if message["parent_header"].get("msg_id") != identifier:
                continue
            if message["msg_type"] == "stream" and cell is not None:
                client.process_message(message, cell, index)
            if message["content"].get("execution_state") == "idle":
                return


def _read(reply: Mapping[str, Any]) -> dict[str, Any]:
    told = reply.get("user_expressions", {}).get(_NAME, {})
    if told.get("status") != "ok":
        return {"refused": "interrupted", "detail": str(told.get("ename", ""))[:80]}
    try:
        answer: dict[str, Any] = json.loads(ast.literal_eval(told["data"]["text/plain"]))
    except (KeyError, ValueError, SyntaxError):
        return {"refused": "silent"}
    return answer
