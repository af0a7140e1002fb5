"""What administrators see, and what nobody else does; how long people waited."""

import csv
import io
from typing import Any

import pytest

from madang.domain.queue import QueueTrouble, QueueTroubleKind
from madang.errors import InvalidError, RefusedError
from madang.services.waits import SMALL


@pytest.mark.parametrize("name", ["ada", "bora", "vera", "stranger"])
async def test_nobody_else_may_look(house: Any, name: str) -> None:
    actor, administration = await house.actor(name), house.services.administration
    for act in (
        administration.overview(actor),
        administration.audit(actor),
        administration.audit_csv(actor),
    ):
        with pytest.raises(RefusedError, match="admin_only"):
            await act


async def test_attempt_tokens_learn_nothing(house: Any) -> None:
    await house.submit("ada")
    await house.turn(3)
    root = await house.actor("root")
    slot = next(x for x in await house.services.leases.list(root) if x["kind"] == "slot")
    worker = await house.slot_worker(slot["id"])
    with pytest.raises(RefusedError, match="token_too_narrow"):
        await house.services.administration.overview(worker)


async def test_devices_name_their_holder(house: Any) -> None:
    lease = await house.ask("ada", profile="gpu-2")
    await house.turn(2)
    overview = await house.services.administration.overview(await house.actor("root"))
    devices = overview["flavors"][0]["devices"]
    assert [d["person"] for d in devices].count("ada") == 2
    assert {d["lease"] for d in devices} == {lease["id"], ""}
    assert [x["id"] for x in overview["leases"]] == [lease["id"]]


async def test_what_only_the_cluster_can_put_right_is_told_with_the_next_step(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, administration = await house.actor("root"), house.services.administration
    assert (await administration.overview(root))["troubles"] == []
    found = [
        QueueTrouble(kind=kind, target="clusterqueues/madang-vision", said="no")
        for kind in QueueTroubleKind
    ]

    async def troubles() -> list[QueueTrouble]:
        return found

    monkeypatch.setattr(house.services.core.engine.admission, "troubles", troubles)
    told = (await administration.overview(root))["troubles"]
    assert [one["kind"] for one in told] == ["edited", "refused"]
    for one in told:
        assert "clusterqueues/madang-vision" in one["text"]
        assert one["next_step"]
        assert one["said"] == "no"


async def test_the_trail_is_filtered_and_safe_in_a_spreadsheet(house: Any) -> None:
    root, administration = await house.actor("root"), house.services.administration
    projects = house.services.projects
    await projects.set_member(root, "vision", "dana", "member", reason="=HYPERLINK(evil)")
    await house.turn()
    await projects.rename(root, "vision", "Vision lab", reason="new name")
    everything = await administration.audit(root)
    assert [row["act"] for row in everything["rows"]] == ["project.rename", "member.set"]
    assert everything["rows"][1]["details"]["person"] == "dana"
    found = await administration.audit(root, words="DANA")
    assert (found["total"], found["rows"][0]["target_name"]) == (1, "vision")
    assert (await administration.audit(root, act="grant.add"))["rows"] == []
    rows = list(csv.DictReader(io.StringIO(await administration.audit_csv(root))))
    assert rows[1]["reason"] == "'=HYPERLINK(evil)"


async def test_waits_count_the_first_admission_only(house: Any) -> None:
    first = await house.ask("ada", profile="gpu-4")
    await house.turn()
    second = await house.ask("chan", project="language", profile="gpu-4", start_without_me=True)
    await house.turn(60)
    await house.services.leases.end(await house.actor("ada"), first["id"])
    await house.turn(5)
    assert (await house.lease(second["id"]))["ready"]
    view = await house.services.waits.by_day(await house.actor("dana"))
    assert view["count"] == 2
    assert 55_000 < view["long_ms"] < 70_000
    assert sum(day["count"] for day in view["days"]) == 2


async def test_the_public_sees_no_person_and_no_small_number(house: Any) -> None:
    for number in range(SMALL):
        public = await house.services.waits.public()
        gpu = next(flavor for flavor in public["flavors"] if flavor["devices_total"])
        assert gpu["median_wait_ms"] is None, number
        lease = await house.ask("ada", name=f"n{number}")
        await house.turn(2)
        await house.services.leases.end(await house.actor("ada"), lease["id"])
        await house.turn(3)
    public = await house.services.waits.public()
    gpu = next(flavor for flavor in public["flavors"] if flavor["devices_total"])
    assert gpu["median_wait_ms"] is not None
    assert "ada" not in str(public)
    assert "vision" not in str(public)


async def test_work_of_others_ends_with_a_reason_of_an_administrator_only(house: Any) -> None:
    cluster = await house.cluster("bora")
    run = await house.submit("bora")
    root = await house.actor("root")
    for act in (
        house.services.clusters.end(root, cluster["id"]),
        house.services.runs.cancel(root, run["id"]),
    ):
        with pytest.raises(Exception, match="reason_missing"):
            await act
    await house.services.runs.cancel(await house.actor("ada"), run["id"])  # the project's owner
    ended = await house.services.clusters.end(root, cluster["id"], why="maintenance")
    assert ended["lease"]["why"] == "maintenance"
    kept = await house.services.administration.audit(root)
    assert {row["act"] for row in kept["rows"]} == {"run.cancel", "lease.end"}


async def test_usage_as_csv_shows_a_member_their_own_lines(house: Any) -> None:
    for name in ("ada", "bora"):
        lease = await house.ask(name)
        await house.turn(2)
        await house.launch(lease["id"])
        await house.turn(60)
        await house.services.leases.end(await house.actor(name), lease["id"])
        await house.turn(8)
    usage = house.services.usage
    all_lines = list(csv.DictReader(io.StringIO(await usage.csv(await house.actor("ada")))))
    assert {row["person"] for row in all_lines} == {"ada", "bora"}
    mine = list(csv.DictReader(io.StringIO(await usage.csv(await house.actor("bora")))))
    assert {row["person"] for row in mine} == {"bora"}
    view = await usage.usage(await house.actor("ada"), project="vision")
    held = sum(int(row["held_device_ms"]) for row in all_lines)
    assert held == view["projects"][0]["held_device_ms"]
    by_person = view["projects"][0]["by_person_day"]
    assert sum(sum(row["days"].values()) for row in by_person) == held


async def test_months_begin_in_the_zone_of_the_policy(house: Any) -> None:
    first, after = house.services.usage.span("2026-12")
    assert after - first == 31 * 24 * 3_600_000
    with pytest.raises(InvalidError, match="month_unreadable"):
        house.services.usage.span("2026-13")
