"""Ledger and budget against a plain model: any sequence of acts keeps every invariant.

Acts are grants, reservations, charges, refunds, releases, doubled segments and transactions that
fail in the middle; after each, the store must say exactly what the model says. SQLite runs many
sequences, PostgreSQL a few of the same.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from migrated import hurry, new_database

from madang.domain.project import Grant, Project
from madang.errors import ConflictError
from madang.ledger.chain import verify
from madang.ledger.entry import Entry, EntryKind
from madang.store import Store, Tx
from madang.units import segment_cost_microcredits

RATE = 3_600_000  # One micro-credit for each device-millisecond.
PROJECTS = ("project-a", "project-b")
ATTEMPTS = (("lease-x", 1), ("lease-y", 1), ("lease-y", 2))


class PlugPulledError(Exception):
    """A transaction that fails after all its statements."""


@dataclass
class Life:
    """What the model knows of one attempt; its project is fixed by its lease."""

    reserved: int = 0
    is_open: bool = False
    device_ms: int = 0
    segment: int = 0
    to_ms: int = 1_000
    refunded: int = 0


@dataclass
class Model:
    """What must be true."""

    granted: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PROJECTS, 0))
    used: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PROJECTS, 0))
    lives: dict[tuple[str, int], Life] = field(
        default_factory=lambda: {key: Life() for key in ATTEMPTS}
    )
    entries: int = 0

    def reserved(self, project: str) -> int:
        return sum(life.reserved for key, life in self.lives.items() if payer(key) == project)


def payer(key: tuple[str, int]) -> str:
    return PROJECTS[0] if key[0] == "lease-x" else PROJECTS[1]


def segment(key: tuple[str, int], life: Life, ms: int) -> Entry:
    return Entry(
        kind=EntryKind.CHARGE,
        project=payer(key),
        at_ms=life.to_ms + ms,
        lease=key[0],
        attempt=key[1],
        segment=life.segment,
        devices=1,
        from_ms=life.to_ms,
        to_ms=life.to_ms + ms,
        device_ms=ms,
        rate_microcredits=RATE,
        amount_microcredits=-segment_cost_microcredits(life.device_ms, ms, RATE),
    )


# Few attempts, reservations larger than slices, grants for some of each: so that acts meet.
keys = st.sampled_from(ATTEMPTS)
lengths_ms = st.integers(0, 20)
reserves = st.integers(0, 60)


class Money(RuleBasedStateMachine):
    """One sequence of acts on a fresh database."""

    open_store: Callable[[], tuple[Store, Callable[[], None]]]

    def __init__(self) -> None:
        super().__init__()
        self.store, self.dispose = self.open_store()
        self.model = Model()
        self.number = 0
        for name in PROJECTS:
            project = Project(id=name, name=name, title="", tier="open")
            self.write(lambda tx, project=project: tx.projects.add(project))
            self.give(name, 150)

    def write(self, work: Callable[[Tx], Any]) -> Any:
        return self.store.write_now(work)

    @rule(project=st.sampled_from(PROJECTS), amount=st.integers(-90, 60).filter(bool))
    def grant(self, project: str, amount: int) -> None:
        self.give(project, amount)

    def give(self, project: str, amount: int) -> None:
        self.number += 1
        given = Grant(
            id=f"grant-{self.number}",
            project=project,
            amount_microcredits=amount,
            from_ms=0,
            until_ms=1,
        )
        if self.model.granted[project] + amount < 0:
            with pytest.raises(ConflictError):
                self.write(lambda tx: tx.grants.add(given, 1))
            return
        self.write(lambda tx: tx.grants.add(given, 1))
        self.model.granted[project] += amount
        self.model.entries += 1

    @rule(key=keys, amount=reserves)
    def reserve(self, key: tuple[str, int], amount: int) -> None:
        model, project = self.model, payer(key)
        left = model.granted[project] - model.used[project] - model.reserved(project)
        fits = amount <= left or amount == 0
        did = self.write(lambda tx: tx.budget.reserve(project, *key, amount, 1))
        assert did == fits
        if fits:
            model.lives[key].reserved += amount
            model.lives[key].is_open = True

    @rule(key=keys, lengths=st.lists(lengths_ms, min_size=1, max_size=3))
    def charge(self, key: tuple[str, int], lengths: list[int]) -> None:
        life = self.model.lives[key]
        entries = []
        for ms in lengths:
            entries.append(segment(key, life, ms))
            life.device_ms += ms
            life.to_ms += ms
            life.segment += 1
            life.reserved -= min(ms, life.reserved)
            self.model.used[payer(key)] += ms
            self.model.entries += 1
        self.write(lambda tx: tx.ledger.append(entries))

    @rule(key=keys, ms=lengths_ms)
    def charge_twice(self, key: tuple[str, int], ms: int) -> None:
        life = self.model.lives[key]
        again = segment(key, Life(segment=max(0, life.segment - 1), to_ms=life.to_ms), ms)
        doubled = [again, again] if life.segment == 0 else [again]
        with pytest.raises(ConflictError):
            self.write(lambda tx: tx.ledger.append(doubled))

    @rule(key=keys, amount=st.integers(1, 60))
    def refund(self, key: tuple[str, int], amount: int) -> None:
        life = self.model.lives[key]
        self.number += 1
        back = Entry(
            kind=EntryKind.REFUND,
            project=payer(key),
            at_ms=1,
            lease=key[0],
            attempt=key[1],
            segment=self.number,
            amount_microcredits=amount,
        )
        if life.refunded + amount > life.device_ms:
            with pytest.raises(ConflictError):
                self.write(lambda tx: tx.ledger.append([back]))
            return
        self.write(lambda tx: tx.ledger.append([back]))
        life.refunded += amount
        self.model.used[payer(key)] -= amount
        self.model.entries += 1

    @rule(key=keys, reserved=st.integers(1, 60), length=st.integers(1, 70))
    def renew_and_charge(self, key: tuple[str, int], reserved: int, length: int) -> None:
        """Do what a tick of the service does; the slice may exceed what is reserved."""
        self.reserve(key, reserved)
        self.charge(key, [length])

    @rule(key=keys)
    def release(self, key: tuple[str, int]) -> None:
        life = self.model.lives[key]
        assert self.write(lambda tx: tx.budget.release(*key)) == life.reserved
        life.reserved, life.is_open = 0, False

    @rule(key=keys, ms=lengths_ms)
    def fail_in_the_middle(self, key: tuple[str, int], ms: int) -> None:
        life = self.model.lives[key]

        def work(tx: Tx) -> None:
            tx.budget.reserve(payer(key), *key, ms, 1)
            tx.ledger.append([segment(key, life, ms)])
            tx.budget.release(*key)
            raise PlugPulledError

        with pytest.raises(PlugPulledError):
            self.write(work)

    @invariant()
    def rows_and_ledger_say_what_the_model_says(self) -> None:
        self.store.read_now(self.check)

    def check(self, tx: Tx) -> None:
        model = self.model
        result = verify(tx.ledger.each())
        assert result.ok, result.problems
        assert result.entries == model.entries
        held = {(r.lease, r.attempt): r.microcredits for r in tx.budget.open_reservations()}
        assert held == {key: life.reserved for key, life in model.lives.items() if life.is_open}
        for project in PROJECTS:
            balance = tx.budget.balance(project)
            again = result.balances.get(project)
            assert balance.granted == model.granted[project] == (again.granted if again else 0)
            assert balance.used == model.used[project] == (again.used if again else 0)
            assert balance.reserved == model.reserved(project)
            assert min(balance.used, balance.reserved, balance.left) >= 0
            assert balance.overrun == max(0, balance.used - balance.granted)
        for (lease, attempt), life in model.lives.items():
            to_ms = life.to_ms if life.segment else 0
            charged = (life.device_ms, life.device_ms, life.segment, to_ms)
            assert tx.ledger.charged(lease, attempt) == charged

    def teardown(self) -> None:
        self.store.close()
        self.dispose()


def _machine(open_store: Callable[[], tuple[Store, Callable[[], None]]]) -> type[Money]:
    return type("MoneyOn", (Money,), {"open_store": staticmethod(open_store)})


def _settings(examples: int, steps: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )


def test_money_on_sqlite() -> None:
    with tempfile.TemporaryDirectory() as folder:

        def open_store() -> tuple[Store, Callable[[], None]]:
            path = Path(folder) / "one.sqlite"
            return hurry(Store(new_database(path))), path.unlink

        run_state_machine_as_test(_machine(open_store), settings=_settings(100, 25))


def test_money_on_postgresql(postgresql) -> None:
    def open_store() -> tuple[Store, Callable[[], None]]:
        return Store(postgresql.fresh("migrated")), lambda: None

    run_state_machine_as_test(_machine(open_store), settings=_settings(8, 20))
