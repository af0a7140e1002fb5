"""Reading records: what is said of a folder without a keeper."""

import json
import os
from pathlib import Path

import pytest

from madang import shim
from madang.shim import last_word
from madang.shim.keeper import LOG_CAP_BYTES, LOG_KEPT_BYTES, _cap
from madang.shim.record import LOCK, RECORD, start_ticks, write_json


def test_nothing_was_started(tmp_path: Path) -> None:
    assert shim.read(tmp_path / "none") is None
    (tmp_path / RECORD).write_text("{half")
    assert shim.read(tmp_path) is None


def test_writing_is_private_and_leaves_no_rest(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"a": 1})
    assert json.loads((tmp_path / "x.json").read_text()) == {"a": 1}
    assert (tmp_path / "x.json").stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["x.json"]


def test_start_ticks_tell_lives_apart() -> None:
    assert start_ticks(os.getpid()) == start_ticks(os.getpid())
    assert start_ticks(2**22 + 1) is None


def test_an_unrecorded_end_is_an_estimate(tmp_path: Path) -> None:
    data = {"pid": 1, "shim_pid": 1, "shim_ticks": 0, "boot": "other", "started_ms": 5}
    (tmp_path / RECORD).write_text(json.dumps(data))
    found = shim.read(tmp_path)
    assert found is not None
    assert (found.is_alive, found.is_sure, found.ended_ms) == (False, False, 5)


@pytest.mark.parametrize(
    "written", ["{}", '{"pid": 1}', '{"started_ms": "x", "pid": 1, "shim_pid": 1}', "[" * 100_000]
)
def test_what_no_keeper_wrote_says_nothing_and_raises_nothing(tmp_path: Path, written: str) -> None:
    (tmp_path / RECORD).write_text(written)
    assert shim.read(tmp_path) is None
    shim.stop(tmp_path, 0)
    assert shim.sweep(tmp_path) == 0


def test_a_log_is_cut_to_its_tail(tmp_path: Path) -> None:
    path = tmp_path / "log"
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    try:
        os.ftruncate(fd, LOG_CAP_BYTES)
        os.write(fd, b"last line\n")
        _cap(fd)
        os.write(fd, b"goes on\n")
    finally:
        os.close(fd)
    assert path.stat().st_size < LOG_KEPT_BYTES + 100
    assert path.read_bytes().endswith(b"last line\ngoes on\n")


def test_a_last_word_counts_when_the_record_tells_of_no_end(tmp_path: Path) -> None:
    data = {"pid": 1, "shim_pid": 1, "shim_ticks": 0, "boot": "other", "started_ms": 5}
    (tmp_path / RECORD).write_text(json.dumps(data))
    fd = os.open(tmp_path / LOCK, os.O_RDWR | os.O_CREAT)
    try:
        last_word.keep_room(fd)
        assert last_word.heard(tmp_path / LOCK) == {}
        last_word.say(fd, {"ended_ms": 9, "exit_code": 3, "pid": 1})
        assert os.fstat(fd).st_size == last_word.ROOM_BYTES
    finally:
        os.close(fd)
    found = shim.read(tmp_path)
    assert found is not None
    assert (found.ended_ms, found.exit_code, found.is_sure, found.is_alive) == (9, 3, True, False)
    (tmp_path / RECORD).write_text(json.dumps({**data, "ended_ms": 7, "is_sure": False}))
    found = shim.read(tmp_path)
    assert found is not None
    assert (found.ended_ms, found.is_sure) == (7, False)


@pytest.mark.parametrize("written", ["", "{", "[1]", '{"ended_ms": "now"}', "\xff", "[" * 100_000])
def test_a_last_word_of_nobody_says_nothing(tmp_path: Path, written: str) -> None:
    (tmp_path / LOCK).write_text(written, "latin-1")
    assert last_word.heard(tmp_path / LOCK) == {}
