"""Recording without a kernel is harmless; tables of what was recorded are whole and safe."""

import csv
import io
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from madang import errors
from madang.client import Sweep, recording

from .test_sweeps import row, view


@pytest.fixture
def published(monkeypatch):
    found = []
    monkeypatch.setattr(recording, "_publish", lambda name, value: found.append((name, value)))
    return found


def test_numbers_of_others_become_plain_ones(published):
    recording.record({"val/loss": np.float32(0.5)}, n=np.int64(3), all=np.arange(2), none=None)
    recording.record(nested={"a": [np.float64(1.5)]}, lost=float("nan"), far=np.inf)
    assert published == [
        ("val/loss", 0.5),
        ("n", 3),
        ("all", [0, 1]),
        ("none", None),
        ("nested", {"a": [1.5]}),
        ("lost", "nan"),
        ("far", "inf"),
    ]


def test_what_cannot_be_recorded_warns_and_ends_nothing(published):
    for unfit in (object(), "x" * 5_000, {1, 2}):
        with pytest.warns(UserWarning, match="'thing' is not recorded"):
            recording.record(thing=unfit)
    assert published == []


def test_a_plain_script_records_nothing_and_makes_no_kernel():
    script = (
        "import madang, sys; madang.record(loss=1)\n"
        "shell = sys.modules.get('IPython.core.interactiveshell')\n"
        "assert shell is None or not shell.InteractiveShell.initialized()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


ROWS = [
    row(0),
    row(1, recorded={"loss": 0.5, "state": "=1+1", "seed": [1, 2], "mixed": 1}),
    row(2, recorded={"loss": 0.25, "mixed": "a"}, state="failed", started_ms=None, ended_ms=None),
]


@pytest.fixture
def job(service, client):
    service.on("GET", "sweeps/sweep-1/runs", (200, {"total": 3, "offset": 0, "rows": ROWS}))
    return Sweep(view("succeeded", succeeded=3), client)


def test_recorded_values_stand_beside_parameters_and_never_hide_others(job):
    frame = job.to_frame()
    assert list(frame.columns)[:6] == [
        "seed",
        "parameter_state",
        "loss",
        "recorded.state",
        "recorded.seed",
        "mixed",
    ]
    assert frame["loss"].tolist()[1:] == [0.5, 0.25]
    assert np.isnan(frame["loss"][0])
    assert frame["seed"].tolist() == [0, 1, 2]


def test_the_table_is_written_as_csv_and_parquet(job, tmp_path):
    path = job.to_csv(tmp_path / "t")
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))
    assert rows[1]["recorded.state"] == "'=1+1"
    assert (rows[0]["loss"], rows[1]["loss"]) == ("", "0.5")
    assert (rows[1]["recorded.seed"], rows[1]["started"]) == ("[1, 2]", "1970-01-01T00:00:01+00:00")
    frame = pd.read_parquet(job.to_parquet(tmp_path / "t.parquet"))
    assert frame["mixed"].tolist()[1:] == ["1", '"a"']
    assert frame["loss"].tolist()[1:] == [0.5, 0.25]
    for path, code in (("t.xlsx", "table_out_unknown"), ("no/t.csv", "output_unwritable")):
        with pytest.raises(errors.InvalidError) as refused:
            job.to_csv(tmp_path / path)
        assert refused.value.code == code
