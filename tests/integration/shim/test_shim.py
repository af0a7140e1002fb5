"""The shim against real processes: one process a folder, whole trees, kills at bad moments."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from madang import shim
from madang.errors import LocalError
from madang.shim.last_word import ROOM_BYTES
from madang.shim.record import LOCK, RECORD, SPEC, STOP

pytestmark = pytest.mark.integration

ENV = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
PACKAGE_ROOT = str(Path(shim.__file__).parents[2])


def until(condition: Callable[[], object], limit_s: float = 15.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "condition not met in time"
        time.sleep(0.01)


def lives(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def marked(root: Path) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if f"MADANG_ATTEMPT_DIR={root}".encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    for record in tmp_path.rglob(RECORD):
        shim.stop(record.parent, 0)
    until(lambda: all(not known(r.parent).is_alive for r in tmp_path.rglob(RECORD)))
    for record in tmp_path.rglob(RECORD):
        shim.sweep(record.parent)
    assert marked(tmp_path) == []


def known(record: Path) -> shim.Record:
    found = shim.read(record)
    assert found is not None
    return found


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", code]


# Starts a child in a session of its own that ignores SIGTERM, prints its id, and waits.
STUBBORN_TREE = """
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork():
        os._exit(0)
    open(sys.argv[1], "w").write(str(os.getpid()))
    time.sleep(600)
os.wait()
{end}
"""


def launch_tree(record: Path, end: str) -> tuple[shim.Record, int]:
    told = record.parent / "child"
    argv = [*python(STUBBORN_TREE.format(end=end)), str(told)]
    started = shim.launch(record, argv, env=ENV, cwd=record.parent)
    until(lambda: told.exists() and told.read_text())
    return started, int(told.read_text())


def test_life_is_recorded(root: Path) -> None:
    record = root / "a"
    before = time.time_ns() // 1_000_000
    code = "import os; print('hello', os.getcwd(), os.environ['X']); raise SystemExit(7)"
    started = shim.launch(record, python(code), env={**ENV, "X": "y"}, cwd=root, meta={"port": 5})
    assert before <= started.started_ms
    until(lambda: known(record).ended_ms is not None)
    ended = known(record)
    assert (ended.exit_code, ended.is_alive, ended.is_sure) == (7, False, True)
    assert ended.ended_ms is not None
    assert ended.ended_ms >= ended.started_ms
    assert ended.meta == {"port": 5}
    assert Path(ended.log).read_text() == f"hello {root} y\n"
    assert not (record / SPEC).exists()


def test_launch_is_quick_and_hides_secrets(root: Path) -> None:
    durations = []
    for index in range(5):
        begin = time.perf_counter()
        started = shim.launch(
            root / str(index), ["sleep", "60"], env={**ENV, "TOKEN": "s3cret"}, cwd=root
        )
        durations.append(time.perf_counter() - begin)
        for pid in (started.pid, started.shim_pid):
            assert b"s3cret" not in Path(f"/proc/{pid}/cmdline").read_bytes()
        assert not (root / str(index) / SPEC).exists()
        for file in (root / str(index)).iterdir():
            assert b"s3cret" not in file.read_bytes()
            assert file.stat().st_mode & 0o077 == 0
    # The median: a busy machine may delay one.
    assert sorted(durations)[2] < 0.5


def test_second_launch_returns_the_first(root: Path) -> None:
    first = shim.launch(root / "a", ["sleep", "60"], env=ENV, cwd=root)
    assert shim.launch(root / "a", ["sleep", "61"], env=ENV, cwd=root) == first
    shim.stop(root / "a", 1000)
    until(lambda: not known(root / "a").is_alive)
    again = shim.launch(root / "a", ["sleep", "60"], env=ENV, cwd=root)
    assert again.ended_ms is not None
    assert again.pid == first.pid


RACER = """
import sys
from pathlib import Path
from madang import shim
env = {"PATH": sys.argv[2]}
print(shim.launch(Path(sys.argv[1]), ["sleep", "600"], env=env, cwd=Path("/")).pid)
"""


def racer(record: Path) -> list[str]:
    return [sys.executable, "-c", RACER, str(record), ENV["PATH"]]


def test_eight_launchers_start_one_process(root: Path) -> None:
    env = {**ENV, "PYTHONPATH": PACKAGE_ROOT}
    with ThreadPoolExecutor(8) as pool:
        runs = pool.map(
            lambda _: subprocess.run(racer(root / "a"), env=env, capture_output=True, check=True),
            range(8),
        )
    pids = {int(run.stdout) for run in runs}
    assert len(pids) == 1
    assert marked(root) == [pids.pop()]


def test_launcher_killed_at_any_moment(root: Path) -> None:
    """Killed early nothing starts, killed late one process; another launch agrees with it."""
    env = {**ENV, "PYTHONPATH": PACKAGE_ROOT}
    for index in range(6):
        record = root / str(index)
        with subprocess.Popen(racer(record), env=env, stdout=subprocess.DEVNULL) as launcher:
            # The spec file is written right before the keeper is spawned.
            until(lambda r=record: (r / SPEC).exists() or (r / RECORD).exists())
            time.sleep(index * 0.01)
            launcher.kill()
        pid = shim.launch(record, ["sleep", "600"], env=ENV, cwd=root).pid
        until(lambda r=record, p=pid: marked(r) == [p])


def test_stop_lets_the_main_process_end_itself(root: Path) -> None:
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *a: (print('saved', flush=True), sys.exit(3)))\n"
        "print('up', flush=True)\ntime.sleep(600)"
    )
    started = shim.launch(root / "a", python(code), env=ENV, cwd=root)
    until(lambda: Path(started.log).read_text() == "up\n")
    begin = time.monotonic()
    shim.stop(root / "a", 10_000)
    until(lambda: not known(root / "a").is_alive)
    assert time.monotonic() - begin < 5
    assert known(root / "a").exit_code == 3
    assert Path(started.log).read_text() == "up\nsaved\n"
    shim.stop(root / "a", 10_000)
    shim.stop(root / "never", 10_000)
    assert not (root / "never").exists()


def test_stop_kills_a_stubborn_tree_after_the_grace(root: Path) -> None:
    end = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(600)"
    started, child = launch_tree(root / "a", end)
    begin = time.monotonic()
    shim.stop(root / "a", 300)
    until(lambda: not known(root / "a").is_alive)
    assert 0.25 < time.monotonic() - begin < 6
    assert not lives(child)
    assert known(root / "a").exit_code in (-signal.SIGKILL, -signal.SIGTERM)
    assert not lives(started.pid)


def test_asking_again_shortens_the_grace(root: Path) -> None:
    code = "import signal, time; signal.signal(15, 1); print(1, flush=True); time.sleep(600)"
    code = code.replace("(15, 1)", "(15, signal.SIG_IGN)")
    started = shim.launch(root / "a", python(code), env=ENV, cwd=root)
    until(lambda: Path(started.log).read_text())
    shim.stop(root / "a", 600_000)
    shim.stop(root / "a", 50)
    until(lambda: not known(root / "a").is_alive)


def test_the_end_waits_for_descendants(root: Path) -> None:
    """A main process that ends leaves nobody behind, even in another session."""
    _, child = launch_tree(root / "a", "raise SystemExit(5)")
    until(lambda: known(root / "a").exit_code == 5)
    until(lambda: not known(root / "a").is_alive)
    assert not lives(child)
    assert known(root / "a").is_sure


def test_an_end_on_a_full_disk_is_told_all_the_same(root: Path) -> None:
    """Nothing new can be written, yet the end is sure, exact, and told at once."""
    started = shim.launch(root / "a", ["sleep", "600"], env=ENV, cwd=root)
    # Files can grow no more, as on a full disk; the record is longer than this.
    resource.prlimit(started.shim_pid, resource.RLIMIT_FSIZE, (ROOM_BYTES, ROOM_BYTES))
    before = time.time_ns() // 1_000_000
    shim.stop(root / "a", 5_000)
    until(lambda: not known(root / "a").is_alive)
    after = time.time_ns() // 1_000_000
    ended = known(root / "a")
    assert (ended.is_sure, ended.was_told, ended.exit_code) == (True, True, -signal.SIGTERM)
    assert ended.ended_ms is not None
    assert before <= ended.ended_ms <= after
    assert "ended_ms" not in json.loads((root / "a" / RECORD).read_text())
    until(lambda: not lives(started.shim_pid))
    assert shim.sweep(root / "a") == 0
    assert known(root / "a") == ended


def test_killed_keeper_leaves_no_process(root: Path) -> None:
    started, child = launch_tree(root / "a", "time.sleep(600)")
    os.kill(started.shim_pid, signal.SIGKILL)
    until(lambda: not lives(started.pid))
    ended = known(root / "a")
    assert (ended.is_alive, ended.is_sure, ended.exit_code) == (False, False, None)
    assert ended.ended_ms is not None
    assert ended.ended_ms >= started.started_ms
    assert shim.strays(root) == [(child, root / "a")]
    assert shim.sweep(root / "a") == 1
    assert not lives(child)
    swept = known(root / "a")
    assert not swept.is_sure
    assert swept.ended_ms is not None
    assert swept.ended_ms >= ended.ended_ms
    assert shim.sweep(root / "a") == 0
    assert known(root / "a") == swept
    assert shim.launch(root / "a", ["sleep", "60"], env=ENV, cwd=root) == swept


def test_sweep_spares_what_is_owned(root: Path) -> None:
    started = shim.launch(root / "a", ["sleep", "600"], env=ENV, cwd=root)
    assert shim.strays(root) == []
    assert shim.sweep(root / "a") == 0
    assert lives(started.pid)


def test_a_process_id_of_another_boot_is_nobody(root: Path) -> None:
    record = root / "a"
    started = shim.launch(record, ["true"], env=ENV, cwd=root)
    # The end stands in the room of the lock before it stands in the record.
    until(lambda: "ended_ms" in (record / RECORD).read_text())
    data = json.loads((record / RECORD).read_text())
    del data["ended_ms"], data["exit_code"]
    (record / LOCK).write_bytes(b" " * ROOM_BYTES)
    # A recycled id: our own, living, process stands in the record.
    data.update(shim_pid=os.getpid(), shim_ticks=1)
    (record / RECORD).write_text(json.dumps(data))
    os.utime(record / LOCK, (started.started_ms / 1000 + 5, started.started_ms / 1000 + 5))
    ended = known(record)
    assert not ended.is_alive
    assert not ended.is_sure
    assert ended.ended_ms is not None
    assert abs(ended.ended_ms - started.started_ms - 5000) <= 1
    shim.stop(record, 0)
    assert not (record / STOP).exists()


def test_what_the_launcher_ignores_does_not_reach_the_process(root: Path) -> None:
    """As under nohup, or in a program that lets the kernel collect its children."""
    code = (
        "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN);"
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN);"
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]);" + RACER
    )
    env = {**ENV, "PYTHONPATH": PACKAGE_ROOT}
    argv = [sys.executable, "-c", code, str(root / "a"), ENV["PATH"]]
    pid = int(subprocess.run(argv, env=env, capture_output=True, check=True).stdout)
    status = Path(f"/proc/{pid}/status").read_text()
    ignored, blocked = (
        int(line.split()[1], 16)
        for name in ("SigIgn:", "SigBlk:")
        for line in status.splitlines()
        if line.startswith(name)
    )
    # The C library keeps two signals for itself and ignores them in whatever it spawns.
    assert (ignored & ~(3 << 31), blocked) == (0, 0)
    shim.stop(root / "a", 60_000)
    until(lambda: known(root / "a").exit_code == -signal.SIGTERM)


def test_what_cannot_start_says_why(root: Path) -> None:
    started = shim.launch(root / "a", ["no-such-program"], env=ENV, cwd=root)
    until(lambda: known(root / "a").ended_ms is not None)
    assert known(root / "a").exit_code == 127
    assert "no-such-program" in Path(started.log).read_text()
    with pytest.raises(LocalError) as caught:
        shim.launch(root / "b", ["true"], env=ENV, cwd=root, log=root / "missing" / "log")
    assert caught.value.code == "process_not_started"
    assert "missing" in caught.value.details["why"]
    assert shim.read(root / "b") is None
    # The failed start is no start: the folder may be used again.
    assert shim.launch(root / "b", ["true"], env=ENV, cwd=root).pid


def test_stop_before_launch_ends_at_once(root: Path) -> None:
    (root / "a").mkdir()
    shim.stop(root / "a", 100)
    shim.launch(root / "a", ["sleep", "600"], env=ENV, cwd=root)
    until(lambda: not known(root / "a").is_alive)


def test_python_dash_m_is_the_keeper(root: Path) -> None:
    env = {**ENV, "PYTHONPATH": PACKAGE_ROOT}
    usage = subprocess.run(
        [sys.executable, "-m", "madang.shim"], env=env, capture_output=True, text=True, check=False
    )
    assert usage.returncode == 2
    assert "record folder" in usage.stderr
