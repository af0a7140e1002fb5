"""A migration that is killed at any statement leaves old or new tables whole, and goes on."""

import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import count

import pytest
from alembic import command
from sqlalchemy import create_engine, text

from madang.store import Store, migrate
from madang.store.database import open_address

from .test_store_migrations import NEWEST, described

OLD = "0001"
POINTS = 5
CHILD = """
import os, signal, sys
from sqlalchemy import Engine, event
from madang.store import Store

asked = 0

def count(*_):
    global asked
    asked += 1
    if asked == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

event.listen(Engine, "before_cursor_execute", count)
event.listen(Engine, "commit", count)
store = Store(sys.argv[1])
store.migrate()
store.close()
print(asked)
"""


@pytest.fixture
def make_old(kind, tmp_path, request) -> Callable[[], str]:
    """Return a maker of databases as the first version left them, with a person."""
    numbers = count()

    def make() -> str:
        url = f"sqlite:///{tmp_path / f'old-{next(numbers)}.sqlite'}"
        if kind == "postgresql":
            url = request.getfixturevalue("postgresql").fresh("template0")
        engine = create_engine(open_address(url))
        with engine.begin() as connection:
            command.upgrade(migrate.config(connection), OLD)
            connection.execute(text("INSERT INTO people VALUES ('person-1', 'ada', false, 1)"))
        engine.dispose()
        return url

    return make


def migrated_in_a_process(url: str, killed_at: int = 0) -> int:
    """Migrate; return how many statements and commits that took, 0 when it was killed."""
    argv = [sys.executable, "-c", CHILD, url, str(killed_at)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return 0 if done.returncode else int(done.stdout)


def state(url: str) -> tuple[str, dict[str, object]]:
    """Return the version of a database, and its tables."""
    engine = create_engine(open_address(url))
    with engine.connect() as connection:
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    found = described(engine)
    engine.dispose()
    return str(version), found


@pytest.mark.timeout(300)
def test_killed_anywhere_it_leaves_one_version_whole_and_goes_on(make_old) -> None:
    other, url = make_old(), make_old()
    old = state(url)
    total = migrated_in_a_process(other)
    new = state(other)
    assert (old[0], new[0]) == (OLD, NEWEST)
    places = [*range(1, total, total // POINTS), total - 1, total]
    for place in places:
        assert migrated_in_a_process(url, killed_at=place) == 0, place
        assert state(url) == old, place
    assert migrated_in_a_process(url) > 0
    assert state(url) == new
    store = Store(url)
    assert [person.hub_name for person in store.read_now(lambda tx: tx.people.all())] == ["ada"]
    store.close()
