"""Plays long queues in a process of its own.

To play 2,000 waiting leases forward takes half a second of a processor. In a thread, every answer
that the service gives meanwhile waits for the interpreter again and again. The process is started
when it is first needed, ends with its input, and so with whoever started it; it reads no file, has
no secret and gets a low priority.
"""

import contextlib
import pickle
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from typing import IO

from madang.domain.lease import Standing, WaitReason
from madang.policy.durations import Durations
from madang.policy.fair_queue import FairQueue

_LENGTH = struct.Struct("<Q")

Row = tuple[object, ...]
"""The fields of a :class:`~madang.domain.lease.Standing`, as far as a forecast fills them."""

LIMIT_S = 60.0
"""One that has not answered by then hangs: 2,000 waiting leases take half a second."""

RETRY_S = 60.0
"""A process that never answered is not started again before this."""


class ForecasterError(Exception):
    """The process could not be started, or ended."""


class Forecaster:
    """The process of one admission, started on first use and anew when it has ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._has_answered = False
        self._not_before_s = 0.0

    @property
    def may_answer(self) -> bool:
        """Whether it is worth asking: not for a while after one that never answered."""
        return time.monotonic() >= self._not_before_s

    def compute(
        self, queue: FairQueue, ends: Mapping[str, int], durations: Durations, now_ms: int
    ) -> tuple[dict[str, Standing], int]:
        """Return the standings, and the milliseconds of a processor that they took; for a thread.

        Raises
        ------
        ForecasterError
            It cannot be had now.
        """
        given = pickle.dumps((queue, dict(ends), durations, now_ms), pickle.HIGHEST_PROTOCOL)
        with self._lock:
            try:
                answer = self._ask(given)
            except (OSError, ForecasterError) as error:
                self._end()
                self._not_before_s = 0 if self._has_answered else time.monotonic() + RETRY_S
                self._has_answered = False
                raise ForecasterError(str(error)) from error
            self._has_answered = True
        # It is our own process: what it writes is as good as what we would compute.
        rows, cost_ms = pickle.loads(answer)  # noqa: S301
        return {row[0]: _standing(*row) for row in rows}, cost_ms

    def _ask(self, given: bytes) -> bytes:
        process = self._process = self._process or _start()
        assert process.stdin is not None
        assert process.stdout is not None
        # It may hang before it has read all, and after: its end ends the wait for either.
        watch = threading.Timer(LIMIT_S, process.kill)
        watch.start()
        try:
            write(process.stdin, given)
            answer = read(process.stdout)
        finally:
            watch.cancel()
        if answer is None:
            raise ForecasterError(f"it ended with {process.wait()}")
        return answer

    def close(self) -> None:
        """End the process; the next call starts another."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        process.kill()
        process.wait()

    def __del__(self) -> None:
        self._end()


def _start() -> subprocess.Popen[bytes]:
    # Nothing of our environment: the service's own holds its secrets.
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "madang.forecaster"],
        env={"LANG": "C.UTF-8"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def to_row(standing: Standing) -> Row:
    """Return what goes through the pipe: much less work for the one who reads it."""
    one = standing
    times = (one.expected_ms, one.earliest_ms, one.latest_ms)
    return (one.lease_id, one.position, one.waiting, one.reason, *times, one.devices_free)


def _standing(
    lease_id: str,
    position: int,
    waiting: int,
    reason: WaitReason,
    expected_ms: int | None,
    earliest_ms: int | None,
    latest_ms: int | None,
    devices_free: int,
) -> Standing:
    return Standing(
        lease_id=lease_id,
        position=position,
        waiting=waiting,
        reason=reason,
        expected_ms=expected_ms,
        earliest_ms=earliest_ms,
        latest_ms=latest_ms,
        devices_free=devices_free,
    )


def write(pipe: IO[bytes], data: bytes) -> None:
    """Write one message: its length, then it."""
    pipe.write(_LENGTH.pack(len(data)) + data)
    pipe.flush()


def read(pipe: IO[bytes]) -> bytes | None:
    """Return the next message; None when the other side is gone."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    data = pipe.read(length)
    return data if len(data) == length else None
