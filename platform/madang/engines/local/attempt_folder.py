"""One attempt's folder: a record folder for each role, and what can be said of them together.

Used by the local launcher, in threads. Knows the shim and nothing of leases.
"""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from madang import shim
from madang.engines.dask_commands import SCHEDULER
from madang.engines.local import cluster_files
from madang.engines.local.cluster_files import ClusterFiles
from madang.engines.local.commands import MAIN_ROLES, Command
from madang.engines.ports import AttemptLife
from madang.errors import ConflictError
from madang.shim.record import RECORD, STOP, read_json, write_json
from madang.units import now_ms

STOPPED = "stopped"
"""Present once a stop was asked for: a start that is still under way must not go on."""

ROLES = "roles.json"
"""All roles of the attempt, written before the first is started."""

INCOMPLETE_MS = 60_000
"""For so long an attempt of which only a part was started counts as not started yet, so that the
service starts it again, which starts the rest. After that it is taken as it is."""

LEFT_BEHIND_GRACE_MS = 5_000
"""For workers whose scheduler has ended."""

_NAME = re.compile(r"(lease-[0-9a-z]+)\.(\d+)")
_AT_ONCE = 8


def all_attempts(root: Path) -> Iterator[tuple[tuple[str, int], Path]]:
    """Give (lease, attempt) and folder of everything that was ever started."""
    if not root.is_dir():
        return
    for path in root.iterdir():
        if match := _NAME.fullmatch(path.name):
            yield (match[1], int(match[2])), path


@dataclass(frozen=True, slots=True)
class AttemptFolder:
    """A folder of ``Home.attempts``; every method is safe to repeat and for a missing folder."""

    path: Path

    def roles(self) -> list[Path]:
        """Return the record folders, the main role first, then by name and number."""
        try:
            found = [path for path in self.path.iterdir() if (path / RECORD).exists()]
        except OSError:
            return []
        return sorted(found, key=lambda p: (p.name not in MAIN_ROLES, len(p.name), p.name))

    def launch(
        self,
        commands: Sequence[Command],
        cwd: Path,
        user: str | None = None,
        *,
        deadline_ms: int | None = None,
        grace_ms: int = 10_000,
    ) -> None:
        """Start all commands side by side, as a system user if one is named."""
        if not (self.path / ROLES).exists():
            write_json(self.path / ROLES, {"roles": [command.role for command in commands]})
        (self.path / "scratch").mkdir(mode=0o700, exist_ok=True)

        def one(command: Command) -> None:
            if not (self.path / command.role / RECORD).exists() and (self.path / STOPPED).exists():
                raise ConflictError("attempt_stopped", attempt=self.path.name)
            record = self.path / command.role
            shim.launch(
                record,
                command.argv,
                env=command.env,
                cwd=cwd,
                user=user,
                deadline_ms=deadline_ms,
                grace_ms=grace_ms,
            )
            if (self.path / STOPPED).exists():
                # The stop came while we started and may not have seen us.
                shim.stop(record, 0)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            # `list` so that the first failure is raised, after all have been tried.
            list(pool.map(one, commands))

    def stop(self, grace_ms: int) -> bool:
        """Ask for the end of the attempt, and end what has no keeper any more.

        A cluster's workers are asked first and its scheduler once they are gone: asked together
        they wait for each other until the grace is over.

        Returns
        -------
        bool
            Whether the main process is still to be asked, by calling this again.
        """
        if not self.path.is_dir():
            return False
        with contextlib.suppress(OSError):
            # A disk that is full keeps nothing alive. It lets nothing start either, and what starts
            # when there is room again has no owner any more, or is asked again.
            (self.path / STOPPED).touch(mode=0o600)
        roles = self.roles()
        for role in roles:
            # Also where an end is recorded: somebody may have written it who would rather go on.
            if not _is_alive(role):
                shim.sweep(role)
        living = [role for role in roles if _is_alive(role)]
        others = [role for role in living if role.name not in MAIN_ROLES]
        for role in others or living:
            shim.stop(role, grace_ms)
        return bool(others) and len(living) > len(others)

    def set_deadline(self, deadline_ms: int) -> None:
        """Move the deadline of each role that lives."""
        for role in self.roles():
            shim.set_deadline(role, deadline_ms)

    def observe(self) -> tuple[AttemptLife, list[int]]:
        """Put the records of all roles together.

        Returns
        -------
        life, keepers
            What is recorded, and the process ids of the keepers that live.
        """
        roles = self.roles()
        records = []
        for role in roles:
            _sweep_if_unsure(role)
            if (record := shim.read(role)) is not None:
                records.append((role, record))
        keepers = [record.shim_pid for _, record in records if record.is_alive]
        if not records or self._is_incomplete([record for _, record in records]):
            return AttemptLife(), keepers
        self._end_left_behind(records)
        if (self.path / STOPPED).exists():
            self._end_main_alone(records)
        ends = [record.ended_ms for _, record in records if record.ended_ms is not None]
        main = next((r for path, r in records if path.name in MAIN_ROLES), None)
        life = AttemptLife(
            started_ms=min(record.started_ms for _, record in records),
            ended_ms=max(ends) if len(ends) == len(records) else None,
            exit_code=_worst([r for _, r in records]) if main is None else main.exit_code,
            is_sure=all(record.is_sure for _, record in records),
            is_overdue=any(record.is_overdue for _, record in records),
            was_told=main is not None and main.was_told,
        )
        return life, keepers

    def _is_incomplete(self, records: Sequence[shim.Record]) -> bool:
        """Tell whether a crash in the middle of a start left some roles unstarted."""
        expected = (read_json(self.path / ROLES) or {}).get("roles", [])
        return (
            len(records) < len(expected)
            and not (self.path / STOPPED).exists()
            and all(record.is_alive for record in records)
            and now_ms() - min(record.started_ms for record in records) < INCOMPLETE_MS
        )

    def _end_left_behind(self, records: Sequence[tuple[Path, shim.Record]]) -> None:
        if not any(p.name in MAIN_ROLES and r.ended_ms is not None for p, r in records):
            return
        for path, record in records:
            if record.is_alive and not (path / STOP).exists():
                shim.stop(path, LEFT_BEHIND_GRACE_MS)

    def _end_main_alone(self, records: Sequence[tuple[Path, shim.Record]]) -> None:
        """Go on with a stop whose caller was killed between workers and scheduler."""
        living = [path for path, record in records if record.is_alive]
        if len(records) > 1 and len(living) == 1 and not (living[0] / STOP).exists():
            shim.stop(living[0], LEFT_BEHIND_GRACE_MS)

    def cluster_if_alive(self) -> ClusterFiles | None:
        """Return keys and ports while the scheduler lives."""
        record = shim.read(self.path / SCHEDULER)
        if record is None or not record.is_alive:
            return None
        return cluster_files.load(self.path)

    def is_over_since(self, at_ms: int) -> bool:
        """Tell whether nothing lives, and the last of it ended, or was prepared, before a time."""
        records = [shim.read(role) for role in self.roles()]
        ends = [record.ended_ms if record else None for record in records]
        if not ends:
            with contextlib.suppress(OSError):
                return self.path.stat().st_mtime * 1000 < at_ms
            return False
        return all(end is not None and end < at_ms for end in ends)

    def delete(self) -> None:
        """Delete everything, the records last of all, so that it can be found and tried again."""
        for path in (self.path / "scratch", *self.roles()):
            shutil.rmtree(path, ignore_errors=True)
        shutil.rmtree(self.path, ignore_errors=True)

    def log_tail(self, max_bytes: int) -> str:
        """Return the last bytes of each role's log, headed by the role when there are several."""
        roles = self.roles()
        texts = []
        for role in roles:
            record = shim.read(role)
            if record is not None and record.log:
                text = _tail(Path(record.log), max_bytes // len(roles))
                texts.append(f"== {role.name} ==\n{text}" if len(roles) > 1 else text)
        return "\n".join(texts)


def _worst(records: Sequence[shim.Record]) -> int | None:
    """Return the exit status of workers alone: that of the first which did not end well."""
    codes = [record.exit_code for record in records]
    return next((code for code in codes if code != 0), 0)


def _is_alive(role: Path) -> bool:
    record = shim.read(role)
    return record is not None and record.is_alive


def _sweep_if_unsure(role: Path) -> None:
    record = shim.read(role)
    if record is not None and not record.is_sure:
        shim.sweep(role)


def _tail(path: Path, max_bytes: int) -> str:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - max_bytes))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
