"""What cells show is cut where the notebook would grow too large, and nowhere else."""

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from madang.runner import outputs
from madang.runner.outputs import MAX_ERROR_CHARACTERS, Room, written_bytes


def message(kind, **content):
    return {"msg_type": kind, "header": {"msg_type": kind}, "content": content}


def stream(text):
    return message("stream", name="stdout", text=text)


@settings(deadline=None)
@given(st.text())
def test_a_file_is_never_larger_than_what_was_counted(text):
    cell = nbformat.v4.new_code_cell("1", outputs=[])
    empty = len(nbformat.writes(nbformat.v4.new_notebook(cells=[cell])).encode())
    cell.outputs.append(nbformat.v4.new_output("stream", name="stdout", text=text))
    written = nbformat.writes(nbformat.v4.new_notebook(cells=[cell]))
    size = len(written.encode("utf-8", "backslashreplace")) - empty
    assert size <= written_bytes({"name": "stdout", "text": text})


def test_what_has_room_is_left_alone_and_what_has_none_is_told_once(monkeypatch):
    monkeypatch.setattr(outputs, "MAX_BYTES", 5_000)
    told = []
    room = Room([], told.append)
    first = stream("x" * 1_000)
    assert room.fit(first) is first
    status = message("status", execution_state="idle")
    cut = room.fit(stream("y" * 5_000))
    assert cut["content"]["name"] == "stderr"
    assert cut["content"]["text"].splitlines() == told
    assert len(told) == 2
    assert room.fit(stream("y" * 5_000)) is None
    assert room.fit(status) is status
    assert room.fit(message("update_display_data", data={"text/plain": "z" * 9_000})) is None
    assert len(told) == 2


def test_cleared_outputs_are_room_again(monkeypatch):
    monkeypatch.setattr(outputs, "MAX_BYTES", 5_000)
    cell = nbformat.v4.new_code_cell("1")
    room = Room([cell], lambda line: pytest.fail(line))
    for _ in range(20):
        room.fit(message("clear_output", wait=False))
        cell.outputs = []
        shown = room.fit(message("display_data", data={"text/plain": "x" * 3_000}, metadata={}))
        cell.outputs = [nbformat.v4.new_output("display_data", **shown["content"])]


def test_an_error_is_kept_whatever_its_length():
    room = Room([], lambda line: pytest.fail(line))
    told = room.fit(message("error", ename="E", evalue="x" * 10**6, traceback=["a" * 10**6, "end"]))
    assert told["content"]["ename"] == "E"
    assert told["content"]["traceback"][-1] == "end"
    assert sum(map(len, told["content"]["traceback"])) <= MAX_ERROR_CHARACTERS
    short = message("error", ename="E", evalue="v", traceback=["one", "two"])
    assert room.fit(short) == short
