"""The one shape of an error: ``{code, message, hint, details, status}`` in the asker's language.

Every refusal leaves through here, whether a use-case raised it, the body did not fit, the address
does not exist or a defect came up. Texts stand in the catalogue, never here.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match

from madang.api.identity import lang_of
from madang.api.pages import error_page
from madang.errors import InvalidError, LocalError, MadangError, NotFoundError
from madang.i18n import catalogue, problem, text
from madang.settings.config import SERVICE_PREFIX

MAX_GIVEN_CHARS = 80
RETRY_AFTER_S = 2
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class JsonResponse(Response):
    """JSON that always leaves as valid UTF-8, and never carries NaN."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Write the content."""
        written = json.dumps(
            content, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=str
        )
        # A lone surrogate that somebody smuggled in must not turn an answer into a defect.
        return written.encode("utf-8", "replace")


def answer_problem(request: Request, error: MadangError) -> Response:
    """Return the answer for an error: JSON, or the page of it when a browser asked for a page."""
    headers = {"Retry-After": str(RETRY_AFTER_S)} if error.status == 503 else {}
    lang = lang_of(request)
    shape = problem(error, lang)
    wants_page = "text/html" in request.headers.get("accept", "")
    if wants_page and not request.url.path.startswith(f"{SERVICE_PREFIX}/api/"):
        page = error_page(request, shape)
        page.headers.update(headers)
        return page
    return JsonResponse(shape, error.status, headers)


def with_status(error: MadangError, status: int) -> MadangError:
    """Return the error with an HTTP status of its own, where the kind's is too coarse."""
    error.status = status
    return error


def defect() -> LocalError:
    """Return the error that stands for a defect; its id is also in the log."""
    return LocalError("internal", id=secrets.token_hex(6))


def install(app: FastAPI) -> None:
    """Let the application answer every error in the one shape."""

    async def refused(request: Request, error: Exception) -> Response:
        return answer_problem(request, error if isinstance(error, MadangError) else defect())

    async def unfit(request: Request, error: Exception) -> Response:
        errors = error.errors() if isinstance(error, RequestValidationError) else []
        is_secret = "/secrets/" in request.url.path
        return answer_problem(request, invalid(errors, lang_of(request), is_secret=is_secret))

    async def http(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = (error.headers if isinstance(error, HTTPException) else None) or {}
        if "Location" in headers:
            return RedirectResponse(headers["Location"], status)
        response = answer_problem(request, _http_error(request, status))
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            response.headers["Allow"] = ", ".join(_allowed(request))
        return response

    app.add_exception_handler(MadangError, refused)
    app.add_exception_handler(RequestValidationError, unfit)
    app.add_exception_handler(HTTPException, http)


def invalid(
    errors: Sequence[Mapping[str, Any]], lang: str, *, is_secret: bool = False
) -> InvalidError:
    """Return the error for a body or query that does not fit, naming the first field.

    Parameters
    ----------
    is_secret
        Whether what was given may be the value of a secret, which no answer repeats.
    """
    first = errors[0] if errors else {"type": "other"}
    loc: tuple[str | int, ...] = tuple(first.get("loc") or ("body",))
    place, path = loc[0], loc[1:]
    # The whole body is at fault when there is no path: pydantic says so with a place alone.
    field = ".".join(str(part)[:60] for part in path) or str(place)
    code = "body_invalid" if place == "body" else "query_invalid"
    is_missing = first["type"] == "missing"
    given = text("given.nothing", lang) if is_missing else shown(first.get("input"))
    if is_secret:
        given = text("given.hidden", lang)
    limit = _limit(first, lang)
    more = [".".join(str(part)[:60] for part in error["loc"][1:]) for error in errors[1:10]]
    return InvalidError(code, field=field, given=given, limit=limit, more=more)


def shown(value: Any) -> str:
    """Return what was given, short and on one line."""
    if isinstance(value, str | bytes):
        value = value[: MAX_GIVEN_CHARS + 1]
    elif isinstance(value, dict | list):
        return type(value).__name__
    given = ascii(value) if not str(value).isprintable() else str(value)
    return given if len(given) <= MAX_GIVEN_CHARS else f"{given[:MAX_GIVEN_CHARS]}…"


def _limit(error: Mapping[str, Any], lang: str) -> str:
    key = f"limit.{error['type']}"
    if key not in catalogue():
        key = "limit.other"
    return text(key, lang, **{str(k): str(v) for k, v in (error.get("ctx") or {}).items()})


def _allowed(request: Request) -> list[str]:
    """Return what an address takes, which may stand in several routes."""
    routes = request.app.router.routes
    return [
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes
        )
    ]


def _http_error(request: Request, status: int) -> MadangError:
    path = shown(request.url.path)
    if status == HTTPStatus.NOT_FOUND:
        return NotFoundError("not_found", given=path)
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        error = InvalidError("method_not_allowed", given=request.method[:20], path=path)
        return with_status(error, status)
    return with_status(InvalidError("request_unreadable", given=status), status)
