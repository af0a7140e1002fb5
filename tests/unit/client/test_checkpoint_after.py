"""How often a run is saved, as it is said with a submit."""

import json

import pytest

from madang.client.checkpoints import checked_after
from madang.client.runs import run
from madang.client.sweeps import sweep
from madang.errors import InvalidError

from .test_sweeps import CELL, view


@pytest.mark.parametrize("after_s", [0, -1, 86_401, float("nan"), float("inf")])
def test_what_is_too_often_or_too_seldom_is_refused_in_words(after_s):
    with pytest.raises(InvalidError, match="checkpoint_after_unfit"):
        checked_after(after_s)


def test_runs_and_sweeps_send_it(service, tmp_path):
    path = tmp_path / "train.ipynb"
    written = json.dumps({"nbformat": 4, "metadata": {}, "cells": [CELL]})
    path.write_text(written)
    service.on("POST", "runs", (201, view("queued")))
    service.on("POST", "sweeps", (201, view("queued")))
    run(path, checkpoint_after=5)
    sweep(path, {"lr": [1, 2]}, checkpoint_after=7)
    run(path)
    told = [call["body"].get("checkpoint_after_s") for call in service.calls]
    assert told == [5, 7, None]
    assert {call["body"]["notebook"] for call in service.calls} == {written}
    with pytest.raises(InvalidError, match="from 1 to 86400"):
        run(path, checkpoint_after=0)
