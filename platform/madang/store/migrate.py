"""Bring a database to this version's tables, in one transaction; the store calls it.

A migration that is killed leaves the old version whole: SQLite and PostgreSQL both take changes
of tables into the transaction.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from madang.errors import LocalError

_SCRIPTS = Path(__file__).parent / "migrations"


def config(connection: Connection) -> Config:
    """Return alembic's configuration for a connection; there is no ini file."""
    made = Config()
    made.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made


def upgrade(connection: Connection) -> None:
    """Upgrade to the newest version that this program knows.

    Raises
    ------
    LocalError
        ``database_newer`` when the database is of a version that it does not know.
    """
    due(connection)
    command.upgrade(config(connection), "head")


def due(connection: Connection) -> str:
    """Return the version that an upgrade would leave behind; empty when it would change nothing.

    Raises
    ------
    LocalError
        ``database_newer``.
    """
    known = revisions(connection)
    present = MigrationContext.configure(connection).get_current_heads()
    for revision in present:
        if revision not in known:
            raise LocalError("database_newer", given=revision, known=max(known))
    return present[0] if present and present[0] != known[0] else ""


def revisions(connection: Connection) -> list[str]:
    """Return the versions that this program knows, the newest first."""
    scripts = ScriptDirectory.from_config(config(connection))
    return [script.revision for script in scripts.walk_revisions()]
