"""A watch of an API server that tells something all the time can be left at any moment."""

import asyncio
import json
import random

import pytest
import yaml
from aiohttp import web

from madang.engines.kubernetes.client import connect
from madang.engines.kubernetes.mirror import Mirror

pytestmark = pytest.mark.integration
TIMES = 150


def node(version):
    return {"metadata": {"name": "node-a", "resourceVersion": str(version)}}


async def answer(request):
    """Answer a list, or tell of one node as fast as it goes."""
    if not request.query.get("watch"):
        return web.json_response({"items": [node(1)], "metadata": {"resourceVersion": "1"}})
    response = web.StreamResponse()
    await response.prepare(request)
    version = 1
    while True:
        version += 1
        event = {"type": "MODIFIED", "object": node(version)}
        await response.write(json.dumps(event).encode() + b"\n")
        await asyncio.sleep(0)


@pytest.fixture
async def kubeconfig(tmp_path):
    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server = f"http://127.0.0.1:{runner.addresses[0][1]}"
    given = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "c",
    }
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(given))
    yield path
    await runner.cleanup()


async def test_a_mirror_stops_whatever_it_hears(kubeconfig):
    chance, heard = random.Random(5), []
    api = await connect(kubeconfig)
    try:
        for _ in range(TIMES):
            mirror = Mirror(api, "/api/v1/nodes", lambda name, _: heard.append(name))
            mirror.start()
            await mirror.wait()
            for _ in range(chance.randint(1, 40)):
                await asyncio.sleep(0)
            async with asyncio.timeout(10):
                await mirror.stop()
            assert mirror.lists == 1
        assert len(heard) > TIMES
    finally:
        await api.close()
