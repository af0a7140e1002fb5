"""Inside a project the member who used least goes first, and there is no queue for nobody."""

import pytest
from engines_house import DEVICES
from kubernetes_house import KubernetesHouse
from rows import Rows

from madang.engines.kubernetes import workloads
from madang.engines.kubernetes.member_queues import MemberQueues
from madang.engines.kubernetes.queues import queue_name

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def house(cluster):
    made = KubernetesHouse(cluster)
    await made.open()
    yield made
    await made.close()


def queues_of(house):
    """Return the LocalQueues of a house by name, and the devices that each used of late."""
    path = f"/apis/kueue.x-k8s.io/v1beta2/namespaces/{house.name}/localqueues"
    found = {}
    for each in house.cluster.plane.ask(path)["items"]:
        fair = each.get("status", {}).get("fairSharing", {}).get("admissionFairSharingStatus", {})
        found[each["metadata"]["name"]] = fair.get("consumedResources") or {}
    return found


@pytest.mark.own_cluster("needs Kueue to count what members used, every second")
async def test_who_used_less_goes_first_and_the_earlier_request_among_equals(house):
    rows = Rows(house.admission)
    await rows.ask("lease-first", DEVICES, person="person-heavy")
    await house.until(lambda: holds(house, rows, {"lease-first"}))
    heavy = queue_name(house.policy, "project-a", "person-heavy")

    async def is_counted():
        return any(amount != "0" for amount in queues_of(house).get(heavy, {}).values())

    await house.until(is_counted)
    for number, person in enumerate(("heavy", "light", "later"), start=1):
        at = house.now() + number * 1_000
        await rows.ask(f"lease-{person}", DEVICES, person=f"person-{person}", submitted_ms=at)
    await house.until(lambda: are_there(house, 4))
    served, held = [], "lease-first"
    for _ in range(3):
        await rows.end(held)
        await house.until(lambda: holds_one(house, rows))
        [held] = rows.held
        served.append(held)
    assert served == ["lease-light", "lease-later", "lease-heavy"]


async def test_a_queue_that_nobody_needs_is_taken_away(house):
    rows = Rows(house.admission)
    await rows.ask("lease-held", DEVICES, person="person-a")
    await house.until(lambda: holds(house, rows, {"lease-held"}))
    await rows.ask("lease-waits", 1, person="person-b")
    await rows.ask("lease-gone", 1, person="person-c")
    a, b, c = (queue_name(house.policy, "project-a", f"person-{name}") for name in "abc")
    await house.until(lambda: has(house, {a, b, c}))
    await rows.end("lease-gone")
    own = MemberQueues(house.api, house.policy, lambda: {("project-a", "person-b")})
    own.start()
    try:

        async def is_tidy():
            await own.tidy()
            return set(queues_of(house)) == {a, b}

        await house.until(is_tidy)
    finally:
        await own.stop()
    # Its member comes again, and so does the queue.
    await rows.ask("lease-again", 1, person="person-c")
    await house.until(lambda: has(house, {a, b, c}))


async def are_there(house, count):
    return len(house.cluster.plane.ask(workloads.workloads(house.name))["items"]) == count


async def has(house, names):
    return set(queues_of(house)) == names


async def holds(house, rows, names):
    await rows.look(house.now())
    return set(rows.held) == names


async def holds_one(house, rows):
    await rows.look(house.now())
    return len(rows.held) == 1
