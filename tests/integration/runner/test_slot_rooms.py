"""A slot that was killed leaves its folder; the next one of the same account clears it away."""

import os
import signal
import subprocess
import sys
import tempfile

import pytest

from madang.runner.rooms import LOCK, PREFIX, own_room, sweep_rooms

pytestmark = pytest.mark.integration

HOLD = """
import sys, time
from madang.runner.rooms import own_room
with own_room() as root:
    (root / "run-1.1").mkdir()
    (root / "run-1.1" / "secret.ipynb").write_text("{}")
    print(root, flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def tmp(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_the_room_of_a_killed_slot_goes_and_others_stay(tmp):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp)},
    ) as slot:
        room = slot.stdout.readline().strip()
        assert sweep_rooms(tmp) == []
        slot.send_signal(signal.SIGKILL)
        slot.wait(10)
    given_up = tmp / f"{PREFIX}given-up"
    (given_up / "run-2.1").mkdir(parents=True)
    with own_room() as mine:
        assert sorted(tmp.iterdir()) == sorted([mine, given_up])
        assert room != str(mine)
    assert list(tmp.iterdir()) == [given_up]


def test_a_run_that_could_not_be_handed_in_stays(tmp):
    with own_room() as mine:
        (mine / "run-1.1").mkdir()
        assert (mine / LOCK).exists()
    assert [path.name for path in mine.iterdir()] == ["run-1.1"]
    assert sweep_rooms(tmp) == []


def test_a_link_is_not_followed(tmp):
    (tmp / "theirs").mkdir()
    (tmp / "theirs" / LOCK).touch()
    (tmp / f"{PREFIX}x").symlink_to(tmp / "theirs")
    sweep_rooms(tmp)
    assert (tmp / "theirs" / LOCK).exists()
