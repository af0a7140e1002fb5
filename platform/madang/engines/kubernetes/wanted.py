"""What the service wants of each lease: to wait, to hold devices, or to be gone.

Whose turn it is of those who wait is told by :mod:`madang.engines.kubernetes.turns`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from madang.domain.queue import ProjectShare, QueueItem
from madang.engines.kubernetes.workloads import priority


@dataclass(slots=True)
class Wanted:
    """What a lease's object should be.

    Attributes
    ----------
    since_ms
        When it was admitted.
    is_held
        It was admitted and told, or rows say so; its object must stay whatever happens.
    is_gone
        Its object must go.
    """

    item: QueueItem
    since_ms: int = 0
    is_held: bool = False
    is_gone: bool = False

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for its turn."""
        return not self.is_held and not self.is_gone


class Wishes:
    """All that is wanted, by lease, and what is known of projects."""

    def __init__(self) -> None:
        self._all: dict[str, Wanted] = {}
        self._shares: dict[str, ProjectShare] = {}

    def __iter__(self) -> Iterator[Wanted]:
        return iter(list(self._all.values()))

    def __contains__(self, lease_id: str) -> bool:
        return lease_id in self._all

    def members(self) -> set[tuple[str, str]]:
        """Return project and person of all that wait or run."""
        return {(each.item.project, each.item.person) for each in self}

    def get(self, lease_id: str) -> Wanted | None:
        """Return what is wanted of a lease; None when nobody said."""
        return self._all.get(lease_id)

    def put(self, wanted: Wanted) -> Wanted:
        """Take note of what is wanted of a lease from now on."""
        self._all[wanted.item.lease_id] = wanted
        return wanted

    def drop(self, wanted: Wanted) -> None:
        """Forget a lease, unless something else is wanted of it by now."""
        if self._all.get(wanted.item.lease_id) is wanted:
            del self._all[wanted.item.lease_id]

    def share(self, project: str) -> ProjectShare:
        """Return what is known of a project."""
        return self._shares.get(project) or ProjectShare(project=project)

    def set_shares(self, shares: Iterable[ProjectShare]) -> None:
        """Replace what is known of the projects."""
        self._shares = {share.project: share for share in shares}


def order(item: QueueItem) -> tuple[int, int, str]:
    """Return what orders those of whom our queue has not said yet who is first."""
    return -priority(item), item.submitted_ms, item.lease_id
