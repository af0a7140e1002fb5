"""A hub that hangs is told of a new proxy when it can be told, and holds up nothing else."""

import threading
import time

import pytest

from madang.settings.home import Home
from madang.stack import session as session_module
from madang.stack.plan import UpOptions, make_plan
from madang.stack.secret import load_secrets
from madang.stack.session import Session
from madang.stack.state import State

PATIENCE_S = 10


@pytest.fixture
def session(tmp_path, monkeypatch):
    monkeypatch.setattr(session_module, "_ROUTES_EVERY_S", 0.0)
    home = Home(tmp_path / "data")
    home.root.mkdir(mode=0o700)
    options = UpOptions(port=8123, gpus="sim:1xh200")
    plan = make_plan(home, options, load_secrets(home), State(), ["chp"])
    made = Session(plan, State(), lambda _line: None)
    yield made
    made.abandon()


class Hub:
    """Answers when it is let; says whether it put the routes back."""

    def __init__(self):
        self.may_answer = threading.Event()
        self.asked = 0
        self.is_well = True

    def check_routes(self, _token):
        self.asked += 1
        return self.may_answer.wait(PATIENCE_S) and self.is_well


def tend_until(session, is_enough):
    deadline = time.monotonic() + PATIENCE_S
    session.tend_until(lambda _seconds: is_enough() or time.monotonic() > deadline)
    assert is_enough()


def test_nothing_waits_for_a_hub_that_hangs(session, monkeypatch):
    hub = Hub()
    monkeypatch.setattr(session._probes, "check_routes", hub.check_routes)
    session._restarted("proxy")
    began, turns = time.monotonic(), iter(range(50))
    session.tend_until(lambda _seconds: next(turns, None) is None)
    assert time.monotonic() - began < PATIENCE_S / 2
    assert hub.asked == 1
    # Killed once more while the hub was asked: it has to be told of that one too.
    session._restarted("proxy")
    hub.may_answer.set()
    tend_until(session, lambda: session._told_proxies == 2)
    assert hub.asked == 2


def test_a_proxy_that_is_killed_during_the_start_gets_its_routes_too(session, monkeypatch):
    hub = Hub()
    hub.may_answer.set()
    monkeypatch.setattr(session_module, "HEALTHY_LIMIT_S", PATIENCE_S / 4)
    monkeypatch.setattr(session._supervisor, "start", lambda _part: None)
    died = iter(["proxy"])
    monkeypatch.setattr(
        session._supervisor, "tend", lambda: [session._restarted(name) for name in died]
    )
    monkeypatch.setattr(session, "_write_cli_token", lambda: None)
    monkeypatch.setattr(session._probes, "check_routes", hub.check_routes)
    answers = {"service": lambda: True, "hub": lambda: True, "proxy": lambda: hub.asked > 0}
    monkeypatch.setattr(session._probes, "checks", lambda _token: answers)
    assert session.start(lambda: False)


def test_a_hub_that_could_not_is_asked_again(session, monkeypatch):
    hub = Hub()
    hub.is_well = False
    hub.may_answer.set()
    monkeypatch.setattr(session._probes, "check_routes", hub.check_routes)
    session._restarted("proxy")
    tend_until(session, lambda: hub.asked > 2)
    hub.is_well = True
    tend_until(session, lambda: session._told_proxies == 1)
