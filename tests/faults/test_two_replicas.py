"""Two replicas of the service: one leads, and whatever happens to it each act is done once.

A sweep goes on through all of it. Old leaders are stopped and go on, killed, told to end, and lose
the database alone or with the other one; in the end every run was executed once, the ledger adds up
to what the processes held, and nothing is left.
"""

import signal
import time

import pytest
from audit import Rows, audit
from promises import Promises
from replica_work import Work
from replicas import TOKEN, Replicas, until

from madang.api.standby import EXIT_LOST
from madang.client import MadangClient
from madang.domain.leadership import TERM_MS, TRUST_S

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]

TAKES_OVER_S = 20.0
"""13 s of term and look; the rest is for a machine that is busy with other things."""
POLICY = """
stop_grace: 4s
rates: {sim-h200: 1}
tiers: {research: {max_devices_person: 4, max_hours: 8}}
projects: {lab: {tier: research, grant: 500, members: {ada: owner}}}
"""


@pytest.fixture
def house(tmp_path):
    made = Replicas(tmp_path, POLICY)
    try:
        made.up()
        yield made
    finally:
        made.down()


@pytest.fixture
def ada(house):
    with MadangClient(house.url, TOKEN, person="ada") as client:
        yield client


def stopped_and_resumed(house, work):
    """F19: the old leader sleeps for longer than its term, wakes up, and does nothing more."""
    leader, other = house.settled()
    term = house.term()
    (work.folder / f"{work.begun()[work.done]}.go").touch()
    leader.tell(signal.SIGSTOP)
    began = time.monotonic()
    until(lambda: other.leads, "the other one leads", 60)
    took_s = time.monotonic() - began
    work.done += 1
    work.begins(2 + work.done)
    leader.tell(signal.SIGCONT)
    assert leader.ended() == EXIT_LOST
    assert house.term() == term + 1
    assert f"term {term} is over: another replica leads" in leader.log()
    leader.start()
    house.settled(180)
    return took_s


def killed(house, work):
    leader, other = house.settled()
    leader.tell(signal.SIGKILL)
    leader.ended()
    began = time.monotonic()
    until(lambda: other.leads, "the other one leads", 60)
    took_s = time.monotonic() - began
    work.go_on()
    leader.start()
    assert house.settled(180)[0] is other
    return took_s


def told_to_end(house, work):
    leader, other = house.settled()
    leader.tell(signal.SIGTERM)
    assert leader.ended() == 0
    began = time.monotonic()
    until(lambda: other.leads, "the other one leads", 60)
    took_s = time.monotonic() - began
    work.go_on()
    leader.start()
    house.settled(180)
    return took_s


def without_its_database(house, work):
    """Only the leader has lost it: it stops acting, the other one takes over."""
    leader, other = house.settled()
    leader.wire.close_for(TRUST_S + 14)
    began = time.monotonic()
    until(lambda: other.leads, "the other one leads", 60)
    took_s = time.monotonic() - began
    work.go_on()
    assert leader.ended(40) == EXIT_LOST
    leader.start()
    house.settled(180)
    return took_s


def without_any_database(house, work):
    """Both have lost it for longer than a term; whoever is first afterwards leads."""
    before = house.settled()
    for one in before:
        one.wire.close_for(TERM_MS / 1000 + 6)
    until(
        lambda: not any(one.leads or one.stands_by for one in before), "both say that they miss it"
    )
    until(lambda: any(one.leads for one in before), "one leads again", 60)
    work.go_on()
    for one in before:
        if one.process.poll() is not None:
            assert one.process.returncode == EXIT_LOST
            one.start()
    house.settled(180)


def test_one_leads_and_the_other_hands_on(house, ada):
    leader, other = house.settled()
    status, said = other.health()
    assert status == 200
    assert said["message"].startswith("This replica stands by")
    assert said["replica"] == leader.name
    with MadangClient(other.url, TOKEN, person="ada") as through:
        assert through.get("me") == ada.get("me")


def test_each_act_is_done_once_whatever_happens_to_the_leader(house, ada, tmp_path):
    work = Work(tmp_path / "work", ada, 12, project="lab")
    took_s = {
        what.__name__: what(house, work)
        for what in (stopped_and_resumed, killed, told_to_end, without_its_database)
    }
    without_any_database(house, work)
    print({name: round(value, 1) for name, value in took_s.items()})
    assert max(took_s.values()) < TAKES_OVER_S
    assert took_s["told_to_end"] < 5
    work.finish()
    until(lambda: all(x["state"] == "ended" for x in ada.get("leases")), "all leases ended", 60)
    assert ada.get("ledger/verify")["ok"]
    rows = Rows(house.postgres.direct_url)
    findings = audit(rows, Promises(), [], house.records(), {})
    assert findings.all() == []
    assert findings.drift_ms == 0
