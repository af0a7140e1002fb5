"""The slot's worker against a real small HTTP service."""

import contextlib
import json
import os
import signal
import subprocess
import time
from hashlib import sha256
from pathlib import Path

import pytest

from .conftest import notebook, problem, python_env

pytestmark = pytest.mark.integration


@pytest.fixture
def start(service, tmp_path, python):
    started = []

    def start():
        env = python_env(
            tmp_path, MADANG_URL=service.url, MADANG_TOKEN="slot-token", MADANG_LEASE="lease-1"
        )
        process = subprocess.Popen([*python, "madang.runner.slot"], env=env, cwd=tmp_path)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_runs_one_after_another_then_leaves(service, start, tmp_path):
    look = (
        "import os\n"
        "names = ('RUN', 'ATTEMPT', 'TOKEN', 'PROJECT', 'LEASE')\n"
        "print([os.environ['MADANG_' + name] for name in names])\n"
        "def environ(pid):\n"
        "    return open(f'/proc/{pid}/environ').read()\n"
        "parent = os.getppid()\n"
        "slot = int(open(f'/proc/{parent}/stat').read().rsplit(')')[1].split()[1])\n"
        "try:\n"
        "    print('slot-token' in environ(slot) + environ(parent) + environ('self'))\n"
        "except PermissionError:\n"
        "    print(False)\n"
    )
    service.add("run-1", notebook(("x = 1", "parameters"), look), {"x": 2})
    service.add("run-2", notebook("1 / 0"))
    service.add("run-3", notebook("print(1)"), files={"../out": b""})
    service.is_over = True
    process = start()
    assert process.wait(60) == 0
    assert service.ends["run-1"] == {"state": "succeeded", "reason": "", "error": None}
    text = service.outputs["run-1"]["cells"][-1]["outputs"][0]["text"]
    assert "".join(text) == "['run-1', '1', 'token-run-1', 'lab', 'lease-1']\nFalse\n"
    assert service.ends["run-2"]["error"]["name"] == "ZeroDivisionError"
    assert service.ends["run-3"]["reason"] == "path_outside"
    assert "run-3" not in service.outputs
    assert service.reports[-1]["cells_total"] >= 0
    assert "ZeroDivisionError" not in str(service.reports)
    assert list(Path(tmp_path).glob("madang-slot-*")) == []


def test_the_service_is_down_when_a_run_ends(service, start):
    service.add(
        "run-1", notebook("import time\nprint('begun', flush=True)\ntime.sleep(1.5)", "print(2)")
    )
    process = start()
    service.wait_for(lambda: any("begun" in r["log"] for r in service.reports))
    service.is_down = True
    # The kernel goes on meanwhile; then the worker tries to hand in, again and again.
    service.wait_for(lambda: service.refused_while_down > 5)
    service.is_down = False
    service.wait_for(lambda: "run-1" in service.ends)
    assert service.ends["run-1"]["state"] == "succeeded"
    assert len(service.outputs["run-1"]["cells"]) == 2
    service.is_over = True
    assert process.wait(20) == 0


def test_a_run_that_the_service_stops(service, start):
    service.add("run-1", notebook("print('begun', flush=True)\nimport time\ntime.sleep(60)"))
    process = start()
    service.wait_for(lambda: any("begun" in r["log"] for r in service.reports))
    service.stop_runs.add("run-1")
    service.wait_for(lambda: "run-1" in service.ends)
    assert service.ends["run-1"] == {"state": "cancelled", "reason": "cancelled", "error": None}
    assert "run-1" in service.outputs
    service.is_over = True
    assert process.wait(20) == 0


def test_sigterm_hands_in_what_there_is(service, start):
    service.add("run-1", notebook("print('begun', flush=True)\nimport time\ntime.sleep(60)"))
    process = start()
    service.wait_for(lambda: any("begun" in r["log"] for r in service.reports))
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert service.ends["run-1"]["reason"] == "slot_stopped"
    assert service.outputs["run-1"]["cells"][-1]["outputs"][0]["text"] == ["begun\n"]


@pytest.mark.parametrize("status", [409, 503])
def test_an_end_that_is_not_taken_with_the_question_is_handed_in_by_itself(service, start, status):
    for number in (1, 2, 3):
        service.add(f"run-{number}", notebook(f"print({number})"))
    service.is_over = True
    answer, told = service.answer, []

    def without_ends(method, path, token, body):
        if path == "slots/next" and body:
            told.append(json.loads(body)["run"])
            return status, problem("run_moved_on", status) if status == 409 else None
        return answer(method, path, token, body)

    service.answer = without_ends
    process = start()
    assert process.wait(60) == 0
    assert told == ["run-1", "run-2", "run-3"]
    assert [service.ends[name]["state"] for name in told] == ["succeeded"] * 3
    texts = [service.outputs[name]["cells"][0]["outputs"][0]["text"] for name in told]
    assert texts == [["1\n"], ["2\n"], ["3\n"]]


def test_sigterm_while_waiting_leaves_at_once(service, start):
    process = start()
    calls = []
    answer = service.answer
    service.answer = lambda *a: calls.append(a[1]) or answer(*a)
    service.wait_for(lambda: "slots/next" in calls)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0


def test_a_killed_executor_fails_only_its_run(service, start):
    kill = "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nimport time\ntime.sleep(60)"
    service.add("run-1", notebook("print(1)", kill))
    service.add("run-2", notebook("print(2)"))
    service.is_over = True
    process = start()
    assert process.wait(60) == 0
    assert service.ends["run-1"]["reason"] == "runner_died"
    assert service.outputs["run-1"]["cells"][0]["outputs"][0]["text"] == ["1\n"]
    assert service.ends["run-2"]["state"] == "succeeded"


def test_a_retry_goes_on_from_what_the_failed_run_kept(service, start, tmp_path):
    """The notebook fails once, by what it keeps itself in the folder that retries share."""
    cells = (
        "import os, time\nx = [1]\ntime.sleep(1.1)\nprint('once')",
        "own = os.environ['MADANG_CHECKPOINT_DIR']\n"
        "is_second = os.path.exists(own + '/mark')\n"
        "open(own + '/mark', 'w').close()\nassert is_second",
        "print(x, time.sleep)",
    )
    # What its person said with the submit counts, also for a notebook that wants none.
    data = notebook(*cells, metadata={"madang": {"checkpoint": False}})
    kept = tmp_path / "home" / ".local" / "state" / "madang" / "checkpoints"
    old = kept / "run-0"
    old.mkdir(parents=True)
    os.utime(old, (0, 0))
    service.add("run-1", data)
    service.add("run-2", data)
    for task in service.tasks:
        task["checkpoint_after_ms"] = 1_000
    service.tasks[1]["continues"] = "run-1"
    service.is_over = True
    assert start().wait(60) == 0
    assert service.ends["run-1"]["error"]["cell"] == 2
    assert service.ends["run-2"]["state"] == "succeeded"
    first, second, third = service.outputs["run-2"]["cells"]
    assert first["metadata"]["madang"] == {"resumed": True}
    assert "".join(first["outputs"][0]["text"]) == "once\n"
    assert "madang" not in second["metadata"]
    assert "[1] <built-in function sleep>" in "".join(third["outputs"][0]["text"])
    told = service.outputs["run-2"]["metadata"]["madang"]["provenance"]
    assert (told["run"], told["attempt"], told["sweep"]) == ("run-2", 1, None)
    assert told["resumed"] == {"after_cell": 1, "run": "run-1", "attempt": 1}
    assert told["notebook_sha256"] == sha256(data).hexdigest()
    assert told["parameters_sha256"] == sha256(b"{}").hexdigest()
    assert set(told["versions"]) == {"madang", "papermill", "ipykernel", "python"}
    assert told["kernel"] == {"kernel": "forked"}
    assert told["started"] <= told["ended"]
    assert service.outputs["run-1"]["metadata"]["madang"]["provenance"]["resumed"] is None
    assert str(tmp_path) not in str(told)
    assert "token" not in str(told)
    last = service.reports[-1]
    assert (last["resumed_after"], last["kept_cell"], last["cells_done"]) == (1, 1, 3)
    assert kept.stat().st_mode & 0o777 == 0o700
    assert list(kept.iterdir()) == []


def test_a_cell_that_prints_a_gigabyte_fills_neither_memory_nor_disk(service, start):
    prints = "line = 'x' * (2**20 - 1)\nfor _ in range(1024):\n    print(line)"
    service.add("run-1", notebook("import os\nprint(os.getpid())", prints), limit_ms=80_000)
    service.is_over = True
    process = start()
    most_kib = {}
    while process.poll() is None:
        for pid in runners(process.pid):
            most_kib[pid] = max(most_kib.get(pid, 0), rss_kib(pid))
        time.sleep(0.05)
    # A busy machine may need longer than the limit for it.
    assert service.ends["run-1"]["reason"] in ("", "time_limit")
    cells = service.outputs["run-1"]["cells"]
    # What the kernel itself takes is the notebook's own affair.
    del most_kib[int(cells[0]["outputs"][0]["text"][0])]
    assert "22 MiB" in json.dumps(cells[1]["outputs"][1:], ensure_ascii=False)
    assert 10 * 1024**2 < len(json.dumps(service.outputs["run-1"])) < 24 * 1024**2
    assert max(most_kib.values()) < 600 * 1024, most_kib


def runners(slot):
    """Return a slot and all below it."""
    children = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                children.setdefault(int(fields[1]), []).append(int(folder.name))
    found, todo = [], [slot]
    while todo:
        found.append(todo.pop())
        todo += children.get(found[-1], [])
    return found


def rss_kib(pid):
    with contextlib.suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])
    return 0
