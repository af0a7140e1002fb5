"""What a person is told outside of a page they look at, and how they want to be told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class NoticeKind(StrEnum):
    """What happened. Texts in ``notice.<value>.subject`` and ``.body`` of the catalogue."""

    TURN = "turn"
    ENDED = "ended"
    ENDING = "ending"
    IDLE = "idle"
    RUN = "run"
    BUDGET = "budget"
    SCHEDULE = "schedule"
    TEST = "test"


CHOSEN_KINDS = tuple(kind for kind in NoticeKind if kind is not NoticeKind.TEST)
"""Kinds that a person may switch on and off."""


class Channel(StrEnum):
    """Where a notice goes: the list on our page, a mail, or a person's own web address."""

    PAGE = "page"
    MAIL = "mail"
    WEBHOOK = "webhook"


class NoticeState(StrEnum):
    """Whether it is on its way, has arrived, or was given up."""

    WAITING = "waiting"
    SENT = "sent"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One notice to one person on one channel.

    Attributes
    ----------
    dedupe
        What it is about, so that nobody is told the same thing twice on a channel.
    data
        Values for the text, and ids for the link.
    at_ms, until_ms
        When it happened, and until when telling it makes sense.
    due_ms
        When to try next.
    tries
        How often it was tried.
    problem
        Why the last try failed: a word, no text of the other side.
    """

    id: str
    person: str
    kind: NoticeKind
    channel: Channel
    dedupe: str
    at_ms: int
    until_ms: int
    due_ms: int
    data: Mapping[str, Any] = field(default_factory=dict)
    state: NoticeState = NoticeState.WAITING
    tries: int = 0
    sent_ms: int | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSettings:
    """How a person wants to be told.

    Attributes
    ----------
    mail, webhook_url
        Empty for none.
    webhook_secret_sealed
        Key of the signature, encrypted by the caller.
    kinds
        Kinds that go out by mail and webhook; the page shows all.
    """

    person: str
    mail: str = ""
    webhook_url: str = ""
    webhook_secret_sealed: bytes = field(default=b"", repr=False)
    lang: str = "ko"
    kinds: tuple[str, ...] = tuple(str(kind) for kind in CHOSEN_KINDS)
