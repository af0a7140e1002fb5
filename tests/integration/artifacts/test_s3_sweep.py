"""A sweep whose storage goes away: what is done waits to hand in, what waits holds no device."""

import json

import nbformat
import pytest

from madang.client import MadangClient, sweep
from madang.client.progress import as_line

from .test_s3_service import TOKEN, s3, service, until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
__all__ = ["s3", "service"]

RUNS = 3


@pytest.fixture
def ada(service):
    settings, _ = service
    with MadangClient(settings.service_url, TOKEN, person="ada") as client:
        yield client


def small_sweep(tmp_path, ada):
    given = nbformat.v4.new_code_cell("seed = 0")
    given.metadata["tags"] = ["parameters"]
    says = nbformat.v4.new_code_cell("print('RESULT', seed * 7)")
    path = tmp_path / "small.ipynb"
    path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=[given, says])))
    size = {"project": "lab", "devices": 1, "limit": "5m"}
    return sweep(path, {"seed": range(RUNS)}, max_parallel=2, client=ada, **size)


def printed(ada, row):
    found = json.loads(ada.request("GET", f"runs/{row['id']}/output").content)
    return "".join(found["cells"][-1]["outputs"][0]["text"])


def test_what_has_not_begun_holds_no_device_and_begins_when_the_storage_is_back(ada, s3, tmp_path):
    job = small_sweep(tmp_path, ada)
    s3.stop()  # the notebook lies there, and the slot does not have it yet
    until(lambda: job.refresh().view["waits_for"] is not None)
    assert job.view["waits_for"]["code"] == "artifacts_away"
    assert "storage of notebooks" in job.view["waits_for"]["text"]
    assert job.view["waits_for"]["text"] in as_line(job.view)
    first = next(iter(job.rows()))
    assert ada.get(f"runs/{first['id']}")["waits_for"] == job.view["waits_for"]
    # The slots had nothing to do, one after another gave the device back, and no other one asks.
    until(lambda: all(lease["state"] == "ended" for lease in ada.get("leases")))
    assert [(row["state"], row["attempt"]) for row in job.rows()] == [("queued", 0)] * RUNS
    s3.start()
    until(lambda: job.refresh().view["waits_for"] is None)
    assert "storage" not in as_line(job.view)
    job.wait(120, progress=False).check()
    rows = list(job.rows())
    assert [printed(ada, row) for row in rows] == [f"RESULT {7 * n}\n" for n in range(RUNS)]
    assert [row["attempt"] for row in rows] == [1] * RUNS
    assert ada.get("ledger/verify")["ok"]
    kept = [path for path in s3.files().find("artifacts/madang") if "/" in path]
    names = {path.rpartition("/")[2] for path in kept}
    assert all(ada.get(f"runs/{row['id']}")["notebook_sha256"] in names for row in rows)
