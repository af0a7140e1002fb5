"""Stored outputs: kept as the rule says, deleted on request, never while a row needs them."""

import asyncio
import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from madang.errors import ConflictError, InvalidError, NotFoundError, RefusedError, UnavailableError
from madang.services.held_artifacts import AWAY, HOLD_MS
from madang.services.requests import SweepRequest
from madang.settings.files import ArtifactPolicy

DAY_MS = 86_400_000
OUTPUT = json.dumps(
    {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {
                "id": "a",
                "cell_type": "code",
                "metadata": {"tags": ["parameters"]},
                "source": "x = 1",
                "outputs": [],
                "execution_count": 1,
            }
        ],
    }
).encode()
NAME = hashlib.sha256(OUTPUT).hexdigest()


@pytest.fixture
def keeps(house: Any) -> Any:
    """Return what sets how many days outputs are kept."""

    def keep(days: int) -> None:
        core = house.services.core
        core.policy = replace(core.policy, artifacts=ArtifactPolicy(keep_days=days))

    return keep


async def running(house: Any, **wanted: Any) -> tuple[str, Any, Any]:
    run = await house.submit("ada", **wanted)
    await house.turn(3)
    view = await house.services.runs.get(await house.actor("ada"), run["id"])
    worker = await house.slot_worker(view["lease"])
    task = await house.services.slots.next(worker, 0)
    return run["id"], worker, await house.services.people.attempt_actor(task["token"], "en")


async def ended(house: Any, data: bytes = OUTPUT, **wanted: Any) -> str:
    run, worker, mine = await running(house, **wanted)
    await house.services.slots.progress(mine, run, {"log": "printed"})
    await house.services.slots.put_output(mine, run, data)
    await house.services.slots.finish(worker, run, {"state": "succeeded"})
    return run


async def stored(house: Any, name: str) -> bool:
    return bool(await house.engine.artifacts.sizes([name]))


async def later(house: Any, ms: int) -> None:
    house.engine.advance(ms)
    await house.services.outputs.expire()
    await house.services.outputs.release()


async def test_an_old_output_goes_and_its_row_says_so(house: Any, keeps: Any) -> None:
    keeps(90)
    run, ada = await ended(house), await house.actor("ada")
    await later(house, 89 * DAY_MS)
    assert await house.services.runs.output(ada, run) == OUTPUT
    await later(house, 2 * DAY_MS)
    view = await house.services.runs.get(ada, run)
    assert (view["state"], view["has_output"]) == ("succeeded", False)
    assert "after 90 days" in view["output_deleted_text"]
    with pytest.raises(NotFoundError, match="output_expired") as caught:
        await house.services.runs.output(ada, run)
    assert caught.value.details["days"] == 90
    assert await house.services.runs.log(ada, run) == ""
    assert not await stored(house, NAME)
    assert await house.services.runs.notebook(ada, run)
    again = await house.services.runs.retry(ada, run)
    assert again["output_deleted_ms"] is None


async def test_for_ever_is_the_default_and_a_running_run_is_never_old(
    house: Any, keeps: Any
) -> None:
    run = await ended(house)
    await later(house, 10_000 * DAY_MS)
    ada = await house.actor("ada")
    assert await house.services.runs.output(ada, run) == OUTPUT
    keeps(1)
    other, _, mine = await running(house)
    await house.services.slots.put_output(mine, other, b"partial")
    await later(house, HOLD_MS + 1)
    assert await house.services.runs.output(ada, other) == b"partial"
    assert not await stored(house, NAME)


async def test_what_another_row_needs_stays(house: Any, keeps: Any) -> None:
    """The output of one run is notebook, file and output of others, and each keeps it alone."""
    keeps(1)
    run = await ended(house)
    house.engine.advance(3 * DAY_MS)
    as_output = await ended(house)
    as_notebook = await house.submit("ada", notebook=OUTPUT)
    as_file = await house.submit("ada", files={"in.ipynb": OUTPUT})
    await later(house, HOLD_MS + 1)
    ada = await house.actor("ada")
    with pytest.raises(NotFoundError, match="output_expired"):
        await house.services.runs.output(ada, run)
    assert await house.services.runs.notebook(ada, as_notebook["id"]) == OUTPUT
    assert await stored(house, NAME)
    for left in ("outputs", "notebooks", "files"):
        await house.services.core.store.write(lambda tx, left=left: _drop(tx, left))
        await house.services.core.store.write(lambda tx: tx.outputs.doom([NAME], 1))
        await house.services.outputs.release()
        assert await stored(house, NAME) is (left != "files"), (left, as_file, as_output)


def _drop(tx: Any, what: str) -> None:
    from sqlalchemy import update

    from madang.store.tables import runs

    if what == "outputs":
        query = update(runs).values(output_sha256="")
    elif what == "notebooks":
        query = update(runs).where(runs.c.notebook_sha256 == NAME).values(notebook_sha256="0" * 64)
    else:
        query = update(runs).values(files={})
    tx.connection.execute(query)


async def test_a_submit_between_storing_and_its_row_loses_nothing(house: Any, keeps: Any) -> None:
    keeps(1)
    await ended(house)
    house.engine.advance(3 * DAY_MS)
    held = house.services.core.artifacts
    name = await held.put(OUTPUT)  # a submit that has stored its notebook and no row yet
    await later(house, 0)
    assert await stored(house, NAME)
    assert name == NAME
    await later(house, HOLD_MS + 1)
    assert not await stored(house, NAME)


async def test_a_submit_while_the_same_bytes_are_deleted_stores_them_again(
    house: Any, keeps: Any
) -> None:
    keeps(1)
    await ended(house)
    house.engine.advance(3 * DAY_MS)
    await house.services.outputs.expire()
    artifacts, began, go = house.engine.artifacts, asyncio.Event(), asyncio.Event()
    remove = artifacts.remove

    async def slow(sha256: str) -> None:
        began.set()
        await go.wait()
        await remove(sha256)

    artifacts.remove = slow
    releasing = asyncio.create_task(house.services.outputs.release())
    await began.wait()
    submitting = asyncio.create_task(house.submit("ada", notebook=OUTPUT))
    await asyncio.sleep(0.1)
    assert not submitting.done()
    go.set()
    run = (await submitting)["id"]
    await releasing
    assert await house.services.runs.notebook(await house.actor("ada"), run) == OUTPUT


async def test_a_kill_between_row_and_bytes_leaves_nothing_behind(house: Any) -> None:
    run, ada = await ended(house), await house.actor("ada")
    await house.services.outputs.delete(ada, run)
    assert await stored(house, NAME)
    await house.restart()
    await house.services.outputs.release()
    assert not await stored(house, NAME)


async def test_an_end_brings_its_output_and_is_taken_whole_or_not_at_all(
    house: Any, monkeypatch: Any
) -> None:
    run, worker, mine = await running(house)
    await house.services.slots.put_output(mine, run, b"partial")
    end = {"state": "succeeded", "output": OUTPUT.decode()}

    async def put(_: bytes) -> str:
        raise UnavailableError(AWAY)

    with monkeypatch.context() as broken:
        broken.setattr(house.services.core.artifacts, "put", put)
        with pytest.raises(UnavailableError):
            await house.services.slots.take_end(worker, run, end)
    ada = await house.actor("ada")
    view = await house.services.runs.get(ada, run)
    assert view["state"] == "running"
    assert await house.services.runs.output(ada, run) == b"partial"
    for _ in range(2):  # the answer was lost
        taken = await house.services.slots.take_end(worker, run, end)
        assert taken.state == "succeeded"
    assert await house.services.runs.output(ada, run) == OUTPUT
    await later(house, HOLD_MS + 1)
    assert not await stored(house, hashlib.sha256(b"partial").hexdigest())


async def test_the_end_of_a_run_is_taken_from_its_own_slot_alone(house: Any) -> None:
    run, _, _ = await running(house)
    other = await house.submit("bora")
    await house.turn(3)
    lease = (await house.services.runs.get(await house.actor("bora"), other["id"]))["lease"]
    stranger = await house.slot_worker(lease)
    ada = await house.actor("ada")
    assert (await house.services.runs.get(ada, run))["lease"] != lease
    with pytest.raises(NotFoundError, match="run_unknown"):
        await house.services.slots.take_end(stranger, run, {"state": "succeeded"})
    assert (await house.services.runs.get(ada, run))["state"] == "running"


async def test_partial_outputs_that_were_replaced_go(house: Any) -> None:
    run, _, mine = await running(house)
    for data in (b"first", b"second", b"second"):
        await house.services.slots.put_output(mine, run, data)
    await later(house, HOLD_MS + 1)
    assert not await stored(house, hashlib.sha256(b"first").hexdigest())
    assert await stored(house, hashlib.sha256(b"second").hexdigest())


async def test_the_loop_does_it_by_itself(house: Any, keeps: Any) -> None:
    keeps(1)
    await ended(house)
    house.engine.advance(3 * DAY_MS)
    await house.turn(30)
    await asyncio.sleep(0.2)
    assert not await stored(house, NAME)


async def test_owner_and_managers_delete_and_others_leave_a_trail(house: Any) -> None:
    run, root = await ended(house), await house.actor("root")
    for stranger in ("bora", "chan", "vera"):
        with pytest.raises(NotFoundError, match="run_unknown"):
            await house.services.outputs.delete(await house.actor(stranger), run)
    with pytest.raises(InvalidError, match="reason_missing"):
        await house.services.outputs.delete(root, run)
    view = await house.services.outputs.delete(root, run, why="holds patient data")
    assert "on request" in view["output_deleted_text"]
    again = await house.services.outputs.delete(root, run)
    assert again["output_deleted_ms"] == view["output_deleted_ms"]
    acts = await house.services.core.store.read(lambda tx: tx.audit.find(target=run))
    assert [(a["act"], a["reason"]) for a in acts] == [("run.delete_output", "holds patient data")]
    mine, ada = await ended(house), await house.actor("ada")
    await house.services.outputs.delete(ada, mine)
    with pytest.raises(NotFoundError, match="output_deleted"):
        await house.services.runs.output(ada, mine)
    assert await house.services.core.store.read(lambda tx: tx.audit.find(target=mine)) == []


async def test_what_has_not_ended_keeps_its_output(house: Any) -> None:
    run, _, _ = await running(house)
    with pytest.raises(ConflictError, match="output_not_final"):
        await house.services.outputs.delete(await house.actor("ada"), run)


async def test_a_whole_sweep(house: Any) -> None:
    ada = await house.actor("ada")
    request = SweepRequest(
        project="vision", name="s", notebook=OUTPUT, limit_ms=600_000, grid={"x": [1, 2, 3]}
    )
    sweep = (await house.services.sweeps.submit(ada, request))["id"]
    with pytest.raises(ConflictError, match="output_not_final"):
        await house.services.outputs.delete_of_sweep(ada, sweep)
    for _ in range(40):
        await house.turn()
        for lease in await house.services.leases.list(ada, kind="slot", mine=True):
            if lease["state"] == "active":
                worker = await house.slot_worker(lease["id"])
                try:
                    task = await house.services.slots.next(worker, 0)
                except ConflictError:
                    continue
                if task is not None:
                    run = task["run"]["id"]
                    await house.services.slots.put_output(worker, run, run.encode())
                    await house.services.slots.finish(worker, run, {"state": "succeeded"})
    with pytest.raises(NotFoundError):
        await house.services.outputs.delete_of_sweep(await house.actor("bora"), sweep)
    page = await house.services.sweeps.rows(ada, sweep)
    assert [row["has_output"] for row in page["rows"]] == [True] * 3
    view = await house.services.outputs.delete_of_sweep(ada, sweep)
    assert view["counts"]["succeeded"] == 3
    page = await house.services.sweeps.rows(ada, sweep)
    assert [row["has_output"] for row in page["rows"]] == [False] * 3


async def test_a_dry_run_tells_bytes_and_changes_nothing(house: Any, keeps: Any) -> None:
    root, ada = await house.actor("root"), await house.actor("ada")
    with pytest.raises(RefusedError, match="admin_only"):
        await house.services.outputs.plan(ada)
    assert (await house.services.outputs.plan(root))["runs"] == 0
    keeps(30)
    run = await ended(house)
    await ended(house)
    house.engine.advance(31 * DAY_MS)
    told = await house.services.outputs.plan(root)
    assert (told["runs"], told["objects"]) == (2, 2)  # one output and one log for both
    assert told["bytes"] == len(OUTPUT) + len(b"printed")
    assert (await house.services.runs.get(ada, run))["has_output"]
    assert (await house.services.outputs.enforce(root))["runs"] == 2
    assert not (await house.services.runs.get(ada, run))["has_output"]
    assert (await house.services.outputs.plan(root))["runs"] == 0
    acts = await house.services.core.store.read(lambda tx: tx.audit.find(act="artifacts.expire"))
    assert acts[0]["details"]["runs"] == 2


async def test_while_the_storage_is_away_a_run_waits_with_its_output(house: Any) -> None:
    run, worker, mine = await running(house)
    house.engine.artifacts.is_full = True
    with pytest.raises(UnavailableError) as caught:
        await house.services.slots.put_output(mine, run, OUTPUT)
    assert caught.value.status == 503
    house.engine.artifacts.is_full = False
    await house.services.slots.put_output(mine, run, OUTPUT)
    await house.services.slots.finish(worker, run, {"state": "succeeded"})
    assert await house.services.runs.output(await house.actor("ada"), run) == OUTPUT
