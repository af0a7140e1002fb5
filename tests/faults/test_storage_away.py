"""The storage of artifacts is away for a whole minute under a sweep, and nothing is lost by it.

A real S3 server keeps the artifacts of a real installation. Its port refuses for a minute while one
run ends, another one executes, and the rest wait.
"""

import contextlib
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from audit import Rows, audit
from campaign import left_of
from installation import Installation
from processes import look
from promises import Promises

from madang.client import MadangClient, sweep
from madang.client.progress import as_line
from madang.settings.config import SERVICE_PREFIX
from madang.stack.secret import load_secrets
from madang.stack.state import State

sys.path.insert(0, str(Path(__file__).parents[1] / "contract" / "engines"))

from storage_house import BUCKET, KEY, SECRET, s3

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
__all__ = ["s3"]

AWAY_S = 60
RUNS = 6
POLICY = """
stop_grace: 4s
rates: {{sim-h200: 1}}
tiers: {{research: {{max_devices_person: 4, max_hours: 8}}}}
projects: {{lab: {{tier: research, grant: 500, members: {{ada: owner}}}}}}
artifacts: {{url: "s3://{bucket}/madang", endpoint: "{url}", credentials_file: "{keys}"}}
"""
WORK = """
import os, time
from pathlib import Path
Path(folder, f"{seed}.pid").write_text(str(os.getpid()))
with open(f"{folder}/{seed}.marks", "a") as file:
    file.write("begun\\n")
while not Path(folder, f"{seed}.go").exists():
    time.sleep(0.05)
print("RESULT", seed * 7)
"""


@pytest.fixture
def house(tmp_path, s3):
    keys = tmp_path / "s3.yaml"
    keys.write_text(f"key: {KEY}\nsecret: {SECRET}\n")
    policy = POLICY.format(bucket=BUCKET, url=s3.url, keys=keys)
    made = Installation(tmp_path, devices=2, policy=policy)
    try:
        made.up()
        yield made
    finally:
        made.down()


@pytest.fixture
def ada(house):
    url = f"http://127.0.0.1:{State.load(house.home).ports['service']}{SERVICE_PREFIX}"
    with MadangClient(url, load_secrets(house.home).service_token, person="ada") as client:
        yield client


def until(condition, what, limit_s=120):
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {limit_s} s: {what}"
        time.sleep(0.1)


def submit(folder, ada):
    given = nbformat.v4.new_code_cell("seed = 0\nfolder = ''")
    given.metadata["tags"] = ["parameters"]
    path = folder / "long.ipynb"
    cells = [given, nbformat.v4.new_code_cell(WORK)]
    path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=cells)))
    size = {"project": "lab", "devices": 1, "limit": "10m", "max_parallel": 2}
    fixed = {"folder": str(folder)}
    return sweep(path, {"seed": range(RUNS)}, parameters=fixed, client=ada, **size)


def states(job):
    return {row["parameters"]["seed"]: row["state"] for row in job.rows()}


def kernel_is_there(folder, seed):
    pid = int((folder / f"{seed}.pid").read_text())
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def test_a_minute_without_the_storage_costs_a_sweep_nothing(house, ada, s3, tmp_path):
    folder = tmp_path / "marks"
    folder.mkdir()
    job = submit(folder, ada)
    until(lambda: all((folder / f"{seed}.pid").exists() for seed in (0, 1)), "two runs execute")
    s3.stop()
    began = time.monotonic()
    (folder / "0.go").touch()
    until(lambda: job.refresh().view["waits_for"] is not None, "the sweep says that it waits")
    said = job.view["waits_for"]
    assert said["code"] == "artifacts_away"
    assert said["text"] in as_line(job.view)
    # What is done keeps its output and no kernel: memory and device of its process are free.
    until(lambda: not kernel_is_there(folder, 0), "the kernel has ended")
    waiting = dict.fromkeys(range(2, RUNS), "queued")
    half_s = began + AWAY_S / 2
    while (now := time.monotonic()) < began + AWAY_S:
        if now > half_s:
            (folder / "1.go").touch()
        assert states(job) == {0: "running", 1: "running", **waiting}
        assert job.refresh().view["waits_for"] == said
        assert house.unwell() == []
        time.sleep(1)
    assert not any(kernel_is_there(folder, seed) for seed in (0, 1))
    s3.start()
    until(lambda: job.refresh().view["waits_for"] is None, "the storage is seen again", 30)
    for seed in range(2, RUNS):
        (folder / f"{seed}.go").touch()
    job.wait(120, progress=False).check()
    for seed, row in enumerate(job.rows()):
        found = json.loads(ada.request("GET", f"runs/{row['id']}/output").content)
        assert "".join(found["cells"][-1]["outputs"][0]["text"]) == f"RESULT {seed * 7}\n"
        assert (folder / f"{seed}.marks").read_text() == "begun\n"
        assert row["attempt"] == 1
    until(lambda: all(x["state"] == "ended" for x in ada.get("leases")), "all leases ended")
    assert ada.get("ledger/verify")["ok"]
    assert [seen for seen in look(house.home) if seen.lease] == []
    adds_up(house)


def adds_up(house):
    records = house.records()
    house.down()
    rows = Rows(house.home.database_url)
    assert audit(rows, Promises(), [], records, {}).all() == []
    charges = [entry for entry in rows.entries if str(entry["kind"]) == "charge"]
    moments = Counter(
        second
        for entry in charges
        for second in range(entry["from_ms"] // 1000 + 1, entry["to_ms"] // 1000)
    )
    assert max(moments.values()) <= 2
    assert left_of(house.home) == []
