"""The metrics of a real service: who may look, what they say, and that no label grows."""

import os
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from madang.settings.config import ServiceSettings
from madang.settings.home import Home

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
TOKEN, METRICS = "integration-service-token", "integration-metrics-token"


@pytest.fixture
def serve(tmp_path):
    started = []

    def start(policy_more=""):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        policy = tmp_path / "policy.yaml"
        policy.write_text((ROOT / "hub_config" / "policy.yaml").read_text() + policy_more)
        home = Home(tmp_path)
        settings = ServiceSettings(
            home=home,
            database_url=home.database_url,
            bind_host="127.0.0.1",
            bind_port=port,
            public_url="http://127.0.0.1:1/",
            hub_api_url="http://127.0.0.1:1/hub/api",
            api_token=TOKEN,
            policy_path=policy,
            profiles_path=ROOT / "hub_config" / "profiles.yaml",
            gpus="sim:2xh200",
            metrics_token=METRICS,
        )
        assert ServiceSettings.from_env(settings.to_env()) == replace(settings)
        assert METRICS not in repr(settings)
        argv = [sys.executable, "-m", "madang.api.serve"]
        started.append(subprocess.Popen(argv, env={**os.environ, **settings.to_env()}))
        deadline = time.monotonic() + 40
        while True:
            try:
                if httpx.get(f"{settings.service_url}/healthz").status_code == 200:
                    return settings.service_url
            except httpx.TransportError:
                pass
            assert started[-1].poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)

    yield start
    for process in started:
        process.terminate()
        process.wait(20)


def read(url, **headers):
    return httpx.get(f"{url}/metrics", headers=headers)


def values(text):
    families = text_string_to_metric_families(text)
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def person(name):
    return {"Authorization": f"token {TOKEN}", "X-Madang-Person": name}


def test_who_may_look_and_what_it_says(serve):
    url = serve()
    assert read(url).status_code == 401
    assert read(url, Authorization="Bearer wrong-token-wrong").status_code in (401, 403, 503)
    assert read(url, **person("ada")).status_code == 403
    assert read(url, **person("admin")).status_code == 200
    body = {"project": "vision-lab", "flavor": "gpu", "devices": 1}
    asked = httpx.post(f"{url}/api/v1/leases", json=body, headers=person("ada"))
    assert asked.status_code == 201
    for number in range(30):
        httpx.get(f"{url}/nothing/{number}")
        httpx.get(f"{url}/api/v1/leases/lease-{number:026}", headers=person("ada"))
    lease = f"{url}/api/v1/leases/{asked.json()['id']}"
    deadline = time.monotonic() + 20
    while httpx.get(lease, headers=person("ada")).json()["state"] == "queued":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    answer = read(url, Authorization=f"Bearer {METRICS}")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = values(answer.text)
    gpu = ("flavor", "sim-h200")
    assert found["madang_devices_total", gpu] == 2
    assert found["madang_devices_free", gpu] == 1
    assert found["madang_devices_out", gpu] == 0
    assert found["madang_leases", gpu, ("kind", "notebook"), ("state", "admitted")] == 1
    assert found[("madang_admission_wait_seconds_count",)] == 1
    assert found[("madang_reconcile_look_seconds_count",)] >= 1
    assert found[("madang_store_write_seconds_count",)] >= 2
    assert found[("madang_reconcile_failures_total",)] == 0
    assert found[("madang_ledger_seq",)] >= 3
    assert found[("madang_maintenance",)] == 0
    assert found["madang_budget_left_credits", ("project", "language-lab")] == 500
    routes = [key for key in found if key[0] == "madang_http_requests_total"]
    path = "/api/v1/leases/{lease_id}"
    missing = [n for n in routes if ("route", path) in n and ("status", "404") in n]
    assert [found[key] for key in missing] == [30], routes
    unknown = [n for n in routes if ("route", "unknown") in n and ("status", "404") in n]
    assert [found[key] for key in unknown] == [30]
    # Neither people nor ids, whatever was asked for.
    labels = {value for key in found for _, value in key[1:]}
    assert not labels & {"ada", "person", "admin"}
    assert "lease-0" not in answer.text


def test_this_machine_may_look_when_the_policy_says_so_without_budgets(serve):
    url = serve("metrics_from_loopback: true\n")
    assert "madang_devices_free" in read(url).text
    assert "budget_left" not in read(url).text
    assert read(url, **{"X-Forwarded-For": "127.0.0.1"}).status_code == 401
