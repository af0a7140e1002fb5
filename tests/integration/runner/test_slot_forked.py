"""Runs of a slot are forks of one warm process; shared cells run once for them."""

import os
import signal
import subprocess
import time

import pytest

from .conftest import notebook, python_env

pytestmark = pytest.mark.integration
PARAMETERS = ("a = 0", "parameters")
PIDS = "import os\nprint(os.getpid(), os.getppid())"


@pytest.fixture
def start(service, tmp_path, python):
    started = []

    def start():
        env = python_env(tmp_path, MADANG_URL=service.url, MADANG_TOKEN="slot-token")
        started.append(subprocess.Popen([*python, "madang.runner.slot"], env=env, cwd=tmp_path))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def text(service, run, cell):
    return "".join(service.outputs[run]["cells"][cell]["outputs"][0]["text"])


def pids(service, run, cell=0):
    """Return kernel and warm process."""
    kernel, warm = text(service, run, cell).split()
    return int(kernel), int(warm)


def test_runs_are_forks_of_one_process_and_nothing_stays(service, start):
    service.add("run-1", notebook(PIDS))
    service.add("run-2", notebook(PIDS))
    service.is_over = True
    assert start().wait(100) == 0
    first, second = pids(service, "run-1"), pids(service, "run-2")
    for run in ("run-1", "run-2"):
        assert service.outputs[run]["metadata"]["madang"]["kernel"] == "forked"
        assert service.ends[run]["state"] == "succeeded"
    assert first[1] == second[1]
    assert len({*first, *second}) == 3
    deadline = time.monotonic() + 10
    while left := [p for p in (*first, *second) if os.path.exists(f"/proc/{p}")]:  # noqa: PTH110
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def test_shared_cells_run_once_and_see_no_token(service, start):
    shared = "import os\nmade = os.getpid()\nprint('MADANG_TOKEN' in os.environ, open('d').read())"
    cells = ((shared, "shared"), PARAMETERS, "print(a, made, os.environ['MADANG_RUN'])")
    for number in (1, 2):
        service.add(f"run-{number}", notebook(*cells), {"a": number}, {"d": b"data"})
    service.is_over = True
    assert start().wait(100) == 0
    first, second = (text(service, f"run-{n}", 3).split() for n in (1, 2))
    assert (first[0], first[2], second[0], second[2]) == ("1", "run-1", "2", "run-2")
    assert first[1] == second[1]
    assert text(service, "run-2", 0) == "False data\n"
    one, two = (service.ends[f"run-{n}"]["kernel"] for n in (1, 2))
    assert one == two
    assert one["warm"]
    assert one["shared_ms"] > 0


def test_a_reason_for_a_fresh_kernel_is_told(service, start):
    thread = "import threading\nt = threading.Timer(600, print)\nt.daemon = True\nt.start()"
    service.add("run-1", notebook((thread, "shared"), PARAMETERS, "print(t.is_alive())"))
    service.is_over = True
    assert start().wait(100) == 0
    assert service.ends["run-1"]["state"] == "succeeded"
    assert text(service, "run-1", 2) == "True\n"
    assert service.outputs["run-1"]["metadata"]["madang"]["reason"] == "threads"
    assert service.ends["run-1"]["kernel"]["fresh_reason"].startswith("threads ")
    log = "".join(report["log"] for report in service.reports)
    assert "threads were running" in log
    assert "스레드" in log


def test_a_killed_warm_process_loses_only_the_run_that_was_running(service, start):
    kill = f"{PIDS}\nimport time\nprint('begun', flush=True)\ntime.sleep(600)"
    service.add("run-1", notebook(PIDS, kill))
    service.add("run-2", notebook(PIDS))
    service.is_over = True
    process = start()
    service.wait_for(lambda: any("begun" in r["log"] for r in service.reports), 60)
    service.wait_for(lambda: any(r["cells_done"] == 1 for r in service.reports), 60)
    line = next(r["log"] for r in service.reports if r["log"])
    os.kill(int(line.split()[1]), signal.SIGKILL)
    assert process.wait(100) == 0
    assert service.ends["run-1"]["reason"] == "runner_died"
    assert service.ends["run-2"]["state"] == "succeeded"
    assert service.outputs["run-2"]["metadata"]["madang"]["kernel"] == "forked"


def test_a_run_is_stopped_while_its_shared_cells_run(service, start, tmp_path):
    shared = "import time\ntime.sleep(600)"
    service.add("run-1", notebook((shared, "shared"), PARAMETERS, "print(a)"))
    service.add("run-2", notebook("print(2)"))
    service.stop_runs.add("run-1")
    service.is_over = True
    assert start().wait(100) == 0
    assert service.ends["run-1"] == {"state": "cancelled", "reason": "cancelled", "error": None}
    assert service.ends["run-2"]["state"] == "succeeded"
