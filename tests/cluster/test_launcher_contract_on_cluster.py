"""What every Launcher promises, on a real control plane with a node that is played."""

from collections.abc import AsyncIterator

import pytest
from cluster import Cluster
from launcher_house import KubernetesHouse, kubernetes_house

pytest.register_assert_rewrite("test_launcher_contract")

from test_launcher_contract import *  # noqa: E402, F403 - the very same tests


@pytest.fixture
async def house(cluster: Cluster) -> AsyncIterator[KubernetesHouse]:
    async with kubernetes_house(cluster) as made:
        yield made
