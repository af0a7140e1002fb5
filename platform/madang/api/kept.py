"""Answers to reads, kept for a moment for whoever asked.

The same person asking again while nothing has changed gets the same bytes without a route, a
transaction or a view.

Made by :func:`madang.api.app.create_app` as the outermost layer. It answers only where who asks is
known already by the token in this very request, and only with what the same actor (person, rights,
language) was answered for the same address: one person's answer never reaches another, except where
a route says that it tells everybody the same. Everything else goes on to the application as if this
were not here, first requests and refusals too.

An answer is good until anything was written or told (:meth:`madang.services.core.Core.mark`), and
never longer than :data:`FRESH_S`, since waiting times, readings and the clock move by themselves.
"""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from madang.api.identity import Identity
from madang.api.metrics import label_of
from madang.services.requests import Actor
from madang.settings.config import SERVICE_PREFIX

FRESH_S = 1.0
"""As long as standings are told; older than this nobody is answered."""

MAX_BYTES = 16 * 1024**2
MAX_ANSWER_BYTES = 256 * 1024
MAX_QUERY_BYTES = 200

_PATH = f"{SERVICE_PREFIX}/api/v1/"
_NEVER_WITH = {b"x-madang-person", b"content-length", b"transfer-encoding", b"range"}

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
Key = tuple[Actor | str, str, bytes]
"""Whose answer it is (for an answer to everybody: the language), path and query."""


def keep(endpoint: Endpoint) -> Endpoint:
    """Mark a read whose answer depends on actor, path, query, and what :meth:`Core.mark` covers."""
    endpoint.is_kept = True  # type: ignore[attr-defined]
    return endpoint


def keep_for_all(endpoint: Endpoint) -> Endpoint:
    """Mark a read that tells every person the same, but for the language."""
    endpoint.is_alike = True  # type: ignore[attr-defined]
    return keep(endpoint)


@dataclass(slots=True)
class Answer:
    """What was answered once."""

    mark: object
    at_s: float
    label: tuple[str, str, str] = ("", "", "")
    start: Message = field(default_factory=dict)
    body: bytes = b""


class KeptReads:
    """The layer.

    Parameters
    ----------
    identity
        Knows whose token it is, as far as it was asked before.
    mark
        Returns a value that differs once anything has changed.
    counts
        Answers by method, route and status, for the metrics.
    """

    def __init__(
        self,
        app: ASGIApp,
        identity: Identity,
        mark: Callable[[], object],
        counts: Counter[tuple[str, str, str]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app, self._identity, self._counts = app, identity, counts
        self._mark, self._clock = mark, clock
        self._known: OrderedDict[Key, Answer] = OrderedDict()
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from what is kept, or let the application answer and perhaps keep it."""
        if not _is_plain_read(scope):
            return await self._app(scope, receive, send)
        # Taken before anything is read: a change in between makes the answer an old one.
        mark, now = self._mark(), self._clock()
        actor = self._identity.known_actor(Request(scope))
        key = None if actor is None else self._find(actor, scope)
        known = None if key is None else self._known[key]
        if key is None or known is None or known.mark != mark or now - known.at_s >= FRESH_S:
            return await self._ask(Answer(mark, now), scope, receive, send)
        self._known.move_to_end(key)
        self._counts[known.label] += 1
        await send(known.start)
        await send({"type": "http.response.body", "body": known.body})
        return None

    async def _ask(self, answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
        parts: list[bytes] = []

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.start = message
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))
            await send(message)

        await self._app(scope, receive, noted)
        # Kept for whom it was made: the one that the route itself found out.
        actor = scope.get("state", {}).get("actor")
        endpoint = getattr(scope.get("route"), "endpoint", None)
        is_kept = getattr(endpoint, "is_kept", False)
        if is_kept and isinstance(actor, Actor) and answer.start.get("status") == 200:
            answer.body, answer.label = b"".join(parts), label_of(scope, 200)
            is_alike = getattr(endpoint, "is_alike", False) and _is_person(actor)
            self._keep(_key(actor.lang if is_alike else actor, scope), answer)

    def _find(self, actor: Actor, scope: Scope) -> Key | None:
        whose: tuple[Actor | str, ...] = (actor, actor.lang) if _is_person(actor) else (actor,)
        keys = (_key(one, scope) for one in whose)
        return next((key for key in keys if key in self._known), None)

    def _keep(self, key: Key, answer: Answer) -> None:
        if len(answer.body) > MAX_ANSWER_BYTES:
            return
        old = self._known.pop(key, None)
        self._known[key] = answer
        self._bytes += len(answer.body) - (len(old.body) if old else 0)
        while self._bytes > MAX_BYTES or len(self._known) > MAX_BYTES // 4096:
            self._bytes -= len(self._known.popitem(last=False)[1].body)


def _key(whose: Actor | str, scope: Scope) -> Key:
    return whose, scope["path"], scope["query_string"]


def _is_person(actor: Actor) -> bool:
    """Tell whether somebody asks with all of their own rights, not a run or slot with few."""
    return not actor.token_lease and not actor.token_run


def _is_plain_read(scope: Scope) -> bool:
    """Tell whether a request is no more than who, what and in which language."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    if not scope["path"].startswith(_PATH):
        return False
    query: bytes = scope["query_string"]
    if len(query) > MAX_QUERY_BYTES or b"wait_s" in query:
        return False
    names = {name for name, _ in scope["headers"]}
    return b"authorization" in names and names.isdisjoint(_NEVER_WITH)
