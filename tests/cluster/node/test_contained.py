"""Nothing of a node is left, however its tests end. Runs outside of the namespaces."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from contained import PREFIX, hierarchies, why_not

HERE = Path(__file__).parent
CONTAINED = [sys.executable, str(HERE / "contained.py")]
_KERNEL = ("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops")


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Make a folder with a short name: in those of pytest the sockets of a kubelet find no room."""
    with tempfile.TemporaryDirectory(prefix="mnt-") as made:
        yield Path(made)


_started: list[subprocess.Popen] = []


@pytest.fixture(autouse=True)
def _ends(tmp_path: Path) -> Iterator[None]:
    if why := why_not():
        pytest.fail(why, pytrace=False)
    yield
    while _started:
        wrapper = _started.pop()
        wrapper.terminate()
        wrapper.wait(60)


def _start(tmp_path: Path, *command: str, says: str) -> subprocess.Popen:
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    # A name that only these processes have, whatever else runs on this machine.
    environment["MADANG_NODE_TEST"] = str(tmp_path)
    log = tmp_path / "output"
    with log.open("w") as out:
        started = subprocess.Popen([*CONTAINED, *command], stdout=out, stderr=out, env=environment)
    _started.append(started)
    deadline = time.monotonic() + 90
    while says not in log.read_text():
        assert started.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
    return started


def _child(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def _processes(tmp_path: Path) -> list[str]:
    """Return what runs with our mark or, as containers do, in a cgroup that was made for us."""
    mark, found = f"MADANG_NODE_TEST={tmp_path}".encode(), []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            cgroup = (each / "cgroup").read_text()
            if mark in (each / "environ").read_bytes() or any(
                n in cgroup for n in _names(tmp_path)
            ):
                found.append((each / "cmdline").read_text())
        except OSError:
            continue
    return found


def _mounts(tmp_path: Path) -> list[str]:
    found = set()
    for each in Path("/proc").glob("[0-9]*/mountinfo"):
        try:
            found |= {line for line in each.read_text().splitlines() if str(tmp_path) in line}
        except OSError:
            continue
    return sorted(found)


def _left(tmp_path: Path) -> dict[str, list]:
    folders = list(tmp_path.glob(f"{PREFIX}*"))
    names = [path for root in hierarchies().values() for path in root.glob(f"{PREFIX}*")]
    return {
        "processes": _processes(tmp_path),
        "mounts": _mounts(tmp_path),
        "folders": folders,
        "cgroups": [path for path in names if path.name in _names(tmp_path)],
    }


def _names(tmp_path: Path) -> set[str]:
    return set((tmp_path / "names").read_text().split())


def _remember(tmp_path: Path) -> None:
    names = [path.name for path in tmp_path.glob(f"{PREFIX}*")]
    (tmp_path / "names").write_text(" ".join(names))


def _kernel() -> dict[str, str]:
    return {name: (Path("/proc/sys") / name).read_text() for name in _KERNEL}


NOTHING = {"processes": [], "mounts": [], "folders": [], "cgroups": []}


def test_a_node_whose_tests_are_killed_leaves_nothing(tmp_path):
    before = _kernel()
    started = _start(tmp_path, sys.executable, str(HERE / "node_cluster.py"), says="nsenter")
    _remember(tmp_path)
    there = _left(tmp_path)
    assert any("coredns" in each for each in there["processes"])
    assert any("/rootfs " in each for each in there["mounts"])
    assert there["cgroups"]
    assert _kernel() == before
    os.kill(_child(started.pid), signal.SIGKILL)
    assert started.wait(60) != 0
    assert _left(tmp_path) == NOTHING
    assert _kernel() == before


def test_a_killed_wrapper_takes_all_with_it_and_the_next_start_sweeps(tmp_path):
    started = _start(tmp_path, "sh", "-c", "echo up; sleep 1000", says="up")
    _remember(tmp_path)
    started.kill()
    started.wait()
    deadline = time.monotonic() + 30
    while _processes(tmp_path):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert _left(tmp_path)["folders"]
    ended = _start(tmp_path, "sh", "-c", "echo up; sleep 1000", says="up")
    ended.send_signal(signal.SIGTERM)
    assert ended.wait(60) == 143
    assert _left(tmp_path) == NOTHING


def test_the_status_of_the_command_is_ours(tmp_path):
    assert subprocess.run([*CONTAINED, "sh", "-c", "exit 7"]).returncode == 7
