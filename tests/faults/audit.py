"""Compares what was promised, what happened and what is written, once everything has come to rest.

Reads the database as it is, with no code of the services. Each check returns findings, a line
each; none means that the promise held.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

from sqlalchemy import create_engine, select

from madang.store import tables
from madang.store.database import open_address

FINAL = {"succeeded", "failed", "cancelled", "expired"}
EXCUSED = {"disk full", "folder read-only", "supervisor"}
"""Faults after which a start in progress may fail: they hit everything."""


@dataclass
class Findings:
    """What was found, by promise.

    Attributes
    ----------
    drift_ms
        Device time that was charged and not held, or the reverse, over all attempts.
    unsure_ms
        For attempts whose keeper was killed: largest distance between what was charged and the
        last sign of life in /proc.
    """

    lost: list = field(default_factory=list)
    twice: list = field(default_factory=list)
    charged_twice: list = field(default_factory=list)
    drift: list = field(default_factory=list)
    drift_ms: int = 0
    unsure_ms: int = 0
    runs: list = field(default_factory=list)
    harmed: list = field(default_factory=list)
    ledger: list = field(default_factory=list)
    left: list = field(default_factory=list)
    late: list = field(default_factory=list)
    entries: int = 0
    attempts: int = 0

    def all(self):
        """Return every finding with the name of its promise."""
        names = ("lost", "twice", "charged_twice", "drift", "runs", "harmed", "ledger")
        names += ("left", "late")
        return [f"{name}: {line}" for name in names for line in getattr(self, name)]


class Rows:
    """Every row that the audit reads, of one moment."""

    def __init__(self, url):
        engine = create_engine(open_address(url))
        with engine.connect() as connection:
            for name in ("leases", "attempts", "entries", "runs", "clusters", "budgets"):
                rows = connection.execute(select(getattr(tables, name))).mappings().all()
                setattr(self, name, [dict(row) for row in rows])
            self.reservations = connection.execute(select(tables.reservations)).mappings().all()
        engine.dispose()


def audit(rows, promises, hits, records, last_seen, jumped_ms=0):
    """Return the findings about what is written.

    Parameters
    ----------
    rows
        Of the database.
    promises
        What people were told.
    hits
        What faults did.
    records
        Of the keepers: (lease, attempt, role, record).
    last_seen
        Last sign of life in /proc by (lease, attempt).
    jumped_ms
        How far the clock of the installation jumped, in all directions together.
    """
    findings = Findings(entries=len(rows.entries), attempts=len(rows.attempts))
    _nothing_lost(findings, rows, promises)
    _money(findings, rows)
    _nothing_reserved(findings, rows)
    _times(findings, rows, records, last_seen, jumped_ms)
    _runs_ended(findings, rows, promises, hits)
    _nobody_harmed(findings, rows, promises, hits)
    return findings


def _nothing_lost(findings, rows, promises):
    """P1: every acknowledged id is there; who only waited kept the place."""
    known = {row["id"] for name in ("leases", "runs", "clusters") for row in getattr(rows, name)}
    findings.lost += [f"{noun} {id_}" for id_, noun in promises.ids.items() if id_ not in known]
    for row in rows.leases:
        told = promises.places.get(row["id"])
        if told is not None and row["submitted_ms"] != told:
            findings.lost.append(f"place of {row['id']}: {told} became {row['submitted_ms']}")


def _money(findings, rows):
    """P3: segments are whole and single, and add up to the time that each attempt held."""
    seen = Counter(
        (row["lease"], row["attempt"], row["segment"], str(row["kind"]))
        for row in rows.entries
        if row["lease"]
    )
    findings.charged_twice += [str(key) for key, count in seen.items() if count > 1]
    charges = defaultdict(list)
    for row in rows.entries:
        if str(row["kind"]) == "charge":
            charges[row["lease"], row["attempt"]].append(row)
    lives = {(row["lease"], row["n"]): row for row in rows.attempts}
    findings.drift += [f"negative: {row}" for row in rows.entries if _is_negative(row)]
    for key, pieces in charges.items():
        pieces.sort(key=lambda row: row["from_ms"])
        for one, other in pairwise(pieces):
            if other["from_ms"] < one["to_ms"]:
                findings.charged_twice.append(f"{key}: overlap at {other['from_ms']}")
            if other["from_ms"] > one["to_ms"]:
                findings.drift.append(f"{key}: gap at {one['to_ms']}")
        if key not in lives:
            findings.drift.append(f"{key}: charged without an attempt")
    devices = {row["id"]: row["devices"] for row in rows.leases}
    for key, life in lives.items():
        _charged_as_held(findings, key, life, charges.get(key, []), devices[key[0]])


def _is_negative(row):
    """Tell whether a slice of time ends before it begins, or counts other than it is long."""
    if str(row["kind"]) not in ("charge", "overhead"):
        return False
    length_ms = row["to_ms"] - row["from_ms"]
    return length_ms < 0 or row["device_ms"] != row["devices"] * length_ms


def _charged_as_held(findings, key, life, pieces, devices):
    """Compare what an attempt was charged with the time between its start and its end."""
    charged = sum(piece["device_ms"] for piece in pieces)
    # What a waiting request was changed to may have another number of devices than its row now.
    count = pieces[0]["devices"] if pieces else devices
    held = 0
    if life["started_ms"] is not None and life["ended_ms"] is not None:
        held = count * (life["ended_ms"] - life["started_ms"])
    findings.drift_ms += abs(charged - held)
    if charged != held:
        findings.drift.append(f"{key}: charged {charged}, held {held} device-ms")


def _nothing_reserved(findings, rows):
    """P4: when everything has ended, no budget is kept for it."""
    for row in rows.reservations:
        if row["microcredits"]:
            findings.ledger.append(f"still reserved: {row['lease']} {row['microcredits']}")
    for row in rows.budgets:
        if row["reserved"]:
            findings.ledger.append(f"{row['project']}: {row['reserved']} reserved at the end")


def _times(findings, rows, records, last_seen, jumped_ms):
    """Compare each attempt with what its keepers recorded; for killed keepers, with /proc."""
    by_attempt = defaultdict(list)
    for lease, attempt, _, record in records:
        by_attempt[lease, attempt].append(record)
    for row in rows.attempts:
        key = (row["lease"], row["n"])
        lives = by_attempt.get(key, [])
        if not lives:
            if row["started_ms"] is not None:
                findings.drift.append(f"{key}: started without a record")
            continue
        started = max(min(one.started_ms for one in lives), row["admitted_ms"])
        if not _is_same(row["started_ms"], started, jumped_ms):
            findings.drift.append(f"{key}: started {started}, written {row['started_ms']}")
        if any(one.ended_ms is None for one in lives) or row["ended_ms"] is None:
            findings.drift.append(f"{key}: no end")
            continue
        ended = max(one.ended_ms for one in lives)
        if all(one.is_sure for one in lives):
            findings.drift_ms += 0 if jumped_ms else abs(row["ended_ms"] - ended)
            if not _is_same(row["ended_ms"], ended, jumped_ms):
                findings.drift.append(f"{key}: ended {ended}, written {row['ended_ms']}")
        elif key in last_seen:
            distance = row["ended_ms"] - last_seen[key]
            findings.unsure_ms = max(findings.unsure_ms, abs(distance))


def _is_same(written, recorded, jumped_ms):
    return written is not None and abs(written - recorded) <= jumped_ms


def _runs_ended(findings, rows, promises, hits):
    """Every run is over, and none that nobody cancelled or hit is anything but succeeded."""
    hit = {one.lease for one in hits if one.lease}
    disk = [one for one in hits if one.kind in EXCUSED]
    for run in rows.runs:
        state = str(run["state"])
        if state not in FINAL or run["ended_ms"] is None:
            findings.runs.append(f"{run['id']} is {state}")
        elif state == "cancelled" and run["id"] not in promises.cancelled:
            findings.runs.append(f"{run['id']} was cancelled by nobody")
        elif state in ("failed", "expired") and run["lease"] not in hit:
            during = any(
                one.at_ms <= run["ended_ms"] and (run["started_ms"] or 0) <= one.until_ms + 5_000
                for one in disk
            )
            if not during:
                findings.runs.append(f"{run['id']} {state}: {run['reason']} {run['error']}")


def _nobody_harmed(findings, rows, promises, hits):
    """P5: whoever was not hit kept their lease and their kernel's memory."""
    hit = {(one.lease, one.attempt) for one in hits if one.lease}
    hit_leases = {lease for lease, _ in hit}
    disk = [one for one in hits if one.kind in EXCUSED]
    for row in rows.leases:
        if str(row["state"]) != "ended":
            findings.harmed.append(f"{row['id']} is {row['state']} still")
        reason = str(row["reason"])
        is_bad = reason in ("lost", "failed", "expired", "budget")
        if is_bad and row["id"] not in hit_leases:
            began, ended = row["admitted_ms"] or row["submitted_ms"], row["ended_ms"] or 0
            if not any(one.at_ms <= ended and began <= one.until_ms + 5_000 for one in disk):
                told = f"{row['id']} ended {reason} at {ended} (begun {began})"
                findings.harmed.append(f"{row['kind']} {told}, and nothing hit it")
    for lease, attempt, at_ms in promises.forgot:
        if (lease, attempt) not in hit:
            findings.harmed.append(f"the kernel of {lease}.{attempt} forgot at {at_ms}")
