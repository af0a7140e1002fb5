"""A notebook that changes after its submit: what runs is what was submitted."""

import json
from hashlib import sha256

import nbformat
import pytest

from madang.client import run, sweep

from .test_sweep import installation, until  # noqa: F401 - a fixture

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

LAB = {"project": "lab", "flavor": "cpu", "devices": 0}
WAIT = """
import pathlib, time
pathlib.Path(folder, f"begun-{seed}").touch()
while not pathlib.Path(folder, "go").exists():
    time.sleep(0.05)
"""


def write(path, word):
    given = nbformat.v4.new_code_cell("seed = 0\nfolder = ''")
    given.metadata["tags"] = ["parameters"]
    says = nbformat.v4.new_code_cell(f"print('{word}', seed, open('data.txt').read())")
    cells = [given, nbformat.v4.new_code_cell(WAIT), says]
    path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=cells)))
    (path.parent / "data.txt").write_text(f"data of {word}")
    return sha256(path.read_bytes()).hexdigest()


def told(ada, run_id):
    """Return what a run printed, and the hash of the notebook that its output names."""
    found = json.loads(ada.request("GET", f"runs/{run_id}/output").content)
    made = found["metadata"]["madang"]["provenance"]
    return "".join(found["cells"][-1]["outputs"][0]["text"]), made["notebook_sha256"]


def test_waiting_runs_execute_what_was_submitted(installation, tmp_path):  # noqa: F811
    path = tmp_path / "train.ipynb"
    data = tmp_path / "data.txt"
    fixed = {"folder": str(tmp_path)}
    with installation.person("ada") as ada:
        # One at a time, so that all but the first wait while the file changes and goes.
        grid, more = {"seed": range(3)}, {"files": [data], "max_parallel": 1, "client": ada}
        hashes = {"first": write(path, "first")}
        first = sweep(path, grid, parameters=fixed, **more, **LAB)
        until((tmp_path / "begun-0").exists)
        hashes["second"] = write(path, "second")
        second = sweep(path, grid, parameters=fixed, **more, **LAB)
        alone = run(path, fixed | {"seed": 9}, files=[data], client=ada, **LAB)
        path.unlink()
        data.unlink()
        assert [row["state"] for row in first.rows()] == ["running", "queued", "queued"]
        (tmp_path / "go").touch()
        for word, job in (("first", first), ("second", second)):
            job.wait(200, progress=False).check()
            assert job.view["notebook_sha256"] == hashes[word]
            for seed, row in enumerate(job.rows()):
                said = f"{word} {seed} data of {word}\n"
                assert told(ada, row["id"]) == (said, hashes[word])
                kept = ada.request("GET", f"runs/{row['id']}/notebook").content
                assert sha256(kept).hexdigest() == hashes[word]
        alone.wait(100)
        assert alone.view["notebook_sha256"] == hashes["second"]
        assert told(ada, alone.id) == ("second 9 data of second\n", hashes["second"])
        # Run again from the page or the command line is the snapshot too: there is no file.
        again = ada.post(f"runs/{alone.id}/retry")
        assert again["notebook_sha256"] == hashes["second"]
        until(lambda: ada.get(f"runs/{again['id']}")["state"] == "succeeded")
    assert hashes["first"] != hashes["second"]
