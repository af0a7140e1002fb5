"""A long queue, a long ledger and many who wait: the same answers, without reading it all."""

import asyncio
import inspect
import random
import time
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Select

from madang.engines import standings
from madang.engines.local.admission import LocalAdmission
from madang.engines.local.devices import parse_gpus
from madang.ledger.entry import Entry, EntryKind
from madang.services import views
from madang.services.usage import _day_sums

HOUR_MS = 3_600_000


async def test_what_waits_is_committed_whatever_its_size(house: Any) -> None:
    wanted = [("gpu-1", None), ("gpu-1", None), ("gpu-2", None), ("gpu-1", 60_000), ("cpu", None)]
    for number, (profile, limit_ms) in enumerate(wanted):
        await house.ask("ada", profile=profile, limit_ms=limit_ms, name=f"n{number}")
    core = house.services.core

    def both(tx: Any) -> tuple[int, int]:
        project = tx.projects.find("vision").id
        each = tx.leases.find(state="queued", project=project)
        sizes = tx.leases.waiting_sizes(project)
        assert sum(count for _, count in sizes) == len(each) == 5
        return (
            sum(views.reserves(core, lease) for lease in each),
            sum(count * views.reserves(core, lease) for lease, count in sizes),
        )

    one_by_one, by_size = await core.store.read(both)
    assert one_by_one == by_size > 0


async def test_a_change_of_others_makes_no_view_for_who_waits(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.ask("bora", profile="gpu-4")
    await house.turn()
    lease = await house.ask("chan", project="language", profile="gpu-4")
    await house.turn(12)
    chan = await house.actor("chan")
    leases = house.services.leases
    seen = (await leases.get(chan, lease["id"]))["version"]
    looks, look = [0], leases.get

    async def counted(*given: Any) -> Any:
        looks[0] += 1
        return await look(*given)

    monkeypatch.setattr(leases, "get", counted)
    waiting = asyncio.create_task(leases.wait(chan, lease["id"], seen=seen, timeout_s=3_600))
    for _ in range(20):
        house.services.core.changed("leases", "queue")
        await asyncio.sleep(0.01)
    assert not waiting.done()
    assert looks[0] <= 2
    await leases.hold(chan, lease["id"], held_back=True)
    view = await asyncio.wait_for(waiting, 10)
    assert view["held_back"]


@pytest.mark.parametrize("zone", ["Asia/Seoul", "Europe/Berlin", "Australia/Lord_Howe", "UTC"])
async def test_days_are_those_of_the_zone_also_where_clocks_change(house: Any, zone: str) -> None:
    draw = random.Random(zone)
    since = int(datetime(2024, 3, 20, 5, 7, tzinfo=UTC).timestamp() * 1000)
    until = since + 230 * 24 * HOUR_MS
    wanted: dict[str, int] = defaultdict(int)
    made: list[Entry] = []
    at = since - 50 * HOUR_MS
    while at < until + 50 * HOUR_MS:
        made.append(
            Entry(
                kind=EntryKind.CHARGE, project="", at_ms=at, lease="lease-x", attempt=1,
                segment=len(made), devices=1, from_ms=at, to_ms=at + 1_000, device_ms=1_000,
            )
        )  # fmt: skip
        if since <= at < until:
            day = datetime.fromtimestamp(at / 1000, ZoneInfo(zone)).strftime("%Y-%m-%d")
            wanted[day] += 1_000
        at += draw.randint(1, 9) * HOUR_MS // 2

    def work(tx: Any) -> list[Any]:
        project = tx.projects.find("vision").id
        tx.ledger.append(
            [Entry(**{**e.to_json(), "kind": e.kind, "project": project}) for e in made]
        )
        return _day_sums(tx, project, since, until, ZoneInfo(zone))

    found: dict[str, int] = defaultdict(int)
    for item in await house.services.core.store.write(work):
        day = datetime.fromtimestamp(item.day_index * 86_400, UTC).strftime("%Y-%m-%d")
        found[day] += item.device_ms
    assert found == wanted


async def test_many_who_verify_read_the_ledger_once(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, verify = [0], house.services.usage._verify

    def counted(tx: Any) -> Any:
        reads[0] += 1
        time.sleep(0.05)
        return verify(tx)

    monkeypatch.setattr(house.services.usage, "_verify", counted)
    actors = [await house.actor(name) for name in ("ada", "chan", "root")]
    answers = await asyncio.gather(*(house.services.usage.verify(a) for a in actors * 5))
    assert reads[0] == 1
    assert all(answer["ok"] for answer in answers)
    assert {row["project"] for row in answers[0]["balances"]} == {"open", "vision", "poor"}
    assert "vision" not in {row["project"] for row in answers[1]["balances"]}


async def test_past_use_is_halved_for_each_half_life(house: Any) -> None:
    lease = await house.ask("ada")
    await house.turn()
    await house.launch(lease["id"])
    await house.turn(100)
    house.engine.finish(lease["id"], 0)
    await house.turn(3)
    held = (await house.lease(lease["id"]))["held_device_ms"]
    half_life = house.services.core.policy.half_life_ms
    store = house.services.core.store
    assert await store.write(lambda tx: tx.past_use.advance(half_life, house.engine.clock()))
    for halvings in (0, 1, 3):
        now = house.engine.clock() + halvings * half_life
        usage = await store.read(lambda tx, now=now: tx.past_use.read(half_life, now))
        (used,) = usage.values()
        assert used == pytest.approx(held * 0.5**halvings, rel=0.05, abs=3_000)


async def test_a_long_forecast_holds_nobody_up(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    admission = LocalAdmission(parse_gpus("sim:4xh200"), clock=house.engine.clock)
    now = house.engine.clock()
    compute, calls = standings.compute, [0]
    again, loop = asyncio.Event(), asyncio.get_running_loop()

    def slow(*given: Any) -> Any:
        calls[0] += 1
        if calls[0] == 2:
            loop.call_soon_threadsafe(again.set)
        time.sleep(0.2)
        return compute(*given)

    monkeypatch.setattr(standings, "compute", slow)
    await admission.standings(now)
    assert calls[0] == 1
    begin = time.monotonic()
    for _ in range(20):
        await admission.standings(now + 10_000)
    assert time.monotonic() - begin < 0.2
    await asyncio.wait_for(again.wait(), 10)


async def test_who_waits_is_counted_once_for_each_change(house: Any) -> None:
    await house.ask("ada", profile="gpu-4")
    bora = await house.actor("bora")
    pool, core = house.services.pool, house.services.core
    before = (await pool.pool(bora))["waiting"]
    reads, read = [0], core.store.read

    async def counted(work: Any) -> Any:
        reads[0] += 1
        return await read(work)

    core.store.read = counted
    try:
        assert [(await pool.pool(bora))["waiting"] for _ in range(3)] == [before] * 3
        assert reads == [0]
    finally:
        core.store.read = read
    await house.ask("bora", profile="gpu-4", name="second")
    assert (await pool.pool(bora))["waiting"] == before + 1


async def test_a_look_makes_no_question_anew(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop looks every second for ever: what it asks is put together once."""
    lease = await house.ask("ada")
    await house.submit("bora")
    await house.turn()
    await house.launch(lease["id"])
    # Each question was asked once, and what is asked now and then has just had its turn.
    await house.turn(4)
    await house.turn(1, step_ms=0)
    made: list[str] = []
    make = Select.__init__

    def counted(self: Select[Any], *entities: Any) -> None:
        caller = inspect.stack()[2]
        made.append(f"{caller.filename}:{caller.lineno} {caller.function}")
        make(self, *entities)

    monkeypatch.setattr(Select, "__init__", counted)
    await house.turn(2, step_ms=0)
    assert made == []
