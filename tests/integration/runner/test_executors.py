"""One process executes run after run, each with a kernel of its own, and nothing of a run stays."""

import json
import os
import signal
import time
from pathlib import Path

import nbformat
import pytest

from madang.runner.files import make_run_folder
from madang.runner.forked import executors
from madang.runner.forked.runs import ForkedRuns

from .conftest import notebook, python_env

pytestmark = pytest.mark.integration
LOOK = (
    "import os, sys\n"
    "print(os.environ.get('MADANG_ONLY_ONE'), 'left' in globals(), os.path.basename(os.getcwd()))\n"
    "left = 1\nprint(os.getpid())"
)
STAYS = "open('here', 'w').close()\nimport time\ntime.sleep(60)"


class Place:
    def __init__(self, tmp_path):
        self.root = tmp_path
        self.runs = ForkedRuns(tmp_path, python_env(tmp_path, MADANG_RUN="run-1"))
        self.count = 0

    def start(self, *cells, secrets=None, files=None, **env):
        self.count += 1
        folder = make_run_folder(
            self.root / f"run-{self.count}", notebook(*cells), files or {}, {}, 120_000, ""
        )
        reader, writer = os.pipe()
        wanted = self.runs.wanted(folder, env, "")
        run = self.runs.start(folder, env, writer, 3.0, wanted, secrets or {})
        os.close(writer)
        return run, folder, reader

    def run(self, *cells, **more):
        """Return the process that executed, the result, and what was printed."""
        run, folder, reader = self.start(*cells, **more)
        return run.pid, *self.ended(run, folder, reader)

    def ended(self, run, folder, reader):
        with os.fdopen(reader) as lines:
            events = [json.loads(line) for line in lines]
        assert run.wait(60) == 0
        output = nbformat.reads(folder.output.read_text(), as_version=4)
        printed = "".join(o.get("text", "") for c in output.cells for o in c.get("outputs", ()))
        return next((e["result"] for e in events if "result" in e), None), printed


def until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_there(pid):
    return os.path.exists(f"/proc/{pid}")  # noqa: PTH110 - a process


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    yield made
    made.runs.close()


def test_runs_follow_each_other_in_one_process_and_know_nothing_of_each_other(place):
    first, result, told = place.run(LOOK, MADANG_ONLY_ONE="1")
    assert result["state"] == "succeeded"
    assert told.splitlines()[0] == "1 False work"
    second, result, later = place.run(LOOK, "1 / 0")
    assert (result["state"], result["error"]["cell"]) == ("failed", 2)
    assert later.splitlines()[0] == "None False work"
    third, _, last = place.run(LOOK, MADANG_ONLY_ONE="3")
    assert last.splitlines()[0] == "3 False work"
    assert first == second == third  # a failed one is as good as any
    assert len({text.splitlines()[1] for text in (told, later, last)}) == 3
    assert os.readlink(f"/proc/{first}/cwd") == "/"  # noqa: PTH115


def test_whoever_was_told_to_stop_executes_nothing_more(place):
    run, folder, reader = place.start(LOOK, STAYS)
    until(lambda: (folder.work / "here").exists())
    run.terminate()
    result, _ = place.ended(run, folder, reader)
    assert (result["state"], result["reason"]) == ("cancelled", "stopped")
    run.terminate()  # late: it must meet nobody
    after, result, _ = place.run(LOOK)
    assert result["state"] == "succeeded"
    assert after != run.pid
    until(lambda: not is_there(run.pid))


def test_a_stop_that_comes_before_the_first_cell_counts(place):
    place.run(LOOK)
    run, folder, reader = place.start(LOOK, STAYS)
    run.terminate()
    result, _ = place.ended(run, folder, reader)
    assert (result["state"], result["reason"]) == ("cancelled", "stopped")


@pytest.mark.parametrize("when", ["between", "within"])
def test_one_that_is_killed_takes_its_kernel_along_and_is_replaced(place, when):
    pid, _, _ = place.run(LOOK)
    if when == "within":
        run, folder, reader = place.start(LOOK, f"print(os.getpid(), flush=True)\n{STAYS}")
        until(lambda: (folder.work / "here").exists())
        os.kill(pid, signal.SIGKILL)
        result, printed = place.ended(run, folder, reader)
        assert result is None
        until(lambda: not is_there(int(printed.split()[-1])))
    else:
        os.kill(pid, signal.SIGKILL)
        until(lambda: not is_there(pid))
    other, result, _ = place.run(LOOK)
    assert result["state"] == "succeeded"
    assert other != pid


def test_secrets_never_come_into_a_process_that_executes_others(place):
    shared, _, _ = place.run(LOOK)
    own, result, _ = place.run(
        "import os\nassert os.environ['KEY'] == 'sesame-4711'", secrets={"KEY": "sesame-4711"}
    )
    assert result["state"] == "succeeded"
    again, _, told = place.run("import os\nprint('KEY' in os.environ)")
    assert told == "False\n"
    assert own not in (shared, again)
    assert again == shared


@pytest.mark.parametrize(("limit", "value"), [("MAX_RUNS", 2), ("MAX_GROWTH_BYTES", -1)])
def test_one_ends_after_its_last_run_or_when_it_has_grown(place, monkeypatch, limit, value):
    monkeypatch.setattr(executors, limit, value)
    used = [place.run(LOOK)[0] for _ in range(3)]
    expected = [used[0], used[0], used[2]] if limit == "MAX_RUNS" else used
    assert used == expected
    assert len(set(used)) == (2 if limit == "MAX_RUNS" else 3)
    until(lambda: not is_there(used[0]))


def test_one_whose_run_left_a_thread_ends(place):
    """A fresh kernel that follows a fork which hangs is driven by jupyter_client's own threads."""
    first, _, _ = place.run(LOOK)
    hold = (
        "import threading\nlock = threading.Lock()\nlock.acquire()\n"
        "import pathlib\nfirst = not pathlib.Path('once').exists()\npathlib.Path('once').touch()\n"
        "lock.acquire() if first else print('fresh')"
    )
    again, result, told = place.run(hold)
    assert again == first
    assert result["state"] == "succeeded"
    assert result["kernel"]["fresh_reason"] == "fork_hung"
    assert told.endswith("fresh\n")
    after, _, _ = place.run(LOOK)
    assert after != first


def waiting(place):
    """Return the kernel that waits for the next run."""
    return place.runs._executors._ahead._waiting[2].pid


def test_a_kernel_is_forked_ahead_and_knows_only_its_own_run(place):
    for _ in range(2):
        place.run(LOOK, MADANG_TOKEN="before")
    ahead = waiting(place)
    assert b"MADANG_TOKEN" not in environment(ahead)
    own = LOOK.replace("MADANG_ONLY_ONE", "MADANG_TOKEN")
    _, _, told = place.run(own, MADANG_TOKEN="own")
    assert told.splitlines() == ["own False work", str(ahead)]
    left = waiting(place)
    assert left != ahead
    place.runs.close()
    until(lambda: not is_there(left))


def environment(pid):
    with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123
        return file.read()


def test_one_that_was_killed_while_it_waited_is_replaced(place):
    for _ in range(2):
        place.run(LOOK)
    ahead = waiting(place)
    os.kill(ahead, signal.SIGKILL)
    until(lambda: not is_there(ahead))
    _, result, told = place.run(LOOK)
    assert (result["state"], told.splitlines()[0]) == ("succeeded", "None False work")


def test_a_run_with_other_files_gets_another_one(place):
    look = "import numpy\nprint(numpy.__file__)"
    for _ in range(2):
        place.run(look)
    ahead = waiting(place)
    _, result, told = place.run(look, files={"numpy.py": b"own = 1"})
    assert result["state"] == "succeeded"
    assert Path(told.strip()).parts[-2:] == ("work", "numpy.py")
    until(lambda: not is_there(ahead))


def test_what_a_run_is_told_may_be_too_much_for_one_that_waits(place):
    for _ in range(2):
        place.run(LOOK)
    big = {f"MADANG_BIG_{number}": "x" * 60_000 for number in range(3)}
    _, result, _ = place.run("import os\nassert len(os.environ['MADANG_BIG_2']) == 60_000", **big)
    assert result["state"] == "succeeded"
