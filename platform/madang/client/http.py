"""The HTTP client of the service, for notebooks, runs, slots, scripts and the command line.

One credential, one error tree, and tries that are repeated only where the service can tell a
repetition: every POST carries an Idempotency-Key that is kept over its tries.
"""

import random
import ssl
import time
import uuid
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx

from madang.client.address import find_address
from madang.client.words import language, spoken
from madang.errors import (
    ConflictError,
    InvalidError,
    MadangError,
    NotFoundError,
    RefusedError,
    UnauthenticatedError,
    UnavailableError,
)

LONG_POLL_S = 20
_MIN_POLL_S = 0.3
_FIRST_PAUSE_S = 0.2
_MAX_PAUSE_S = 5.0
_AWAY = frozenset({502, 503, 504})
_ERRORS: Mapping[int, type[MadangError]] = {
    400: InvalidError,
    401: UnauthenticatedError,
    403: RefusedError,
    404: NotFoundError,
    409: ConflictError,
    410: ConflictError,
    413: InvalidError,
    422: InvalidError,
    **dict.fromkeys(_AWAY, UnavailableError),
}


class MadangClient:
    """Speaks to one service as one person.

    Parameters
    ----------
    url
        Address of the installation or of its service; found by itself when None.
    token
        Hub token, attempt token or service token; found by itself when None.
    person
        Hub name of the person to act for; only with the service's own token.
    retry_s
        How long a call is repeated while the service does not answer.

    Raises
    ------
    UnavailableError
        ``service_unknown`` when nothing says where the service is.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        person: str | None = None,
        *,
        retry_s: float = 30.0,
    ) -> None:
        address = find_address(url, token)
        self.url = address.url
        self.retry_s = retry_s
        headers = {
            "Authorization": f"token {address.token}",
            "Accept-Language": language(),
            **({"X-Madang-Person": person} if person else {}),
        }
        host = urlsplit(self.url).hostname or ""
        # A proxy of the environment can neither reach our loopback nor should it see the token.
        trusts_env = host not in ("127.0.0.1", "localhost", "::1")
        self._http = httpx.Client(
            base_url=f"{self.url}/api/v1/",
            headers=headers,
            timeout=httpx.Timeout(30.0, connect=5.0),
            trust_env=trusts_env,
            verify=_certificates(trusts_env),
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> "MadangClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<MadangClient {self.url}>"

    def get(self, path: str, **query: Any) -> Any:
        """Return the JSON at a path; query values that are None are left out."""
        return self.request("GET", path, query=query).json()

    def post(self, path: str, body: Any = None) -> Any:
        """Create or change something once, however often it has to be tried; return the answer."""
        answer = self.request("POST", path, body=body)
        return answer.json() if answer.content else None

    def patch(self, path: str, body: Any) -> Any:
        """Change something, and return it."""
        return self.request("PATCH", path, body=body).json()

    def put(self, path: str, body: Any) -> Any:
        """Keep something as given, and return it."""
        return self.request("PUT", path, body=body).json()

    def delete(self, path: str, **query: Any) -> Any:
        """End something; what is gone already is no error of the service's."""
        answer = self.request("DELETE", path, query=query)
        return answer.json() if answer.content else None

    def wait(self, path: str, seen: str, wait_s: float = LONG_POLL_S) -> Any:
        """Return the JSON at a path once it differs from ``seen``, at the latest after a while."""
        whole_s = max(0, min(LONG_POLL_S, int(wait_s)))
        began = time.monotonic()
        view = self.get(path, wait_s=whole_s, seen=seen)
        if view.get("version") == seen and time.monotonic() - began < _MIN_POLL_S:
            time.sleep(_MIN_POLL_S)  # something on the way cuts long polls short: do not hammer it
        return view

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        content: bytes | None = None,
        retry_s: float | None = None,
    ) -> httpx.Response:
        """Send one request, again while the service does not answer, and return what succeeded.

        Raises
        ------
        MadangError
            The class of the answer's status, with the code, message and hint of the service;
            ``service_unreachable`` when nothing answered in time.
        """
        headers = {"Idempotency-Key": uuid.uuid4().hex} if method == "POST" else {}
        if content is not None:
            headers["Content-Type"] = "application/x-ipynb+json"
        request = self._http.build_request(
            method,
            path,
            params={k: v for k, v in (query or {}).items() if v is not None},
            json=body,
            content=content,
            headers=headers,
        )
        deadline = time.monotonic() + (self.retry_s if retry_s is None else retry_s)
        pause_s = _FIRST_PAUSE_S
        while True:
            fault: Exception | None = None
            answer: httpx.Response | None = None
            try:
                answer = self._http.send(request)
            except httpx.TransportError as error:
                fault = error
            if answer is not None and not _is_away(answer):
                break
            pause_s = min(_MAX_PAUSE_S, pause_s * 1.7)
            sleep_s = pause_s * random.uniform(0.7, 1.0)  # noqa: S311 - spreads tries, no secret
            if time.monotonic() + sleep_s > deadline:
                if answer is None:
                    raise spoken(UnavailableError("service_unreachable", url=self.url)) from fault
                break
            time.sleep(sleep_s)
        if answer.is_success:
            return answer
        raise _error(answer, self.url)


@cache
def _certificates(trusts_env: bool) -> ssl.SSLContext:
    """Return who is trusted, read once: a slot has a client for each run, and reading takes 40 ms.

    Parameters
    ----------
    trusts_env
        Whether ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` say who.
    """
    return httpx.create_ssl_context(trust_env=trusts_env)


def _is_away(answer: httpx.Response) -> bool:
    """Tell whether the service itself did not answer.

    A proxy that was just started hands everything to the hub until it knows the way to the service,
    and the hub redirects what it does not know, or refuses it, in words of its own.
    """
    if answer.status_code in _AWAY:
        return True
    if answer.is_success:
        return False
    return answer.is_redirect or answer.headers.get("content-type", "").startswith("text/html")


def _error(answer: httpx.Response, url: str) -> MadangError:
    """Return the error that an answer stands for, with the service's own words."""
    kind = _ERRORS.get(answer.status_code, UnavailableError)
    try:
        said = answer.json()
        error = kind(str(said["code"]), **dict(said.get("details") or {}))
        error.message, error.hint = str(said["message"]), str(said["hint"])
    except (ValueError, KeyError, TypeError):  # a proxy, or another program at this address
        return spoken(kind("service_answer_strange", url=url, given=answer.status_code))
    return error
