"""Readings of DCGM by way of Prometheus: each goes to the attempt that its pod belongs to."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

import pytest

from madang.engines.kubernetes.meter import ACTIVE, MEMORY, MIB, KubernetesMeter, readings

LEASE = "lease-01j9zq3v7m8x2c4d5e6f7g8h9j"
NOW = 1_800_000_000_000


def row(name, value, pod=f"{LEASE}-2-main-x7", uuid="GPU-1", space="madang-people", **labels):
    metric = {"__name__": name, "pod": pod, "namespace": space, "UUID": uuid, **labels}
    return {"metric": metric, "value": [1_800_000_000.1, value]}


def test_each_device_of_an_attempt_is_read_and_what_is_unknown_is_none():
    rows = [
        row(ACTIVE, "0.934"),
        row(MEMORY, "2048"),
        row(ACTIVE, "0", uuid="GPU-2"),
        # A slice: the same card, another part of it.
        row(MEMORY, "10", uuid="GPU-3", GPU_I_ID="7"),
        row(ACTIVE, "NaN", uuid="GPU-4"),
    ]
    assert readings(rows, "madang-people") == {
        (LEASE, 2): [(93, 2048 * MIB), (0, None), (None, 10 * MIB)]
    }


def test_a_reading_of_somebody_else_is_nobodys():
    rows = [
        row(ACTIVE, "1", space="other"),
        row(ACTIVE, "1", pod="dcgm-exporter-abcde"),
        row(ACTIVE, "1", pod=f"x-{LEASE}-2"),
        row(ACTIVE, "1", pod=f"{LEASE}-2x"),
    ]
    assert readings(rows, "madang-people") == {}
    # The exporter's own pod and namespace stand in the plain labels then.
    moved = row(ACTIVE, "1", pod="dcgm-exporter-abcde", space="gpu-operator")
    moved["metric"] |= {"exported_pod": f"{LEASE}-1", "exported_namespace": "madang-people"}
    assert readings([moved], "madang-people") == {(LEASE, 1): [(100, None)]}


@pytest.fixture
def prometheus():
    """A server that answers queries as Prometheus does, or whatever it is told to."""
    asked, answers = [], {"status": 200, "rows": []}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(parse_qs(urlparse(self.path).query)["query"][0])
            data = {"resultType": "vector", "result": answers["rows"]}
            body = json.dumps({"status": "success", "data": data}).encode()
            self.send_response(answers["status"])
            self.end_headers()
            self.wfile.write(answers.get("body", body))

        def log_message(self, *args):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked, answers
    server.shutdown()
    thread.join()
    server.server_close()


async def test_prometheus_is_asked_and_devices_without_a_reading_are_unmetered(prometheus):
    url, asked, answers = prometheus
    answers["rows"] = [row(ACTIVE, "0.5")]
    meter = KubernetesMeter(url, "madang-people")
    held = {"h200-0": (LEASE, 2), "h200-1": (LEASE, 2), "h200-2": ("lease-b", 1)}
    samples = {s.device_id: s for s in await meter.read(held, {}, NOW)}
    assert [samples[name].utilisation_percent for name in sorted(held)] == [50, None, None]
    assert samples["h200-2"].at_ms == NOW
    assert ACTIVE in asked[0]
    assert MEMORY in asked[0]
    assert await meter.read({}, {}, NOW) == []
    assert len(asked) == 1


@pytest.mark.parametrize("answer", [{"status": 503}, {"body": b"no json"}, {"body": b"{}"}])
async def test_without_an_answer_nothing_is_zero(prometheus, answer):
    url, _, answers = prometheus
    answers |= answer
    for at in (url, "http://127.0.0.1:9"):
        samples = await KubernetesMeter(at, "p").read({"h200-0": (LEASE, 2)}, {}, NOW)
        assert [(s.utilisation_percent, s.memory_bytes) for s in samples] == [(None, None)]
    # Where there is no Prometheus nothing is kept of any device.
    assert await KubernetesMeter("", "p").read({"h200-0": (LEASE, 2)}, {}, NOW) == []
