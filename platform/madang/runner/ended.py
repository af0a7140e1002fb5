"""A run that has ended in a slot, and is still to be handed in: its output, its end, its folder.

Made by :mod:`lane`. A slot that works on one run at a time hands it in with its request for the
next one; otherwise, and where that fails, it goes by itself, for minutes while the service is away.
"""

import shutil
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from madang.domain.run import RunState
from madang.runner.checkpoints.place import forget
from madang.runner.files import RunFolder
from madang.runner.report import Report

DELIVER_S = 600.0
DELIVER_STOPPING_S = 60.0


class Ended:
    """How a run ended, with what is left of it here.

    Parameters
    ----------
    result
        What the service is told.
    kept
        Folder of its checkpoints, None without one.
    held
        What it holds until it was handed in; closed then.
    """

    def __init__(
        self,
        folder: RunFolder,
        report: Report,
        result: dict[str, Any],
        kept: Path | None,
        held: ExitStack,
    ) -> None:
        self._folder = folder
        self._report = report
        self._result = result
        self._kept = kept
        self._held = held

    def told_with_next(self) -> dict[str, Any] | None:
        """Return what a request for the next run may carry; None where it is too much for that."""
        output = self._report.small_output(self._folder.output)
        if output is None:
            return None
        return {"run": self._report.run_id, **self._report.end(self._result, output)}

    def taken(self) -> None:
        """Forget it: the service has it."""
        shutil.rmtree(self._folder.root, ignore_errors=True)
        if self._kept is not None and _is_over(self._result):
            forget(self._kept)
        self._held.close()

    def hand_in(self, *, is_stopping: bool) -> None:
        """Send output and end; the folder stays only where that failed."""
        deadline = time.monotonic() + (DELIVER_STOPPING_S if is_stopping else DELIVER_S)
        if self._deliver(deadline):
            self.taken()
        else:
            self._held.close()

    def _deliver(self, deadline: float) -> bool:
        report, result = self._report, self._result
        output = report.small_output(self._folder.output)
        has_output = output is None and report.send_output(self._folder.output, deadline)
        if output is not None and report.send_end(result, deadline, output):
            return True
        if not has_output and result["state"] == RunState.SUCCEEDED:  # nobody could look at it
            result = self._result = failed(
                "output_not_saved", "the service did not take the executed notebook"
            )
        return report.send_end(result, deadline) and has_output


def failed(reason: str, error: object) -> dict[str, Any]:
    """Return the end of a run that failed outside its cells."""
    name = type(error).__name__ if isinstance(error, Exception) else "RunnerError"
    value = str(error)[:2_000]
    return {
        "state": RunState.FAILED.value,
        "reason": reason,
        "error": {"cell": 0, "name": name, "value": value},
    }


def _is_over(result: Mapping[str, Any]) -> bool:
    """Tell whether nothing will go on from where the run was; one that failed may be retried."""
    if result["state"] == RunState.SUCCEEDED:
        return True
    return bool(result["state"] == RunState.CANCELLED and result["reason"] == "cancelled")
