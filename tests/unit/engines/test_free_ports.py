"""Two houses that choose at the same time get different ports, and no port is kept for ever."""

import os
import socket
import time

import pytest

from madang.engines.local import free_ports

FIRST = 1_000_000 + 1_000 * os.getpid()
"""No real port: real houses of this machine reserve theirs at the same time."""


@pytest.fixture(autouse=True)
def drawn(monkeypatch):
    """What is drawn, in this order, counted from the first port; and nothing is held before."""
    monkeypatch.setattr(free_ports, "_held", {})
    monkeypatch.setattr(free_ports, "_first", lambda: FIRST)
    monkeypatch.setattr(free_ports, "_LAST", FIRST + 999)
    monkeypatch.setattr(free_ports, "is_free", lambda _host, _port: True)
    numbers = []
    monkeypatch.setattr(free_ports.secrets, "randbelow", lambda _count: numbers.pop(0))
    yield numbers
    for name, _ in free_ports._held.values():
        os.close(name)


def other_house(port):
    name = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        name.bind(f"\0madang-port-{port}")
    except OSError:
        name.close()
        raise
    return name


def test_what_another_house_has_chosen_is_not_chosen_before_it_listens(drawn):
    with other_house(FIRST + 7):
        drawn += [7, 8]
        assert free_ports.choose(None, set()) == FIRST + 8
        drawn += [9]
        assert free_ports.choose(FIRST + 7, set()) == FIRST + 9
    # Held by this process, which may start the part on its port again.
    assert free_ports.choose(FIRST + 8, set()) == FIRST + 8
    with pytest.raises(OSError, match="in use"):
        other_house(FIRST + 8)


def test_what_was_given_is_not_given_again_until_its_time_is_over(drawn, monkeypatch):
    drawn += [1, 1, 2]
    taken = set()
    assert free_ports.choose(None, taken, hold_s=60) == FIRST + 1
    assert free_ports.choose(None, taken) == FIRST + 2
    assert taken == {FIRST + 1, FIRST + 2}
    later = time.monotonic() + 61
    monkeypatch.setattr(free_ports.time, "monotonic", lambda: later)
    drawn += [2, 1]
    assert free_ports.choose(None, set()) == FIRST + 1


def test_names_that_a_stranger_holds_all_do_not_keep_a_house_from_starting(drawn, monkeypatch):
    monkeypatch.setattr(free_ports, "_reserve", lambda _port, _hold_s: False)
    drawn += [0] * free_ports._TRIES
    assert free_ports.choose(None, set()) > 0
    assert not drawn


def test_ports_lie_above_those_that_the_kernel_gives_away(monkeypatch, tmp_path):
    monkeypatch.undo()
    told = tmp_path / "range"
    told.write_text("32768\t60999\n")
    monkeypatch.setattr(free_ports, "_RANGE", told)
    assert free_ports.choose(None, set(), hold_s=0) >= 61_000
    told.write_text("1024\t65535\n")
    assert free_ports.choose(None, set(), hold_s=0) > 0
