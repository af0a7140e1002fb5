"""What the verbs about schedules send, print and return."""

import json

import pytest

from ..client.test_sweeps import CELL

VIEW = {
    "id": "schedule-1",
    "name": "nightly",
    "project": "lab",
    "person": "ada",
    "kind": "run",
    "cron": "0 2 * * *",
    "when_text": "every day at 02:00",
    "timezone": "Asia/Seoul",
    "overlap": False,
    "paused_for": "",
    "paused_text": "",
    "next_ms": [1_790_010_000_000],
    "next_text": ["Tue 2026-09-22 02:00 KST"],
    "failures": 0,
    "last_ms": None,
    "last_id": "",
    "last_state": "",
    "last_problem": "",
    "last_problem_text": "",
    "was_late": False,
    "is_mine": True,
}


@pytest.fixture
def notebook(tmp_path):
    file = tmp_path / "train.ipynb"
    file.write_text(json.dumps({"nbformat": 4, "metadata": {}, "cells": [CELL]}))
    return str(file)


def test_add_sends_a_run_or_a_sweep_with_its_times(service, madang, notebook):
    service.on("POST", "schedules", (201, VIEW))
    times = ("--cron", "0 2 * * *", "--timezone", "Asia/Seoul")
    status, out, _ = madang("schedule", "add", "nightly", notebook, *times, "-p", "lr=0.1")
    assert status == 0
    assert "2026-09-22" in out
    body = service.calls[0]["body"]
    assert (body["name"], body["cron"], body["timezone"]) == ("nightly", "0 2 * * *", "Asia/Seoul")
    assert (body["parameters"], body["overlap"], "grid" in body) == ({"lr": 0.1}, False, False)
    asked = (*times, "-g", "lr=1,2", "--overlap", "--reuse", "--max-parallel", "2")
    assert madang("schedule", "add", "nightly", notebook, *asked)[0] == 0
    body = service.calls[1]["body"]
    assert (body["grid"], body["overlap"], body["reuse"]) == ({"lr": [1, 2]}, True, True)
    assert body["max_parallel"] == 2
    assert madang("schedule", "add", "n", notebook, *times, "-p", "no=1")[0] == 2


def test_list_show_pause_resume_and_delete(service, madang):
    service.on("GET", "schedules", (200, [VIEW]))
    service.on("GET", "schedules/schedule-1", (200, VIEW))
    service.on("POST", "schedules/schedule-1/pause", (200, VIEW | {"paused_for": "person"}))
    service.on("POST", "schedules/schedule-1/resume", (200, VIEW))
    service.on("DELETE", "schedules/schedule-1", (204, b""))
    assert "nightly" in madang("schedule")[1]
    assert madang("schedule", "list")[1] == madang("schedule")[1]
    assert "Asia/Seoul" in madang("schedule", "show", "schedule-1")[1]
    assert madang("schedule", "pause", "schedule-1")[1].startswith("schedule-1 is paused")
    assert "next time: 2026-09-22" in madang("schedule", "resume", "schedule-1")[1]
    ran = VIEW | {"last_id": "sweep-9"}
    service.on("POST", "schedules/schedule-1/run", (200, ran))
    assert "sweep-9. Its next times stay." in madang("schedule", "run", "schedule-1")[1]
    assert json.loads(madang("schedule", "run", "schedule-1", "--json")[1]) == ran
    assert madang("schedule", "delete", "schedule-1")[1].startswith("schedule-1 is deleted")
    assert json.loads(madang("schedule", "list", "--json")[1])[0]["id"] == "schedule-1"
