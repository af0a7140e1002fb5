"""What a waiting person is offered, and what a change of their request does to them and others."""

import asyncio
import random
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from madang.engines.hostile import Faults, HostileEngine
from madang.engines.local.admission import LocalAdmission
from madang.engines.local.devices import parse_gpus
from madang.errors import ConflictError, InvalidError, MadangError, NotFoundError, RefusedError
from madang.services.requests import ChangeRequest, ExtendRequest

HOUR = 3_600_000


class QueueEngine(HostileEngine):
    """The hostile launcher below the real queue."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, {"sim-h200": 4})
        self.admission: Any = LocalAdmission(parse_gpus("sim:4xh200"), clock=self.clock)


async def change(house: Any, name: str, lease_id: str, **wanted: Any) -> dict[str, Any]:
    key = wanted.pop("key", None)
    actor = await house.actor(name)
    return await house.services.changes.change(actor, lease_id, ChangeRequest(**wanted), key=key)


async def preview(house: Any, name: str, lease_id: str, **wanted: Any) -> dict[str, Any]:
    actor = await house.actor(name)
    return await house.services.changes.preview(actor, lease_id, ChangeRequest(**wanted))


async def full(house: Any, devices: int = 4) -> dict[str, Any]:
    """Let bora hold devices for four hours."""
    lease = await house.ask("bora", profile="", devices=devices, limit_ms=4 * HOUR)
    await house.turn(2)
    await house.launch(lease["id"])
    await house.turn(12)
    return lease


async def test_what_is_free_is_offered_and_taking_it_starts_at_once(house: Any) -> None:
    await full(house, 3)
    lease = await house.ask("ada", profile="gpu-2")
    await house.turn(2)
    offers = {row["profile"]: row for row in (await house.lease(lease["id"]))["alternatives"]}
    assert set(offers) == {"gpu-1", "cpu"}
    assert offers["gpu-1"]["expected_ms"] is None
    assert offers["gpu-1"]["keeps_place"]
    assert not offers["cpu"]["keeps_place"]
    assert offers["cpu"]["cost_per_hour_microcredits"] == 0
    assert offers["gpu-1"]["cost_per_hour_microcredits"] == 1_000_000
    assert offers["gpu-1"]["text"] == "1 GPU: starts right away"
    changed = await change(house, "ada", lease["id"], profile="gpu-1")
    assert changed["kept_place"]
    assert (changed["devices"], changed["profile"]) == (1, "gpu-1")
    assert changed["submitted_ms"] == lease["submitted_ms"]
    assert changed["asked_before"]["devices"] == 2
    await house.turn(2)
    started = await house.lease(lease["id"])
    assert (started["state"], started["ready"], len(started["device_ids"])) == ("admitted", True, 1)
    assert started["alternatives"] == []


async def test_devices_between_two_profiles_are_offered_by_number(house: Any) -> None:
    await full(house, 1)
    lease = await house.ask("ada", profile="gpu-4")
    await house.turn(2)
    first = (await house.lease(lease["id"]))["alternatives"][0]
    assert (first["profile"], first["devices"], first["expected_ms"]) == ("", 3, None)


async def test_only_what_the_person_may_use_is_offered(house: Any) -> None:
    await full(house)
    lease = await house.ask("dana", project="open", profile="gpu-2")
    await house.turn()
    view = await house.services.leases.get(await house.actor("dana"), lease["id"])
    assert [row["profile"] for row in view["alternatives"]] == ["cpu"]
    ko = await house.services.leases.get(await house.actor("dana", lang="ko"), lease["id"])
    assert "지금 바로" in ko["alternatives"][0]["text"]
    # The hub shows none, and asks for a crowd.
    hub = await house.actor("dana", is_service=True)
    assert (await house.services.leases.get(hub, lease["id"]))["alternatives"] == []


async def test_the_queue_itself_says_what_comes_clearly_earlier(
    house_of: Any, tmp_path: Path
) -> None:
    house = house_of(tmp_path, QueueEngine(1))
    await house.open()
    for name, hours in (("bora", 1), ("chan", 4)):
        project = "vision" if name == "bora" else "language"
        held = await house.ask(name, project=project, profile="", devices=2, limit_ms=hours * HOUR)
        await house.turn(2)
        await house.launch(held["id"])
    lease = await house.ask("ada", profile="gpu-4", limit_ms=HOUR)
    await house.turn(2)
    view = await house.lease(lease["id"])
    assert view["standing"]["expected_ms"] > house.engine.clock() + HOUR
    offers = {row["profile"]: row for row in view["alternatives"]}
    assert offers["cpu"]["expected_ms"] is None
    assert house.engine.clock() < offers["gpu-2"]["expected_ms"] < view["standing"]["expected_ms"]
    assert "sooner" in offers["gpu-2"]["text"]
    seen = await preview(house, "ada", lease["id"], profile="gpu-2")
    assert (seen["keeps_place"], seen["starts_now"]) == (True, False)
    assert seen["standing_after"]["position"] == 1
    # More time for a holder is known to the forecast at once.
    bora = next(x for x in await house.services.leases.list(await house.actor("bora")))
    assert bora["person"] == "bora"
    await extend(house, "bora", bora["id"], HOUR)
    later = await preview(house, "ada", lease["id"], profile="gpu-2")
    moved = later["standing_after"]["expected_ms"] - seen["standing_after"]["expected_ms"]
    assert moved > HOUR // 4
    house.services.core.store.close()


async def test_more_goes_to_the_end_and_says_so_before(house: Any) -> None:
    await full(house)
    mine = await house.ask("ada", profile="gpu-1")
    other = await house.ask("chan", project="language", profile="gpu-1")
    await house.turn(2)
    told = await preview(house, "ada", mine["id"], profile="gpu-2")
    assert (told["keeps_place"], told["standing_after"]["position"]) == (False, 2)
    assert told["cost_per_hour_microcredits"] == 2_000_000
    assert (await house.lease(mine["id"]))["devices"] == 1, "a look changed something"
    done = await change(house, "ada", mine["id"], profile="gpu-2")
    assert not done["kept_place"]
    assert (await house.lease(mine["id"]))["standing"]["position"] == 2
    # The request before can be had again, its place cannot.
    back = await change(house, "ada", mine["id"], **{"profile": done["asked_before"]["profile"]})
    assert (back["devices"], back["kept_place"]) == (1, True)
    assert back["submitted_ms"] == done["submitted_ms"] > other["submitted_ms"]
    assert (await house.lease(mine["id"]))["standing"]["position"] == 2


async def test_a_change_sent_twice_is_made_once(house: Any) -> None:
    await full(house)
    lease = await house.ask("ada", profile="gpu-1")
    one = await change(house, "ada", lease["id"], profile="gpu-2", key="k")
    house.engine.advance(1_000)
    again = await change(house, "ada", lease["id"], profile="gpu-2", key="k")
    same = await change(house, "ada", lease["id"], profile="gpu-2")
    assert one["submitted_ms"] == again["submitted_ms"] == same["submitted_ms"]
    assert (again["kept_place"], same["kept_place"]) == (False, True)
    with pytest.raises(ConflictError, match="key_reused"):
        await change(house, "ada", lease["id"], profile="cpu", key="k")


async def test_a_longer_limit_is_a_new_request_and_start_without_me_is_not(house: Any) -> None:
    await full(house)
    lease = await house.ask("ada", profile="gpu-1")
    quiet = await change(house, "ada", lease["id"], start_without_me=True)
    assert (quiet["kept_place"], quiet["start_without_me"], quiet["attempt"]) == (True, True, 0)
    short = await change(house, "ada", lease["id"], limit_ms=HOUR)
    assert (short["kept_place"], short["profile"], short["limit_ms"]) == (True, "gpu-1", HOUR)
    long = await change(house, "ada", lease["id"], limit_ms=2 * HOUR)
    assert not long["kept_place"]
    assert long["start_without_me"]


async def test_the_budget_is_asked_again(house: Any) -> None:
    await full(house)
    lease = await house.ask("ada", project="poor", profile="gpu-1")
    with pytest.raises(RefusedError, match="budget_too_small"):
        await change(house, "ada", lease["id"], profile="gpu-4")
    assert (await house.lease(lease["id"]))["devices"] == 1
    offers = (await house.lease(lease["id"]))["alternatives"]
    assert [row["profile"] for row in offers] == ["cpu"]


@pytest.mark.parametrize(
    ("wanted", "error", "code"),
    [
        ({"profile": "gpu-99"}, InvalidError, "unknown_profile"),
        ({"flavor": "b300"}, InvalidError, "unknown_flavor"),
        ({"devices": 5}, RefusedError, "more_devices_than_pool"),
        ({"flavor": "cpu", "devices": 1}, InvalidError, "cpu_has_no_devices"),
        ({"limit_ms": 49 * HOUR}, RefusedError, "limit_too_long"),
    ],
)
async def test_a_change_is_checked_as_a_request_is(
    house: Any, wanted: dict[str, Any], error: type[Exception], code: str
) -> None:
    await full(house)
    lease = await house.ask("ada")
    with pytest.raises(error, match=code):
        await change(house, "ada", lease["id"], **wanted)


async def test_who_may_change_and_when(house: Any) -> None:
    running = await full(house)
    with pytest.raises(ConflictError, match="change_not_now"):
        await change(house, "bora", running["id"], profile="cpu")
    cluster = await house.cluster("ada", workers=1)
    with pytest.raises(ConflictError, match="change_not_for_kind"):
        await change(house, "ada", cluster["lease"]["id"], devices=2)
    lease = await house.ask("bora", name="second", profile="gpu-2")
    with pytest.raises(NotFoundError):
        await change(house, "chan", lease["id"], profile="cpu")
    assert (await change(house, "ada", lease["id"], profile="gpu-1"))["kept_place"]
    acts = await house.services.core.store.read(lambda tx: tx.audit.find(lease["id"]))
    assert [act["act"] for act in acts] == ["lease.change"]


async def test_an_admission_of_the_earlier_request_is_handed_back(house: Any) -> None:
    running = await full(house)
    lease = await house.ask("ada", profile="gpu-2")
    await house.services.leases.end(await house.actor("bora"), running["id"])
    await house.turn(1)
    # The engine has decided, and the decision is on its way while the person changes their mind.
    house.engine.finish(running["id"])
    await house.services.reconciler.look()
    house.engine.lose_events()
    changed = await change(house, "ada", lease["id"], profile="gpu-4")
    assert changed["state"] == "queued"
    await house.turn(15)
    after = await house.lease(lease["id"])
    assert (after["state"], after["devices"], len(after["device_ids"])) == ("admitted", 4, 4)


async def extend(house: Any, name: str, lease_id: str, by_ms: int, **more: Any) -> Any:
    request = ExtendRequest(by_ms=by_ms, reason=more.pop("reason", ""))
    return await house.services.changes.extend(await house.actor(name), lease_id, request, **more)


async def test_more_time_is_given_once_up_to_the_tier_and_lived(house: Any) -> None:
    lease = await house.ask("ada", profile="", devices=1, limit_ms=HOUR)
    with pytest.raises(ConflictError, match="extend_not_now"):
        await extend(house, "ada", lease["id"], HOUR)
    await house.turn(2)
    await house.launch(lease["id"])
    await house.turn(2)
    one = await extend(house, "ada", lease["id"], HOUR, key="k", reason="nearly done")
    again = await extend(house, "ada", lease["id"], HOUR, key="k", reason="nearly done")
    assert one["limit_ms"] == again["limit_ms"] == 2 * HOUR
    assert one["expires_ms"] == one["started_ms"] + 2 * HOUR
    with pytest.raises(RefusedError, match="extend_too_long") as refused:
        await extend(house, "ada", lease["id"], 47 * HOUR)
    assert refused.value.details["more_min"] == 46 * 60
    acts = await house.services.core.store.read(lambda tx: tx.audit.find(lease["id"]))
    assert [(act["act"], act["reason"]) for act in acts] == [("lease.extend", "nearly done")]
    await house.turn(90, step_ms=60_000)
    assert (await house.lease(lease["id"]))["state"] == "active"
    await house.turn(40, step_ms=60_000)
    assert (await house.lease(lease["id"]))["reason"] == "expired"


async def test_more_time_needs_the_budget_and_no_slot_gets_it(house: Any) -> None:
    lease = await house.ask("ada", project="poor", profile="", devices=1, limit_ms=HOUR)
    await house.submit("bora")
    await house.turn(2)
    with pytest.raises(RefusedError, match="budget_too_small"):
        await extend(house, "ada", lease["id"], HOUR)
    leases = await house.services.leases.list(await house.actor("root"))
    slot = next(row for row in leases if row["kind"] == "slot")
    with pytest.raises(ConflictError, match="extend_not_for_kind"):
        await extend(house, "bora", slot["id"], HOUR)
    with pytest.raises(NotFoundError):
        await extend(house, "chan", lease["id"], HOUR)


WANTED = st.fixed_dictionaries(
    {},
    optional={
        "profile": st.sampled_from(["cpu", "gpu-1", "gpu-2", "gpu-4"]),
        "devices": st.integers(1, 4),
        "limit_ms": st.sampled_from([HOUR, 2 * HOUR, 4 * HOUR]),
        "start_without_me": st.booleans(),
    },
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.sampled_from(["ada", "chan", "dana"]), st.integers(1, 4)), max_size=4),
    st.lists(WANTED, min_size=1, max_size=6),
    st.integers(0, 4),
)
def test_nobody_gains_a_place_by_any_sequence_of_changes(
    house_of: Any, others: list[tuple[str, int]], wishes: list[dict[str, Any]], behind: int
) -> None:
    asyncio.run(_nobody_gains(house_of, others, wishes, behind))


async def _nobody_gains(
    house_of: Any, others: list[tuple[str, int]], wishes: list[dict[str, Any]], behind: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        house = house_of(Path(folder), QueueEngine(1))
        await house.open()
        await full(house)
        projects = {"ada": "vision", "chan": "language", "dana": "language"}

        async def ask(name: str, devices: int, server: str) -> str:
            lease = await house.ask(
                name, project=projects[name], profile="", devices=devices, name=server
            )
            house.engine.advance(1_000)
            return str(lease["id"])

        for number, (name, devices) in enumerate(others[:behind]):
            await ask(name, devices, f"o{number}")
        mine = await ask("ada", 2, "mine")
        for number, (name, devices) in enumerate(others[behind:]):
            await ask(name, devices, f"p{number}")
        await house.turn(2)
        for wish in wishes:
            before = await house.lease(mine)
            if before["state"] != "queued":
                break  # it asked for no device, and started
            # ``devices`` with a profile is no request of its own.
            request = {k: v for k, v in wish.items() if k != "devices" or "profile" not in wish}
            with suppress(MadangError):
                told = await preview(house, "ada", mine, **request)
                done = await change(house, "ada", mine, **request)
                assert done["kept_place"] == told["keeps_place"]
            house.engine.advance(1_000)
            await house.turn(1)
            after = await house.lease(mine)
            assert after["submitted_ms"] >= before["submitted_ms"]
            if after["state"] != "queued" or after["flavor"] != before["flavor"]:
                continue
            assert after["standing"]["position"] >= before["standing"]["position"]
            grew = after["devices"] > before["devices"] or after["limit_ms"] > before["limit_ms"]
            if grew:
                line = (await house.services.pool.queue(await house.actor("root")))["flavors"][0]
                same = [row for row in line["waiting"] if row["person"] == "ada"]
                assert same[-1]["lease_id"] == mine, "somebody of the same line was passed"
        house.services.core.store.close()


@pytest.mark.parametrize("seed", range(4))
async def test_changes_on_a_hostile_engine_never_mix_two_requests(
    make_house: Any, seed: int
) -> None:
    house = make_house(seed, Faults.all())
    await house.open()
    draw = random.Random(seed)
    people = {"ada": "vision", "bora": "vision", "chan": "language", "dana": "language"}
    asked: dict[str, int] = {}
    for _ in range(60):
        name = draw.choice(list(people))
        profile = draw.choice(["cpu", "gpu-1", "gpu-2", "gpu-4"])
        with suppress(MadangError):
            lease = await house.ask(name, project=people[name], profile=profile)
            for _ in range(draw.randint(0, 2)):
                wish = {"profile": draw.choice(["cpu", "gpu-1", "gpu-2", "gpu-4"])}
                await change(house, name, lease["id"], **wish)
                await house.turn(draw.randint(0, 1), step_ms=draw.choice([10, 1_000]))
            if draw.random() < 0.3:
                await house.services.leases.end(await house.actor(name), lease["id"])
        if draw.random() < 0.1:
            await house.restart()
        await house.turn(draw.randint(0, 3), step_ms=draw.choice([100, 1_000, 20_000]))
        leases = await house.services.core.store.read(lambda tx: tx.leases.unfinished())
        held = [device for lease in leases for device in lease.device_ids]
        assert len(held) == len(set(held))
        for lease in leases:
            assert not lease.holds_devices or len(lease.device_ids) == lease.devices
            assert lease.submitted_ms >= asked.setdefault(lease.id, lease.submitted_ms)
            asked[lease.id] = lease.submitted_ms
    house.engine.calm()
    root = await house.actor("root")
    for lease in await house.services.core.store.read(lambda tx: tx.leases.unfinished()):
        await house.services.leases.end(root, lease.id, why="test")
    await house.turn(60)
    assert house.engine.admission.held() == {}
    assert (await house.services.usage.verify(root))["ok"]
    house.services.core.store.close()
