"""Whether somebody has proved, on a cluster, that people are kept apart there.

No object of a cluster tells whether its network keeps to the rules. So an installation says that it
is not ready until ``helm test`` has passed for the very rules that it has: the tests tell here when
they begin, which takes an older proof back, and at last that all of them passed.
"""

import logging

from madang.services.core import Core
from madang.store import Tx

_KEY = "isolation"
_log = logging.getLogger(__name__)


class Isolation:
    """The proof, and who gives it: only what knows the service's own token gets here."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def prove(self, rules: str) -> None:
        """Keep that these rules were found to hold."""
        await self._keep(rules)
        _log.info("people are kept apart: the tests of the release have passed")

    async def doubt(self) -> None:
        """Take the proof back, as tests do that begin."""
        await self._keep("")

    async def _keep(self, rules: str) -> None:
        await self._core.store.write(lambda tx: tx.meta.set(_KEY, rules))
        self._core.changed("queue")


def is_unproved(core: Core, tx: Tx) -> bool:
    """Tell whether there are rules that must be proved and are not."""
    return core.isolation_rules not in ("", tx.meta.get(_KEY, ""))
