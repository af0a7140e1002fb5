"""``madang backup``: a consistent copy of an installation, also while it runs.

The database is copied first and the artifacts after it: an artifact is stored before the row that
names it and is never changed, so every row of the copy finds its bytes.
"""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from madang import __version__
from madang.errors import InvalidError, LocalError
from madang.settings.home import Home
from madang.stack import defaults
from madang.stack.archive import Manifest, write_archive
from madang.stack.files import make_private_folder
from madang.stack.state import State
from madang.store.copying import copy_database, revision_of
from madang.units import now_ms

CONFIG_NAMES = {
    "policy": "policy.yaml",
    "profiles": "profiles.yaml",
    "hub_config": "hub_config.py",
}
_DEFAULT_NAMES = {**CONFIG_NAMES, "hub_config": "jupyterhub_config.py"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A backup that was written.

    Attributes
    ----------
    left_out
        The folders of people, which are not in it; empty when there are none.
    """

    path: Path
    manifest: Manifest
    left_out: str = ""


def backup(home: Home, to: Path | None = None, *, with_secrets: bool = False) -> Backup:
    """Write a backup.

    Parameters
    ----------
    to
        A file that does not exist, or a folder; None is the ``backups`` folder of the installation.
    with_secrets
        Take passwords, tokens and the key of the cookies along.

    Raises
    ------
    InvalidError
        ``backup_of_postgres`` for an installation whose database is not a file.
    LocalError
        ``nothing_to_back_up``, ``backup_not_written``.
    UnavailableError
        ``database_unavailable``.
    """
    refuse_postgres()
    if not home.database.is_file():
        raise LocalError("nothing_to_back_up", home=str(home.root))
    target = _target(home, to)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=home.root) as staging:
        made_ms = now_ms()
        database, hub = Path(staging, "madang.sqlite"), Path(staging, "hub.sqlite")
        copy_database(home.database, database)
        if home.hub_database.is_file():
            copy_database(home.hub_database, hub)
        with write_archive(target) as archive:
            archive.add("madang.sqlite", database)
            if hub.exists():
                archive.add("hub.sqlite", hub)
            for name, path in _files(home, with_secrets):
                archive.add(name, path)
            manifest = Manifest(
                version=__version__,
                revision=revision_of(database),
                made_ms=made_ms,
                has_secrets=with_secrets,
                files=archive.files,
            )
            archive.finish(manifest)
    has_people = home.people.is_dir() and any(home.people.iterdir())
    return Backup(path=target, manifest=manifest, left_out=str(home.people) if has_people else "")


def refuse_postgres() -> None:
    """Refuse what is not ours to copy; PostgreSQL has a better tool."""
    if os.environ.get("MADANG_DATABASE_URL", "").startswith("postgres"):
        raise InvalidError("backup_of_postgres")


def _target(home: Home, to: Path | None) -> Path:
    folder = home.backups if to is None else to.expanduser().absolute()
    if to is not None and not folder.is_dir():
        return folder
    if to is None:
        make_private_folder(folder)
    return folder / f"madang-{datetime.now(UTC).strftime('%Y%m%dT%H%M%SZ')}.tar.gz"


def _files(home: Home, with_secrets: bool) -> Iterator[tuple[str, Path]]:
    used = State.load(home).files
    for key, name in CONFIG_NAMES.items():
        path = Path(used[key]) if key in used else defaults.config_file(_DEFAULT_NAMES[key], None)
        if path.is_file():
            yield f"config/{name}", path
    for path in sorted(home.artifacts.glob("[0-9a-f][0-9a-f]/*")):
        # A name with a dot is one that is being written.
        if path.is_file() and not path.name.startswith("."):
            yield f"artifacts/{path.parent.name}/{path.name}", path
    if with_secrets:
        for path in (home.secrets, home.hub_cookie_secret):
            if path.is_file():
                yield f"secrets/{path.name}", path
