"""Secrets: who may set and use them, how they reach a run and nobody else, and what they change."""

import json
from typing import Any

import pytest
from test_run_life import taken
from test_sweep_life import NOTEBOOK

from madang.domain.secret import MAX_SECRETS, MAX_VALUE_BYTES
from madang.errors import InvalidError, NotFoundError, RefusedError
from madang.services.requests import RunRerun, ScheduleRequest, SweepRequest, SweepRerun

VALUE = "hf_0123456789abcdef"


async def put(house: Any, name: str = "HF_TOKEN", value: str = VALUE, by: str = "ada") -> Any:
    return await house.services.secrets.set(await house.actor(by), "vision", name, value)


async def sweep_of(house: Any, **more: Any) -> dict[str, Any]:
    asked = {"project": "vision", "notebook": NOTEBOOK, "limit_ms": 600_000, "grid": {"x": [1, 2]}}
    view: dict[str, Any] = await house.services.sweeps.submit(
        await house.actor("ada"), SweepRequest(**{**asked, **more})
    )
    return view


async def test_managers_set_members_see_names_and_nobody_a_value(house: Any) -> None:
    made = await put(house)
    assert (made["name"], made["version"], made["set_by"]) == ("HF_TOKEN", 1, "ada")
    assert (await put(house, value="another-value"))["version"] == 2
    for who in ("ada", "bora", "vera", "root"):
        found = await house.services.secrets.list(await house.actor(who), "vision")
        assert [(x["name"], x["version"]) for x in found] == [("HF_TOKEN", 2)]
        assert set(found[0]) == {"name", "version", "set_by", "set_ms"}
    for who in ("bora", "vera"):
        with pytest.raises(RefusedError, match="secret_role"):
            await put(house, by=who)
        with pytest.raises(RefusedError, match="secret_role"):
            await house.services.secrets.remove(await house.actor(who), "vision", "HF_TOKEN")
    chan = await house.actor("chan")
    for act in (
        house.services.secrets.list(chan, "vision"),
        house.services.secrets.set(chan, "vision", "X", "value"),
        house.services.secrets.remove(chan, "vision", "HF_TOKEN"),
    ):
        with pytest.raises(NotFoundError, match="project_unknown"):
            await act
    root = await house.actor("root")
    with pytest.raises(InvalidError, match="reason_missing"):
        await house.services.secrets.set(root, "vision", "X", "value")
    with pytest.raises(NotFoundError, match="secret_none"):
        await house.services.secrets.remove(await house.actor("ada"), "vision", "NOT_THERE")
    await house.services.secrets.remove(await house.actor("ada"), "vision", "HF_TOKEN")
    acts = await house.services.core.store.read(lambda tx: tx.audit.find())
    told = [(row["act"], row["details"]) for row in acts if row["act"].startswith("secret.")]
    assert ("secret.set", {"name": "HF_TOKEN", "version": 2}) in told
    assert ("secret.remove", {"name": "HF_TOKEN"}) in told
    assert VALUE not in str(acts)


async def test_rules_of_names_values_and_numbers(house: Any) -> None:
    for name in ("", "hf", "1A", "A-B", "../X", "A" * 65, "É", "A\n", VALUE):
        with pytest.raises(InvalidError, match="secret_name_form") as caught:
            await put(house, name)
        assert VALUE not in str(caught.value.details)
    taken_names = ("PATH", "HOME", "LD_PRELOAD", "PYTHONPATH", "MADANG_URL", "JUPYTER_PATH")
    for name in (*taken_names, "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "DASK_X", "TMPDIR"):
        with pytest.raises(InvalidError, match="secret_name_taken"):
            await put(house, name)
    for value, code in (
        ("", "secret_value_empty"),
        ("x\0y", "secret_value_unfit"),
        ("half\ud800", "secret_value_unfit"),
        ("é" * (MAX_VALUE_BYTES // 2 + 1), "secret_value_large"),
    ):
        with pytest.raises(InvalidError, match=code) as wrong:
            await put(house, value=value)
        assert value[:4] not in str(wrong.value.details) or not value
    await put(house, value="x" * MAX_VALUE_BYTES)
    for number in range(MAX_SECRETS - 1):
        await put(house, f"S{number}")
    with pytest.raises(RefusedError, match="too_many_secrets"):
        await put(house, "ONE_MORE")
    await put(house, "S1", "replaced")
    with pytest.raises(InvalidError, match="secrets_too_many"):
        await house.submit("ada", secrets=tuple(f"S{n}" for n in range(21)))


async def test_a_value_is_handed_to_the_slot_that_holds_the_run_and_shown_nowhere(
    house: Any,
) -> None:
    await put(house)
    with pytest.raises(RefusedError, match="secret_unknown"):
        await house.submit("bora", secrets=("HF_TOKEN", "NOT_THERE"))
    with pytest.raises(RefusedError, match="secret_unknown"):
        await house.submit("ada", project="poor", secrets=("HF_TOKEN",))
    run = await house.submit("bora", secrets=("HF_TOKEN", "HF_TOKEN"), limit_ms=60_000)
    assert run["secrets"] == ["HF_TOKEN"]
    await put(house, value="a-later-value")
    worker, task = await taken(house, run)
    assert task["secrets"] == {"HF_TOKEN": {"version": 2, "value": "a-later-value"}}
    assert "a-later-value" not in json.dumps(task["run"])
    own = await house.services.people.attempt_actor(task["token"], "en")
    with pytest.raises(RefusedError, match="slot_token_only"):
        await house.services.slots.next(own, 0)
    other = await house.submit("ada", limit_ms=60_000)
    second, nothing = await taken(house, other)
    assert (nothing["run"]["id"], nothing["secrets"]) == (other["id"], {})
    again = await house.services.slots.next(second, 0)
    assert again["run"]["id"] == other["id"]
    await house.services.slots.finish(worker, run["id"], {"state": "succeeded"})
    # The same slot, a run that names none.
    third = await house.submit("bora", limit_ms=60_000)
    task = await house.services.slots.next(worker, 0)
    assert (task["run"]["id"], task["secrets"]) == (third["id"], {})


async def test_a_secret_that_was_removed_ends_what_waits_for_it(house: Any) -> None:
    await put(house)
    run = await house.submit("ada", secrets=("HF_TOKEN",))
    sweep = await sweep_of(house, secrets=("HF_TOKEN",))
    await house.turn(3)
    ada = await house.actor("ada")
    await house.services.secrets.remove(ada, "vision", "HF_TOKEN")
    view = await house.services.runs.get(ada, run["id"])
    worker = await house.slot_worker(view["lease"])
    for _ in range(2):
        assert await house.services.slots.next(worker, 0) is None
    view = await house.services.runs.get(ada, run["id"])
    assert (view["state"], view["reason"], view["attempt"]) == ("failed", "secret_gone", 0)
    assert "secret" in view["reason_text"]
    view = await house.services.sweeps.get(ada, sweep["id"])
    assert view["counts"]["failed"] == 2
    with pytest.raises(RefusedError, match="secret_unknown"):
        await house.services.runs.retry(ada, run["id"])
    with pytest.raises(RefusedError, match="secret_unknown"):
        await house.services.sweeps.retry(ada, sweep["id"])
    await put(house)
    assert (await house.services.runs.retry(ada, run["id"]))["secrets"] == ["HF_TOKEN"]
    assert (await house.services.sweeps.retry(ada, sweep["id"]))["secrets"] == ["HF_TOKEN"]


async def test_reruns_and_schedules_carry_names_on(house: Any) -> None:
    await put(house)
    ada = await house.actor("ada")
    run = await house.submit("ada", secrets=("HF_TOKEN",))
    assert (await house.services.runs.rerun(ada, run["id"], RunRerun()))["secrets"] == ["HF_TOKEN"]
    sweep = await sweep_of(house, secrets=("HF_TOKEN",))
    again = await house.services.sweeps.rerun(ada, sweep["id"], SweepRerun(overrides={"x": 5}))
    assert again["secrets"] == ["HF_TOKEN"]
    page = await house.services.core.store.read(lambda tx: tx.runs.find(sweep=again["id"]))
    assert {row.secrets for row in page} == {("HF_TOKEN",)}
    for grid in ({}, {"x": [1, 2]}):
        what = SweepRequest(
            project="vision", name="nightly", notebook=NOTEBOOK, grid=grid, secrets=("HF_TOKEN",)
        )
        asked = ScheduleRequest(what=what, cron="0 * * * *", zone="UTC")
        view = await house.services.schedules.add(ada, asked)
        house.engine.advance(view["next_ms"][0] - house.engine.clock())
        await house.turn(2)
        made = (await house.services.schedules.get(ada, view["id"]))["last_id"]
        noun = house.services.sweeps if grid else house.services.runs
        assert (await noun.get(ada, made))["secrets"] == ["HF_TOKEN"]
    what = SweepRequest(project="vision", notebook=NOTEBOOK, secrets=("NOT_THERE",))
    with pytest.raises(RefusedError, match="secret_unknown"):
        await house.services.schedules.add(ada, ScheduleRequest(what=what, cron="0 * * * *"))


async def test_a_result_is_reused_with_the_same_version_only(house: Any) -> None:
    await put(house)
    first = await house.submit("ada", secrets=("HF_TOKEN",))
    await put(house, value="changed before it ran")
    worker, task = await taken(house, first)
    await house.services.slots.put_output(worker, first["id"], b"{}")
    await house.services.slots.finish(worker, task["run"]["id"], {"state": "succeeded"})
    same = await house.submit("ada", secrets=("HF_TOKEN",), is_reusing=True)
    assert same["reused_from"] == first["id"]
    assert (await house.submit("ada", is_reusing=True))["reused_from"] == ""
    await put(house, value="changed again")
    later = await house.submit("ada", secrets=("HF_TOKEN",), is_reusing=True)
    assert later["reused_from"] == ""


async def test_no_value_lies_in_the_database(house: Any) -> None:
    await put(house)
    run = await house.submit("ada", secrets=("HF_TOKEN",), key="once")
    await taken(house, run)
    for path in house.folder.glob("madang.sqlite*"):
        assert VALUE.encode() not in path.read_bytes(), path
