"""A real client against a real scheduler over TLS, with keys as the service hands them out."""

import pytest

from madang.client import Cluster

pytestmark = pytest.mark.integration


class Service:
    """What a cluster asks of the service, with a scheduler in this process behind it."""

    def __init__(self, local, security):
        self.local = local
        self.security = security
        self.deleted = []

    def _view(self):
        state = "ended" if self.deleted else "active"
        return {
            "id": "cluster-1",
            "name": "tls",
            "workers": 2,
            "gpus_per_worker": 0,
            "state": state,
            "ready": True,
            "address": self.local.scheduler_address,
            "dashboard_url": "",
            "lease": {"state": state, "standing": None, "version": "1"},
        }

    def post(self, path, body):
        return self._view()

    def get(self, path):
        if not path.endswith("/credentials"):
            return self._view()
        return {
            "ca_pem": self.security.tls_ca_file,
            "cert_pem": self.security.tls_client_cert,
            "key_pem": self.security.tls_client_key,
        }

    def delete(self, path):
        self.deleted.append(path)
        return self._view()


@pytest.fixture
def local():
    from distributed import LocalCluster, Security

    security = Security.temporary()
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=False,
        security=security,
        dashboard_address=None,
        protocol="tls://",
    ) as cluster:
        yield Service(cluster, security)


def test_the_client_computes_and_is_closed_with_its_cluster(local):
    with Cluster(client=local) as cluster:
        assert cluster.scheduler_address.startswith("tls://")
        client = cluster.get_client()
        client.wait_for_workers(2, timeout=20)
        assert client.submit(sum, [1, 2]).result(timeout=20) == 3
    assert client.status == "closed"
    assert local.deleted == ["clusters/cluster-1"]


async def test_asynchronous_client(local):
    async with Cluster(client=local, asynchronous=True) as cluster:
        client = await cluster.get_client()
        assert await client.submit(sum, [1, 2]) == 3
    assert client.status == "closed"
