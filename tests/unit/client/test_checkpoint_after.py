"""How often a run is saved, as it is said with a submit."""

import json

import pytest

from madang.client.checkpoints import kept_after
from madang.client.runs import run
from madang.client.sweeps import sweep
from madang.errors import InvalidError

from .test_sweeps import CELL, view

SAYS = {"madang": {"files": ["a.txt"], "checkpoint": False}}


def sent(metadata, after_s):
    body = {"name": "n", "notebook": json.dumps({"cells": [], "metadata": metadata})}
    return json.loads(kept_after(body, after_s)["notebook"])["metadata"]


def test_it_is_written_beside_what_the_notebook_says():
    assert sent(SAYS, None) == SAYS
    assert sent(SAYS, 10) == {"madang": {"files": ["a.txt"], "checkpoint": 10}}
    assert sent({"madang": "odd"}, 1.5) == {"madang": {"checkpoint": 1.5}}


@pytest.mark.parametrize("after_s", [0, -1, 86_401, float("nan"), float("inf")])
def test_what_is_too_often_or_too_seldom_is_refused_in_words(after_s):
    with pytest.raises(InvalidError, match="checkpoint_after_unfit"):
        sent(SAYS, after_s)


def test_runs_and_sweeps_send_it(service, tmp_path):
    path = tmp_path / "train.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "metadata": {}, "cells": [CELL]}))
    service.on("POST", "runs", (201, view("queued")))
    service.on("POST", "sweeps", (201, view("queued")))
    run(path, checkpoint_after=5)
    sweep(path, {"lr": [1, 2]}, checkpoint_after=7)
    told = [json.loads(call["body"]["notebook"])["metadata"] for call in service.calls]
    assert told == [{"madang": {"checkpoint": 5}}, {"madang": {"checkpoint": 7}}]
    with pytest.raises(InvalidError, match="from 1 to 86400"):
        run(path, checkpoint_after=0)
