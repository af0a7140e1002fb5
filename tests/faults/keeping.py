"""Keeps what a day with findings leaves behind, so that their cause can be looked for.

Called by the campaign with `--keep FOLDER`, and by its tests, which print the story; a day without
findings leaves nothing.
"""

import json
import re
import shutil
from dataclasses import asdict
from pathlib import Path

TABLES = ("leases", "attempts", "entries", "runs", "clusters", "budgets")
LEASE = re.compile(r"lease-[0-9a-z]{26}")
MOST = 5
LAST = 30
OF_A_RECORD = ("record.json", "lock", "stop.json", "deadline.json", "log", "keeper.log")


def keep(folder, house, rows, outcome):
    """Copy logs and keepers' records, and write down rows, hits and findings; returns where."""
    day = outcome.day
    database = "postgresql" if day.is_postgresql else "sqlite"
    target = Path(folder).absolute() / f"{day.seed}-{day.kills}-{database}"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(house.home.logs, target / "logs")
    for name in OF_A_RECORD:
        for file in house.home.attempts.glob(f"lease-*/*/{name}"):
            place = target / "attempts" / file.relative_to(house.home.attempts)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)
    for table in TABLES:
        _write(target / f"{table}.json", getattr(rows, table))
    _write(target / "hits.json", [asdict(hit) for hit in outcome.hits])
    (target / "findings.txt").write_text("\n".join(outcome.findings.all()) + "\n")
    return target


def story(folder):
    """Return what a kept day says of each lease that its findings name: records and last lines."""
    named = sorted(set(LEASE.findall((folder / "findings.txt").read_text())))
    said = []
    for lease in named[:MOST]:
        for file in sorted((folder / "attempts").glob(f"{lease}/*/*")):
            said += [f"== {file.relative_to(folder)}", *_last(_lines(file))]
        for file in sorted((folder / "logs").rglob("*")):
            lines = [line for line in _lines(file) if lease in line]
            said += [f"== {file.relative_to(folder)}: {lease}", *_last(lines)] if lines else []
    return "\n".join(said)


def _lines(file):
    return file.read_text(errors="replace").splitlines() if file.is_file() else []


def _last(lines):
    return [line[:400] for line in lines[-LAST:]]


def _write(path, data):
    path.write_text(json.dumps(data, default=str, indent=1))
