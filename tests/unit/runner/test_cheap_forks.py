"""What each fork of a warm process is spared."""

import subprocess
import sys

import pytest
from nbformat import validator

from madang.runner.forked import kernel
from madang.runner.forked.run import warm_format


@pytest.mark.parametrize("minor", [0, 4, 5])
def test_the_format_of_a_notebook_is_compiled_before_the_fork(minor, monkeypatch):
    monkeypatch.setattr(validator, "validators", {})
    warm_format(minor)
    assert [key[1:3] for key in validator.validators] == [(4, minor)]


@pytest.mark.parametrize("minor", [None, "5", -1, 6, 10**30, 4.5, []])
def test_a_format_that_nobody_knows_is_left_to_the_run(minor, monkeypatch):
    monkeypatch.setattr(validator, "validators", {})
    warm_format(minor)
    assert validator.validators == {}


def test_a_kernel_looks_for_its_children_only_when_there_are_some(monkeypatch):
    assert not kernel._has_children()
    code = "import sys; sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE):
        assert kernel._has_children()
    assert not kernel._has_children()


def test_where_the_system_keeps_no_lists_of_children_the_kernel_looks(monkeypatch, tmp_path):
    monkeypatch.setattr(kernel, "Path", lambda _: tmp_path / "missing")
    assert kernel._has_children()
