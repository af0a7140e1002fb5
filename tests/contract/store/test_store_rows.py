"""Repositories: what goes in comes out, and lists are filtered and ordered."""

from dataclasses import replace

import pytest

from madang.domain.cluster import Cluster
from madang.domain.lease import EndReason, LeaseKind, LeaseState, Target, TransitionError
from madang.domain.project import Membership, Project, Role
from madang.domain.run import Run, RunState
from madang.domain.upkeep import DeviceMark
from madang.errors import ConflictError
from madang.store import Store, Tx

NOW = 1_790_000_000_000


def _run(number: int, ada, project, **changes: object) -> Run:
    fields: dict[str, object] = {
        "id": f"run-{number}",
        "person": ada.id,
        "project": project.id,
        "name": "파동",
        "notebook_sha256": "a" * 64,
        "parameters": {"alpha": 0.5, "names": ["가", None]},
        "flavor": "h200",
        "devices": 1,
        "limit_ms": 1000,
        "submitted_ms": NOW + number,
        "files": {"data.csv": "b" * 64},
    }
    return Run(**{**fields, **changes})  # type: ignore[arg-type]


def test_people_are_made_once_and_found(store: Store) -> None:
    first = store.write_now(lambda tx: tx.people.ensure("이다", NOW))
    assert store.write_now(lambda tx: tx.people.ensure("이다", NOW + 1)) == first
    store.write_now(lambda tx: tx.people.set_admin(first.id, True))
    admin = replace(first, is_admin=True)

    def check(tx: Tx) -> None:
        assert tx.people.get(first.id) == tx.people.by_name("이다") == admin
        assert tx.people.get("person-none") is tx.people.by_name("none") is None
        assert tx.people.all() == [admin]

    store.read_now(check)


def test_projects_and_members(store: Store, ada, project) -> None:
    other = Project(id="project-0", name="atoms", title="원자", tier="open", weight=3)

    def fill(tx: Tx) -> None:
        tx.projects.add(other)
        tx.projects.set_member(Membership(person=ada.id, project=other.id, role=Role.MEMBER))
        tx.projects.set_member(Membership(person=ada.id, project=other.id, role=Role.VIEWER))
        tx.projects.change(other.id, title="Atoms", quota={"h200": 1})

    store.write_now(fill)
    changed = replace(other, title="Atoms", quota={"h200": 1})

    def check(tx: Tx) -> None:
        assert tx.projects.find("atoms") == tx.projects.find("project-0") == changed
        assert tx.projects.find("none") is tx.projects.get("none") is None
        assert tx.projects.all() == [changed, project]
        assert tx.projects.of_person(ada.id) == [(changed, Role.VIEWER), (project, Role.OWNER)]
        assert tx.projects.role(other.id, ada.id) is Role.VIEWER
        assert tx.projects.role(other.id, "person-none") is None
        assert [m.person for m in tx.projects.members(project.id)] == [ada.id]
        assert tx.budget.balance(other.id).left == 0

    store.read_now(check)
    store.write_now(lambda tx: tx.projects.remove_member(other.id, ada.id))
    assert store.read_now(lambda tx: tx.projects.role(other.id, ada.id)) is None
    with pytest.raises(ConflictError) as taken:
        store.write_now(lambda tx: tx.projects.add(replace(other, id="project-9")))
    assert taken.value.code == "project_exists"


def test_leases_are_kept_whole_and_found(store: Store, ada, project, make_lease) -> None:
    first = make_lease(
        device_ids=("GPU-1", "GPU-2"),
        options={"profile": "big", "n": [1, {"깊이": None}]},
        target=Target.REQUEUE,
        held_back=True,
    )
    second = make_lease(kind=LeaseKind.SLOT, name="night", devices=0)
    ended = make_lease(state=LeaseState.ENDED, reason=EndReason.LOST, ended_ms=NOW)
    for lease in (second, ended, first):
        assert store.write_now(lambda tx, lease=lease: tx.leases.add(lease)) == lease

    def check(tx: Tx) -> None:
        assert tx.leases.get(first.id) == first
        assert tx.leases.get("lease-none") is None
        assert tx.leases.unfinished() == [first, second]
        assert tx.leases.find(newest_first=True, limit=2) == [ended, second]
        assert tx.leases.find(state=LeaseState.ENDED) == [ended]
        assert tx.leases.find(state=["queued"], kind=LeaseKind.SLOT) == [second]
        assert tx.leases.find(kind=[LeaseKind.SLOT, LeaseKind.CLUSTER], name="night") == [second]
        assert tx.leases.find(person=ada.id, project=project.id) == [first, second, ended]
        assert tx.leases.find(projects=[project.id], limit=1) == [first]
        assert tx.leases.find(projects=[]) == tx.leases.find(person="none") == []

    store.read_now(check)


def test_one_unfinished_notebook_for_a_person_and_name(store: Store, ada, make_lease) -> None:
    first = make_lease(kind=LeaseKind.NOTEBOOK)
    store.write_now(lambda tx: tx.leases.add(first))
    store.write_now(lambda tx: tx.leases.add(make_lease(kind=LeaseKind.NOTEBOOK, name="two")))
    store.write_now(lambda tx: tx.leases.add(make_lease(kind=LeaseKind.CLUSTER)))
    again = make_lease(kind=LeaseKind.NOTEBOOK)
    with pytest.raises(ConflictError) as refused:
        store.write_now(lambda tx: tx.leases.add(again))
    assert (refused.value.code, refused.value.details["lease"]) == ("notebook_unfinished", first.id)
    store.write_now(lambda tx: tx.leases.change(first.id, "queued", state=LeaseState.ENDED))
    store.write_now(lambda tx: tx.leases.add(again))


def test_lease_changes_only_from_the_state_that_is_expected(store: Store, make_lease) -> None:
    lease = make_lease()
    store.write_now(lambda tx: tx.leases.add(lease))
    admitted = store.write_now(
        lambda tx: tx.leases.change(
            lease.id,
            LeaseState.QUEUED,
            state=LeaseState.ADMITTED,
            admitted_ms=NOW,
            attempt=1,
            device_ids=("GPU-7",),
        )
    )
    assert admitted == replace(
        lease, state=LeaseState.ADMITTED, admitted_ms=NOW, attempt=1, device_ids=("GPU-7",)
    )
    for wrong in (LeaseState.QUEUED, [LeaseState.ACTIVE, LeaseState.ENDED], []):
        with pytest.raises(ConflictError) as moved:
            store.write_now(
                lambda tx, wrong=wrong: tx.leases.change(lease.id, wrong, held_back=True)
            )
        assert moved.value.code == "lease_moved_on"
    with pytest.raises(ConflictError):
        store.write_now(lambda tx: tx.leases.change("lease-none", LeaseState.QUEUED))
    with pytest.raises(TransitionError):
        store.write_now(
            lambda tx: tx.leases.change(lease.id, LeaseState.ADMITTED, state=LeaseState.QUEUED)
        )
    same = store.write_now(
        lambda tx: tx.leases.change(lease.id, list(LeaseState), state=LeaseState.ADMITTED)
    )
    assert same == admitted


def test_attempts_open_once_and_close_once(store: Store, make_lease) -> None:
    lease = make_lease()
    store.write_now(lambda tx: tx.leases.add(lease))
    store.write_now(lambda tx: tx.attempts.open(lease.id, 1, NOW, ["GPU-1"], 5))
    with pytest.raises(ConflictError) as twice:
        store.write_now(lambda tx: tx.attempts.open(lease.id, 1, NOW, ["GPU-2"], 5))
    assert twice.value.code == "attempt_twice"

    def live(tx: Tx) -> list[bool]:
        tx.attempts.started(lease.id, 1, NOW + 1)
        tx.attempts.started(lease.id, 1, NOW + 99)
        closed = [
            tx.attempts.close(lease.id, 1, None, NOW + 5, EndReason.RECLAIMED),
            tx.attempts.close(lease.id, 1, NOW, NOW + 6, EndReason.LOST),
        ]
        tx.attempts.started(lease.id, 1, NOW + 99)
        tx.attempts.open(lease.id, 2, NOW + 7, [], 5)
        return [*closed, tx.attempts.close(lease.id, 2, None, None, None)]

    assert store.write_now(live) == [True, False, True]
    first, second = store.read_now(lambda tx: tx.attempts.of_lease(lease.id))
    assert (first.started_ms, first.ended_ms, first.reason) == (NOW + 1, NOW + 5, "reclaimed")
    assert (first.device_ids, first.rate_microcredits, first.is_open) == (("GPU-1",), 5, False)
    assert (second.ended_ms, second.reason, second.is_open) == (None, "given_back", False)
    assert store.read_now(lambda tx: tx.attempts.get(lease.id, 3)) is None


def test_runs_are_taken_in_order_and_change_by_the_table(store: Store, ada, project) -> None:
    old, new = _run(1, ada, project), _run(2, ada, project)
    big = _run(3, ada, project, devices=4, error={"cell": 2, "value": "x\x00y"}, reason="r" * 500)
    for run in (new, big, old):
        store.write_now(lambda tx, run=run: tx.runs.add(run))

    def take(tx: Tx) -> Run:
        found = tx.runs.next_queued(ada.id, project.id, "h200", 1)
        assert found == old
        return tx.runs.change(
            old.id, RunState.QUEUED, state=RunState.RUNNING, lease="lease-1", attempt=1
        )

    taken = store.write_now(take)
    assert taken == replace(old, state=RunState.RUNNING, lease="lease-1", attempt=1)

    def check(tx: Tx) -> None:
        assert tx.runs.get(big.id) == big
        assert tx.runs.get("run-none") is None
        assert tx.runs.next_queued(ada.id, project.id, "h200", 1) == new
        assert tx.runs.next_queued(ada.id, project.id, "a100", 1) is None
        assert tx.runs.active_of_lease("lease-1") == [taken]
        assert tx.runs.active_of_lease("lease-2") == []
        assert tx.runs.find(newest_first=True, limit=1) == [big]
        assert tx.runs.find(state=[RunState.QUEUED], person=ada.id) == [new, big]
        assert tx.runs.find(project=project.id, lease="lease-1") == [taken]
        assert tx.runs.find(projects=[]) == []

    store.read_now(check)
    store.write_now(lambda tx: tx.runs.change(old.id, [RunState.RUNNING], state=RunState.SUCCEEDED))
    with pytest.raises(TransitionError):
        store.write_now(
            lambda tx: tx.runs.change(old.id, RunState.SUCCEEDED, state=RunState.QUEUED)
        )
    with pytest.raises(ConflictError) as moved:
        store.write_now(lambda tx: tx.runs.change(old.id, RunState.RUNNING, reason="x"))
    assert moved.value.code == "run_moved_on"


def test_clusters(store: Store, ada, project, make_lease) -> None:
    made = []
    for number in range(2):
        lease = make_lease()
        cluster = Cluster(
            id=f"cluster-{number}",
            lease=lease.id,
            person=ada.id,
            project=project.id,
            name="c",
            workers=2,
            gpus_per_worker=1,
            threads_per_worker=4,
            created_ms=NOW + number,
        )
        made.append(cluster)
        store.write_now(lambda tx, lease=lease: tx.leases.add(lease))
        store.write_now(lambda tx, cluster=cluster: tx.clusters.add(cluster))

    def check(tx: Tx) -> None:
        assert tx.clusters.get("cluster-0") == tx.clusters.by_lease(made[0].lease) == made[0]
        assert tx.clusters.get("none") is tx.clusters.by_lease("none") is None
        assert tx.clusters.find() == tx.clusters.find(person=ada.id) == made[::-1]
        assert tx.clusters.find(project=project.id, projects=[project.id]) == made[::-1]
        assert tx.clusters.find(projects=[]) == []

    store.read_now(check)


def test_keys_tokens_sessions_audit_meta(store: Store, ada, project) -> None:
    def fill(tx: Tx) -> None:
        tx.keys.remember(ada.id, "k", "print", "run-1", NOW)
        tx.tokens.add("1" * 64, "slot", ada.id, project.id, "lease-1", "", NOW + 10)
        tx.tokens.add("2" * 64, "run", ada.id, project.id, "lease-1", "run-1", NOW + 10)
        tx.sessions.add("3" * 64, ada.id, b"\x00sealed", "hub-1", "csrf", NOW, NOW + 10)
        tx.audit.add(NOW, ada.id, "lease.end", "lease-1", "too long", {"그": 1})
        tx.audit.add(NOW + 1, ada.id, "lease.end", "lease-2")
        tx.meta.set("a", {"b": [1]})
        tx.meta.set("a", [2])
        tx.meta.set("none", None)

    store.write_now(fill)

    def check(tx: Tx) -> None:
        assert tx.keys.seen(ada.id, "k") == ("print", "run-1")
        assert tx.keys.seen("other", "k") is tx.keys.seen(ada.id, "l") is None
        slot, run = tx.tokens.find("1" * 64, NOW), tx.tokens.find("2" * 64, NOW + 9)
        assert slot is not None
        assert run is not None
        assert (slot.lease, slot.run, run.run) == ("lease-1", "", "run-1")
        assert tx.tokens.find("1" * 64, NOW + 10) is tx.tokens.find("4" * 64, NOW) is None
        session = tx.sessions.get("3" * 64, NOW)
        assert session is not None
        assert (session.hub_token_sealed, session.seen_ms) == (b"\x00sealed", NOW)
        assert "sealed=" not in repr(session)
        assert tx.sessions.get("3" * 64, NOW + 10) is None
        assert [act["target"] for act in tx.audit.find()] == ["lease-2", "lease-1"]
        assert tx.audit.find("lease-1")[0]["details"] == {"그": 1}
        assert (tx.meta.get("a"), tx.meta.get("b", 7), tx.meta.get("none")) == ([2], 7, None)

    store.read_now(check)

    def drop(tx: Tx) -> None:
        tx.sessions.touch("3" * 64, NOW + 5, NOW + 50)
        session = tx.sessions.get("3" * 64, NOW + 20)
        assert session is not None
        assert (session.seen_ms, session.expires_ms) == (NOW + 5, NOW + 50)
        tx.tokens.drop(run="run-1")
        assert tx.tokens.find("2" * 64, NOW) is None
        assert tx.tokens.find("1" * 64, NOW) is not None
        tx.tokens.drop(lease="lease-1")
        assert tx.tokens.find("1" * 64, NOW) is None
        assert (tx.keys.forget(NOW), tx.keys.forget(NOW + 1)) == (0, 1)
        tx.sessions.drop(hub_session_id="hub-1")
        assert tx.sessions.get("3" * 64) is None
        tx.tokens.add("5" * 64, "slot", ada.id, project.id, expires_ms=NOW)
        tx.sessions.add("6" * 64, ada.id, b"", "hub-2", "csrf", NOW, NOW + 1)
        assert (tx.tokens.forget(NOW), tx.sessions.forget(NOW)) == (1, 0)
        tx.sessions.drop("6" * 64)
        assert tx.sessions.forget(NOW + 9) == 0

    store.write_now(drop)


def test_marks_of_devices(store: Store, ada) -> None:
    mark = DeviceMark(device="GPU-1", reason="뜨겁다", person=ada.id, at_ms=NOW)
    store.write_now(lambda tx: tx.device_marks.put(mark))
    again = replace(mark, reason="it is still hot", at_ms=NOW + 1)
    store.write_now(lambda tx: tx.device_marks.put(again))
    other = replace(mark, device="GPU-0")
    store.write_now(lambda tx: tx.device_marks.put(other))
    assert store.read_now(lambda tx: tx.device_marks.all()) == [other, again]
    assert store.write_now(lambda tx: tx.device_marks.drop("GPU-1"))
    assert not store.write_now(lambda tx: tx.device_marks.drop("GPU-1"))
    assert store.read_now(lambda tx: tx.device_marks.all()) == [other]
