"""Projects and people: who may do what to whom, and what stays when somebody leaves."""

from dataclasses import replace
from typing import Any

import pytest

from madang.domain.project import Membership, Role
from madang.errors import ConflictError, InvalidError, MadangError, NotFoundError, RefusedError
from madang.services.requests import GrantRequest, ProjectRequest

ROLES = ("owner", "manager", "member", "viewer", "instructor", "auditor", "other", "root")


async def as_role(house: Any, role: str) -> Any:
    """Return somebody with a role in vision; ``other`` is in another project only."""
    if role == "root":
        return await house.actor("root")
    if role == "owner":
        return await house.actor("ada")
    actor = await house.actor(f"a-{role}")
    if role != "other":
        core = house.services.core

        def work(tx: Any) -> None:
            project = tx.projects.find("vision")
            tx.projects.set_member(
                Membership(person=actor.person.id, project=project.id, role=Role(role))
            )

        await core.store.write(work)
    return actor


ACTS: dict[str, Any] = {
    "get": lambda p, a: p.get(a, "vision"),
    "rename": lambda p, a: p.rename(a, "vision", "New title", reason="r"),
    "add": lambda p, a: p.set_member(a, "vision", "bora", "viewer", reason="r"),
    "make_owner": lambda p, a: p.set_member(a, "vision", "bora", "owner", reason="r"),
    "remove": lambda p, a: p.remove_member(a, "vision", "bora", reason="r"),
    "grant": lambda p, a: p.grant(
        a, "vision", GrantRequest(amount_microcredits=5, reason="r"), key="k"
    ),
    "create": lambda p, a: p.create(
        a, ProjectRequest(name="fresh", tier="research", reason="r"), key="k"
    ),
}
ALLOWED = {
    "get": set(ROLES) - {"other"},
    "rename": {"owner", "manager", "root"},
    "add": {"owner", "manager", "root"},
    "make_owner": {"owner", "root"},
    "remove": {"owner", "manager", "root"},
    "grant": {"root"},
    "create": {"root"},
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("act", sorted(ACTS))
async def test_matrix(house: Any, act: str, role: str) -> None:
    await house.actor("bora")
    actor = await as_role(house, role)
    projects = house.services.projects
    if role in ALLOWED[act]:
        await ACTS[act](projects, actor)
        return
    hidden = role == "other" and act != "create"
    with pytest.raises(NotFoundError if hidden else RefusedError):
        await ACTS[act](projects, actor)


@pytest.mark.parametrize("act", sorted(ACTS))
async def test_an_attempt_token_does_nothing_here(house: Any, act: str) -> None:
    narrow = replace(await house.actor("ada"), token_lease="lease-x")
    with pytest.raises(RefusedError, match="token_too_narrow"):
        await ACTS[act](house.services.projects, narrow)


async def test_an_administrator_says_why_and_it_is_kept(house: Any) -> None:
    root, projects = await house.actor("root"), house.services.projects
    for act in (
        projects.set_member(root, "vision", "dana", "member"),
        projects.rename(root, "vision", "Other", reason="  "),
        projects.grant(root, "vision", GrantRequest(amount_microcredits=1)),
        projects.create(root, ProjectRequest(name="p", tier="research")),
    ):
        with pytest.raises(InvalidError, match="reason_missing"):
            await act
    await projects.set_member(root, "vision", "dana", "member", reason="joins the lab")
    kept = await house.services.core.store.read(lambda tx: tx.audit.find())
    assert [(row["act"], row["reason"]) for row in kept] == [("member.set", "joins the lab")]


async def test_the_last_owner_stays(house: Any) -> None:
    ada, projects = await house.actor("ada"), house.services.projects
    with pytest.raises(ConflictError, match="last_owner"):
        await projects.remove_member(ada, "vision", "ada")
    with pytest.raises(ConflictError, match="last_owner"):
        await projects.set_member(ada, "vision", "ada", "member")
    await projects.set_member(ada, "vision", "bora", "owner")
    await projects.remove_member(ada, "vision", "ada")
    with pytest.raises(NotFoundError):
        await projects.get(ada, "vision")


async def test_a_member_may_leave_and_not_take_others_along(house: Any) -> None:
    bora, projects = await house.actor("bora"), house.services.projects
    with pytest.raises(RefusedError, match="role_cannot_manage"):
        await projects.remove_member(bora, "vision", "vera")
    await projects.remove_member(bora, "vision", "bora")
    names = [
        m["person"] for m in (await projects.get(await house.actor("ada"), "vision"))["members"]
    ]
    assert names == ["ada", "vera"]


async def test_a_manager_does_not_touch_owners(house: Any) -> None:
    manager, projects = await as_role(house, "manager"), house.services.projects
    await projects.set_member(await house.actor("ada"), "vision", "bora", "owner")
    for role in ("member", "viewer"):
        with pytest.raises(RefusedError, match="owner_only"):
            await projects.set_member(manager, "vision", "bora", role)
    with pytest.raises(RefusedError, match="owner_only"):
        await projects.remove_member(manager, "vision", "bora")


async def test_names_that_nobody_has_are_for_administrators(house: Any) -> None:
    projects = house.services.projects
    with pytest.raises(NotFoundError, match="person_unknown"):
        await projects.set_member(await house.actor("ada"), "vision", "nobody", "member")
    root = await house.actor("root")
    view = await projects.set_member(root, "vision", "soon", "member", reason="starts monday")
    assert "soon" in [m["person"] for m in view["members"]]


async def test_grants_add_up_and_a_repeat_grants_once(house: Any) -> None:
    root, projects = await house.actor("root"), house.services.projects
    extra = GrantRequest(amount_microcredits=7_000_000, days=30, note="supplement", reason="paper")
    await projects.grant(root, "vision", extra, key="k")
    view = await projects.grant(root, "vision", extra, key="k")
    assert view["granted_microcredits"] == 57_000_000
    assert {g["note"] for g in view["grants"]} == {"policy.yaml", "supplement"}
    with pytest.raises(ConflictError, match="grant_below_zero"):
        await projects.grant(
            root, "vision", GrantRequest(amount_microcredits=-(10**9), reason="r"), key="k2"
        )
    assert (await house.services.usage.verify(root))["ok"]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (ProjectRequest(name="No Good", tier="research", reason="r"), "project_name_unusable"),
        (ProjectRequest(name="p", tier="gold", reason="r"), "tier_unknown"),
        (ProjectRequest(name="vision", tier="research", reason="r"), "project_exists"),
        (
            ProjectRequest(name="p", tier="research", owner="a/b", reason="r"),
            "hub_name_unusable",
        ),
    ],
)
async def test_projects_that_cannot_be(house: Any, request_: Any, code: str) -> None:
    with pytest.raises(MadangError, match=code):
        await house.services.projects.create(await house.actor("root"), request_)


async def test_who_is_off_boarded_keeps_no_place_and_the_ledger_keeps_the_bill(house: Any) -> None:
    running = await house.ask("ada", profile="gpu-1")
    await house.turn()
    await house.launch(running["id"])
    await house.turn(60)
    waiting = await house.ask("ada", name="second", profile="gpu-4")
    run = await house.submit("ada")
    root = await house.actor("root")
    departures = house.services.departures
    with pytest.raises(InvalidError, match="reason_missing"):
        await departures.off_board(root, "ada", reason="")
    view = await departures.off_board(root, "ada", reason="graduated")
    assert view["projects"] == []
    assert view["ownerless"] == ["poor", "vision"]
    assert (await house.lease(waiting["id"]))["state"] == "ended"
    assert (await house.lease(running["id"]))["state"] == "ending"
    await house.turn(20)
    ended = await house.lease(running["id"])
    assert (ended["state"], ended["reason"], ended["why"]) == ("ended", "left", "graduated")
    assert (await house.services.runs.get(root, run["id"]))["state"] == "cancelled"
    assert ended["charged_microcredits"] > 0
    usage = await house.services.usage.usage(root, project="vision")
    assert usage["projects"][0]["by_person"][0]["person"] == "ada"
    assert (await house.services.usage.verify(root))["ok"]
    with pytest.raises(RefusedError, match="person_left"):
        await house.actor("ada")
    await house.restart()
    with pytest.raises(RefusedError, match="person_left"):
        await house.actor("ada")
    await house.services.projects.set_member(root, "vision", "ada", "member", reason="is back")
    assert (await house.actor("ada")).person.hub_name == "ada"


async def test_sessions_of_who_left_are_gone(house: Any) -> None:
    sessions = house.services.sessions
    kept, _ = await sessions.create("chan", "token", "")
    gone, _ = await sessions.create("ada", "token", "")
    await house.services.departures.off_board(await house.actor("root"), "ada", reason="left")
    assert await sessions.get(gone) is None
    assert await sessions.get(kept) is not None


async def test_a_renamed_person_keeps_everything(house: Any) -> None:
    before = (await house.actor("bora")).person.id
    root, departures = await house.actor("root"), house.services.departures
    lease = await house.ask("bora")
    with pytest.raises(ConflictError, match="rename_while_held"):
        await departures.rename(root, "bora", "borah", reason="married")
    await house.services.leases.end(await house.actor("bora"), lease["id"])
    await house.turn(3)
    with pytest.raises(ConflictError, match="name_taken"):
        await departures.rename(root, "bora", "ada", reason="married")
    view = await departures.rename(root, "bora", "borah", reason="married")
    assert [p["name"] for p in view["projects"]] == ["open", "vision"]
    assert (await house.actor("borah")).person.id == before
    assert (await house.actor("bora")).person.id != before


@pytest.mark.parametrize("name", ["ada", "bora", "other"])
async def test_people_are_for_administrators(house: Any, name: str) -> None:
    actor, departures = await house.actor(name), house.services.departures
    for act in (
        departures.list(actor),
        departures.rename(actor, "bora", "x", reason="r"),
        departures.off_board(actor, "bora", reason="r"),
    ):
        with pytest.raises(RefusedError, match="admin_only"):
            await act


async def test_an_administrator_ends_a_lease_with_a_reason(house: Any) -> None:
    lease = await house.ask("ada")
    root = await house.actor("root")
    with pytest.raises(InvalidError, match="reason_missing"):
        await house.services.leases.end(root, lease["id"])
    view = await house.services.leases.end(root, lease["id"], why="the machine is needed")
    assert (view["reason"], view["why"]) == ("cancelled", "the machine is needed")
