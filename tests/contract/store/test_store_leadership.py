"""The row of the leadership: one newest term, and no write of an older one, on both databases."""

import threading
import time

import pytest

from madang.domain.leadership import IDLE_MS
from madang.errors import UnavailableError
from madang.services.leading import Leading
from madang.store import Store, Tx

LONG_MS = 60_000


@pytest.fixture
def other(url):
    opened = Store(url)
    yield opened
    opened.close()


def take(store: Store, replica: str, for_ms: int = LONG_MS) -> int | None:
    return store.write_now(lambda tx: tx.leadership.take(replica, f"{replica}:1", for_ms))


def note(store: Store, value: str) -> None:
    store.write_now(lambda tx: tx.meta.set("noted", value))


def noted(store: Store) -> str | None:
    return store.read_now(lambda tx: tx.meta.get("noted"))


def test_before_the_first_term_nobody_leads(store: Store) -> None:
    leader = store.read_now(lambda tx: tx.leadership.current())
    assert (leader.term, leader.replica, leader.is_gone) == (0, "", True)


def test_a_term_is_given_to_one_and_ends_by_the_clock_of_the_database(store, other) -> None:
    assert take(store, "a", 400) == 1
    leader = other.read_now(lambda tx: tx.leadership.current())
    assert (leader.term, leader.replica, leader.address) == (1, "a", "a:1")
    assert 0 < leader.left_ms <= 400
    assert take(other, "b") is None
    deadline = time.monotonic() + 10
    while (term := take(other, "b")) is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert term == 2
    assert not store.renew(lambda tx: tx.leadership.renew(1, LONG_MS)).result()
    assert not store.renew(lambda tx: tx.leadership.give_back(1)).result()
    assert other.renew(lambda tx: tx.leadership.renew(2, LONG_MS)).result()


def test_a_renewal_keeps_it_and_giving_back_ends_it_at_once(store, other) -> None:
    assert take(store, "a", 1) == 1
    # Nobody else wanted it meanwhile: it is the newest still.
    assert store.renew(lambda tx: tx.leadership.renew(1, LONG_MS)).result()
    assert take(other, "b") is None
    assert store.renew(lambda tx: tx.leadership.give_back(1)).result()
    assert take(other, "b") == 2


def test_who_comes_back_under_its_name_does_not_wait_for_itself(store, other) -> None:
    assert take(store, "a") == 1
    assert take(other, "a") == 2


def test_a_late_write_of_an_old_term_fails_as_a_whole(store: Store, other: Store) -> None:
    fenced = threading.Event()
    store.fence(take(store, "a", 0), fenced.set)
    note(store, "first")
    other.fence(take(other, "b"), lambda: None)
    note(other, "second")
    with pytest.raises(UnavailableError, match="leadership_lost"):
        note(store, "late")
    assert fenced.is_set()
    assert noted(other) == "second"
    # Whoever writes by hand, such as a migration, has no term and needs none.
    other._term = None
    note(other, "by hand")


@pytest.mark.parametrize("kind", ["postgresql"])
def test_a_term_begins_after_the_write_that_is_under_way(store, other) -> None:
    """Else a write that had looked for a newer term before could land after one began."""
    store.fence(take(store, "a", 0), lambda: None)
    is_writing, may_end = threading.Event(), threading.Event()

    def slowly(tx: Tx) -> None:
        is_writing.set()
        assert may_end.wait(10)
        tx.meta.set("noted", "of the old term")

    writing = store._write(slowly)
    assert is_writing.wait(10)
    taken: list[int | None] = []
    taking = threading.Thread(target=lambda: taken.append(take(other, "b")))
    taking.start()
    # A renewal does not wait for a turn, the beginning of a term does.
    assert store.renew(lambda tx: tx.leadership.renew(1, 0)).result(5)
    assert taken == []
    may_end.set()
    writing.result()
    taking.join(10)
    assert taken == [2]
    assert noted(other) == "of the old term"


@pytest.mark.parametrize("kind", ["postgresql"])
def test_who_falls_silent_in_a_write_holds_nobody_up(store, other) -> None:
    """As a process does that is stopped in the middle of one; no replica shares a file."""
    store.fence(take(store, "a", 0), lambda: None)
    is_writing, may_end = threading.Event(), threading.Event()

    def paused(tx: Tx) -> None:
        tx.meta.set("noted", "never")
        is_writing.set()
        assert may_end.wait(60)
        tx.meta.set("noted", "never at all")

    writing = store._write(paused)
    assert is_writing.wait(10)
    began = time.monotonic()
    assert take(other, "b") == 2
    assert time.monotonic() - began < IDLE_MS / 1000 + 3
    may_end.set()
    with pytest.raises(UnavailableError):
        writing.result()
    assert noted(other) is None


def test_a_leader_renews_by_itself_and_gives_back(store: Store, other: Store, monkeypatch) -> None:
    monkeypatch.setattr("madang.services.leading.RENEW_S", 0.02)
    leading = Leading(store, "a", "a:1")
    assert leading.take(lambda: None)
    leading.keep()
    before = other.read_now(lambda tx: tx.leadership.current())
    deadline = time.monotonic() + 10
    while other.read_now(lambda tx: tx.leadership.current()).left_ms <= before.left_ms:
        assert time.monotonic() < deadline, "it was never renewed"
        time.sleep(0.01)
    assert Leading(other, "b", "b:1").take(lambda: None) is False
    leading.give_back()
    assert other.read_now(lambda tx: tx.leadership.current()).is_gone
