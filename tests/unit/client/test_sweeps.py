"""Submitting a sweep and following it: what is sent, what is refused before, what comes back."""

import json

import pandas as pd
import pytest

from madang import errors
from madang.client import Sweep, sweep
from madang.client.parameter_tables import columns_of
from madang.client.progress import as_html, as_line

CELL = {
    "cell_type": "code",
    "metadata": {"tags": ["parameters"]},
    "source": "lr = seed = state = 1",
}


def view(state="queued", **counts):
    known = dict.fromkeys(
        ("queued", "running", "succeeded", "failed", "cancelled", "expired"), 0
    ) | (counts or {"queued": 4})
    done = sum(known[key] for key in ("succeeded", "failed", "cancelled", "expired"))
    return {
        "id": "sweep-1",
        "name": "train",
        "state": state,
        "counts": known,
        "runs": sum(known.values()),
        "runs_done": done,
        "version": f"{state}{done}",
    }


def row(position, **more):
    return {
        "id": f"run-{position}",
        "position": position,
        "state": "succeeded",
        "reason": "",
        "reason_text": "",
        "parameters": {"seed": position, "state": "wet"},
        "recorded": {},
        "cells_done": 2,
        "cells_total": 2,
        "attempt": 1,
        "started_ms": 1_000,
        "ended_ms": 3_500,
        "duration_ms": 2_500,
        "charged_microcredits": 1_500_000,
        "error": None,
        "fresh_text": "",
        "has_output": True,
        "reused_from": "",
    } | more


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "train.ipynb"
    file.write_text(json.dumps({"nbformat": 4, "metadata": {}, "cells": [CELL]}))
    return file


def test_grid_table_and_notebook_are_sent_once(service, client, path, tmp_path):
    service.on("POST", "sweeps", (201, view()))
    (tmp_path / "t.csv").write_text("lr\n0.1\n0.01\n")
    job = sweep(
        path,
        {"seed": range(2)},
        table=tmp_path / "t.csv",
        parameters={"state": "wet"},
        project="lab",
        limit="90s",
        max_parallel=3,
        client=client,
    )
    assert repr(job) == "<Sweep train: queued, 0/4 runs, sweep-1>"
    (call,) = service.calls
    assert call["headers"]["Idempotency-Key"]
    body = call["body"]
    assert json.loads(body.pop("notebook")) == json.loads(path.read_text())
    assert json.loads(body.pop("table")) == {"lr": [0.1, 0.01]}
    assert body == {
        "name": "train",
        "project": "lab",
        "grid": {"seed": [0, 1]},
        "parameters": {"state": "wet"},
        "files": {},
        "flavor": "gpu",
        "devices": 1,
        "limit_s": 90,
        "max_parallel": 3,
        "runs_per_device": 1,
    }


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"grid": {"seed": range(10**9)}}, "sweep_too_many_runs"),
        ({"grid": {"dropout": [1]}}, "parameters_undeclared"),
        ({"grid": {"seed": [float("nan")]}}, "parameters_not_json"),
        ({}, "sweep_empty"),
        ({"table": pd.DataFrame({"seed": [1, None]})}, "table_value_missing"),
        ({"table": pd.DataFrame([[1, 2]], columns=["seed", "seed"])}, "sweep_name_twice"),
        ({"table": [{"seed": 1}, {"lr": 1}]}, "table_value_missing"),
        ({"table": "runs.xlsx"}, "table_kind_unknown"),
        ({"table": "none.csv"}, "input_missing"),
        ({"table": "https://example.org/t.csv"}, "path_is_url"),
    ],
)
def test_what_is_not_fit_is_refused_before_anything_is_sent(service, client, path, given, code):
    with pytest.raises(errors.InvalidError) as refused:
        sweep(path, client=client, **given)
    assert refused.value.code == code
    assert refused.value.hint
    assert service.calls == []


def test_a_parquet_table_is_read_with_pandas(service, client, path, tmp_path):
    service.on("POST", "sweeps", (201, view()))
    frame = pd.DataFrame({"lr": [0.5, 0.25], "seed": [1, 2], "state": ["가", "a,b"]})
    frame.to_parquet(tmp_path / "t.parquet")
    sweep(path, table=tmp_path / "t.parquet", client=client)
    sweep(path, table=frame, client=client)
    first, second = (json.loads(call["body"]["table"]) for call in service.calls)
    assert first == second == {"lr": [0.5, 0.25], "seed": [1, 2], "state": ["가", "a,b"]}
    nested = {"lr": [[[1, 2], [3]], [[4]]], "seed": [1, 2]}
    pd.DataFrame(nested).to_parquet(tmp_path / "n.parquet")
    assert columns_of(tmp_path / "n.parquet") == nested
    (tmp_path / "broken.parquet").write_bytes(b"no parquet")
    with pytest.raises(errors.InvalidError, match="table_unreadable"):
        sweep(path, table=tmp_path / "broken.parquet", client=client)


def test_waiting_ends_with_the_sweep_and_tells_of_failures(service, client):
    service.on(
        "GET",
        "sweeps/sweep-1",
        (200, view("running", succeeded=1, running=1)),
        (200, view("failed", succeeded=1, failed=1)),
    )
    job = Sweep(view(queued=2), client).wait(30)
    assert job.status() == {
        **dict.fromkeys(("queued", "running", "cancelled", "expired"), 0),
        **{"state": "failed", "runs": 2, "succeeded": 1, "failed": 1},
    }
    with pytest.raises(errors.MadangError) as refused:
        job.check()
    assert refused.value.code == "sweep_not_succeeded"
    assert "1 of 2" in str(refused.value.message)


def test_a_wait_that_is_over_leaves_the_sweep_alone(service, client):
    service.on("GET", "sweeps/sweep-1", (200, view()))
    with pytest.raises(errors.UnavailableError) as late:
        Sweep(view(), client).wait(0.05)
    assert late.value.code == "sweep_still_going"
    assert all(call["method"] == "GET" for call in service.calls)


def test_the_table_becomes_a_frame_page_by_page(service, client):
    error = {"cell": 1, "name": "ValueError", "value": "no"}
    rows = [row(0), row(1, state="failed", error=error), row(2, started_ms=None, duration_ms=None)]

    def page(call):
        offset = int(call["query"]["offset"])
        return 200, {"total": 3, "offset": offset, "rows": rows[offset : offset + 2]}

    service.on("GET", "sweeps/sweep-1/runs", page)
    frame = Sweep(view("succeeded", succeeded=3), client).to_frame()
    assert list(frame.columns[:3]) == ["seed", "parameter_state", "state"]
    assert list(frame.index) == list(frame["seed"]) == [0, 1, 2]
    assert frame.loc[0, "duration_s"] == 2.5
    assert frame.loc[0, "credits"] == 1.5
    assert frame.loc[1, "error"] == "ValueError: no"
    assert frame["started"].isna().tolist() == [False, False, True]
    assert str(frame["ended"].dt.tz) == "UTC"


def test_acts_reach_the_service(service, client):
    paused = view() | {"version": "p"}
    service.on("POST", "sweeps/sweep-1/pause", (200, paused))
    service.on("POST", "sweeps/sweep-1/resume", (200, view()))
    service.on("POST", "sweeps/sweep-1/retry", (200, view("running", queued=1, succeeded=1)))
    service.on("DELETE", "sweeps/sweep-1", (200, view("cancelled", cancelled=4)))
    job = Sweep(view(), client)
    assert job.pause().view["version"] == "p"
    assert job.resume().view == view()
    assert job.retry(cancelled=True).view["counts"]["queued"] == 1
    (call,) = service.called("POST", "sweeps/sweep-1/retry")
    assert call["query"] == {"cancelled": "true"}
    assert call["headers"]["Idempotency-Key"]
    assert job.cancel().is_final


def test_a_bar_shows_what_is_done_and_escapes_names():
    said = view("running", succeeded=2, failed=1, running=1)
    assert as_line(said) == "train [############!!!!!!......] 3/4 runs, 1 running, 1 failed"
    assert "<b>" not in as_html(said | {"name": "<b>"})
    assert 'max="4" value="3"' in as_html(said)


def test_a_pilot_asks_whoever_was_named_before_the_sweep_is_sent(service, client, path):
    run = {"id": "run-1", "name": "p", "state": "succeeded", "version": "a"}
    service.on("POST", "sweep-pilots", (201, run))
    service.on("POST", "sweep-plans", (200, {"runs": 2, "expected_microcredits": 5}))
    service.on("POST", "sweeps", (201, view()))
    seen = []
    with pytest.raises(errors.MadangError) as declined:
        sweep(path, {"seed": [1, 2]}, pilot=lambda plan: bool(seen.append(plan)), client=client)
    assert declined.value.code == "sweep_declined"
    assert seen == [{"runs": 2, "expected_microcredits": 5}]
    assert service.called("POST", "sweeps") == []
    sweep(
        path, {"seed": [1, 2]}, pilot=lambda plan: plan["expected_microcredits"] < 6, client=client
    )
    (sent,) = service.called("POST", "sweeps")
    first = service.called("POST", "sweep-pilots")[0]
    assert first["body"] == sent["body"]
    assert first["headers"]["Idempotency-Key"]
