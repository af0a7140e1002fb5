"""Logging in through the hub (OAuth): start, and coming back.

The state of a login stands in a signed, HttpOnly cookie of ten minutes; nothing is kept on the
server, so a restart in between does no harm. ``next`` is only ever a page of this service.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from typing import Any
from urllib.parse import unquote, urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from madang.api.house import House, house_of
from madang.api.sessions import COOKIE_PATH
from madang.errors import RefusedError, UnauthenticatedError
from madang.settings.config import SERVICE_NAME, SERVICE_PREFIX

CALLBACK = f"{SERVICE_PREFIX}/oauth_callback"
AUTHORIZE = "/hub/api/oauth2/authorize"
STATE_COOKIE = "madang-login-"
STATE_MAX_AGE_S = 600
MAX_LOGINS = 8
MAX_NEXT_CHARS = 2000
HOME_PAGE = f"{SERVICE_PREFIX}/"

_STATE = re.compile(r"[A-Za-z0-9_-]{20,80}")

router = APIRouter(prefix=SERVICE_PREFIX, include_in_schema=False)


def safe_next(given: str | None) -> str:
    """Return ``given`` when it is a page of this service, read as a browser would; else home.

    Anything with another host, a backslash, a control character, a climbing path or an encoded
    slash goes home, however it is written.
    """
    path = given or ""
    plain = unquote(unquote(path.split("?", 1)[0]))
    is_ours = path.startswith(HOME_PAGE) and plain.startswith(HOME_PAGE)
    is_clean = path.isascii() and path.isprintable() and not set(path) & set(' "<>\\#')
    is_straight = "//" not in plain and "\\" not in plain and plain.isprintable()
    climbs = any(part in (".", "..") for part in plain.split("/"))
    is_good = is_ours and is_clean and is_straight and not climbs
    return path if is_good and len(path) <= MAX_NEXT_CHARS else HOME_PAGE


@router.get("")
async def home(_: Request) -> Response:
    """Send who left the slash out to the home page."""
    return RedirectResponse(HOME_PAGE, 308)


@router.get("/login")
async def login_start(request: Request) -> Response:
    """Send the browser to the hub's login."""
    house = house_of(request)
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    query = {
        "client_id": f"service-{SERVICE_NAME}",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "state": state,
        "code_challenge": challenge.decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    # A path, not an address: people may reach the proxy under several host names.
    response = RedirectResponse(f"{AUTHORIZE}?{urlencode(query)}", 303)
    value = _sign(
        house,
        {
            "state": state,
            "verifier": verifier,
            "next": safe_next(request.query_params.get("next")),
            "until_s": int(time.time()) + STATE_MAX_AGE_S,
        },
    )
    _drop_old(request, response)
    house.identity.sessions.set_cookie(response, _cookie(state), value, STATE_MAX_AGE_S)
    return response


@router.get("/oauth_callback")
async def login_finish(request: Request) -> Response:
    """Take the browser back from the hub: exchange the code, open a session, go to the page."""
    house = house_of(request)
    state = request.query_params.get("state", "")
    code = request.query_params.get("code", "")
    kept = _read(house, request.cookies.get(_cookie(state), "")) if _STATE.fullmatch(state) else {}
    if not code or not kept or not hmac.compare_digest(str(kept.get("state", "")), state):
        raise UnauthenticatedError("login_state")
    token = await house.identity.hub.token_for_code(code[:512], CALLBACK, str(kept["verifier"]))
    user = await house.identity.hub.user_for_token(token)
    if user is None:
        raise UnauthenticatedError("login_refused")
    if not user.has_access:
        raise RefusedError("service_access_missing", person=user.name)
    response = RedirectResponse(safe_next(str(kept["next"])), 303)
    await house.identity.sessions.open(request, response, user, token)
    response.delete_cookie(_cookie(state), path=COOKIE_PATH)
    return response


def _cookie(state: str) -> str:
    return f"{STATE_COOKIE}{state[:12]}"


def _drop_old(request: Request, response: Response) -> None:
    """Keep logins of a few tabs apart, and forget the rest before the cookie header overflows."""
    old = [name for name in request.cookies if name.startswith(STATE_COOKIE)]
    for name in old if len(old) >= MAX_LOGINS else ():
        response.delete_cookie(name, path=COOKIE_PATH)


def _seal(house: House, data: bytes) -> bytes:
    key = hashlib.sha256(b"madang login state\0" + house.settings.api_token.encode()).digest()
    return hmac.new(key, data, hashlib.sha256).digest()


def _sign(house: House, value: dict[str, Any]) -> str:
    data = json.dumps(value).encode()
    return base64.urlsafe_b64encode(_seal(house, data) + data).decode().rstrip("=")


def _read(house: House, text: str) -> dict[str, Any]:
    """Return what :func:`_sign` wrote; empty when it is not ours, or too old."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return {}
    seal, data = raw[:32], raw[32:]
    if not hmac.compare_digest(seal, _seal(house, data)):
        return {}
    value: dict[str, Any] = json.loads(data)
    return value if value["until_s"] > time.time() else {}
