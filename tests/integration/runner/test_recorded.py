"""What notebooks record reaches the service, from forked and from fresh kernels, on every end."""

import subprocess

import pytest

from .conftest import notebook, python_env

pytestmark = pytest.mark.integration
RECORD = "import madang\nmadang.record(loss=0.5, x=x)\nmadang.record(loss=0.25)"
# What scrapbook's glue() sends, and papermill's record() before it.
GLUE = """
from IPython.display import publish_display_data
scrap = {"name": "glued", "data": [1, 2], "encoder": "json", "version": 1}
mark = {"scrapbook": {"name": "glued", "data": True, "display": False}}
publish_display_data({"application/scrapbook.scrap.json+json": scrap}, metadata=mark)
publish_display_data({"application/papermill.record+json": {"old": "가"}})
"""
PARAMETERS = ("x = 0", "parameters")
THREAD = "import threading\nt = threading.Timer(600, print)\nt.daemon = True\nt.start()"


@pytest.fixture
def ends(service, tmp_path, python):
    def run_all():
        service.is_over = True
        env = python_env(tmp_path, MADANG_URL=service.url, MADANG_TOKEN="slot-token")
        subprocess.run([*python, "madang.runner.slot"], env=env, cwd=tmp_path, timeout=200)
        return service.ends

    return run_all


def test_forked_and_fresh_kernels_record_alike(service, ends):
    service.add("run-1", notebook(PARAMETERS, RECORD, GLUE), {"x": 7})
    service.add("run-2", notebook((THREAD, "shared"), PARAMETERS, RECORD, GLUE), {"x": 7})
    found = ends()
    kernels = [service.outputs[run]["metadata"]["madang"]["kernel"] for run in found]
    assert kernels == ["forked", "fresh"]
    for end in found.values():
        assert end["state"] == "succeeded"
        assert end["recorded"] == {"loss": 0.25, "x": 7, "glued": [1, 2], "old": "가"}
    printed = [
        output
        for cell in service.outputs["run-1"]["cells"]
        for output in cell["outputs"]
        if output["output_type"] != "display_data" or "text/plain" in output["data"]
    ]
    assert printed == []


def test_a_run_that_fails_or_records_too_much_keeps_what_is_fit(service, ends):
    many = "madang.record({f'n{i}': i for i in range(70)}, lost=float('nan'))"
    service.add("run-1", notebook(PARAMETERS, RECORD, "1 / 0"))
    service.add("run-2", notebook(PARAMETERS, RECORD, many))
    found = ends()
    assert found["run-1"]["state"] == "failed"
    assert found["run-1"]["recorded"] == {"loss": 0.25, "x": 0}
    assert found["run-2"]["state"] == "succeeded"
    assert len(found["run-2"]["recorded"]) == 64
    log = "".join(report["log"] for report in service.reports)
    assert "9 recorded values were left out" in log
    assert "9개는 남기지 않았습니다" in log
