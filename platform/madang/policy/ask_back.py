"""From whom lent devices are asked back.

Called by :mod:`madang.policy.fair_queue` when a lease within its project's guarantee does not fit.
A project's guarantee covers its leases that cannot be asked back first, then the others by their
start; so a project that holds more than its guarantee always has lent its latest ones.
"""

from collections.abc import Iterable

from madang.domain.queue import ProjectShare
from madang.policy.decisions import Running


class Borrower:
    """A project that holds more than its guarantee, asked-back devices not counted.

    Attributes
    ----------
    over
        Devices beyond the guarantee.
    lent
        Leases that the guarantee does not cover wholly and that may be asked back, the latest
        last. Only the first can reach into the guarantee.
    """

    __slots__ = ("lent", "over", "share")

    def __init__(self, share: ProjectShare, flavor: str, holders: Iterable[Running]) -> None:
        self.share = share
        self.over = -share.guaranteed.get(flavor, 0)
        self.lent: list[Running] = []
        kept = [running for running in holders if not running.is_asked_back]
        for running in sorted(kept, key=lambda running: running.item.is_preemptible):
            self.over += running.item.devices
            if self.over > 0 and running.item.is_preemptible:
                self.lent.append(running)

    @property
    def order(self) -> tuple[float, str]:
        """Most over its share first; the name settles a tie."""
        return (-self.over / max(self.share.weight, 1e-9), self.share.project)

    def take(self, may_reach_in: bool) -> Running | None:
        """Take out the latest lent lease; None when there is none.

        Parameters
        ----------
        may_reach_in
            Whether it may hold more devices than the project has beyond its guarantee.
        """
        if not self.lent or (self.lent[-1].item.devices > self.over and not may_reach_in):
            return None
        self.over -= self.lent[-1].item.devices
        return self.lent.pop()


def choose_to_ask_back(borrowers: Iterable[Borrower], needed: int) -> list[Running]:
    """Choose leases that hold at least ``needed`` devices, or none when they cannot.

    Leases that leave their project its whole guarantee come first. One that reaches into the
    guarantee (a gang larger than what is lent) is taken only when the others do not suffice.
    """
    found = list(borrowers)
    chosen: list[Running] = []
    for may_reach_in in (False, True):
        while needed > 0:
            in_order = sorted(found, key=lambda borrower: borrower.order)
            taken = next((r for b in in_order if (r := b.take(may_reach_in)) is not None), None)
            if taken is None:
                break
            chosen.append(taken)
            needed -= taken.item.devices
    if needed > 0:
        return []
    return _without_needless(chosen, -needed)


def _without_needless(chosen: list[Running], spare: int) -> list[Running]:
    """Drop leases that turn out not to be needed, the largest first."""
    needless: set[str] = set()
    for running in sorted(chosen, key=lambda r: -r.item.devices):
        if running.item.devices <= spare:
            spare -= running.item.devices
            needless.add(running.item.lease_id)
    return [running for running in chosen if running.item.lease_id not in needless]
