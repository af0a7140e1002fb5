"""Does harm to an installation, as a schedule says, and writes down whom it hit.

Only processes of the installation are ever touched, each through a descriptor that was checked.
"""

import asyncio
import contextlib
import signal
import sqlite3
import subprocess
import time
from dataclasses import dataclass

from processes import look
from schedule import CLOCK

from madang.stack.processes import Identity
from madang.stack.state import PARTS, SUPERVISOR

TARGET_LIMIT_S = 15.0
"""How long it is waited for a target of the kind that is due."""

_PARTS = (*PARTS, SUPERVISOR)
_INSTEAD = ("kernel", "keeper")
"""Killed when nothing of the kind that is due lives."""

_WRITER_LOCK = 0x6D6164616E67


@dataclass(frozen=True, slots=True)
class Hit:
    """What a fault did.

    Attributes
    ----------
    lease, attempt
        Whose process was hit; empty and 0 for a part.
    """

    number: int
    kind: str
    at_ms: int
    until_ms: int
    lease: str = ""
    attempt: int = 0
    role: str = ""
    pid: int = 0


class Harm:
    """All that can be done to an installation.

    Parameters
    ----------
    house
        The installation.
    postgres
        The server and its cutting wire, None for the embedded database.
    """

    def __init__(self, house, postgres=None):
        self._house = house
        self._postgres = postgres

    async def do(self, fault):
        """Do what is due; returns the hit, None when there was nothing to be hit."""
        if fault.kind in _PARTS:
            return await self._kill_part(fault)
        lasting = {
            "pause service": lambda: self._pause("service", fault.seconds),
            "pause hub": lambda: self._pause("hub", fault.seconds),
            "database locked": lambda: self._lock(fault.seconds),
            "disk full": lambda: self._fill(fault.seconds),
            "folder read-only": lambda: self._read_only(fault.seconds),
            "cut before commit": lambda: self._cut("before"),
            "cut after commit": lambda: self._cut("after"),
            "connections lost": lambda: self._drop(fault.seconds),
            **{kind: lambda: self._jump(CLOCK[fault.kind], fault.seconds) for kind in CLOCK},
        }
        if fault.kind in lasting:
            began = _now_ms()
            await lasting[fault.kind]()
            return Hit(fault.number, fault.kind, began, _now_ms())
        return await self._kill_of_lease(fault)

    # -- kills ------------------------------------------------------------------------------------

    async def _kill_part(self, fault):
        found = await _until(lambda: self._living_part(fault.kind))
        if found is None:
            # A supervisor that could not write its name on a full disk, or that just starts.
            return await self._kill_of_lease(fault)
        found.send(signal.SIGKILL)
        await _until(lambda: not found.is_alive)
        return Hit(fault.number, fault.kind, _now_ms(), _now_ms(), pid=found.pid)

    def _living_part(self, name):
        part = self._house.part(name)
        return part if part is not None and part.is_alive else None

    async def _kill_of_lease(self, fault):
        kind, found = fault.kind, None
        if kind not in _PARTS:
            found = await _until(lambda: self.targets(fault.kind))
        for instead in _INSTEAD if not found else ():
            kind, found = instead, self.targets(instead)
            if found:
                break
        if not found:
            return None
        lease, attempt, role, pid = found[int(fault.pick * len(found))]
        victim = Identity.of(pid)
        if victim is None:
            return None
        victim.send(signal.SIGKILL)
        at_ms = _now_ms()
        return Hit(fault.number, kind, at_ms, at_ms, lease, attempt, role, pid)

    def targets(self, kind):
        """Return (lease, attempt, role, pid) of everything of a kind that lives now."""
        mains = [one for one in self._house.records() if one[3].is_alive]
        roles = {"server": "server", "slot": "worker", "scheduler": "scheduler"}
        if kind == "keeper":
            return [(*one[:3], one[3].shim_pid) for one in mains]
        if kind in roles:
            return [(*one[:3], one[3].pid) for one in mains if one[2] == roles[kind]]
        wanted = {
            "runner": lambda one: one.is_a("madang.runner.execute"),
            "kernel": lambda one: one.is_a("ipykernel_launcher"),
            "worker": lambda one: one.role.startswith("worker-"),
        }[kind]
        seen = sorted(look(self._house.home), key=lambda one: (one.lease, one.pid))
        return [(one.lease, one.attempt, one.role, one.pid) for one in seen if wanted(one)]

    # -- what lasts -------------------------------------------------------------------------------

    async def _pause(self, name, seconds):
        part = await _until(lambda: self._living_part(name))
        if part is None:
            return
        part.send(signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            part.send(signal.SIGCONT)

    async def _lock(self, seconds):
        """Hold the writers' turn from outside."""
        if self._postgres is not None:
            with self._postgres.connect() as connection:
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (_WRITER_LOCK,))
                await asyncio.sleep(seconds)
                connection.rollback()
            return
        with contextlib.closing(
            sqlite3.connect(self._house.home.database, timeout=20, isolation_level=None)
        ) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            try:
                await asyncio.sleep(seconds)
            finally:
                connection.execute("ROLLBACK")

    async def _fill(self, seconds):
        """Fill the data folder's file system to its last byte for a while."""
        ballast = self._house.disk / "ballast"
        try:
            await asyncio.to_thread(_fill_up, ballast)
            await asyncio.sleep(seconds)
        finally:
            ballast.unlink(missing_ok=True)

    async def _read_only(self, seconds):
        """Put a read-only view over the data folder: files that are open stay as they are."""
        folder = self._house.home.root
        with contextlib.ExitStack() as stack:
            # Made where nobody writes, or a writer would come between the two steps.
            view = self._house.disk / "view"
            view.mkdir(exist_ok=True)
            await asyncio.to_thread(_mount, "--bind", folder, view)
            stack.callback(_unmount, view)
            await asyncio.to_thread(_mount, "-o", "remount,bind,ro", view)
            await asyncio.to_thread(_mount, "--bind", view, folder)
            stack.callback(_unmount, folder)
            await asyncio.sleep(seconds)

    async def _jump(self, by_s, seconds):
        """Set the wall clock, and set it right again."""
        self._house.clock.set(by_s)
        try:
            await asyncio.sleep(seconds)
        finally:
            self._house.clock.set(0)

    async def _cut(self, when):
        """Lose the next connection that commits, before or after the server has heard of it."""
        await asyncio.to_thread(self._postgres.wire.cut_next_commit, when, TARGET_LIMIT_S)

    async def _drop(self, seconds):
        self._postgres.wire.close_for(seconds)
        await asyncio.sleep(seconds)


def _fill_up(ballast):
    with ballast.open("wb", buffering=0) as file:
        for size in (1024**2, 4096):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"\0" * size)


def _mount(*words):
    subprocess.run(["mount", *map(str, words)], check=True, capture_output=True)


def _unmount(folder):
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def _until(find):
    deadline = time.monotonic() + TARGET_LIMIT_S
    while True:
        found = await asyncio.to_thread(find)
        if found or time.monotonic() > deadline:
            return found or None
        await asyncio.sleep(0.1)


def _now_ms():
    return time.time_ns() // 1_000_000
