"""Alembic runs this for each command; the connection and its transaction are the caller's."""

from alembic import context

from madang.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_type=True,
)
context.run_migrations()
