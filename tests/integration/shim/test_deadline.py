"""A deadline holds by the keeper alone, while nobody else lives who could end a process."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from madang import shim
from madang.shim import keeper as keeping
from madang.shim.record import DEADLINE, read_json

pytestmark = pytest.mark.integration

ENV = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
FAR_MS = 3_600_000
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('ready', flush=True); time.sleep(600)"
)


def until(condition: Callable[[], object], limit_s: float = 30.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "condition not met in time"
        time.sleep(0.01)


def known(record: Path) -> shim.Record:
    found = shim.read(record)
    assert found is not None
    return found


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "a"
    shim.stop(tmp_path / "a", 0)
    until(lambda: not known(tmp_path / "a").is_alive)
    assert shim.strays(tmp_path) == []


def launch(record: Path, code: str, deadline_ms: int | None, grace_ms: int = 200) -> shim.Record:
    argv = [sys.executable, "-I", "-S", "-c", code]
    more = {"deadline_ms": deadline_ms, "grace_ms": grace_ms}
    return shim.launch(record, argv, env=ENV, cwd=record.parent, **more)


def test_a_tree_ends_at_its_deadline_after_the_grace_and_says_why(record: Path) -> None:
    launch(record, STUBBORN, 1_500, grace_ms=300)
    assert not known(record).is_overdue
    until(lambda: known(record).ended_ms)
    ended = known(record)
    assert ended.ended_ms is not None
    # It ignores SIGTERM: the deadline, and then the grace that it was launched with.
    assert ended.ended_ms - ended.started_ms >= 1_800
    assert (ended.exit_code, ended.is_sure, ended.is_overdue) == (-9, True, True)


def test_what_ends_before_its_deadline_is_not_overdue(record: Path) -> None:
    launch(record, "raise SystemExit(3)", FAR_MS)
    until(lambda: known(record).ended_ms)
    assert (known(record).exit_code, known(record).is_overdue) == (3, False)


def test_a_deadline_can_be_put_off_and_drawn_near(record: Path) -> None:
    launch(record, STUBBORN, 2_000)
    shim.set_deadline(record, FAR_MS)
    began = time.monotonic()
    until(lambda: time.monotonic() - began > 3.0)
    assert known(record).is_alive
    shim.set_deadline(record, 0)
    # Heard with the next beat.
    until(lambda: known(record).ended_ms)
    assert known(record).is_overdue


def test_setting_the_same_deadline_writes_nothing(record: Path) -> None:
    shim.set_deadline(record, FAR_MS)
    assert not record.exists()
    launch(record, STUBBORN, FAR_MS)
    shim.set_deadline(record, FAR_MS)
    assert not (record / DEADLINE).exists()
    shim.set_deadline(record, FAR_MS + 1)
    assert (record / DEADLINE).stat().st_mode & 0o077 == 0
    shim.stop(record, 0)
    until(lambda: known(record).ended_ms)
    shim.set_deadline(record, 5)
    assert read_json(record / DEADLINE) == {"deadline_ms": FAR_MS + 1}


@pytest.mark.parametrize("text", ["", "[]", '{"deadline_ms": "x"}', '{"deadline_ms": null}'])
def test_a_spoilt_deadline_leaves_the_one_of_the_launch(record: Path, text: str) -> None:
    record.mkdir()
    (record / DEADLINE).write_text(text)
    launch(record, STUBBORN, 1_000)
    until(lambda: known(record).ended_ms)
    assert known(record).is_overdue


def test_a_wall_clock_that_jumps_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the boot clock counts: a day forward on the wall is no day that the process has had."""
    boot_s, ended = [1_000.0], []
    monkeypatch.setattr(keeping, "_boot_s", lambda: boot_s[0])
    monkeypatch.setattr(keeping.Keeper, "_begin_stop", lambda _: ended.append(True))
    made = keeping.Keeper(tmp_path, -1, lambda *_: os._exit(1), {})
    made._data["deadline_ms"], made._start_s = FAR_MS, boot_s[0]
    day_ns = time.time_ns() + 86_400 * 10**9
    monkeypatch.setattr(time, "time_ns", lambda: day_ns)
    monkeypatch.setattr(time, "time", lambda: day_ns / 10**9)
    assert made._heed_deadline() == keeping.HEARTBEAT_S
    boot_s[0] += FAR_MS / 1000 - 1
    assert made._heed_deadline() == 1
    assert ended == []
    boot_s[0] += 1
    made._heed_deadline()
    assert ended == [True]
