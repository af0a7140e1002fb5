"""Runs of a sweep that share a device, with everything real: service, slot, papermill, kernels."""

import os
import signal
from pathlib import Path

import nbformat
import pytest

from madang.client import sweep

from .test_sweep import installation, until  # noqa: F401 - a fixture

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

# Each waits until three run; the first three also until they are allowed to go on.
MEET = """
import os, pathlib, time
place = pathlib.Path(folder)
(place / f"at-{seed}-{os.getpid()}").touch()
deadline = time.monotonic() + 100
def others():
    return {p.name.split("-")[1] for p in place.glob("at-*")}
while len(others()) < 3 or not (place / "go").exists():
    assert time.monotonic() < deadline
    time.sleep(0.05)
print("seed", seed)
"""


@pytest.fixture
def meeting(tmp_path):
    folder = tmp_path / "meeting"
    folder.mkdir()
    return folder


@pytest.fixture
def train(tmp_path):
    parameters = nbformat.v4.new_code_cell("seed = 0\nfolder = ''")
    parameters.metadata["tags"] = ["parameters"]
    path = tmp_path / "train.ipynb"
    path.write_text(
        nbformat.writes(
            nbformat.v4.new_notebook(cells=[parameters, nbformat.v4.new_code_cell(MEET)])
        )
    )
    return path


def submit(ada, train, meeting, count):
    return sweep(
        train,
        {"seed": range(count)},
        parameters={"folder": str(meeting)},
        project="lab",
        max_parallel=4,
        runs_per_device=3,
        client=ada,
    )


def came(meeting):
    return [path.name.split("-") for path in meeting.glob("at-*")]


def slot_of(pid):
    """Return the slot's worker above a kernel."""
    while b"madang.runner.slot" not in Path(f"/proc/{pid}/cmdline").read_bytes():
        pid = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")")[1].split()[1])
    return pid


def test_three_runs_share_one_device_and_its_cost(
    installation,  # noqa: F811
    train,
    meeting,
):
    with installation.person("ada") as ada:
        job = submit(ada, train, meeting, 3)
        until(lambda: len(came(meeting)) == 3)
        assert job.refresh().view["counts"]["running"] == 3
        (meeting / "go").touch()
        job.wait(200, progress=False).check()
        slots = [x for x in ada.get("leases") if x["kind"] == "slot"]
        assert [slot["devices"] for slot in slots] == [1]
        until(lambda: ada.get(f"leases/{slots[0]['id']}")["state"] == "ended")
        rows = list(job.rows())
        assert max(r["started_ms"] for r in rows) < min(r["ended_ms"] for r in rows)
        shown = sum(row["charged_microcredits"] for row in rows)
        paid = ada.get(f"leases/{slots[0]['id']}")["charged_microcredits"]
        assert 0 < shown <= job.refresh().view["charged_microcredits"] <= paid


def test_a_killed_slot_gives_all_its_runs_to_another(
    installation,  # noqa: F811
    train,
    meeting,
):
    with installation.person("ada") as ada:
        job = submit(ada, train, meeting, 3)
        until(lambda: len(came(meeting)) == 3)
        os.kill(slot_of(int(came(meeting)[0][2])), signal.SIGKILL)
        until(lambda: max(row["attempt"] for row in job.rows()) == 2)
        (meeting / "go").touch()
        job.wait(300, progress=False).check()
        assert [row["attempt"] for row in job.rows()] == [2, 2, 2]
