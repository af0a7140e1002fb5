"""Clusters: what a person asked for; the state of each is that of its lease."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, select

from madang.domain.cluster import Cluster
from madang.store.columns import columns_of, read_as, values_of
from madang.store.tables import clusters

_COLUMNS = columns_of(clusters, Cluster)


class Clusters:
    """The table of clusters."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, cluster: Cluster) -> None:
        """Add a cluster; its lease must be there."""
        self._connection.execute(insert(clusters).values(values_of(cluster)))

    def get(self, cluster: str) -> Cluster | None:
        """Return a cluster by id."""
        found = self._where(clusters.c.id == cluster)
        return found[0] if found else None

    def by_lease(self, lease: str) -> Cluster | None:
        """Return the cluster whose first lease this is."""
        found = self._where(clusters.c.lease == lease)
        return found[0] if found else None

    def find(
        self,
        person: str | None = None,
        project: str | None = None,
        projects: Collection[str] | None = None,
    ) -> list[Cluster]:
        """Return clusters, the newest first; what is None is not asked for."""
        wanted: list[ColumnElement[bool]] = []
        if person is not None:
            wanted.append(clusters.c.person == person)
        if project is not None:
            wanted.append(clusters.c.project == project)
        if projects is not None:
            wanted.append(clusters.c.project.in_(projects))
        return self._where(*wanted)

    def _where(self, *wanted: ColumnElement[bool]) -> list[Cluster]:
        order: tuple[ColumnElement[Any], ...] = (
            clusters.c.created_ms.desc(),
            clusters.c.id.desc(),
        )
        rows = self._connection.execute(select(*_COLUMNS).where(*wanted).order_by(*order))
        return [read_as(Cluster, row) for row in rows]
