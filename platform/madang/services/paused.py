"""What waiting leases are told in a pause, made of what each was told before when asked for."""

from collections.abc import Iterator, Mapping

from madang.domain.lease import Standing
from madang.domain.upkeep import Maintenance, told_in_maintenance
from madang.engines.ports import Placed, positions


class Paused(Placed):
    """The standings of an engine, as they are told while nothing starts."""

    def __init__(
        self, told: Mapping[str, Standing], pause: Maintenance, until_text: str, now_ms: int
    ) -> None:
        self._told, self._pause = told, (pause, until_text, now_ms)

    def __getitem__(self, lease_id: str) -> Standing:
        return told_in_maintenance(self._told[lease_id], *self._pause)

    def __iter__(self) -> Iterator[str]:
        return iter(self._told)

    def __len__(self) -> int:
        return len(self._told)

    def positions(self) -> Mapping[str, int]:
        """Return the position of each, which a pause does not change."""
        return positions(self._told)
