"""``madang restore``: a data folder from a backup, checked before anything is put in its place.

What was running when the backup was made is gone; the service finds no record of it and ends it as
lost, with its refund. What is replaced is put aside, never deleted.
"""

import contextlib
import os
import shutil
import sqlite3
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from madang.errors import InvalidError, LocalError
from madang.ledger.chain import verify
from madang.settings.home import Home
from madang.stack import ending
from madang.stack.archive import Manifest, unpack
from madang.stack.backing_up import CONFIG_NAMES, refuse_postgres
from madang.stack.files import make_private_folder, write_private
from madang.stack.lock import HomeLock
from madang.store import Store, Tx
from madang.store.copying import is_whole
from madang.units import now_ms

_REPLACED = (
    "madang.sqlite", "madang.sqlite-wal", "madang.sqlite-shm", "hub.sqlite", "hub.sqlite-wal",
    "hub.sqlite-shm", "artifacts", "attempts", "config", "state.json", "cli.json",
)  # fmt: skip
_SECRETS = ("secrets.json", "hub-cookie-secret")


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A restore that was done.

    Attributes
    ----------
    entries, head_hash
        Of the ledger, which was verified.
    put_aside
        Folder with what was there before; empty for an empty data folder.
    config
        The administrator's files that came along, by option of ``up``.
    """

    manifest: Manifest
    entries: int
    head_hash: str
    put_aside: str
    config: dict[str, str]


def refuse_half_restored(home: Home) -> None:
    """Let nothing run on files of which only some are in their place."""
    if home.restoring.exists():
        raise LocalError("restore_unfinished", home=str(home.root))


def restore(home: Home, archive: Path, *, force: bool = False) -> Restored:
    """Put a backup into a data folder.

    Parameters
    ----------
    force
        Also into a folder with an installation, whose files are put aside in ``backups`` first.

    Raises
    ------
    InvalidError
        ``backup_of_postgres``, ``file_missing``, ``backup_unreadable`` or ``backup_damaged``.
    LocalError
        ``already_up``, ``restore_over_processes``, ``home_not_empty``, ``database_newer``,
        ``ledger_broken`` or ``restore_failed``. Nothing was changed then.
    """
    refuse_postgres()
    if not archive.is_file():
        # Before a folder is made for nothing.
        raise InvalidError("file_missing", path=str(archive))
    with HomeLock(home):
        _refuse_occupied(home, force)
        with tempfile.TemporaryDirectory(prefix=".restoring-", dir=home.root) as staging:
            try:
                manifest = unpack(archive, Path(staging))
                entries, head_hash = _check(Path(staging, "madang.sqlite"), archive)
                _note_restore(Path(staging, "madang.sqlite"), manifest.made_ms)
                put_aside = _exchange(home, Path(staging))
            except (OSError, sqlite3.Error) as error:
                raise LocalError("restore_failed", home=str(home.root), why=str(error)) from error
    return Restored(
        manifest=manifest,
        entries=entries,
        head_hash=head_hash,
        put_aside=put_aside,
        config={
            option: str(home.config / name)
            for option, name in CONFIG_NAMES.items()
            if (home.config / name).is_file()
        },
    )


def _refuse_occupied(home: Home, force: bool) -> None:
    alive = ending.live_records(home)
    if alive:
        raise LocalError("restore_over_processes", home=str(home.root), count=len(alive))
    for leftover in home.root.glob(".restoring-*"):
        # Of a restore that was killed; nothing of it is in use.
        shutil.rmtree(leftover, ignore_errors=True)
    there = sorted({p.name for p in home.root.iterdir()} - {home.lock.name})
    if there and not force:
        raise LocalError("home_not_empty", home=str(home.root), name=there[0])


def _check(database: Path, archive: Path) -> tuple[int, str]:
    """Bring the copy to this version's tables and verify its ledger."""
    if not is_whole(database):
        raise InvalidError("backup_damaged", path=str(archive), name=database.name, count=1)
    store = Store(f"sqlite:///{database}")
    try:
        store.migrate()
        result = store.read_now(lambda tx: verify(tx.ledger.entries()))
        balances = store.read_now(_balances)
    finally:
        store.close()
    wrong = [
        name
        for name, money in balances.items()
        if money != ((b.granted, b.used) if (b := result.balances.get(name)) else (0, 0))
    ]
    if not result.ok or wrong:
        raise LocalError(
            "ledger_broken", path=str(archive), count=len(result.problems) + len(wrong)
        )
    shutil.rmtree(database.parent / "backups", ignore_errors=True)
    return result.entries, result.head_hash


def _balances(tx: Tx) -> dict[str, tuple[int, int]]:
    found = {p.id: tx.budget.balance(p.id) for p in tx.projects.all()}
    return {name: (balance.granted, balance.used) for name, balance in found.items()}


def _note_restore(database: Path, made_ms: int) -> None:
    """Say in the database where time stood still: nobody knows what was held after that."""
    store = Store(f"sqlite:///{database}")
    try:
        store.write_now(
            lambda tx: tx.meta.set("restored", {"copied_ms": made_ms, "restored_ms": now_ms()})
        )
    finally:
        store.close()
    # The last connection has folded its journal in; the file stands for itself.
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def _exchange(home: Home, staging: Path) -> str:
    """Put aside what is there and the new files in its place; the marker covers the time between.

    Repeated after a kill it starts again from the archive, and puts aside what it finds.
    """
    write_private(home.restoring, {"pid": os.getpid()})
    secrets = [name for name in _SECRETS if (staging / "secrets" / name).exists()]
    there = [name for name in (*_REPLACED, *secrets) if (home.root / name).exists()]
    aside = home.backups / f"replaced-{datetime.now(UTC).strftime('%Y%m%dT%H%M%S.%fZ')}"
    if there:
        make_private_folder(home.backups)
        make_private_folder(aside)
    for name in there:
        (home.root / name).rename(aside / name)
    for name in secrets:
        (staging / "secrets" / name).rename(home.root / name)
    for name in ("config", "artifacts", "hub.sqlite", "madang.sqlite"):
        if (staging / name).exists():
            (staging / name).rename(home.root / name)
    _sync(home.root)
    home.restoring.unlink()
    return str(aside) if there else ""


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
