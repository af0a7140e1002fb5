"""The folder of a run, writes that are whole or absent, and results in the service's form."""

import errno
import json
import os
import stat

import pytest

from madang.domain.run import RunState
from madang.errors import InvalidError
from madang.runner.execute import outcome
from madang.runner.files import make_run_folder, write_atomically

NOTEBOOK = json.dumps({"nbformat": 4, "cells": []}).encode()


def test_a_run_gets_a_fresh_private_folder(tmp_path):
    folder = make_run_folder(tmp_path / "run", NOTEBOOK, {"a/b.txt": b"1"}, {"x": 1}, 5_000)
    assert stat.S_IMODE(folder.root.stat().st_mode) == 0o700
    assert (folder.work / "a" / "b.txt").read_bytes() == b"1"
    assert json.loads(folder.task.read_text()) == {"parameters": {"x": 1}, "limit_ms": 5_000}
    with pytest.raises(FileExistsError):
        make_run_folder(tmp_path / "run", NOTEBOOK, {}, {}, 5_000)


@pytest.mark.parametrize(
    ("files", "parameters"), [({"../out": b""}, {}), ({}, {"a b": 1}), ({"/etc/x": b""}, {})]
)
def test_nothing_is_made_of_what_is_not_fit(tmp_path, files, parameters):
    with pytest.raises(InvalidError):
        make_run_folder(tmp_path / "run", NOTEBOOK, files, parameters, 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_bytes(tmp_path, monkeypatch, call):
    path = tmp_path / "output.ipynb"
    write_atomically(path, b"old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        with pytest.raises(OSError, match="No space"):
            write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"


def test_errors_are_cut_to_what_the_service_takes():
    made = outcome(RunState.FAILED, "cell_failed", cell=2, name="E", value="x" * 10_000)
    assert made["error"] == {"cell": 2, "name": "E", "value": "x" * 2_000}
    assert outcome(RunState.SUCCEEDED)["error"] is None


def test_the_output_of_a_run_does_not_wait_for_the_disk(tmp_path, monkeypatch):
    def never(_):
        raise AssertionError("fsync")

    monkeypatch.setattr(os, "fsync", never)
    write_atomically(tmp_path / "output.ipynb", b"so far", is_durable=False)
    assert (tmp_path / "output.ipynb").read_bytes() == b"so far"
