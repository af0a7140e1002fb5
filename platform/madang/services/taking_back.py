"""Takes a run back that a slot was to have, when its notebook cannot be read now.

Nothing of it has begun, so it waits as before, without a slot and, where the slot had not asked for
it before, with the same number of attempts. Used where slots take runs.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from madang.domain.run import Run, RunState
from madang.errors import UnavailableError
from madang.services.core import Core
from madang.services.held_artifacts import AWAY
from madang.services.run_ends import unbegun
from madang.store import Tx


@dataclass(eq=False)
class Asking:
    """One request of a slot for a run; the first for it, unless an answer was lost."""

    is_first: bool = True


@asynccontextmanager
async def or_taken_back(core: Core, run: Run, asking: Asking) -> AsyncIterator[None]:
    """Hand a run over in this block; where the storage fails it, the run waits again.

    Parameters
    ----------
    asking
        What stands in ``core.live.handing`` unless the slot has asked again meanwhile, as its
        request took too long: then it is the later answer that counts.
    """

    def work(tx: Tx) -> None:
        fresh = tx.runs.get(run.id)
        is_ours = core.live.handing.get(run.id) is asking
        if is_ours and fresh is not None and fresh.state is RunState.RUNNING:
            tx.tokens.drop(run=run.id)
            unbegun(tx, fresh, core.clock(), counts=not asking.is_first)
            core.live.progress.pop(run.id, None)

    try:
        yield
    except UnavailableError as error:
        if error.code == AWAY:
            await core.store.write(work)
            core.changed("runs", "queue")
        raise
    finally:
        if core.live.handing.get(run.id) is asking:
            del core.live.handing[run.id]
