"""The migrated tables are the tables of the code; a newer database is left alone."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, text

from madang.errors import LocalError
from madang.store import Store, Tx
from madang.store.database import open_address
from madang.store.tables import metadata


def _index(index) -> str:
    options = {key: str(value) for key, value in index.get("dialect_options", {}).items()}
    return str((index["name"], index["column_names"], bool(index["unique"]), options))


def _described(engine: Engine) -> dict[str, object]:
    """Everything the database itself says about its tables."""
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
    assert _described(migrated) == _described(created)
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
    assert refused.value.details == {"given": "9999", "known": "0003"}
    assert store.read_now(stamped) == "9999"


def test_failed_migration_leaves_the_old_version(empty_url, monkeypatch) -> None:
    store = Store(empty_url)
    from madang.store import migrate

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
