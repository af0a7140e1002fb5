"""Watches one execution: counts cells, passes on what was printed, and ends it when told to.

The engine tells it about cells; a signal handler, the time limit or a test asks it to stop. It ends
a cell the way a person would: an interrupt first, a second one, and then the kernel is killed. It
knows processes, time and what was recorded, but neither papermill nor HTTP.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Mapping
from typing import Any

from madang.domain.recorded import MAX_RECORDED, MAX_RECORDED_BYTES, MAX_VALUE_BYTES, Recorded
from madang.i18n import LANGUAGES, text
from madang.runner.redaction import NOTHING, Redactor

Event = Mapping[str, Any]

MAX_LOG_CHARACTERS = 1_000_000
"""What a run may print into its log; the notebook keeps everything."""


TIME_LIMIT = "time_limit"


class Stopped(BaseException):
    """Raised between cells once the run was told to stop."""


class Watch:
    """One execution as seen from outside.

    Parameters
    ----------
    emit
        Called with ``{"cells_done", "cells_total", "cell", "resumed_after", "kept_cell"}`` or
        ``{"log": text}``.
    limit_ms
        Time limit from the construction on.
    grace_s
        How long an interrupted cell may go on before the kernel is killed; two interrupts are sent
        in that time.
    hidden
        Takes the values of secrets out of what is passed on.
    """

    def __init__(
        self,
        emit: Callable[[Event], None],
        *,
        limit_ms: int,
        grace_s: float = 10.0,
        hidden: Redactor = NOTHING,
    ) -> None:
        self._emit = emit
        self.hidden = hidden
        self._grace_s = grace_s
        self._stop = threading.Event()
        self._done = threading.Event()
        self._woken = threading.Event()
        self._logged = 0
        self.stop_reason: str | None = None
        self.kernel_pid: int | None = None
        self.cells_done = 0
        self.cells_total = 0
        self.cell = 0
        self.kernel: Mapping[str, Any] = {}
        self.resumed_after = 0
        self.kept_cell = 0
        self.recorded: dict[str, Any] = {}
        self._thread = threading.Thread(
            target=self._guard, args=(limit_ms / 1000,), name="watch", daemon=True
        )
        self._thread.start()

    def stop(self, reason: str) -> None:
        """Ask the execution to end; the first reason counts. Safe in a signal handler."""
        if self.stop_reason is None:
            self.stop_reason = reason
        self._stop.set()
        self._woken.set()

    def close(self) -> None:
        """Say that the execution is over."""
        self._done.set()
        self._woken.set()
        self._thread.join()
        self._pass_on(self.hidden.rest())

    def begin_cell(self, cell: int, total: int) -> None:
        """Report that a cell begins; raise :class:`Stopped` when no other may begin."""
        self.cell, self.cells_total = cell, total
        if self._stop.is_set():
            raise Stopped
        self._report()

    def carry(self, cell: int, total: int) -> None:
        """Report cells that an earlier attempt has executed."""
        self.cells_done, self.cells_total = cell, total
        self.resumed_after = cell
        self.keep(cell)

    def keep(self, cell: int) -> None:
        """Report that another attempt would go on after this cell."""
        self.kept_cell = cell
        self._report()

    def end_cell(self, cell: int) -> None:
        """Report that a cell ended without an error."""
        self.cells_done = cell
        self._report()

    def note_kernel(self, facts: Mapping[str, Any]) -> None:
        """Remember why the kernel is a fresh one, or what it inherited; the last word counts."""
        self.kernel = facts

    def log(self, text: str, stream: str = "") -> None:
        """Pass on what a cell printed to a stream, up to the limit of a run."""
        self._pass_on(self.hidden.streamed(stream, text))

    def _pass_on(self, text: str) -> None:
        room = MAX_LOG_CHARACTERS - self._logged
        if room <= 0:
            return
        self._logged += len(text)
        shown = text if len(text) < room else f"{text[:room]}\n[…]\n"
        for start in range(0, len(shown), 8_192):
            self._emit({"log": shown[start : start + 8_192]})

    def keep_recorded(self, recorded: Recorded) -> None:
        """Keep what the notebook recorded until now; say how much of it was too much."""
        self.recorded = recorded.values
        for lang in LANGUAGES if recorded.left_out else ():
            told = text(
                "recorded.left_out",
                lang,
                count=recorded.left_out,
                names=MAX_RECORDED,
                value_bytes=MAX_VALUE_BYTES,
                all_bytes=MAX_RECORDED_BYTES,
            )
            self.log(f"{told}\n")

    def _report(self) -> None:
        names = ("cells_done", "cells_total", "cell", "resumed_after", "kept_cell")
        self._emit({name: getattr(self, name) for name in names})

    def _guard(self, limit_s: float) -> None:
        """Wait for the end, a stop or the limit; then see to it that the kernel obeys."""
        if not self._woken.wait(limit_s):
            self.stop(TIME_LIMIT)
        for sign in (signal.SIGINT, signal.SIGINT, signal.SIGKILL):
            if self._done.is_set():
                return
            self._signal_kernel(sign)
            self._done.wait(self._grace_s / 2)
        while not self._done.wait(1.0):  # a kernel that was only about to start
            self._signal_kernel(signal.SIGKILL)

    def _signal_kernel(self, sign: signal.Signals) -> None:
        """Signal the kernel and what it started; it leads a process group of its own."""
        if self.kernel_pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.kernel_pid, sign)
