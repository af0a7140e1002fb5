"""Submitting a notebook and following it."""

import base64
import json

import pytest

from madang import errors
from madang.client import Run, run, usage

from .conftest import problem


def view(state="queued", done=0, **more):
    return {
        "id": "run-1",
        "name": "train",
        "state": state,
        "reason": "",
        "reason_text": "",
        "cells_done": done,
        "cells_total": 2,
        "error": None,
        "has_output": False,
        "version": f"{state}{done}",
        **more,
    }


@pytest.fixture
def path(tmp_path):
    cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "lr = 1"}
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_bytes(b"1,2")
    (tmp_path / "b.csv").write_bytes(b"3")
    folder = tmp_path / "jobs"
    folder.mkdir()
    (folder / "c.csv").write_bytes(b"4")
    file = folder / "train.ipynb"
    metadata = {"madang": {"files": ["../data/a.csv"]}}
    file.write_text(json.dumps({"nbformat": 4, "metadata": metadata, "cells": [cell]}))
    return file


def test_bytes_parameters_and_files_are_sent(service, client, path):
    service.on("POST", "runs", (200, view()))
    files = [path.parent / "c.csv", path.parent.parent / "b.csv"]
    job = run(path, {"lr": 0.5}, project="lab", files=files, limit="90s", client=client)
    assert repr(job) == "<Run train: queued, 0/2 cells, run-1>"
    body = service.calls[0]["body"]
    assert json.loads(body.pop("notebook")) == json.loads(path.read_text())
    assert {k: base64.b64decode(v) for k, v in body.pop("files").items()} == {
        "a.csv": b"1,2",
        "c.csv": b"4",
        "b.csv": b"3",
    }
    assert body == {
        "name": "train",
        "project": "lab",
        "parameters": {"lr": 0.5},
        "flavor": "gpu",
        "devices": 1,
        "limit_s": 90,
    }


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"notebook": "https://host/x.ipynb"}, "path_is_url"),
        ({"notebook": "missing.ipynb"}, "input_missing"),
        ({"parameters": {"lt": 1}}, "parameters_undeclared"),
        ({"parameters": {"lr": float("nan")}}, "parameters_not_json"),
        ({"files": {"../x": "train"}}, "input_missing"),
        ({"limit": "soon"}, "duration_unreadable"),
    ],
)
def test_what_is_not_fit_is_never_sent(service, client, path, change, code):
    with pytest.raises(errors.InvalidError) as caught:
        run(**({"notebook": path, "parameters": {"lr": 1}} | change), client=client)
    assert caught.value.code == code
    assert caught.value.message
    assert service.calls == []


def test_names_are_checked_before_sending(service, client, path):
    with pytest.raises(errors.InvalidError) as caught:
        run(path, files={"../x": path}, client=client)
    assert caught.value.code == "path_outside"


def test_waiting_and_the_end(service, client, tmp_path):
    service.on("GET", "runs/run-1", (200, view("running", 1)), (200, view("succeeded", 2)))
    service.on("GET", "runs/run-1/log", (200, b"hello"))
    service.on("GET", "runs/run-1/output", (200, b"{}"))
    job = Run(view(), client)
    assert job.wait().check().state == "succeeded"
    assert job.progress == (2, 2)
    assert service.calls[0]["query"] == {"wait_s": "20", "seen": "queued0"}
    assert service.calls[1]["query"]["seen"] == "running1"
    assert job.log() == "hello"
    assert job.output(tmp_path / "x.ipynb").read_bytes() == b"{}"


def test_a_failed_run_names_its_cell(service, client, path):
    error = {"cell": 2, "name": "ZeroDivisionError", "value": "division by zero"}
    service.on("POST", "runs", (200, view("failed", 1, error=error)))
    with pytest.raises(errors.MadangError, match="division by zero") as caught:
        run(path, wait=True, client=client)
    assert "(In cell 2)" in str(caught.value)


def test_waiting_has_a_limit_and_the_run_goes_on(service, client):
    service.on("GET", "runs/run-1", (200, view("running", 1)))
    with pytest.raises(errors.UnavailableError, match="it goes on"):
        Run(view(), client).wait(timeout_s=0.05)


def test_cancel(service, client):
    service.on("DELETE", "runs/run-1", (200, {}))
    service.on("GET", "runs/run-1", (200, view("cancelled")))
    assert Run(view(), client).cancel().state == "cancelled"


def test_usage_for_people_and_programs(service, client):
    project = {
        "id": "project-1",
        "name": "비전",
        "title": "Vision",
        "granted": 10_000_000,
        "used": 1_500_000,
        "reserved": 0,
        "left": 8_500_000,
        "overrun": 0,
        "held_device_ms": 3_600_000,
        "used_device_ms": 1_800_000,
        "unmetered_device_ms": 0,
        "by_person": [
            {"person": "ada", "held_device_ms": 1, "used_device_ms": 1, "microcredits": 1}
        ],
        "by_kind": [],
        "by_day": [],
    }
    answer = {"projects": [project], "head_seq": 7, "head_hash": "abc"}
    service.on("GET", "usage", (200, answer))
    found = usage("비전", client=client)
    assert service.calls[0]["query"] == {"project": "비전"}
    assert found.to_dict() == answer
    lines = repr(found).splitlines()
    assert lines[1].split() == ["비전", "10.00", "1.50", "0.00", "8.50", "1.00", "0.50"]
    assert lines[2] == "ledger entry 7, hash abc"
    assert "<script>" not in found._repr_html_()
    frame = found.to_frame("person")
    assert frame.to_dict("records")[0]["person"] == "ada"
    assert found.to_frame().loc[0, "left"] == 8_500_000


def test_the_service_refuses(service, client, path):
    service.on("POST", "runs", (403, problem("budget_too_small", 403)))
    with pytest.raises(errors.RefusedError, match="budget_too_small said do this"):
        run(path, client=client)


def test_a_declared_file_that_links_elsewhere_goes_only_with_who_names_it(
    service, client, path, tmp_path
):
    service.on("POST", "runs", (201, view()), (201, view()))
    secret = tmp_path / ".ssh" / "key"
    secret.parent.mkdir()
    secret.write_text("key")
    declared = tmp_path / "data" / "a.csv"
    declared.rename(tmp_path / "data" / "b.csv")
    declared.symlink_to("b.csv")
    run(path, client=client)  # within the place that its name says
    declared.unlink()
    declared.symlink_to("../.ssh/key")
    with pytest.raises(errors.InvalidError) as caught:
        run(path, client=client)
    assert caught.value.code == "path_link_outside"
    assert caught.value.details["target"] == str(secret)
    run(path, files={"key.txt": secret}, client=client)
    assert len(service.calls) == 2
