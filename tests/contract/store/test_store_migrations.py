"""The migrated tables are the tables of the code; a newer database is left alone."""

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, text

from madang.errors import LocalError, UnavailableError
from madang.store import Store, Tx, migrate
from madang.store.copying import copy_before_migration, revision_of
from madang.store.database import open_address
from madang.store.tables import metadata

NEWEST = "0016"


def _index(index) -> str:
    options = {key: str(value) for key, value in index.get("dialect_options", {}).items()}
    return str((index["name"], index["column_names"], bool(index["unique"]), options))


def described(engine: Engine) -> dict[str, object]:
    """Return everything the database itself says about its tables."""
    found = inspect(engine)
    names = sorted(set(found.get_table_names()) - {"alembic_version"})
    return {
        name: {
            "columns": [
                (column["name"], str(column["type"]), column["nullable"], column["default"])
                for column in found.get_columns(name)
            ],
            "key": found.get_pk_constraint(name),
            "foreign": sorted(found.get_foreign_keys(name), key=str),
            "unique": sorted(found.get_unique_constraints(name), key=str),
            "indexes": sorted(_index(index) for index in found.get_indexes(name)),
            "checks": sorted(str(check) for check in found.get_check_constraints(name)),
        }
        for name in names
    }


def test_migrated_schema_equals_metadata(empty_url, url) -> None:
    created, migrated = create_engine(open_address(empty_url)), create_engine(open_address(url))
    if empty_url == url:
        created = create_engine("sqlite://")
    metadata.create_all(created)
    assert described(migrated) == described(created)
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    created.dispose()
    migrated.dispose()


def test_migrating_twice_changes_nothing(store: Store, project) -> None:
    store.migrate()
    assert store.read_now(lambda tx: tx.projects.get(project.id)) == project


def test_newer_database_is_refused_and_left_alone(store: Store) -> None:
    def stamp(tx: Tx) -> None:
        tx.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    def stamped(tx: Tx) -> str:
        return tx.connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()

    store.write_now(stamp)
    with pytest.raises(LocalError) as refused:
        store.migrate()
    assert refused.value.code == "database_newer"
    assert refused.value.details == {"given": "9999", "known": NEWEST}
    assert store.read_now(stamped) == "9999"


def _at_first_version(folder) -> str:
    url = f"sqlite:///{folder / 'madang.sqlite'}"
    engine = create_engine(open_address(url))
    with engine.begin() as connection:
        command.upgrade(migrate.config(connection), "0001")
    engine.dispose()
    return url


def test_a_database_is_copied_before_a_migration_that_changes_it(tmp_path) -> None:
    store = Store(_at_first_version(tmp_path))
    store.migrate()
    (copy,) = (tmp_path / "backups").iterdir()
    assert copy.name.endswith("-from-0001.sqlite")
    assert revision_of(copy) == "0001"
    assert copy.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "backups").stat().st_mode & 0o777 == 0o700
    # Only when an upgrade is due.
    store.migrate()
    store.close()
    fresh = Store(f"sqlite:///{tmp_path / 'fresh.sqlite'}")
    fresh.migrate()
    fresh.close()
    assert list((tmp_path / "backups").iterdir()) == [copy]


def test_the_last_five_copies_are_kept(tmp_path) -> None:
    _at_first_version(tmp_path)
    made = [copy_before_migration(tmp_path / "madang.sqlite", "0001") for _ in range(7)]
    assert sorted((tmp_path / "backups").iterdir()) == made[-5:]


def test_no_migration_without_its_copy(tmp_path) -> None:
    store = Store(_at_first_version(tmp_path))
    (tmp_path / "backups").write_text("a file is in the way")
    with pytest.raises(UnavailableError, match="backup_impossible"):
        store.migrate()
    store.close()
    assert revision_of(tmp_path / "madang.sqlite") == "0001"


def test_failed_migration_leaves_the_old_version(empty_url, monkeypatch) -> None:
    store = Store(empty_url)

    def broken(connection) -> None:
        metadata.tables["people"].create(connection)
        raise LocalError("broken")

    with monkeypatch.context() as patch:
        patch.setattr(migrate, "upgrade", broken)
        with pytest.raises(LocalError):
            store.migrate()
    store.migrate()
    assert store.read_now(lambda tx: tx.people.all()) == []
    store.close()
