"""Alembic's environment and the versions of the tables; ships inside the package."""
