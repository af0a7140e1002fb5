"""Environments on the hostile engine: built by runs, used by all, deleted when unused."""

from dataclasses import replace

import pytest

from madang.domain.environment import EnvironmentRef
from madang.engines.hostile import Faults
from madang.errors import ConflictError, InvalidError, NotFoundError, RefusedError
from madang.services.requests import ChangeRequest, EnvironmentRequest

PACKAGES = {"dask": "2026.7.1", "distributed": "2026.7.1", "numpy": "2.4.0"}


async def asked(house, person="ada", key=None, **wanted):
    request = EnvironmentRequest(
        **{"project": "vision", "name": "torch", "spec": "numpy", **wanted}
    )
    return await house.services.environments.create(await house.actor(person), request, key=key)


async def seen(house, view, person="ada"):
    return await house.services.environments.get(await house.actor(person), view["id"])


async def taken(house, view):
    """Let time pass until a slot has taken the build, and return (worker, what it got)."""
    run_id = (await seen(house, view))["latest"]["run"]
    for _ in range(20):
        await house.turn()
        run = await house.services.core.store.read(lambda tx: tx.runs.get(run_id))
        if run.lease and (await house.lease(run.lease))["state"] == "active":
            worker = await house.slot_worker(run.lease)
            task = await house.services.slots.next(worker, 0)
            if task is not None:
                return worker, task
    raise AssertionError("no slot took the build")


def ref_of(view, n=1):
    return EnvironmentRef(project=view["project_id"], environment=view["id"], revision=n)


async def build(house, view, n=1, *, state="succeeded", writes=True):
    """Let a slot build the latest revision, as the builder does."""
    worker, task = await taken(house, view)
    assert task["build_folder"]
    if writes:
        house.engine.environments.finish(ref_of(view, n), task["run"]["id"], PACKAGES)
    reason = "" if state == "succeeded" else "cell_failed"
    body = {"state": state, "reason": reason, "error": None}
    await house.services.slots.finish(worker, task["run"]["id"], body)
    await house.turn()
    return await seen(house, view)


@pytest.fixture
async def ready(house):
    """An environment that was built."""
    return await build(house, await asked(house))


async def test_a_build_is_a_run_of_its_person_and_is_used_when_it_is_whole(house):
    made = await asked(house)
    assert made["state"] == "queued"
    assert not made["is_ready"]
    _, task = await taken(house, made)
    await house.turn()
    assert (await seen(house, made))["state"] == "building"
    assert task["run"]["person"] == "ada"
    assert (task["run"]["flavor"], task["run"]["devices"]) == ("cpu", 0)
    assert task["run"]["parameters"]["plan"]["requirements"] == ["numpy"]
    assert house.engine.environments.owners[ref_of(made)] == "ada"


async def test_a_ready_build_is_published_with_its_report(house, ready):
    assert ready["state"] == "ready"
    assert (ready["revision"], ready["packages"]) == (1, 3)
    kernels = house.engine.environments.kernels[ready["project_id"]]
    assert [kernel.name for kernel in kernels] == ["madang-torch"]
    report = await house.services.environments.report(await house.actor("bora"), ready["id"])
    assert b"numpy" in report


@pytest.mark.parametrize(("state", "writes"), [("failed", True), ("succeeded", False)])
async def test_a_build_that_is_not_whole_is_never_used(house, state, writes):
    made = await asked(house)
    after = await build(house, made, state=state, writes=writes)
    assert after["state"] == "failed"
    assert after["latest"]["reason_text"]
    assert not after["is_ready"]
    assert ref_of(made) not in house.engine.environments.folders
    with pytest.raises(ConflictError) as caught:
        await house.submit("ada", environment="torch", flavor="cpu", devices=0)
    assert caught.value.code == "environment_not_ready"


async def test_a_record_of_another_run_is_none(house):
    made = await asked(house)
    worker, task = await taken(house, made)
    house.engine.environments.finish(ref_of(made), "run-of-somebody-else", PACKAGES)
    body = {"state": "succeeded", "reason": "", "error": None}
    await house.services.slots.finish(worker, task["run"]["id"], body)
    await house.turn()
    assert (await seen(house, made))["state"] == "failed"


async def test_asking_twice_makes_one_and_killing_the_service_loses_nothing(house):
    first = await asked(house, key="k")
    assert (await asked(house, key="k"))["id"] == first["id"]
    with pytest.raises(ConflictError) as caught:
        await asked(house)
    assert caught.value.code == "environment_exists"
    worker, task = await taken(house, first)
    await house.restart()
    house.engine.environments.finish(ref_of(first), task["run"]["id"], PACKAGES)
    body = {"state": "succeeded", "reason": "", "error": None}
    await house.services.slots.finish(worker, task["run"]["id"], body)
    # Killed again between the end of the run and the look that would have seen it.
    await house.restart()
    await house.turn()
    after = await seen(house, first)
    assert after["state"] == "ready"
    assert house.engine.environments.kernels[first["project_id"]]


async def test_a_build_whose_slot_is_lost_begins_anew_in_an_empty_folder(house):
    made = await asked(house)
    _, task = await taken(house, made)
    house.engine.environments.finish(ref_of(made), task["run"]["id"], PACKAGES)
    run = await house.services.core.store.read(lambda tx: tx.runs.get(task["run"]["id"]))
    house.engine.finish(run.lease, exit_code=-9)
    await house.turn(3)
    assert (await seen(house, made))["state"] in ("queued", "building")
    _, again = await taken(house, made)
    assert again["run"]["attempt"] == 2
    assert house.engine.environments.folders[ref_of(made)] is None


async def test_work_keeps_its_revision_and_new_work_takes_the_newest(house, ready):
    run = await house.submit("bora", environment="torch", flavor="cpu", devices=0)
    worker, task = await _taken_run(house, run["id"])
    assert task["python"].endswith(f"{ready['id']}/1/bin/python")
    assert task["run"]["environment"]["revision"] == 1
    actor = await house.actor("ada")
    await house.services.environments.rebuild(actor, ready["id"], spec="numpy\npandas")
    after = await build(house, ready, 2)
    assert after["revision"] == 2
    later = await house.submit("bora", environment="torch", flavor="cpu", devices=0)
    await house.turn(30)
    assert ref_of(ready, 1) in house.engine.environments.folders
    body = {"state": "succeeded", "reason": "", "error": None}
    await house.services.slots.finish(worker, task["run"]["id"], body)
    _, task = await _taken_run(house, later["id"])
    assert task["run"]["environment"]["revision"] == 2
    await house.turn(30)
    folders = house.engine.environments.folders
    assert ref_of(ready, 1) not in folders
    assert ref_of(ready, 2) in folders
    old = (await seen(house, ready))["revisions"][1]
    assert (old["state"], old["reason"]) == ("removed", "superseded")


async def _taken_run(house, run_id):
    for _ in range(30):
        await house.turn()
        run = await house.services.core.store.read(lambda tx: tx.runs.get(run_id))
        if run.lease and (await house.lease(run.lease))["state"] == "active":
            worker = await house.slot_worker(run.lease)
            task = await house.services.slots.next(worker, 0)
            if task is not None and task["run"]["id"] == run_id:
                return worker, task
    raise AssertionError("no slot took the run")


async def test_a_notebook_keeps_old_revisions_as_nobody_knows_its_kernels(house, ready):
    lease = await house.ask("bora", profile="cpu")
    await house.turn(2)
    await house.launch(lease["id"])
    await house.turn(2)
    actor = await house.actor("ada")
    await house.services.environments.rebuild(actor, ready["id"])
    await build(house, ready, 2)
    await house.turn(30)
    assert ref_of(ready, 1) in house.engine.environments.folders
    await house.services.leases.end(await house.actor("bora"), lease["id"])
    await house.turn(40)
    assert ref_of(ready, 1) not in house.engine.environments.folders


async def test_a_cluster_and_all_that_joins_it_have_one_revision(house, ready):
    cluster = await house.cluster("ada", workers=1, environment="torch")
    assert cluster["environment"]["name"] == "torch"
    assert cluster["versions"]["dask"] == PACKAGES["dask"]
    await house.turn(3)
    await house.services.environments.rebuild(await house.actor("ada"), ready["id"])
    await build(house, ready, 2)
    await house.services.clusters.scale(await house.actor("ada"), cluster["id"], 2)
    await house.turn(6)
    specs = [s for s in house.engine.launcher.specs.values() if s.workers]
    assert len(specs) == 2
    assert {spec.environment.revision for spec in specs} == {1}
    await house.turn(30)
    assert ref_of(ready, 1) in house.engine.environments.folders


async def test_deleting_ends_nothing_and_frees_the_name(house, ready):
    run = await house.submit("ada", environment="torch", flavor="cpu", devices=0)
    _, _ = await _taken_run(house, run["id"])
    waiting = await house.submit("bora", environment="torch", flavor="cpu", devices=0)
    await house.services.environments.delete(await house.actor("ada"), ready["id"])
    await house.turn(20)
    assert ref_of(ready) in house.engine.environments.folders
    assert house.engine.environments.kernels[ready["project_id"]] == ()
    with pytest.raises(NotFoundError):
        await seen(house, ready)
    with pytest.raises(NotFoundError):
        await house.submit("ada", environment="torch", flavor="cpu", devices=0)
    # What waited still gets what it was promised.
    _, task = await _taken_run(house, waiting["id"])
    assert task["run"]["environment"]["revision"] == 1
    again = await asked(house)
    assert again["id"] != ready["id"]


async def test_deleting_while_it_is_built_stops_the_build_and_leaves_nothing(house):
    made = await asked(house)
    worker, task = await taken(house, made)
    await house.services.environments.delete(await house.actor("ada"), made["id"])
    said = await house.services.slots.progress(worker, task["run"]["id"], {})
    assert said["stop"]
    # It was done all the same: nobody ever sees it, and it goes.
    house.engine.environments.finish(ref_of(made), task["run"]["id"], PACKAGES)
    body = {"state": "succeeded", "reason": "", "error": None}
    await house.services.slots.finish(worker, task["run"]["id"], body)
    await house.turn(40)
    assert not house.engine.environments.folders
    assert not house.engine.environments.kernels.get(made["project_id"])


async def test_foreign_environments_are_not_found(house, ready):
    chan = await house.actor("chan")
    environments = house.services.environments
    for act in (
        environments.get(chan, ready["id"]),
        environments.log(chan, ready["id"]),
        environments.report(chan, ready["id"]),
        environments.rebuild(chan, ready["id"]),
        environments.delete(chan, ready["id"]),
        environments.get(chan, "torch", project="vision"),
        environments.list(chan, project="vision"),
        house.submit("chan", project="language", environment=ready["id"], flavor="cpu", devices=0),
        house.cluster("chan", project="language", environment=ready["id"]),
        house.ask("chan", project="language", environment=ready["id"]),
    ):
        with pytest.raises(NotFoundError):
            await act
    assert await environments.list(chan) == []


async def test_roles(house, ready):
    viewer = await house.actor("vera")
    assert (await house.services.environments.get(viewer, ready["id"]))["can_manage"] is False
    with pytest.raises(RefusedError) as caught:
        await asked(house, "vera", name="mine")
    assert caught.value.code == "role_cannot_use"
    for act in (
        house.services.environments.rebuild(await house.actor("bora"), ready["id"]),
        house.services.environments.delete(await house.actor("bora"), ready["id"]),
    ):
        with pytest.raises(RefusedError) as caught:
            await act
        assert caught.value.code == "environment_not_yours"
    mine = await asked(house, "bora", name="mine")
    assert mine["can_manage"]
    assert (await seen(house, mine, "ada"))["can_manage"]


async def test_what_is_refused_leaves_nothing(house):
    for wanted, code in (
        ({"name": "../up"}, "environment_name"),
        ({"spec": "-e ."}, "spec_option"),
        ({"kind": "pip"}, "spec_kind"),
        ({"kind": "conda", "spec": "dependencies: [a]\nchannels: [x]"}, "spec_channel"),
    ):
        with pytest.raises(InvalidError) as caught:
            await asked(house, **wanted)
        assert caught.value.code == code
    actor = await house.actor("ada")
    assert await house.services.environments.list(actor) == []
    assert await house.services.runs.list(actor) == []


async def test_a_closed_project_ends_its_builds(house):
    made = await asked(house)
    project = made["project_id"]
    await house.services.core.store.write(lambda tx: tx.projects.change(project, is_open=False))
    await house.turn(5)
    with pytest.raises(RefusedError):
        await house.services.environments.rebuild(await house.actor("ada"), made["id"])


async def test_a_build_is_rebuilt_and_not_retried(house, ready):
    actor = await house.actor("ada")
    with pytest.raises(ConflictError) as caught:
        await house.services.runs.retry(actor, ready["latest"]["run"])
    assert caught.value.code == "retry_is_rebuild"
    await house.services.environments.rebuild(actor, ready["id"])
    with pytest.raises(ConflictError) as caught:
        await house.services.environments.rebuild(actor, ready["id"])
    assert caught.value.code == "build_under_way"


async def test_environments_that_another_machine_has_are_said_to_be_gone(house, ready):
    house.engine.environments.folders.clear()
    await house.restart()
    after = await seen(house, ready)
    assert not after["is_ready"]
    assert after["latest"]["reason"] == "gone"
    with pytest.raises(ConflictError):
        await house.submit("ada", environment="torch", flavor="cpu", devices=0)


async def test_an_environment_that_vanishes_fails_what_waited_for_it(house, ready):
    run = await house.submit("ada", environment="torch", flavor="cpu", devices=0)
    house.engine.environments.folders.clear()
    await house.restart()
    for _ in range(20):
        await house.turn()
        row = await house.services.core.store.read(lambda tx: tx.runs.get(run["id"]))
        if row.lease and (await house.lease(row.lease))["state"] == "active":
            await house.services.slots.next(await house.slot_worker(row.lease), 0)
        if row.is_final:
            break
    assert (str(row.state), row.reason) == ("failed", "environment_gone")


@pytest.mark.parametrize("seed", range(4))
async def test_a_hostile_engine_changes_nothing_about_the_end(make_house, seed):
    """Late, doubled and lost events, refused starts: the build is done once, or failed and gone."""
    house = make_house(seed, Faults.all())
    await house.open()
    try:
        made = await asked(house)
        run_id = made["latest"]["run"]
        for step in range(200):
            await house.turn()
            if step == 100:
                house.engine.calm()
            await _work(house, made, run_id)
            state = (await seen(house, made))["state"]
            if state in ("ready", "failed"):
                break
        await house.turn(40)
        after = await seen(house, made)
        assert after["state"] in ("ready", "failed")
        folders = house.engine.environments.folders
        assert (ref_of(made) in folders) == (after["state"] == "ready")
    finally:
        house.services.core.store.close()


async def _work(house, made, run_id):
    """Be the worker of the build's slot, once it lives."""
    run = await house.services.core.store.read(lambda tx: tx.runs.get(run_id))
    if run.is_final or not run.lease or (await house.lease(run.lease))["state"] != "active":
        return
    try:
        worker = await house.slot_worker(run.lease)
        task = await house.services.slots.next(worker, 0)
        if task is None:
            return
        house.engine.environments.finish(ref_of(made), task["run"]["id"], PACKAGES)
        body = {"state": "succeeded", "reason": "", "error": None}
        await house.services.slots.finish(worker, task["run"]["id"], body)
    except Exception:  # a slot that is over, or a folder that could not be made
        return


async def test_a_waiting_notebook_changes_its_environment_and_keeps_its_place(house, ready):
    actor = await house.actor("ada")
    first = await house.ask("bora", profile="", devices=4)
    await house.turn(2)
    lease = await house.ask("ada", profile="gpu-1")
    other = await build(house, await asked(house, name="jax"))

    async def change(**wanted):
        return await house.services.changes.change(actor, lease["id"], ChangeRequest(**wanted))

    torch = await change(environment="torch")
    assert torch["environment"]["id"] == ready["id"]
    assert torch["kept_place"]
    assert (torch["attempt"], torch["submitted_ms"]) == (lease["attempt"], lease["submitted_ms"])
    assert torch["asked_before"] is None
    assert torch["version"] != lease["version"], "who waits would not hear of it"
    # What is not named stays, also when something else is changed.
    assert (await change(start_without_me=True))["environment"]["id"] == ready["id"]
    assert (await change(environment=other["id"]))["environment"]["name"] == "jax"
    assert (await change(environment=""))["environment"] is None
    with pytest.raises(NotFoundError, match="environment_unknown"):
        await change(environment="nothing")
    await asked(house, name="later")
    with pytest.raises(ConflictError, match="environment_not_ready"):
        await change(environment="later")
    # Its packages run as ada: who may change everything else of hers may not choose them.
    root = replace(await house.actor("root"), is_admin=True)
    for act in (house.services.changes.change, house.services.changes.preview):
        with pytest.raises(RefusedError, match="environment_of_another"):
            await act(root, lease["id"], ChangeRequest(environment="jax"))
    # Once the devices are there, the server begins with what was chosen last.
    await change(environment="torch")
    await house.services.leases.end(await house.actor("bora"), first["id"])
    await house.turn(3)
    with pytest.raises(ConflictError, match="change_not_now"):
        await change(environment="jax")
    assert (await house.lease(lease["id"]))["environment"]["name"] == "torch"


async def test_an_engine_that_has_no_place_for_environments_says_so_before_anything_waits(house):
    core = house.services.core
    core.engine = replace(core.engine, offers_environments=False)
    with pytest.raises(RefusedError) as refused:
        await asked(house)
    assert refused.value.code == "environments_not_offered"
    assert await core.store.read(lambda tx: tx.runs.find()) == []
