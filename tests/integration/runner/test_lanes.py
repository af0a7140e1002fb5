"""A slot that works on several runs at the same time, with forked kernels."""

import os
import signal
import subprocess

import pytest

from .conftest import notebook, python_env

pytestmark = pytest.mark.integration
PARAMETERS = ("a = 0\nfolder = ''", "parameters")
SHARED = ("import os, pathlib\nmade = os.getpid()", "shared")
MEET = """
import time
place = pathlib.Path(folder)
(place / str(a)).touch()
deadline = time.monotonic() + 60
while len(list(place.iterdir())) < 3:
    assert time.monotonic() < deadline
    time.sleep(0.02)
print(a, made, os.getpid(), os.environ["MADANG_RUNS_PER_DEVICE"],
      os.environ.get("XLA_PYTHON_CLIENT_MEM_FRACTION"))
"""
WAIT = """
import time
place = pathlib.Path(folder)
(place / str(a)).write_text(f"{os.getpid()} {made}")
while not (place / "go").exists():
    time.sleep(0.02)
print("done", a)
"""


@pytest.fixture
def start(service, tmp_path, python):
    started = []

    def start(**more):
        env = python_env(tmp_path, MADANG_URL=service.url, MADANG_TOKEN="slot-token", **more)
        started.append(subprocess.Popen([*python, "madang.runner.slot"], env=env, cwd=tmp_path))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def meeting(tmp_path):
    folder = tmp_path / "meeting"
    folder.mkdir()
    return folder


def add(service, number, source, folder, lanes=3):
    cells = notebook(SHARED, PARAMETERS, source)
    service.add(f"run-{number}", cells, {"a": number, "folder": str(folder)})
    service.tasks[-1]["lanes"] = lanes


def text(service, number):
    return "".join(service.outputs[f"run-{number}"]["cells"][-1]["outputs"][0]["text"])


def begun(service, folder, count):
    """Wait until so many runs wait in their cell; returns kernel and warm process of each."""
    service.wait_for(lambda: len([p for p in folder.iterdir() if p.read_text()]) >= count, 90)
    return {int(p.name): tuple(map(int, p.read_text().split())) for p in folder.iterdir()}


def test_three_runs_meet_while_each_waits_for_the_others(service, start, meeting):
    for number in range(3):
        add(service, number, MEET, meeting)
    add(service, 3, "print(a, made)", meeting)
    service.is_over = True
    assert start().wait(150) == 0
    assert {service.ends[f"run-{n}"]["state"] for n in range(4)} == {"succeeded"}
    told = [text(service, number).split() for number in range(3)]
    assert [words[0] for words in told] == ["0", "1", "2"]
    assert {words[1] for words in told} == {text(service, 3).split()[1]}  # one shared cell, once
    assert len({words[2] for words in told}) == 3
    assert {(words[3], words[4]) for words in told} == {("3", "0.300")}
    assert {service.outputs[f"run-{n}"]["metadata"]["madang"]["kernel"] for n in range(4)} == {
        "forked"
    }
    assert len({service.ends[f"run-{n}"]["kernel"]["warm"] for n in range(4)}) == 1


def test_a_person_s_own_part_of_the_memory_stays(service, start, meeting):
    for number in range(3):
        add(service, number, MEET, meeting)
    service.is_over = True
    assert start(XLA_PYTHON_CLIENT_MEM_FRACTION=".2").wait(150) == 0
    assert {text(service, number).split()[4] for number in range(3)} == {".2"}


def test_a_killed_kernel_hurts_only_its_run(service, start, meeting):
    for number in range(3):
        add(service, number, WAIT, meeting)
    process = start()
    pids = begun(service, meeting, 3)
    os.kill(pids[1][0], signal.SIGKILL)
    service.wait_for(lambda: "run-1" in service.ends, 60)
    assert service.ends["run-1"]["reason"] == "kernel_died"
    # Its lane takes the next run from the same warm process, while the others still run.
    add(service, 3, "print('next', made)", meeting)
    service.wait_for(lambda: "run-3" in service.ends, 60)
    assert set(service.ends) == {"run-1", "run-3"}
    assert text(service, 3) == f"next {pids[0][1]}\n"
    service.is_over = True
    (meeting / "go").touch()
    assert process.wait(60) == 0
    assert [text(service, number) for number in (0, 2)] == ["done 0\n", "done 2\n"]


def test_a_stopped_run_leaves_the_others_alone(service, start, meeting):
    for number in range(3):
        add(service, number, WAIT, meeting)
    process = start()
    begun(service, meeting, 3)
    service.stop_runs.add("run-2")
    service.wait_for(lambda: "run-2" in service.ends, 60)
    assert service.ends["run-2"]["state"] == "cancelled"
    service.is_over = True
    (meeting / "go").touch()
    assert process.wait(60) == 0
    assert {service.ends[f"run-{n}"]["state"] for n in (0, 1)} == {"succeeded"}


def test_a_killed_warm_process_ends_what_runs_and_the_next_has_another(service, start, meeting):
    for number in range(3):
        add(service, number, WAIT, meeting)
    process = start()
    pids = begun(service, meeting, 3)
    os.kill(pids[0][1], signal.SIGKILL)
    service.wait_for(lambda: len(service.ends) == 3, 60)
    assert {end["reason"] for end in service.ends.values()} == {"runner_died"}
    add(service, 3, "print('next', made)", meeting)
    service.is_over = True
    assert process.wait(90) == 0
    assert service.ends["run-3"]["state"] == "succeeded"
    assert text(service, 3).startswith("next ")


def test_sigterm_hands_in_what_all_lanes_have(service, start, meeting):
    for number in range(3):
        add(service, number, WAIT, meeting)
    process = start()
    begun(service, meeting, 3)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert {end["reason"] for end in service.ends.values()} == {"slot_stopped"}
    assert set(service.outputs) == {"run-0", "run-1", "run-2"}


def test_one_who_leaves_does_not_end_the_shared_cells_that_others_wait_for(
    service, start, meeting, tmp_path
):
    slow = ("import pathlib, time, os\ntime.sleep(6)\nmade = os.getpid()", "shared")
    for number in range(3):
        cells = notebook(slow, PARAMETERS, "print(a, made)")
        service.add(f"run-{number}", cells, {"a": number, "folder": str(meeting)})
        service.tasks[-1]["lanes"] = 3
    service.stop_runs.add("run-0")
    service.is_over = True
    assert start().wait(120) == 0
    assert service.ends["run-0"]["state"] == "cancelled"
    first, second = (service.ends[f"run-{n}"]["kernel"]["warm"] for n in (1, 2))
    assert first == second
    assert text(service, 1).split()[1] == text(service, 2).split()[1]


def test_a_fault_of_the_slot_itself_ends_it_and_hands_in_what_the_others_have(
    service, start, meeting
):
    for number in range(2):
        add(service, number, WAIT, meeting)
    process = start()
    begun(service, meeting, 2)
    add(service, 2, WAIT, meeting)
    del service.tasks[-1]["limit_ms"]
    assert process.wait(60) == 1
    assert {run: end["reason"] for run, end in service.ends.items()} == {
        "run-0": "slot_stopped",
        "run-1": "slot_stopped",
    }
