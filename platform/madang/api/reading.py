"""Reading a request within limits, before anything is parsed or anybody is believed.

Order of an API request: who is it, is the body small enough (counted while it streams in), is it
JSON, is it shallow. Only then FastAPI sees it. Used by every API route through
:class:`ApiRoute`.
"""

import json
import math
import re
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn, TypeVar

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from madang.api.house import house_of
from madang.api.problems import with_status
from madang.api.statuses import problems
from madang.domain.run import MAX_PARAMETERS_DEPTH
from madang.errors import InvalidError, MadangError

SMALL_BODY_BYTES = 1024**2
LARGE_BODY_BYTES = 24 * 1024**2
MAX_DEPTH = MAX_PARAMETERS_DEPTH + 2
MAX_PARTS = 100_000
"""Strings, brackets and commas in one body; a notebook travels as one string."""

_JSON_TYPES = frozenset({"application/json"})
_RAW_TYPES = frozenset({"application/json", "application/x-ipynb+json"})
# A string that never ends is taken to the end of the body, so that the scan stays linear.
_TOKENS = re.compile(rb'"[^"\\]*+(?:\\(?:.|\Z)[^"\\]*+)*+(?:"|\Z)|[\[\]{},]', re.DOTALL)

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def large_body(endpoint: Endpoint) -> Endpoint:
    """Mark a route whose body may hold a notebook."""
    endpoint.body_limit = LARGE_BODY_BYTES  # type: ignore[attr-defined]
    return endpoint


class CheckedRequest(Request):
    """A request whose body has been read and found acceptable."""

    def __init__(self, request: Request, body: bytes, value: Any) -> None:
        super().__init__(request.scope, request.receive)
        self._read_body = body
        self._read_value = value

    async def body(self) -> bytes:
        """Return the bytes."""
        return self._read_body

    async def json(self) -> Any:
        """Return the parsed body."""
        return self._read_value


class ApiRoute(APIRoute):
    """A route that first asks who it is, then reads the body within limits."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **more: Any) -> None:
        described = problems(path, more.get("methods") or ("GET",), endpoint)
        more["responses"] = {**described, **(more.get("responses") or {})}
        super().__init__(path, endpoint, **more)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler."""
        answer = super().get_route_handler()
        limit = getattr(self.endpoint, "body_limit", SMALL_BODY_BYTES)

        async def handle(request: Request) -> Response:
            await house_of(request).identity.actor(request)
            body = await read_body(request, limit)
            value = None
            if body:
                # A notebook that is handed in is kept as it is; other bodies are read.
                is_raw = request.method == "PUT" and limit == LARGE_BODY_BYTES
                _check_type(request, _RAW_TYPES if is_raw else _JSON_TYPES)
                value = None if is_raw else parse_json(body)
            return await answer(CheckedRequest(request, body, value))

        return handle


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """Read the body, and stop as soon as it is too large.

    Raises
    ------
    InvalidError
        ``body_too_large`` (status 413).
    """
    announced = request.headers.get("content-length", "0")
    if not (announced.isascii() and announced.isdigit()):
        raise with_status(InvalidError("request_unreadable", given="Content-Length"), 400)
    if int(announced[:20]) > limit_bytes:
        raise _too_large(int(announced[:20]), limit_bytes)
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit_bytes:
            raise _too_large(size, limit_bytes)
        parts.append(part)
    return b"".join(parts)


def parse_json(body: bytes) -> Any:
    """Parse JSON that is shallow, strict (no NaN, no infinity) and UTF-8.

    Raises
    ------
    InvalidError
        ``body_too_deep`` or ``body_unreadable``.
    """
    check_depth(body)
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)[:80]
        raise InvalidError("body_unreadable", given=reason) from error


def check_depth(body: bytes, max_depth: int = MAX_DEPTH, max_parts: int = MAX_PARTS) -> None:
    """Refuse a body with too many levels or parts, without parsing it.

    Raises
    ------
    InvalidError
        ``body_too_deep``.
    """
    depth = 0
    for seen, match in enumerate(_TOKENS.finditer(body)):
        first = body[match.start()]
        if first in b"[{":
            depth += 1
        elif first in b"]}":
            depth -= 1
        if depth > max_depth or seen >= max_parts:
            raise InvalidError("body_too_deep", limit=max_depth, parts=max_parts)


def _check_type(request: Request, accepted: frozenset[str]) -> None:
    given = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if given not in accepted:
        error = InvalidError("content_type", given=given[:60], limit=", ".join(sorted(accepted)))
        raise with_status(error, 415)


def _too_large(given: int, limit: int) -> MadangError:
    error = InvalidError("body_too_large", given_bytes=given, limit_bytes=limit)
    return with_status(error, 413)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value
