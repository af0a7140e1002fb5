"""A namespace whose containers get sizes that they do not ask for, as the chart makes it."""

import pytest
from engines_house import item
from kubernetes_house import KubernetesHouse


@pytest.fixture
async def house(cluster):
    made = KubernetesHouse(cluster)
    await made.open()
    yield made
    await made.close()


async def test_a_lease_asks_for_devices_whatever_containers_get_by_default(house):
    limits = {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": {"name": "sizes", "namespace": house.name},
        "spec": {
            "limits": [
                {
                    "type": "Container",
                    "default": {"cpu": "1", "memory": "1Gi"},
                    "defaultRequest": {"cpu": "100m", "memory": "256Mi"},
                }
            ]
        },
    }
    house.cluster.plane.apply(limits)
    await house.admission.enqueue(item("lease-sized", 1))
    await house.admitted("lease-sized")
    await house.admission.enqueue(item("lease-cpu", 0, flavor="cpu"))
    await house.admitted("lease-cpu")
