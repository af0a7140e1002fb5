"""What breaks under the store: nothing is half-written, and the next write works."""

import asyncio
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event, text

from madang.domain.project import Grant
from madang.errors import InvalidError, UnavailableError
from madang.ledger.chain import verify
from madang.ledger.entry import Entry, EntryKind
from madang.store import Store, Tx

NOW = 1_790_000_000_000
DEADLINE_S = 20


class PlugPulledError(Exception):
    """The fault that is injected."""


def _grant(number: int, project: str = "project-1") -> Grant:
    return Grant(
        id=f"grant-x{number}", project=project, amount_microcredits=5, from_ms=0, until_ms=1
    )


def _state(store: Store) -> tuple[object, ...]:
    return store.read_now(
        lambda tx: (
            tx.budget.balance("project-1"),
            tx.budget.open_reservations(),
            tx.ledger.entries(),
            tx.ledger.head(),
            tx.grants.of_project("project-1"),
        )
    )


@contextmanager
def _held(url: str) -> Iterator[None]:
    """Let another writer sit in the middle of a transaction."""
    other = Store(url)
    begun, done = threading.Event(), threading.Event()

    def sit(tx: Tx) -> None:
        tx.meta.set("other", 1)
        begun.set()
        assert done.wait(DEADLINE_S)

    thread = threading.Thread(target=other.write_now, args=(sit,))
    thread.start()
    assert begun.wait(DEADLINE_S)
    try:
        yield
    finally:
        done.set()
        thread.join()
        other.close()


def test_a_fault_at_any_statement_leaves_nothing_behind(store: Store, granted) -> None:
    """Fail the n-th statement, for all n of a grant, a reservation, a charge and a refund."""
    before = _state(store)

    def work(tx: Tx) -> None:
        tx.grants.add(_grant(1), NOW)
        assert tx.budget.reserve(granted.id, "lease-1", 1, 5, NOW)
        slice_of = {"project": granted.id, "lease": "lease-1", "attempt": 1, "at_ms": NOW}
        hour = {"devices": 1, "from_ms": 0, "to_ms": 3_600_000, "device_ms": 3_600_000}
        tx.ledger.append(
            [
                Entry(
                    kind=EntryKind.CHARGE,
                    rate_microcredits=3,
                    amount_microcredits=-3,
                    **slice_of,  # type: ignore[arg-type]
                    **hour,  # type: ignore[arg-type]
                ),
                Entry(kind=EntryKind.REFUND, amount_microcredits=1, **slice_of),  # type: ignore[arg-type]
            ]
        )
        tx.budget.release("lease-1", 1)

    statements = 0
    failing = 0

    def count(*_: object) -> None:
        nonlocal statements
        statements += 1
        if statements == failing:
            raise PlugPulledError

    event.listen(store._writing, "after_cursor_execute", count)
    while True:
        statements, failing = 0, failing + 1
        try:
            store.write_now(work)
        except PlugPulledError:
            assert _state(store) == before
        else:
            break
    event.remove(store._writing, "after_cursor_execute", count)
    assert failing > 15
    assert verify(store.read_now(lambda tx: tx.ledger.entries())).ok
    balance = store.read_now(lambda tx: tx.budget.balance(granted.id))
    assert (balance.granted, balance.used, balance.reserved) == (100_000_005, 2, 0)


def test_another_writer_in_the_way(store: Store, url: str, granted) -> None:
    """F8: writes give up in time, reads are served; when it is gone all is well."""
    hasty = Store(url, wait_ms=200)
    with _held(url):
        with pytest.raises(UnavailableError) as late:
            hasty.write_now(lambda tx: tx.meta.set("a", 1))
        assert late.value.details == {"reason": "locked"}
        assert hasty.read_now(lambda tx: tx.meta.get("other")) is None
    hasty.write_now(lambda tx: tx.meta.set("a", 2))
    assert store.read_now(lambda tx: (tx.meta.get("a"), tx.meta.get("other"))) == (2, 1)
    hasty.close()


def test_two_services_cannot_interleave_the_ledger(store: Store, url: str, granted) -> None:
    other = Store(url, wait_ms=60_000)

    def append(where: Store, start: int) -> None:
        for number in range(start, start + 40):

            def work(tx: Tx, number: int = number) -> None:
                # Reading before writing is what a lock taken too late would spoil.
                tx.meta.set("count", tx.meta.get("count", 0) + 1)
                tx.grants.add(_grant(number), NOW)

            where.write_now(work)

    threads = [
        threading.Thread(target=append, args=(where, start))
        for where, start in ((store, 0), (other, 100))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    result = verify(store.read_now(lambda tx: tx.ledger.entries()))
    assert (result.ok, result.entries) == (True, 81)
    assert store.read_now(lambda tx: tx.meta.get("count")) == 80
    assert result.balances[granted.id].granted == 100_000_400


def test_a_reader_sees_one_moment_and_changes_nothing(store: Store) -> None:
    store.write_now(lambda tx: tx.meta.set("a", 1))

    def look_twice(tx: Tx) -> tuple[object, object]:
        first = tx.meta.get("a")
        store.write_now(lambda other: other.meta.set("a", 2))
        return first, tx.meta.get("a")

    assert store.read_now(look_twice) == (1, 1)
    assert store.read_now(lambda tx: tx.meta.get("a")) == 2
    with pytest.raises(UnavailableError) as refused:
        store.read_now(lambda tx: tx.meta.set("a", 3))
    assert refused.value.details == {"reason": "denied"}
    assert store.read_now(lambda tx: tx.meta.get("a")) == 2


def test_values_that_no_database_can_hold(store: Store, ada) -> None:
    for at_ms, target in ((NOW, "\ud800"), (2**70, "lease-1")):
        with pytest.raises(InvalidError) as refused:
            store.write_now(lambda tx, a=at_ms, t=target: tx.audit.add(a, ada.id, "act", t))
        assert refused.value.code == "value_unstorable"
    store.write_now(lambda tx: tx.audit.add(NOW, ada.id, "act", "ok"))


async def test_a_cancelled_caller_does_not_stop_a_write(store: Store) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def work(tx: Tx) -> None:
        tx.meta.set("a", 1)
        begun.set()
        assert go_on.wait(DEADLINE_S)

    task = asyncio.create_task(store.write(work))
    assert await asyncio.to_thread(begun.wait, DEADLINE_S)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()
    await store.write(lambda tx: tx.meta.set("b", 1))
    assert await store.read(lambda tx: tx.meta.get("a")) == 1


async def test_a_closed_store_says_so(store: Store) -> None:
    store.close()
    for call in (store.write, store.read):
        with pytest.raises(UnavailableError) as refused:
            await call(lambda tx: tx.meta.get("a"))
        assert refused.value.details == {"reason": "closed"}


class TestSqlite:
    @pytest.fixture
    def kind(self) -> str:
        return "sqlite"

    def test_a_full_disk(self, store: Store, granted) -> None:
        """F9: refused as a whole while it is full, and works again when there is space."""

        def limit(pages: int) -> None:
            store.write_now(
                lambda tx: tx.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}").all()
            )

        def fill(tx: Tx) -> None:
            tx.grants.add(_grant(1), NOW)
            tx.meta.set("big", "x" * 4_000_000)

        before = _state(store)
        limit(1)  # SQLite takes the size it has as the least.
        for _ in range(2):
            with pytest.raises(UnavailableError) as full:
                store.write_now(fill)
            assert full.value.details == {"reason": "full"}
            assert _state(store) == before
        limit(1_000_000)
        store.write_now(fill)
        assert len(store.read_now(lambda tx: tx.ledger.entries())) == 2

    def test_settings_that_promises_rest_on(self, store: Store) -> None:
        def setting(tx: Tx, name: str) -> object:
            return tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()

        names = ("journal_mode", "synchronous", "foreign_keys")
        found = store.write_now(lambda tx: [setting(tx, name) for name in names])
        assert found == ["wal", 2, 1]
        assert store.read_now(lambda tx: setting(tx, "query_only")) == 1

    def test_the_file_is_the_owners_alone(self, store: Store, tmp_path: Path) -> None:
        store.write_now(lambda tx: tx.meta.set("a", 1))
        files = list(tmp_path.glob("store.sqlite*"))
        assert len(files) == 3
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}

    def test_files_that_are_no_database(self, tmp_path: Path) -> None:
        with pytest.raises(UnavailableError) as missing:
            Store(f"sqlite:///{tmp_path / 'none' / 'x.sqlite'}")
        assert missing.value.details == {"reason": "missing"}
        (tmp_path / "text").write_text("no database " * 100)
        broken = Store(f"sqlite:///{tmp_path / 'text'}")
        with pytest.raises(UnavailableError) as refused:
            broken.migrate()
        assert refused.value.details == {"reason": "broken"}
        broken.close()

    def test_a_defect_of_ours_is_not_called_unavailable(self, store: Store) -> None:
        with pytest.raises(Exception, match="no such table") as defect:
            store.read_now(lambda tx: tx.connection.execute(text("SELECT * FROM no_table")))
        assert isinstance(defect.value.__cause__, sqlite3.OperationalError)

    @pytest.mark.parametrize("address", ["sqlite://", "mysql://u:secret@h/d", "what?", ""])
    def test_other_addresses_are_refused_without_their_secrets(self, address: str) -> None:
        with pytest.raises(InvalidError) as refused:
            Store(address)
        assert refused.value.code == "database_url_unknown"
        assert "secret" not in str(refused.value)


class TestPostgresql:
    @pytest.fixture
    def kind(self) -> str:
        return "postgresql"

    def test_a_connection_lost_in_the_middle(self, store: Store, granted, postgresql) -> None:
        """F10: the write is gone as a whole, the next one connects anew."""
        before = _state(store)

        def cut_off(tx: Tx) -> None:
            tx.grants.add(_grant(1), NOW)
            pid = tx.connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            postgresql.run(f"SELECT pg_terminate_backend({pid}, {DEADLINE_S * 1000})")
            tx.grants.add(_grant(2), NOW)

        with pytest.raises(UnavailableError) as lost:
            store.write_now(cut_off)
        assert lost.value.details == {"reason": "lost"}
        assert _state(store) == before
        store.write_now(lambda tx: tx.grants.add(_grant(1), NOW))

    def test_a_server_that_restarted_between_writes(self, store: Store, postgresql) -> None:
        store.read_now(lambda tx: tx.meta.get("a"))
        postgresql.run(
            "SELECT pg_terminate_backend(pid, 20000) FROM pg_stat_activity "
            "WHERE application_name = 'madang'"
        )
        store.write_now(lambda tx: tx.meta.set("a", 1))
        assert store.read_now(lambda tx: tx.meta.get("a")) == 1

    def test_a_server_that_is_not_there(self, tmp_path: Path) -> None:
        store = Store(f"postgresql://postgres@/x?host={tmp_path}")
        for call in (store.write_now, store.read_now):
            with pytest.raises(UnavailableError) as lost:
                call(lambda tx: tx.meta.get("a"))
            assert lost.value.details == {"reason": "lost"}
        store.close()

    def test_a_zero_character_is_refused(self, store: Store, ada) -> None:
        with pytest.raises(InvalidError) as refused:
            store.write_now(lambda tx: tx.audit.add(NOW, ada.id, "act", "a\x00b"))
        assert refused.value.code == "value_unstorable"
