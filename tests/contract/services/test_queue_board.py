"""The queue is made once for all, and shown to each as far as they may see it."""

import json
from typing import Any

import pytest

ROLES = {"ada": "owner", "bora": "member", "vera": "viewer", "chan": "stranger", "root": "admin"}


async def seen(house: Any, name: str) -> list[tuple[str, str, str, bool]]:
    """Return project, person, whether the id is told and whether it is theirs, of each line."""
    actor = await house.actor(name)
    queue = await house.services.pool.queue(actor)
    text = json.loads(await house.services.pool.queue_json(actor))
    assert [lane["waiting"] for lane in text["flavors"]] == [
        lane["waiting"] for lane in queue["flavors"]
    ]
    assert [lane["running"] for lane in text["flavors"]] == [
        lane["running"] for lane in queue["flavors"]
    ]
    assert {key for lane in text["flavors"] for key in lane} == {
        key for lane in queue["flavors"] for key in lane
    }
    lines = [x for lane in queue["flavors"] for x in (*lane["running"], *lane["waiting"])]
    return sorted((x["project"], x["person"], bool(x["lease_id"]), x["mine"]) for x in lines)


@pytest.fixture
async def busy(house: Any) -> Any:
    for person in ("ada", "bora"):
        await house.ask(person, profile="gpu-1", name="one")
    await house.turn(3)
    for person in ("ada", "bora"):
        await house.ask(person, profile="gpu-4", name="four")
    return house


async def test_each_sees_what_their_role_shows(busy: Any) -> None:
    everything = [("vision", name, True) for name in ("ada", "ada", "bora", "bora")]
    # In both orders: nobody's look may change what the next one sees.
    for names in (list(ROLES), list(ROLES)[::-1]):
        for name in names:
            lines = await seen(busy, name)
            if ROLES[name] in ("owner", "admin"):
                assert [line[:3] for line in lines] == everything, name
            elif name == "bora":
                other = ("vision", "", False, False)
                mine = ("vision", "bora", True, True)
                assert lines == sorted([other, other, mine, mine])
            elif name == "vera":
                assert lines == [("vision", "", False, False)] * 4
            else:
                assert lines == [("", "", False, False)] * 4
    mine = [line for line in await seen(busy, "ada") if line[3]]
    assert {line[1] for line in mine} == {"ada"}


async def test_a_role_that_was_taken_away_shows_nothing_any_more(busy: Any) -> None:
    assert ("vision", "", False, False) in await seen(busy, "vera")
    root = await busy.actor("root")
    await busy.services.projects.remove_member(root, "vision", "vera", reason="left")
    assert await seen(busy, "vera") == [("", "", False, False)] * 4


async def test_a_change_shows_at_once(busy: Any) -> None:
    assert len(await seen(busy, "root")) == 4
    await busy.ask("chan", project="language", profile="gpu-1", name="late")
    lines = await seen(busy, "chan")
    assert len(lines) == 5
    assert ("language", "chan", True, True) in lines


async def test_languages_do_not_mix(busy: Any) -> None:
    texts = {}
    for lang in ("ko", "en", "ko"):
        actor = await busy.actor("root", lang=lang)
        queue = json.loads(await busy.services.pool.queue_json(actor))
        told = {x["reason_text"] for lane in queue["flavors"] for x in lane["waiting"]}
        assert texts.setdefault(lang, told) == told
    assert texts["ko"].isdisjoint(texts["en"])


async def test_of_a_long_queue_everybody_sees_the_front_and_their_own(busy: Any) -> None:
    for number in range(4):
        await busy.ask("chan", project="language", profile="gpu-4", name=f"n{number}")
    whole = json.loads(await busy.services.pool.queue_json(await busy.actor("ada")))
    lane = next(x for x in whole["flavors"] if x["waiting"])
    assert len(lane["waiting"]) == lane["waiting_total"] == 6
    assert lane["waiting_total"] + lane["running_total"] == 8
    for name in ("ada", "bora", "chan", "vera"):
        actor = await busy.actor(name)
        short = json.loads(await busy.services.pool.queue_json(actor, 1))
        cut = next(x for x in short["flavors"] if x["waiting"])
        own = [x["position"] for x in cut["waiting"] if x["mine"]]
        assert [x["position"] for x in cut["waiting"]] == sorted({1, *own})
        assert len(own) == {"ada": 1, "bora": 1, "chan": 4, "vera": 0}[name]
        assert cut["waiting_total"] == 6
        assert short["flavors"] == (await busy.services.pool.queue(actor, 1))["flavors"]
        running = [x["mine"] for x in cut["running"]]
        assert len(running) == 1 + sum(running[1:])
