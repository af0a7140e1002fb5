"""A warm process that is replaced while runs are executed in it ends with the last of them."""

import os
import time

import pytest

from madang.runner.files import make_run_folder
from madang.runner.forked import parents
from madang.runner.forked.runs import ForkedRuns

from .conftest import notebook, python_env

pytestmark = pytest.mark.integration
WAIT = """
import os, pathlib, time
pathlib.Path(folder, name).write_text(f"{os.getpid()} {made}")
while not pathlib.Path(folder, "go").exists():
    time.sleep(0.02)
"""
CELLS = (
    ("import os\nmade = os.getppid()", "shared"),
    ("folder = name = ''", "parameters"),
    WAIT,
)


class Place:
    def __init__(self, tmp_path):
        self.tmp_path = tmp_path
        self.runs = ForkedRuns(tmp_path, python_env(tmp_path))
        self.started = []

    def start(self, name, cells=CELLS):
        given = {"folder": str(self.tmp_path), "name": name}
        folder = make_run_folder(
            self.tmp_path / f"folder-{name}", notebook(*cells), {}, given, 120_000, ""
        )
        reader, writer = os.pipe()
        wanted = self.runs.wanted(folder, {}, "")
        run = self.runs.start(folder, {}, writer, 3.0, wanted)
        os.close(writer)
        self.started.append((run, reader))
        return run

    def base_of(self, name):
        """Wait until a run is in its cell; returns the warm process that all are forked from."""
        path = self.tmp_path / name
        until(lambda: path.exists() and len(path.read_text().split()) == 2)
        return int(path.read_text().split()[1])


def until(condition):
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_there(pid):
    return os.path.exists(f"/proc/{pid}")  # noqa: PTH110 - a process


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    yield made
    made.runs.close()
    for _, reader in made.started:
        os.close(reader)


def test_the_old_one_stays_until_its_last_run_has_ended(place, tmp_path, monkeypatch):
    first = place.start("first")
    old = place.base_of("first")
    monkeypatch.setattr(parents, "MAX_AGE_S", 0.0)
    second = place.start("second")
    new = place.base_of("second")
    assert new != old
    assert is_there(old)
    assert (first.poll(), second.poll()) == (None, None)
    monkeypatch.undo()
    (tmp_path / "go").touch()
    assert (first.wait(60), first.poll()) == (0, 0)
    assert not is_there(old)
    assert (second.wait(60), second.poll()) == (0, 0)
    assert is_there(new)


def test_all_end_when_the_slot_does(place):
    place.start("first")
    old = place.base_of("first")
    place.runs.close()
    until(lambda: not is_there(old))


# A hook of forks that keeps something each time, as a library or a shared cell may have one.
LEAKING = (
    (
        "import os\nmade = os.getpid()\nkept = []\n"
        "os.register_at_fork(after_in_parent=lambda: kept.append(b'x' * (24 << 20)))",
        "shared",
    ),
    *CELLS[1:],
)


def own_mib(pid):
    with open(f"/proc/{pid}/status") as lines:  # noqa: PTH123 - a process
        return next(int(line.split()[1]) // 1024 for line in lines if "RssAnon" in line)


@pytest.mark.parametrize(("limit", "processes"), [("60", 2), ("none", 1)])
def test_one_that_leaks_is_replaced_and_its_run_goes_on(
    place, tmp_path, monkeypatch, limit, processes
):
    monkeypatch.setenv("MADANG_WARM_GROWTH_MIB", limit)
    names = ["first", "second", "third", "fourth"]
    runs, seen, mib = [], [], []
    for name in names:
        runs.append(place.start(name, LEAKING))
        seen.append(place.base_of(name))
        mib.append(own_mib(seen[-1]))
    # Two kernels and the one ahead: 72 MiB more when the third run asks.
    assert (seen[0] == seen[1], seen[2] == seen[3]) == (True, True)
    assert len(set(seen)) == processes
    assert mib[1] - mib[0] >= 20
    assert (mib[2] < mib[1]) is (processes == 2)
    assert is_there(seen[0])  # runs live in it
    assert [run.poll() for run in runs] == [None] * 4
    (tmp_path / "go").touch()
    assert [run.wait(60) for run in runs] == [0] * 4
    until(lambda: is_there(seen[0]) is (processes == 1))
    assert is_there(seen[-1])
