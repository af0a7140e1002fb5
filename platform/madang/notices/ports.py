"""The seam between delivery and the ways to a person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from madang.errors import MadangError, RefusedError, UnavailableError


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A notice in words, for one address.

    Attributes
    ----------
    id
        The same at each try, so that whoever gets it twice can tell.
    to
        Mail address or web address; empty for the page.
    secret
        Key of the signature of a webhook.
    link
        Page that it leads to.
    """

    id: str
    kind: str
    at_ms: int
    subject: str
    body: str
    link: str
    to: str = ""
    secret: str = field(default="", repr=False)
    data: Mapping[str, Any] = field(default_factory=dict)


class Notifier(Protocol):
    """One way to a person."""

    timeout_s: float
    """After this a try is over, whatever the other side does."""

    async def send(self, message: Message) -> None:
        """Hand a message over; doing it twice may tell twice, with the same id.

        Raises
        ------
        UnavailableError
            ``notice_undelivered``: trying again may help.
        RefusedError
            ``notice_refused``: it will not.
        """


def undelivered(why: str) -> UnavailableError:
    """Return the error after which a message is tried again; ``why`` is one word of ours."""
    return UnavailableError("notice_undelivered", why=why)


def refused(why: str) -> RefusedError:
    """Return the error after which a message is given up."""
    return RefusedError("notice_refused", why=why)


def why_of(error: MadangError) -> str:
    """Return the word that is kept beside a notice that did not arrive."""
    return str(error.details.get("why", error.code))[:64]
