"""What the hub is told to start a pod: by the service, for the hub, and for nobody else."""

from typing import Any

import pytest

from madang.domain.cluster_flavor import ClusterFlavor
from madang.domain.profile import Profile
from madang.domain.project import Membership, Role

FLAVOR = ClusterFlavor(
    name="sim-h200",
    resource="nvidia.com/gpu",
    node_labels={"gpu": "h200"},
    tolerations=({"key": "gpu", "operator": "Exists"},),
)


async def told_to_hub(house: Any, lease_id: str, person: str = "ada") -> Any:
    actor = await house.actor(person, is_service=True)
    return (await house.services.leases.get(actor, lease_id))["placement"]


@pytest.fixture
async def cluster(house: Any) -> Any:
    core = house.services.core
    core.cluster_flavors = {FLAVOR.name: FLAVOR}
    big = Profile(
        name="big",
        titles={},
        flavor="gpu",
        devices=2,
        cpu_millis=9000,
        memory_bytes=2**36,
        image="madang/user:9",
        env={"A": "1"},
    )
    core.profiles = (*core.profiles, big)
    return house


async def test_size_nodes_and_image_come_from_profile_and_flavor(cluster: Any) -> None:
    lease = await cluster.ask("ada", profile="big", limit_ms=3_600_000)
    assert lease["placement"] is None
    actor = await cluster.actor("ada")
    assert await told_to_hub(cluster, lease["id"]) == {
        "person_id": actor.person.id,
        "cpu_millis": 9000,
        "memory_bytes": 2**36,
        "image": "madang/user:9",
        "env": {"A": "1"},
        "resource": "nvidia.com/gpu",
        "node_labels": {"gpu": "h200"},
        "tolerations": [{"key": "gpu", "operator": "Exists"}],
        "may_write": True,
        "internet": "allow-list",
        "longest_ms": 48 * 3_600_000,
    }


async def test_nobody_but_the_hub_is_told(cluster: Any) -> None:
    lease = await cluster.ask("bora", profile="big")
    # Neither the person themselves nor somebody who manages the project.
    for actor in (await cluster.actor("bora"), await cluster.actor("ada")):
        view = await cluster.services.leases.get(actor, lease["id"])
        assert view["placement"] is None
        listed = await cluster.services.leases.list(actor)
        assert [one["placement"] for one in listed] == [None]


async def test_without_a_profile_or_devices_it_is_ordinary(cluster: Any) -> None:
    lease = await cluster.ask("ada", profile="", flavor="cpu")
    place = await told_to_hub(cluster, lease["id"])
    assert (place["resource"], place["node_labels"], place["tolerations"]) == ("", {}, [])
    assert (place["cpu_millis"], place["memory_bytes"]) == (2000, 4 * 1024**3)
    # A profile that was taken out of the file meanwhile stops nobody.
    other = await cluster.ask("bora", profile="big")
    core = cluster.services.core
    core.profiles = tuple(one for one in core.profiles if one.name != "big")
    assert (await told_to_hub(cluster, other["id"], "bora"))["cpu_millis"] == 2000


async def test_who_lost_the_role_may_only_read_the_project(cluster: Any) -> None:
    lease = await cluster.ask("bora", profile="big")
    assert (await told_to_hub(cluster, lease["id"], "bora"))["may_write"] is True
    core = cluster.services.core

    def demote(tx: Any) -> None:
        project = tx.projects.find("vision")
        person = tx.leases.get(lease["id"]).person
        tx.projects.set_member(Membership(project=project.id, person=person, role=Role.VIEWER))

    await core.store.write(demote)
    assert (await told_to_hub(cluster, lease["id"], "bora"))["may_write"] is False


async def test_a_local_installation_has_no_nodes_to_choose(house: Any) -> None:
    lease = await house.ask("ada")
    place = await told_to_hub(house, lease["id"])
    assert (place["resource"], place["node_labels"]) == ("", {})
