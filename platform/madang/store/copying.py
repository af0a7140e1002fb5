"""Whole copies of an embedded database while others read and write it.

Used by the store before a migration and by ``madang backup``. SQLite's own backup interface gives
one consistent moment, also in the middle of other people's transactions; a copy of the file would
not. PostgreSQL has tools of its own for this.
"""

import contextlib
import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from madang.errors import UnavailableError

FOLDER = "backups"
"""Beside the database; :attr:`madang.settings.home.Home.backups` is the same folder."""

KEPT = 5
PAGES_AT_ONCE = 1_000
WAIT_S = 30.0


def copy_database(source: Path, target: Path) -> None:
    """Write a consistent copy of an SQLite database to a new 0600 file.

    Raises
    ------
    UnavailableError
        ``database_unavailable`` when it cannot be read, or the copy not be written.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        # mode=rw: a name that does not exist must not become a new, empty database.
        with (
            contextlib.closing(
                sqlite3.connect(f"{source.as_uri()}?mode=rw", WAIT_S, uri=True)
            ) as a,
            contextlib.closing(sqlite3.connect(target, WAIT_S)) as b,
        ):
            a.backup(b, pages=PAGES_AT_ONCE, sleep=0.01)
            # One file, without side files that belong to it.
            b.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as broken:
        target.unlink(missing_ok=True)
        raise UnavailableError("database_unavailable", reason="broken") from broken


def revision_of(path: Path) -> str:
    """Return the schema's revision of an SQLite database of ours; empty when it has none."""
    try:
        with contextlib.closing(
            sqlite3.connect(f"{path.as_uri()}?mode=ro", WAIT_S, uri=True)
        ) as db:
            row = db.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error:
        return ""
    return str(row[0]) if row else ""


def is_whole(path: Path) -> bool:
    """Tell whether SQLite finds nothing wrong inside a database."""
    try:
        with contextlib.closing(
            sqlite3.connect(f"{path.as_uri()}?mode=ro", WAIT_S, uri=True)
        ) as db:
            return bool(db.execute("PRAGMA integrity_check").fetchone()[0] == "ok")
    except sqlite3.Error:
        return False


def copy_before_migration(database: Path, revision: str) -> Path:
    """Keep the database as it is in ``backups`` beside it, with the last few such copies."""
    folder = database.parent / FOLDER
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as broken:
        raise UnavailableError(
            "backup_impossible", path=str(folder), why=broken.strerror or str(broken)
        ) from broken
    prefix = f"{database.stem}-before-migration-"
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    kept = folder / f"{prefix}{stamp}-from-{revision}.sqlite"
    try:
        copy_database(database, kept)
    except (OSError, UnavailableError) as broken:
        # Rather no upgrade than one without a way back.
        raise UnavailableError("backup_impossible", path=str(folder), why=str(broken)) from broken
    for old in sorted(folder.glob(f"{prefix}*.sqlite"))[:-KEPT]:
        old.unlink(missing_ok=True)
    return kept
