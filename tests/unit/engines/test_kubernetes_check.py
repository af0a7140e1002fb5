"""A service that may not lead any more changes nothing on the cluster, and may still look."""

from types import SimpleNamespace

import pytest

from madang.engines.kubernetes.client import Api
from madang.errors import UnavailableError


async def read():
    return b"{}"


async def test_what_changes_something_is_refused_and_never_sent():
    sent = []

    async def request(method, *_given, **_named):
        sent.append(method)
        return SimpleNamespace(status=200, read=read)

    def check():
        raise UnavailableError("leadership_lost", term=3)

    api = Api(check=check)
    api._client = SimpleNamespace(rest_client=SimpleNamespace(request=request))
    await api.get("/api/v1/nodes")
    for act in (
        api.create("/a", {}),
        api.patch("/a", {}),
        api.apply("/a", {}),
        api.delete("/a", uid="u"),
    ):
        with pytest.raises(UnavailableError, match="leadership_lost"):
            await act
    assert sent == ["GET"]
