"""Caps of person and project: Kueue may choose only as many as stay within them."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from madang.domain.lease import LeaseClass, LeaseKind
from madang.domain.queue import ProjectShare, QueueItem
from madang.engines.kubernetes.wanted import Wanted, Wishes

NOW = 1_800_000_000_000


def item(lease_id, devices, person="person-a", **changes):
    one = QueueItem(
        lease_id=lease_id,
        attempt=1,
        person=person,
        project="project-a",
        kind=LeaseKind.SLOT,
        lease_class=LeaseClass.BATCH,
        flavor="h200",
        devices=devices,
        submitted_ms=NOW,
        limit_ms=1,
    )
    return replace(one, **changes)


def capped(wishes):
    return [w.item.lease_id for w in wishes if w.is_capped]


def test_who_has_enough_waits_and_others_pass():
    wishes = Wishes()
    wishes.set_shares([ProjectShare(project="project-a", max_devices_person=3)])
    wishes.put(Wanted(item("held", 2), is_held=True))
    wishes.put(Wanted(item("second", 2, submitted_ms=NOW + 1_000)))
    wishes.put(Wanted(item("third", 1, submitted_ms=NOW + 2_000)))
    wishes.put(Wanted(item("fourth", 1, submitted_ms=NOW + 3_000)))
    wishes.put(Wanted(item("other", 3, "person-b", submitted_ms=NOW + 4_000)))
    assert sorted(wishes.cap("project-a")) == ["fourth", "second"]
    assert wishes.cap("project-a") == []
    assert sorted(capped(wishes)) == ["fourth", "second"]
    wishes.get("held").is_gone, wishes.get("held").is_held = True, False
    assert wishes.cap("project-a") == ["second"]
    assert wishes.set_shares([]) == ["fourth"]


leases = st.lists(
    st.tuples(
        st.integers(0, 4), st.sampled_from("ab"), st.sampled_from(["held", "waits", "back", "gone"])
    ),
    max_size=12,
)


@given(leases, st.none() | st.integers(0, 6), st.none() | st.integers(0, 9))
def test_all_who_may_be_chosen_fit_together(made, person_cap, project_cap):
    wishes = Wishes()
    share = ProjectShare(
        project="project-a", max_devices_person=person_cap, max_devices_project=project_cap
    )
    wishes.set_shares([share])
    for number, (devices, person, how) in enumerate(made):
        one = item(f"lease-{number}", devices, person, submitted_ms=NOW + 1_000 * number)
        one = replace(one, is_held_back=how == "back")
        wishes.put(Wanted(one, is_held=how == "held", is_gone=how == "gone"))
    wishes.cap("project-a")
    counted = [w for w in wishes if w.is_held or (w.is_waiting and not w.is_stopped)]
    may = [w for w in counted if not w.is_held and w.item.devices]
    for who, cap in (("a", person_cap), ("b", person_cap), ("ab", project_cap)):
        held = sum(w.item.devices for w in counted if w.item.person in who)
        already = sum(w.item.devices for w in counted if w.is_held and w.item.person in who)
        assert cap is None or held <= max(cap, already)
    # Nobody is stopped without need: with what is counted, each of these would be too much.
    for w in wishes:
        if w.is_waiting and w.is_capped:
            own = sum(each.item.devices for each in counted if each.item.person == w.item.person)
            total = sum(each.item.devices for each in counted)
            assert w.item.devices + own > (person_cap if person_cap is not None else 1 << 30) or (
                w.item.devices + total > (project_cap if project_cap is not None else 1 << 30)
            )
    assert all(not w.is_capped for w in may)
