"""What the service wants of each lease: to wait, to hold devices, or to be gone.

The caps of person and project are kept here and not by Kueue, which knows neither people nor the
sum over flavors: of those who wait, only as many may be chosen as stay within them.
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
    is_capped
        Its person or project would hold too much; Kueue must not choose it now.
    """

    item: QueueItem
    since_ms: int = 0
    is_held: bool = False
    is_gone: bool = False
    is_capped: bool = False

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for its turn."""
        return not self.is_held and not self.is_gone

    @property
    def is_stopped(self) -> bool:
        """Whether it waits, and Kueue must not choose it."""
        return not self.is_held and (self.item.is_held_back or self.is_capped)


class Wishes:
    """All that is wanted, by lease and by project."""

    def __init__(self) -> None:
        self._all: dict[str, Wanted] = {}
        self._of: dict[str, dict[str, Wanted]] = {}
        self._shares: dict[str, ProjectShare] = {}
        # Projects whose leases may be marked as capped.
        self._capped: set[str] = set()

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
        item = wanted.item
        before = self._all.get(item.lease_id)
        if before is not None and before.item.project != item.project:
            self._of[before.item.project].pop(item.lease_id, None)
        self._all[item.lease_id] = wanted
        self._of.setdefault(item.project, {})[item.lease_id] = wanted
        return wanted

    def drop(self, wanted: Wanted) -> None:
        """Forget a lease, unless something else is wanted of it by now."""
        item = wanted.item
        if self._all.get(item.lease_id) is wanted:
            del self._all[item.lease_id]
            self._of[item.project].pop(item.lease_id, None)

    def share(self, project: str) -> ProjectShare:
        """Return what is known of a project."""
        return self._shares.get(project) or ProjectShare(project=project)

    def set_shares(self, shares: Iterable[ProjectShare]) -> list[str]:
        """Replace what is known of the projects; return the leases that are capped anew or not."""
        self._shares = {share.project: share for share in shares}
        return [lease_id for project in self._of for lease_id in self.cap(project)]

    def cap(self, project: str) -> list[str]:
        """Find anew who of a project may be chosen; return the leases for which that changed.

        In the order in which they would be chosen, each counts if it still fits; a smaller one may
        pass a larger one that does not, as in our own queue.
        """
        share, of_project = self.share(project), self._of.get(project, {})
        has_caps = (share.max_devices_person, share.max_devices_project) != (None, None)
        if not has_caps and project not in self._capped:
            return []
        waiting, held = [], dict[str, int]()
        for wanted in of_project.values():
            if wanted.is_held:
                person = wanted.item.person
                held[person] = held.get(person, 0) + wanted.item.devices
            elif wanted.is_waiting and not wanted.item.is_held_back:
                waiting.append(wanted)
        total, changed = sum(held.values()), []
        for wanted in sorted(waiting, key=lambda each: order(each.item)):
            person, devices = wanted.item.person, wanted.item.devices
            own = held.get(person, 0) + devices
            is_capped = devices > 0 and (
                _is_over(own, share.max_devices_person)
                or _is_over(total + devices, share.max_devices_project)
            )
            if not is_capped:
                held[person], total = own, total + devices
            if is_capped != wanted.is_capped:
                wanted.is_capped = is_capped
                changed.append(wanted.item.lease_id)
        (self._capped.add if has_caps else self._capped.discard)(project)
        return changed


def order(item: QueueItem) -> tuple[int, int, str]:
    """Return what Kueue orders waiting leases by, the first first."""
    return -priority(item), item.submitted_ms, item.lease_id


def _is_over(count: int, cap: int | None) -> bool:
    return cap is not None and count > cap
