"""What the handles of a run and of a sweep share: the last view of it, and asking for it anew.

Used by :mod:`madang.client.runs` and :mod:`madang.client.sweeps`.
"""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar, Self

from madang.client.http import LONG_POLL_S, MadangClient
from madang.client.words import spoken
from madang.errors import MadangError

_FRESH_S = 1.0


class Handle(ABC):
    """Something that was submitted and goes on by itself until it ends.

    Parameters
    ----------
    view
        What the service says about it.
    client
        How to reach the service; found by itself when None.
    """

    noun: ClassVar[str]
    """What the API calls many of them."""

    final_states: ClassVar[Collection[str]]

    def __init__(self, view: Mapping[str, Any], client: MadangClient | None = None) -> None:
        self._http = client or MadangClient()
        self._view = dict(view)
        self._asked_at = time.monotonic()

    @classmethod
    def of(cls, id_: str, client: MadangClient | None = None) -> Self:
        """Return the handle of one that was submitted before."""
        http = client or MadangClient()
        return cls(http.get(f"{cls.noun}/{id_}"), http)

    @property
    def view(self) -> dict[str, Any]:
        """What the service says, at most a second old."""
        if not self.is_final and time.monotonic() - self._asked_at > _FRESH_S:
            self.refresh()
        return self._view

    @property
    def id(self) -> str:
        """Its id."""
        return str(self._view["id"])

    @property
    def name(self) -> str:
        """Name for people."""
        return str(self._view["name"] or self._view["id"])

    @property
    def is_final(self) -> bool:
        """Whether it has ended, as far as was asked."""
        return self._view["state"] in self.final_states

    def refresh(self) -> Self:
        """Ask the service anew."""
        return self._saw(self._http.get(f"{self.noun}/{self.id}"))

    def next_change(self, wait_s: float = LONG_POLL_S) -> Self:
        """Return when something changed, at the latest after a while."""
        version = str(self._view.get("version") or "")
        return self._saw(self._http.wait(f"{self.noun}/{self.id}", version, math.ceil(wait_s)))

    def _saw(self, view: dict[str, Any]) -> Self:
        self._view = view
        self._asked_at = time.monotonic()
        return self

    @abstractmethod
    def _late(self, waited_s: int) -> MadangError:
        """Return the error of who waited in vain."""

    def _until_final(
        self,
        timeout_s: float | None,
        show: Callable[[Mapping[str, Any]], None] = lambda _view: None,
    ) -> Self:
        """Wait for the end, and show each view on the way."""
        deadline = math.inf if timeout_s is None else time.monotonic() + timeout_s
        show(self._view)
        while not self.is_final:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise spoken(self._late(round(timeout_s or 0)))
            self.next_change(min(LONG_POLL_S, left_s))
            show(self._view)
        return self
