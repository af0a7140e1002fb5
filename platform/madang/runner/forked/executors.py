"""The slot's side of processes that execute one run after another (:mod:`executor`).

Used by :mod:`runs`. A run gets a kernel of its own from the warm process that fits its notebook,
and an executor that is free, or a new one. Whoever was told to stop, or died, gets no other run.
"""

import contextlib
import os
import select
import signal
import socket
import threading
from collections.abc import Mapping
from functools import partial
from typing import Any

from madang.runner.forked.ahead import Ahead, mark_of
from madang.runner.forked.executor_run import ExecutorRun
from madang.runner.forked.parents import Parent, Parents, Wanted
from madang.runner.forked.refused import ForkRefusedError
from madang.runner.forked.wire import receive_request, send_request

MAX_RUNS = 200
MAX_GROWTH_BYTES = 256 * 1024**2
"""How much more memory than after its first run one may have; outputs pass through it."""


class Executor:
    """One process that executes runs; it holds the warm process that it is a fork of.

    Parameters
    ----------
    base
        That warm process.
    """

    def __init__(self, base: Parent) -> None:
        base.hold()
        self.base = base
        self._recorded_of: Parent | None = None
        self._runs = 0
        self._first_bytes = 0
        self._control, theirs = socket.socketpair()
        with theirs:
            try:
                self.pid, self._watched = base.ask({"do": "execute"}, [theirs.fileno()])
            except BaseException:
                self._control.close()
                base.release()
                raise

    def begin(self, request: dict[str, Any], parent: Parent, descriptors: list[int]) -> None:
        """Hand over a run; what shared cells published only when it is not known there yet."""
        is_known = self._recorded_of is parent
        told = request | {"recorded": None if is_known else parent.told}
        send_request(self._control, told, descriptors)
        self._recorded_of = parent

    def outcome(self, limit_s: float | None) -> dict[str, Any] | None:
        """Return what it said of its run; empty when it is gone, None when it still executes."""
        if not select.select([self._control], [], [], limit_s)[0]:
            return None
        answer = receive_request(self._control)
        return {} if answer is None else answer[0]

    def may_go_on(self, said: Mapping[str, Any]) -> bool:
        """Tell from what it said of its run whether another one may follow."""
        held_bytes = int(said.get("held_bytes", 0))
        self._runs += 1
        self._first_bytes = self._first_bytes or held_bytes
        has_grown = held_bytes - self._first_bytes > MAX_GROWTH_BYTES
        return bool(said.get("is_clean")) and not has_grown and self._runs < MAX_RUNS

    def stop(self) -> None:
        """Ask it to stop and save."""
        with contextlib.suppress(OSError):  # gone
            signal.pidfd_send_signal(self._watched, signal.SIGTERM)

    def close(self) -> None:
        """Let it end, which it does at once between runs; its warm process may end too."""
        if self._control.fileno() >= 0:
            self._control.close()
            os.close(self._watched)
            self.base.release()


class Executors:
    """All executors of a slot.

    Parameters
    ----------
    parents
        Warm processes that also have papermill.
    """

    def __init__(self, parents: Parents) -> None:
        self._parents = parents
        self._lock = threading.Lock()
        self._idle: list[Executor] = []
        self._busy: set[Executor] = set()
        self._ahead = Ahead()
        self._is_closed = False

    def start(
        self, request: dict[str, Any], kernel: dict[str, Any], wanted: Wanted, events: int
    ) -> ExecutorRun:
        """Start a run; :class:`ForkRefusedError` where it must be executed in another way.

        Parameters
        ----------
        request, kernel
            What :mod:`executor` and the warm process are told of the run.
        wanted
            What the kernel's warm process must be like.
        events
            Descriptor that events go to.
        """
        parent = self._parents.held(wanted)
        try:
            mark = mark_of(kernel)  # before the run itself makes files
            forked, ours = self._ahead.take(parent, kernel)
        except BaseException:
            parent.release()
            raise
        told = request | {"kernel": forked.pid, "inheritance": parent.inheritance}
        try:
            with ours:
                executor = self._begun(told, parent, [events, ours.fileno(), forked.watched])
        except BaseException:
            forked.end()
            forked.close()
            parent.release()
            raise
        with self._lock:
            self._busy.add(executor)
        self._ahead.fork_next(parent, kernel, mark)
        return ExecutorRun(executor, forked, parent, partial(self._take_back, executor))

    def _begun(self, request: dict[str, Any], parent: Parent, descriptors: list[int]) -> Executor:
        """Hand the run over to an executor that is free, or to a new one."""
        while (executor := self._free(parent.root)) is not None:
            try:
                executor.begin(request, parent, descriptors)
            except OSError:  # it died while it had nothing to do
                executor.close()
            else:
                return executor
        executor = Executor(parent.root)
        try:
            executor.begin(request, parent, descriptors)
        except OSError as error:
            executor.close()
            raise ForkRefusedError("executor_lost") from error
        return executor

    def _free(self, base: Parent) -> Executor | None:
        """Return one that has nothing to do; those of a warm process that was replaced end."""
        with self._lock:
            old = [one for one in self._idle if one.base is not base]
            self._idle = [one for one in self._idle if one.base is base]
            found = self._idle.pop() if self._idle else None
        for executor in old:
            executor.close()
        return found

    def _take_back(self, executor: Executor, may_go_on: bool) -> None:
        with self._lock:
            self._busy.discard(executor)
            keeps = may_go_on and not (self._is_closed or executor.base.is_retired)
            if keeps:
                self._idle.append(executor)
        if not keeps:
            executor.close()

    def close(self) -> None:
        """Let all of them end; nobody waits for a run any more."""
        with self._lock:
            self._is_closed = True
            known, self._idle, self._busy = [*self._idle, *self._busy], [], set()
        self._ahead.close()
        for executor in known:
            executor.close()
