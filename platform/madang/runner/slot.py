"""The worker of a slot lease: ``python -m madang.runner.slot``.

Started by the launcher as the person, it takes run after run of their project from the service, and
has each executed in a lane: one at a time, or as many of a sweep as may share the slot's device. It
never decides why something ends: SIGTERM and the service's word mean "stop now and save". The
slot's token is kept from everything it starts.
"""

import contextlib
import ctypes
import os
import queue
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import httpx

from madang.client.http import MadangClient
from madang.domain.sweep import MAX_RUNS_PER_DEVICE
from madang.errors import MadangError, UnavailableError
from madang.runner.checkpoints.place import place_of, sweep_old
from madang.runner.ended import Ended
from madang.runner.forked.runs import ForkedRuns
from madang.runner.lane import GRACE_S, Lane, Shared
from madang.runner.memory import SharedKills
from madang.runner.rooms import own_room

PAUSE_S = 1.0
_SET_DUMPABLE = 4


class _Leave(BaseException):
    """Raised in the main thread when SIGTERM comes while it waits for a run or a lane."""


class Slot:
    """Takes runs until told to stop.

    The main thread asks for runs, for one lane at a time, and each run has a thread.

    Parameters
    ----------
    url, token
        Address of the service and the slot's attempt token.
    root
        Private folder for the runs' folders.
    env
        Environment that kernels get, without the slot's token.
    """

    def __init__(
        self, url: str, token: str, root: Path, env: Mapping[str, str], *, grace_s: float = GRACE_S
    ) -> None:
        self._client = MadangClient(url, token)
        self._shared = Shared(
            url=url,
            root=root,
            env=dict(env),
            grace_s=grace_s,
            runs=ForkedRuns(root, env),
            checkpoints=place_of(env),
            kills=SharedKills(),
        )
        self._free = deque(range(MAX_RUNS_PER_DEVICE))
        self._busy: dict[int, tuple[Lane, threading.Thread]] = {}
        self._ended: queue.SimpleQueue[tuple[int, Ended | None]] = queue.SimpleQueue()
        self._to_tell: Ended | None = None
        self._most = 1
        self._fault: BaseException | None = None
        self._is_waiting = False
        self.is_stopping = False

    def stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """End: leave the queue, or interrupt the runs and hand in what there is."""
        self.is_stopping = True
        self._stop_lanes()
        if self._is_waiting:
            raise _Leave

    def _stop_lanes(self) -> None:
        for lane, _ in list(self._busy.values()):
            lane.stop()

    def serve(self) -> None:
        """Take and execute runs until the service or a signal says stop."""
        sweep_old(self._shared.checkpoints)
        try:
            while not self.is_stopping:
                try:
                    self._wait_for_lane()
                    task = self._next()
                except (_Leave, StopIteration):
                    return
                if task is not None:
                    self._begin(task)
        finally:
            if self._fault is not None:
                self._stop_lanes()
            for _, thread in list(self._busy.values()):
                thread.join()
            self._tell_what_is_left()
            self._shared.runs.close()

    @contextlib.contextmanager
    def _leaving(self) -> Iterator[None]:
        """Let a signal end what is being waited for."""
        try:
            self._is_waiting = True
            if self.is_stopping:
                raise _Leave
            yield
        finally:
            self._is_waiting = False

    def _wait_for_lane(self) -> None:
        """Return when one more run may be executed; lanes whose run has ended are free again."""
        while True:
            try:
                with self._leaving():
                    number, ended = self._ended.get(block=len(self._busy) >= self._most)
            except queue.Empty:
                return
            self._to_tell = ended or self._to_tell
            self._busy.pop(number)[1].join()
            self._free.appendleft(number)
            if self._fault is not None:
                raise self._fault

    def _next(self) -> dict[str, Any] | None:
        """Return the next run, None when there is none yet; StopIteration when the slot is over.

        A lane asks until it is told that there is nothing: an answer that was lost is a run that
        the service keeps for this very lane.
        """
        lane, asked_s = self._free[0], time.monotonic()
        query = {"lane": lane} if lane else None
        try:
            answer = self._ask(query)
        except UnavailableError:
            time.sleep(PAUSE_S)
            return None
        except MadangError as error:  # the slot is over, or its token with it
            raise StopIteration from error
        if not answer.content:
            self._free.rotate(-1)
            if self._busy and time.monotonic() - asked_s < PAUSE_S:
                time.sleep(PAUSE_S)  # the service lets nobody else of this person wait there
            return None
        task: dict[str, Any] = answer.json()
        return task

    def _ask(self, query: dict[str, Any] | None) -> httpx.Response:
        """Ask for a run, and tell with it how the one before has ended.

        Where no answer says that this arrived, the end is handed in once more by itself; to be told
        twice does not hurt. Where it is refused, the question stands.
        """
        ended, self._to_tell = self._to_tell, None
        body = ended.told_with_next() if ended is not None else None
        try:
            with self._leaving():
                answer = self._client.request(
                    "POST", "slots/next", query=query, body=body, retry_s=0
                )
        except BaseException as error:
            if ended is None:
                raise
            if getattr(error, "code", "") == "slot_over":
                ended.taken()  # it is written down before the service looks for a next one
                raise
            ended.hand_in(is_stopping=self.is_stopping)
            if not isinstance(error, MadangError) or isinstance(error, UnavailableError):
                raise
            return self._ask(query)
        if ended is not None:
            ended.taken()
        return answer

    def _tell_what_is_left(self) -> None:
        """Hand in what no request took along."""
        while True:
            if self._to_tell is not None:
                self._to_tell.hand_in(is_stopping=True)
            try:
                self._to_tell = self._ended.get_nowait()[1]
            except queue.Empty:
                return

    def _begin(self, task: Mapping[str, Any]) -> None:
        """Have a run executed in the lane that asked for it."""
        number = self._free.popleft()
        # Of an older service, or beyond what there is: one at a time is always right.
        self._most = max(1, min(int(task.get("lanes") or 1), MAX_RUNS_PER_DEVICE))
        lane = Lane(self._shared, self._most)

        def work() -> None:
            to_tell: Ended | None = None
            try:
                ended = lane.run(task)
                if self._most == 1 and not lane.is_stopping and ended.told_with_next() is not None:
                    to_tell = ended
                else:
                    ended.hand_in(is_stopping=lane.is_stopping)
            except BaseException as error:
                # Of this program. The service would hand the same run to this lane again and
                # again; a slot that ends with a fault is counted and limited.
                self._fault = error
            finally:
                self._ended.put((number, to_tell))

        thread = threading.Thread(target=work, name=f"lane-{number}")
        self._busy[number] = lane, thread
        thread.start()
        if self.is_stopping:  # the signal came just before there was a lane
            lane.stop()


def _hidden_token() -> str:
    """Return the slot's token after taking it out of this process's environment for good."""
    if sys.argv[1:2] != ["--token-fd"]:
        _forget(os.environ.pop("MADANG_TOKEN", ""))
    with os.fdopen(int(sys.argv[2])) as pipe:
        return pipe.read()


def _forget(token: str) -> NoReturn:
    """Start this program anew with the token in a pipe.

    The environment that a process started with stays readable in /proc for processes of the same
    person, kernels among them; only a new program image forgets it.
    """
    reader, writer = os.pipe()
    os.write(writer, token.encode())
    os.close(writer)
    os.set_inheritable(reader, True)
    again = [sys.executable, "-P", "-m", "madang.runner.slot", "--token-fd", str(reader)]
    os.execv(sys.executable, again)  # noqa: S606 - the same program, without a shell


def main() -> int:
    """Serve one slot lease from ``MADANG_URL`` and ``MADANG_TOKEN``."""
    token = _hidden_token()
    # Not readable through /proc or ptrace by the kernels, which run as the same person.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)
    with own_room() as root:
        slot = Slot(os.environ["MADANG_URL"], token, root, os.environ)
        signal.signal(signal.SIGTERM, slot.stop)
        signal.signal(signal.SIGINT, slot.stop)
        slot.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
