"""Stored outputs and logs of runs: which are old, which are given up, and which bytes rows need.

Rows and bytes never change together. A row that gives bytes up notes them as doomed in the same
transaction; they are deleted later, when nothing else names them, so a kill in between loses
neither a needed byte nor the knowledge that one may go.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, Text, cast, delete, insert, literal, or_, select, update

from madang.domain.run import FINAL_RUN_STATES
from madang.store.tables import doomed, meta, revisions, runs, schedules, sweeps

_LOG = "log/"
_LOG_OF = meta.c.key == literal(_LOG) + runs.c.id
_MANY = 500


@dataclass(frozen=True, slots=True)
class Output:
    """What is stored of one ended run; a name is empty where there is nothing."""

    run: str
    output: str
    log: str


class Outputs:
    """Outputs and logs in the tables of runs and facts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ended_before(self, before_ms: int, limit: int | None = _MANY) -> list[Output]:
        """Return what is stored of runs that ended before, the oldest first."""
        return self._find(runs.c.ended_ms < before_ms, limit)

    def of_run(self, run: str) -> list[Output]:
        """Return what is stored of an ended run, if anything is."""
        return self._find(runs.c.id == run, 1)

    def of_sweep(self, sweep: str, limit: int = _MANY) -> list[Output]:
        """Return what is stored of a sweep's ended runs, those that were tried again too."""
        return self._find(runs.c.sweep == sweep, limit)

    def give_up(self, found: Iterable[Output], at_ms: int, kept_days: int) -> None:
        """Let rows forget their outputs and logs, and note when and why."""
        found = list(found)
        ids = [one.run for one in found]
        values = {
            "output_sha256": "",
            "output_deleted_ms": at_ms,
            "output_kept_days": kept_days,
        }
        self._connection.execute(update(runs).where(runs.c.id.in_(ids)).values(**values))
        self._connection.execute(delete(meta).where(meta.c.key.in_([_LOG + id_ for id_ in ids])))
        self.doom([name for one in found for name in (one.output, one.log)], at_ms)

    def doom(self, names: Iterable[str], at_ms: int) -> None:
        """Note stored bytes that a row does not name any more."""
        new = {name for name in names if name}
        known = select(doomed.c.sha256).where(doomed.c.sha256.in_(new))
        new -= set(self._connection.execute(known).scalars())
        if new:
            rows = [{"sha256": name, "since_ms": at_ms} for name in sorted(new)]
            self._connection.execute(insert(doomed), rows)

    def doomed(self, after: str = "", limit: int = 100) -> list[str]:
        """Return names that were given up, in order."""
        query = select(doomed.c.sha256).where(doomed.c.sha256 > after).order_by(doomed.c.sha256)
        return list(self._connection.execute(query.limit(limit)).scalars())

    def forget(self, names: Collection[str]) -> None:
        """Drop names from those that were given up."""
        self._connection.execute(delete(doomed).where(doomed.c.sha256.in_(names)))

    def needed(self, names: Collection[str], but_ended_before_ms: int = 0) -> set[str]:
        """Return those that a row names, but not as output or log of a run that ended before."""
        later = or_(runs.c.ended_ms.is_(None), runs.c.ended_ms >= but_ended_before_ms)
        inputs = (
            *(table.c.notebook_sha256 for table in (runs, sweeps, schedules)),
            *(schedules.c.request_sha256, revisions.c.report_sha256),
        )
        queries = [select(column).where(column.in_(names)) for column in inputs]
        output = runs.c.output_sha256
        queries.append(select(output).where(output.in_(names), later))
        found = {name for query in queries for name in self._connection.execute(query).scalars()}
        log = cast(meta.c.value, Text)
        wanted = [json.dumps(name) for name in names]
        logs = select(log).select_from(meta.join(runs, _LOG_OF)).where(log.in_(wanted), later)
        found |= {json.loads(name) for name in self._connection.execute(logs).scalars()}
        for table in (runs, sweeps, schedules):
            found |= self._among_files(table, set(names) - found)
        return found

    def _among_files(self, table: Table, names: Collection[str]) -> set[str]:
        if not names:
            return set()
        files = cast(table.c.files, Text)
        named = or_(*(files.contains(name) for name in names))
        kept = self._connection.execute(select(files).where(files != "{}", named)).scalars()
        return {name for one in kept for name in json.loads(one).values()} & set(names)

    def _find(self, wanted: Any, limit: int | None) -> list[Output]:
        query = (
            select(runs.c.id, runs.c.output_sha256, meta.c.value)
            .select_from(runs.outerjoin(meta, _LOG_OF))
            .where(
                wanted,
                runs.c.state.in_(FINAL_RUN_STATES),
                or_(runs.c.output_sha256 != "", meta.c.key.is_not(None)),
            )
            .order_by(runs.c.ended_ms, runs.c.id)
            .limit(limit)
        )
        rows = self._connection.execute(query)
        return [Output(run, output, log or "") for run, output, log in rows]
