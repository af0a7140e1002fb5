"""The audit finds what it is there for: each promise is broken once in made-up rows."""

from types import SimpleNamespace

import pytest
from audit import audit
from faults import Hit
from processes import Seen
from promises import Promises
from schedule import KILLS, make_schedule
from watch import doubles

from madang.shim import Record


def record(**changes):
    fields = {"pid": 1, "started_ms": 1_000, "shim_pid": 2, "exit_code": 0, "ended_ms": 9_000}
    return Record(**{**fields, "is_alive": False, "is_sure": True, **changes})


@pytest.fixture
def world():
    """One lease that was charged as it lived, and one run."""
    lease = {"id": "lease-1", "devices": 2, "submitted_ms": 500, "admitted_ms": 800}
    lease |= {"kind": "notebook", "state": "ended", "reason": "cancelled", "ended_ms": 9_000}
    attempt = {"lease": "lease-1", "n": 1, "admitted_ms": 800}
    attempt |= {"started_ms": 1_000, "ended_ms": 9_000}
    entries = [
        {
            "kind": "charge",
            "lease": "lease-1",
            "attempt": 1,
            "segment": number,
            "devices": 2,
            "from_ms": begin,
            "to_ms": end,
            "device_ms": 2 * (end - begin),
        }
        for number, (begin, end) in enumerate([(1_000, 5_000), (5_000, 9_000)])
    ]
    run = {"id": "run-1", "state": "succeeded", "reason": "", "error": None, "lease": "lease-1"}
    run |= {"started_ms": 2_000, "ended_ms": 3_000}
    rows = SimpleNamespace(
        leases=[lease], attempts=[attempt], entries=entries, runs=[run], clusters=[]
    )
    rows.budgets, rows.reservations = [{"project": "p", "reserved": 0}], []
    promises = Promises(ids={"lease-1": "notebook", "run-1": "run"}, places={"lease-1": 500})
    return SimpleNamespace(
        rows=rows,
        promises=promises,
        hits=[],
        records=[("lease-1", 1, "server", record())],
        last_seen={("lease-1", 1): 9_000},
    )


def findings(world):
    return audit(world.rows, world.promises, world.hits, world.records, world.last_seen)


def test_a_good_day_has_no_findings(world):
    assert findings(world).all() == []
    assert findings(world).drift_ms == 0


BREAKS = {
    "lost: run run-2": lambda w: w.promises.ids.update({"run-2": "run"}),
    "lost: place of lease-1": lambda w: w.rows.leases[0].update(submitted_ms=600),
    "charged_twice: ('lease-1', 1, 0": lambda w: w.rows.entries[1].update(segment=0),
    "charged_twice: ('lease-1', 1): overlap": lambda w: w.rows.entries[1].update(from_ms=4_000),
    "drift: ('lease-1', 1): gap": lambda w: w.rows.entries[1].update(from_ms=5_500),
    "drift: negative": lambda w: w.rows.entries[1].update(to_ms=4_000),
    "drift: ('lease-1', 1): charged": lambda w: w.rows.attempts[0].update(ended_ms=9_001),
    "drift: ('lease-1', 1): ended 8999": lambda w: w.records.__setitem__(
        0, ("lease-1", 1, "server", record(ended_ms=8_999))
    ),
    "drift: ('lease-1', 1): started without": lambda w: w.records.clear(),
    "runs: run-1 is running": lambda w: w.rows.runs[0].update(state="running"),
    "runs: run-1 was cancelled by nobody": lambda w: w.rows.runs[0].update(state="cancelled"),
    "runs: run-1 failed": lambda w: w.rows.runs[0].update(state="failed"),
    "harmed: lease-1 is active": lambda w: w.rows.leases[0].update(state="active"),
    "harmed: notebook lease-1 ended lost": lambda w: w.rows.leases[0].update(reason="lost"),
    "harmed: the kernel of lease-1.1": lambda w: w.promises.forgot.append(("lease-1", 1, 7)),
    "ledger: p: 5 reserved": lambda w: w.rows.budgets[0].update(reserved=5),
}


@pytest.mark.parametrize("said", BREAKS)
def test_what_is_broken_is_found(world, said):
    BREAKS[said](world)
    assert any(line.startswith(said) for line in findings(world).all()), findings(world).all()


def test_a_clock_that_jumped_excuses_what_two_clocks_say_and_no_sum(world):
    world.records[0] = ("lease-1", 1, "server", record(started_ms=900, ended_ms=8_000))
    args = (world.rows, world.promises, world.hits, world.records, world.last_seen)
    assert len(audit(*args).drift) == 2
    assert audit(*args, jumped_ms=1_000).all() == []
    world.rows.entries[1].update(device_ms=7_999)
    assert audit(*args, jumped_ms=1_000).all()


def test_what_a_fault_hit_is_excused(world):
    world.hits.append(Hit(1, "kernel", 5_000, 5_000, "lease-1", 1, "server"))
    world.rows.leases[0].update(reason="failed")
    world.rows.runs[0].update(state="failed")
    world.promises.forgot.append(("lease-1", 1, 7))
    assert findings(world).all() == []


def seen(pid, **changes):
    fields = {"ticks": 1, "parent": 1, "lease": "lease-1", "attempt": 1, "role": "server"}
    return Seen(pid=pid, **{**fields, "argv": ("python", "-m", "madang.hub.singleuser"), **changes})


def test_two_lives_are_seen_and_a_fork_is_not():
    assert not list(doubles([seen(2), seen(3, parent=2)]))
    assert not list(doubles([seen(2), seen(3, argv=("ls",))]))
    assert list(doubles([seen(2), seen(3)]))
    assert list(doubles([seen(2), seen(3, attempt=2, argv=("ls",))]))
    held = {"devices": ("sim-0",), "argv": ("ls",)}
    assert list(doubles([seen(2, **held), seen(3, lease="lease-2", **held)]))
    runs = {"run": "run-1", "argv": ("python", "-m", "madang.runner.execute"), "role": "worker"}
    assert list(doubles([seen(2, **runs), seen(3, **runs, lease="lease-2")]))


def test_a_seed_gives_the_same_faults_again():
    days = [
        make_schedule(seed, 20, ("disk full",), mean_gap_s=1, longest_s=1) for seed in (1, 1, 2)
    ]
    assert days[0] == days[1] != days[2]
    kinds = [fault.kind for fault in days[0]]
    assert len(kinds) == 21
    assert set(KILLS) < set(kinds)
