"""What the verbs about sweeps send, print and return."""

import io
import json
from pathlib import Path

import pytest

from ..client.test_sweeps import CELL, row, view


def whole(state="queued", **counts):
    return view(state, **counts) | {
        "project": "lab",
        "person": "ada",
        "max_parallel": 4,
        "runs_per_device": 1,
        "flavor": "sim-h200",
        "devices": 1,
        "limit_ms": 60_000,
        "submitted_ms": 1_000,
        "ended_ms": None,
        "expected_end_ms": None,
        "standing": None,
        "charged_microcredits": 2_500_000,
    }


@pytest.fixture
def notebook(tmp_path):
    path = tmp_path / "train.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "cells": [CELL]}))
    return str(path)


def test_a_grid_is_read_sent_and_its_id_printed(service, madang, notebook):
    service.on("POST", "sweeps", (201, whole()))
    grid = ("--grid", "lr=0.1,0.01", "--grid", "seed=0..9", "-p", "state=wet")
    many = ("--max-parallel", "2", "--runs-per-device", "4")
    status, out, _ = madang("sweep", notebook, *grid, *many)
    assert (status, out) == (0, "sweep-1 queued\n")
    body = service.calls[0]["body"]
    assert body["grid"] == {"lr": [0.1, 0.01], "seed": list(range(10))}
    assert (body["parameters"], body["max_parallel"]) == ({"state": "wet"}, 2)
    assert body["runs_per_device"] == 4


def test_a_dry_run_shows_runs_hours_and_credits_and_submits_nothing(service, madang, notebook):
    plan = {
        "project": "lab",
        "runs": 20,
        "reused": 3,
        "names": ["lr", "seed"],
        "first": [],
        "flavor": "sim-h200",
        "devices": 1,
        "limit_ms": 3_600_000,
        "max_parallel": 4,
        "runs_per_device": 1,
        "at_most_device_ms": 20 * 3_600_000,
        "at_most_microcredits": 20_000_000,
        "left_microcredits": 50_000_000,
    }
    service.on("POST", "sweep-plans", (200, plan))
    grid = ("-g", "seed=0..9", "-g", "lr=1,2")
    status, out, said = madang("sweep", notebook, *grid, "--reuse", "--dry-run")
    assert status == 0
    assert service.calls[0]["body"]["reuse"] is True
    assert "3 of 20 are there already" in said
    assert "20.000" in out
    assert "lr, seed" in out
    assert [call["path"] for call in service.calls] == ["sweep-plans"]
    status, out, _ = madang("sweep", notebook, "-g", "seed=0..1", "--dry-run", "--json")
    assert json.loads(out) == plan


def test_a_grid_of_a_billion_runs_tells_the_limit_and_the_next_step(service, madang, notebook):
    status, out, said = madang("sweep", notebook, "--grid", "seed=0..999999999")
    assert (status, out) == (2, "")
    assert "1,000,000,000" in said
    assert "10000" in said
    assert "seed" in said
    assert service.calls == []


def test_a_table_is_a_run_for_each_row(service, madang, notebook, tmp_path):
    service.on("POST", "sweeps", (201, whole()))
    (tmp_path / "t.json").write_text('[{"lr": 1, "seed": 2}, {"lr": 3, "seed": 4}]')
    assert madang("sweep", notebook, "--params", str(tmp_path / "t.json"))[0] == 0
    assert json.loads(service.calls[0]["body"]["table"]) == {"lr": [1, 3], "seed": [2, 4]}
    (tmp_path / "t.csv").write_text("lr,seed\n1,\n")
    status, _, said = madang("sweep", notebook, "--params", str(tmp_path / "t.csv"))
    assert status == 2
    assert "'seed' in row 1" in said


def test_watch_follows_to_the_end_and_returns_what_became_of_it(service, madang, notebook):
    service.on("POST", "sweeps", (201, whole(queued=2)))
    service.on(
        "GET",
        "sweeps/sweep-1",
        (200, whole("running", running=1, succeeded=1)),
        (200, whole("failed", succeeded=1, failed=1)),
    )
    status, out, said = madang("sweep", notebook, "-g", "lr=1,2", "--watch")
    assert (status, out) == (1, "sweep-1 failed\n")
    assert "0/2 runs" in said
    assert "1/2 runs, 1 running, 0 failed" in said
    assert "1 of 2 runs did not succeed" in said


def test_list_and_show_print_tables(service, madang):
    service.on("GET", "sweeps", (200, [whole("running", succeeded=3, failed=1, running=2)]))
    status, out, _ = madang("sweeps")
    assert status == 0
    assert "4/6" in out
    assert madang("sweeps", "list")[1] == out
    error = {"cell": 1, "name": "ValueError", "value": "no"}
    page = {"total": 9, "offset": 5, "rows": [row(5), row(6, state="failed", error=error)]}
    service.on("GET", "sweeps/sweep-1", (200, whole("running", succeeded=3, running=2)))
    service.on("GET", "sweeps/sweep-1/runs", (200, page))
    shown = ("--state", "failed", "--sort", "duration", "--descending", "--offset", "5")
    status, out, said = madang("sweeps", "show", "sweep-1", *shown)
    assert status == 0
    assert "seed=6 state=wet" in out
    assert "ValueError: no" in out
    assert "2 more" in said
    assert "--offset 7" in said
    (call,) = service.called("GET", "sweeps/sweep-1/runs")
    assert call["query"] == {
        "state": "failed",
        "sort": "duration",
        "descending": "true",
        "offset": "5",
        "limit": "50",
    }
    assert json.loads(madang("sweeps", "show", "sweep-1", "--json")[1])["page"] == page


def test_cancel_pause_resume_and_retry(service, madang):
    service.on("DELETE", "sweeps/sweep-1", (200, whole("cancelled", cancelled=4)))
    service.on("POST", "sweeps/sweep-1/pause", (200, whole("paused")))
    service.on("POST", "sweeps/sweep-1/resume", (200, whole()))
    service.on("GET", "sweeps/sweep-1", (200, whole("failed", failed=2)))
    service.on("POST", "sweeps/sweep-1/retry", (200, whole(queued=2)))
    assert madang("sweeps", "pause", "sweep-1")[1].startswith("sweep-1 is paused")
    assert madang("sweeps", "resume", "sweep-1")[1] == "sweep-1 goes on.\n"
    assert madang("sweeps", "cancel", "sweep-1")[1] == "sweep-1 is stopping.\n"
    assert madang("sweeps", "retry", "sweep-1")[1] == "sweep-1: 2 runs wait again.\n"
    assert json.loads(madang("sweeps", "pause", "sweep-1", "--json")[1])["state"] == "paused"


PILOT = {
    "id": "run-1",
    "name": "train (pilot)",
    "state": "queued",
    "cells_done": 0,
    "cells_total": 2,
    "version": "a",
    "reason_text": "",
    "error": None,
}
PLAN = {
    "runs": 20,
    "max_parallel": 4,
    "runs_per_device": 1,
    "measured_ms": 12_340,
    "expected_ms": 61_700,
    "expected_device_ms": 246_800,
    "expected_microcredits": 68_555,
    "at_most_device_ms": 72_000_000,
    "at_most_microcredits": 20_000_000,
    "left_microcredits": 50_000_000,
}


@pytest.fixture
def tried(service):
    service.on("POST", "sweep-pilots", (201, PILOT))
    service.on("GET", "runs/run-1", (200, PILOT | {"state": "succeeded", "version": "b"}))
    service.on("POST", "sweep-plans", (200, PLAN))
    service.on("POST", "sweeps", (201, whole()))
    return service


def test_a_pilot_is_run_and_shown_before_all_others_are_asked_for(
    tried, madang, notebook, monkeypatch
):
    grid = ("-g", "seed=0..19", "--pilot")
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    status, out, said = madang("sweep", notebook, *grid)
    assert (status, out) == (0, "sweep-1 queued\n")
    assert "took 12.3 s. At that pace 20 runs take 0.069 device-hours and 0.068 credits" in said
    assert "(at most 20.000 and 20.000), and 0:01:02 to the end while 4 run together" in said
    assert "50.000 credits are left" in said
    assert [call["path"] for call in tried.calls if call["method"] == "POST"] == [
        "sweep-pilots",
        "sweep-plans",
        "sweeps",
    ]
    assert tried.called("POST", "sweep-plans")[0]["body"]["pilot"] == "run-1"
    assert "pilot" not in tried.called("POST", "sweeps")[0]["body"]


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_who_does_not_say_yes_gets_no_sweep(tried, madang, notebook, monkeypatch, answer):
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    status, out, said = madang("sweep", notebook, "-g", "seed=0..19", "--pilot")
    assert (status, out) == (1, "")
    assert "was not submitted" in said
    assert "run-1" in said
    assert tried.called("POST", "sweeps") == []


def test_yes_asks_nobody_but_a_failed_pilot_ends_it(tried, madang, notebook):
    assert madang("sweep", notebook, "-g", "seed=0..19", "--pilot", "--yes")[0] == 0
    assert len(tried.called("POST", "sweeps")) == 1
    error = {"cell": 2, "name": "ValueError", "value": "no"}
    tried.on("GET", "runs/run-1", (200, PILOT | {"state": "failed", "error": error}))
    status, _, said = madang("sweep", notebook, "-g", "seed=0..19", "--pilot", "--yes")
    assert status == 1
    assert "ValueError: no" in said
    assert len(tried.called("POST", "sweeps")) == 1
    status, _, said = madang("sweep", notebook, "-g", "seed=1", "--pilot", "--dry-run")
    assert status == 2
    assert "one of them" in said


@pytest.mark.parametrize("verb", ["run", "sweep"])
def test_help_of_a_notebook_is_read_here_and_submits_nothing(service, madang, tmp_path, verb):
    cell = {**CELL, "source": "lr: float = 0.1  # step\nname = 'a'\n"}
    path = tmp_path / "train.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "cells": [cell]}))
    status, out, _ = madang(verb, str(path), "--help-notebook")
    assert status == 0
    assert out.split("\n")[1].split() == ["lr", "float", "0.1", "step"]
    assert out.split("\n")[2].split() == ["name", "str", "'a'"]
    status, out, _ = madang(verb, str(path), "--help-notebook", "--json")
    assert json.loads(out)["parameters"][0] == {
        "name": "lr",
        "type": "float",
        "default": "0.1",
        "help": "step",
    }
    path.write_text(json.dumps({"nbformat": 4, "cells": []}))
    status, out, said = madang(verb, str(path), "--help-notebook")
    assert (status, out) == (0, "")
    assert "takes none" in said
    assert madang(verb, str(tmp_path / "none.ipynb"), "--help-notebook")[0] == 2
    assert service.calls == []


def test_again_with_other_parameters(service, madang):
    service.on("GET", "sweeps/sweep-1", (200, whole("failed", failed=2)))
    service.on("POST", "sweeps/sweep-1/rerun", (201, whole() | {"id": "sweep-2"}))
    asked = ("-g", "lr=1,2", "--set", "seed=3", "-p", "state=dry", "--max-parallel", "2", "--reuse")
    assert madang("sweeps", "rerun", "sweep-1", *asked)[:2] == (0, "sweep-2 queued\n")
    (call,) = service.called("POST", "sweeps/sweep-1/rerun")
    body = call["body"]
    assert (body["grid"], body["overrides"]) == ({"lr": [1, 2]}, {"seed": 3})
    assert (body["parameters"], body["max_parallel"]) == ({"state": "dry"}, 2)
    assert (body["reuse"], "priority" in body, "name" in body) == (True, False, False)


SIZE = ("--flavor", "cpu", "--devices", "0", "--limit", "2h", "--environment", "")
SENT = {"flavor": "cpu", "devices": 0, "limit_s": 7200, "environment": ""}
COST = {"at_most_device_ms": 0, "at_most_microcredits": 0, "left_microcredits": 5_000_000}


def test_again_on_another_size_and_planned_first(service, madang):
    service.on("GET", "sweeps/sweep-1", (200, whole("failed", failed=2)))
    service.on("POST", "sweeps/sweep-1/rerun", (201, whole() | {"id": "sweep-2"}))
    plan = {"project": "lab", "runs": 2, "reused": 1, "names": ["lr"], "flavor": "cpu", **COST}
    plan |= {"devices": 0, "limit_ms": 7_200_000, "max_parallel": 4, "runs_per_device": 2}
    service.on("POST", "sweeps/sweep-1/rerun-plan", (200, plan))
    asked = (*SIZE, "--runs-per-device", "2")
    status, out, said = madang("sweeps", "rerun", "sweep-1", *asked, "--dry-run")
    assert (status, "5.00" in out, "1 of 2" in said) == (0, True, True)
    assert service.called("POST", "sweeps/sweep-1/rerun") == []
    assert madang("sweeps", "rerun", "sweep-1", *asked)[0] == 0
    for path in ("rerun-plan", "rerun"):
        (call,) = service.called("POST", f"sweeps/sweep-1/{path}")
        body = call["body"]
        assert body.items() >= (SENT | {"runs_per_device": 2}).items()
        assert "max_parallel" not in body
    assert madang("sweeps", "rerun", "sweep-1", "--limit", "soon")[0] == 2


def test_a_run_again_on_another_size_and_planned_first(service, madang):
    service.on("GET", "runs/run-1", (200, {"id": "run-1", "state": "failed", "version": "a"}))
    made = {"id": "run-2", "name": "r", "state": "queued", "version": "a"}
    service.on("POST", "runs/run-1/rerun", (201, made))
    plan = {"project": "lab", "is_reused": True, "parameters": {"lr": 0.3}, **COST}
    plan |= {"flavor": "cpu", "devices": 0, "limit_ms": 7_200_000}
    service.on("POST", "runs/run-1/rerun-plan", (200, plan))
    asked = ("runs", "rerun", "run-1", "--set", "lr=0.3", *SIZE)
    status, out, said = madang(*asked, "--dry-run")
    assert (status, "lr=0.3" in out, "taken over" in said) == (0, True, True)
    assert json.loads(madang(*asked, "--dry-run", "--json")[1]) == plan
    assert service.called("POST", "runs/run-1/rerun") == []
    assert madang(*asked)[:2] == (0, "run-2 queued\n")
    (call,) = service.called("POST", "runs/run-1/rerun")
    assert call["body"] == SENT | {"parameters": {"lr": 0.3}, "reuse": False}


@pytest.mark.parametrize(("more", "wish"), [(["--notify"], True), (["--no-notify"], False)])
def test_whether_the_end_is_told_is_sent_only_where_it_was_said(
    service, madang, notebook, more, wish
):
    service.on("GET", "sweeps/sweep-1", (200, whole()))
    service.on("POST", "sweeps", (201, whole()))
    service.on("POST", "sweeps/sweep-1/rerun", (201, whole()))
    for asked in (["sweep", notebook, "-g", "lr=1,2"], ["sweeps", "rerun", "sweep-1"]):
        assert madang(*asked)[0] == madang(*asked, *more)[0] == 0
        plain, said = [c["body"] for c in service.calls if c["method"] == "POST"][-2:]
        assert ("notify" in plain, said["notify"]) == (False, wish)


def test_a_priority_may_be_below_zero(service, madang):
    service.on("PATCH", "sweeps/sweep-1", (200, whole()))
    status, out, _ = madang("sweeps", "priority", "sweep-1", "-5")
    assert (status, service.calls[-1]["body"]) == (0, {"priority": -5})
    assert out.startswith("sweep-1 has priority -5")
    assert madang("sweeps", "priority", "sweep-1", "11")[0] == 2


def test_the_same_for_a_run(service, madang):
    run = {"id": "run-1", "name": "r", "state": "queued", "version": "a"}
    service.on("GET", "runs/run-1", (200, run))
    service.on("POST", "runs/run-1/rerun", (201, run | {"id": "run-2"}))
    service.on("PATCH", "runs/run-1", (200, run))
    assert madang("runs", "rerun", "run-1", "--set", "lr=0.3")[:2] == (0, "run-2 queued\n")
    (call,) = service.called("POST", "runs/run-1/rerun")
    assert call["body"] == {"parameters": {"lr": 0.3}, "reuse": False}
    assert madang("runs", "priority", "run-1", "3")[0] == 0
    assert service.calls[-1]["body"] == {"priority": 3}


def test_what_must_succeed_first_is_sent(service, madang, notebook):
    service.on("POST", "sweeps", (201, whole()))
    before = ("--after", "run-1", "--after", "sweep-9", "--priority", "-3")
    assert madang("sweep", notebook, "-g", "lr=1,2", *before)[0] == 0
    body = service.calls[0]["body"]
    assert (body["after"], body["priority"]) == (["run-1", "sweep-9"], -3)


@pytest.mark.parametrize(("verb", "more"), [("run", ()), ("sweep", ("-g", "lr=1,2"))])
def test_seconds_between_saves_are_sent_within_their_limits(service, madang, notebook, verb, more):
    service.on("POST", f"{verb}s", (201, whole()))
    assert madang(verb, notebook, *more, "--checkpoint-after", "5")[0] == 0
    body = service.calls[0]["body"]
    assert body["checkpoint_after_s"] == 5
    assert body["notebook"] == Path(notebook).read_text()
    status, _, said = madang(verb, notebook, *more, "--checkpoint-after", "0")
    assert status != 0
    assert "from 1 to 86400 seconds" in said


def test_a_rerun_may_take_only_what_failed(service, madang):
    service.on("GET", "sweeps/sweep-1", (200, whole()))
    service.on("POST", "sweeps/sweep-1/rerun", (201, whole()))
    assert madang("sweeps", "rerun", "sweep-1", "--only-failed")[0] == 0
    assert service.called("POST", "sweeps/sweep-1/rerun")[0]["body"]["only_failed"] is True
