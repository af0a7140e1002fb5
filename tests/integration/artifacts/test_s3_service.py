"""A service with its artifacts in S3, and runs whose output comes while the storage is away."""

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import nbformat
import pytest

from madang.client import MadangClient, run
from madang.errors import MadangError, NotFoundError
from madang.settings.config import ServiceSettings
from madang.settings.home import Home
from madang.stack import ports

sys.path.insert(0, str(Path(__file__).parents[2] / "contract" / "engines"))

from storage_house import BUCKET, KEY, SECRET, s3

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
__all__ = ["s3"]

ROOT = Path(__file__).parents[3]
TOKEN = "integration-service-token"
POLICY = """
tiers: {{open: {{max_hours: 8}}}}
projects: {{lab: {{tier: open, grant: 10, members: {{ada: owner}}}}}}
artifacts: {{url: s3://{bucket}/madang, endpoint: "{url}", keep_days: 90}}
"""
# It says that it runs, and goes on when it may: meanwhile the storage goes away.
WORK = """
import os, pathlib, time
print("SEEN", sorted(name for name in os.environ if name.startswith("AWS")))
pathlib.Path(folder, "runs").touch()
while not pathlib.Path(folder, "go").exists():
    time.sleep(0.05)
print("RESULT", 6 * 7)
"""


def until(condition, limit_s=120):
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "condition not met in time"
        time.sleep(0.1)


@pytest.fixture
def service(tmp_path, s3):
    """Yield settings and log of a service of its own process; its keys come by the environment."""
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY.format(bucket=BUCKET, url=s3.url))
    home = Home(tmp_path / "data")
    home.root.mkdir()
    settings = ServiceSettings(
        home=home,
        database_url=home.database_url,
        bind_host="127.0.0.1",
        bind_port=ports.choose(None, set()),
        public_url="http://127.0.0.1:1/",
        hub_api_url="http://127.0.0.1:1/hub/api",
        api_token=TOKEN,
        policy_path=policy,
        profiles_path=ROOT / "hub_config" / "profiles.yaml",
        gpus="sim:1xh200",
    )
    keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    log = tmp_path / "service.log"
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "madang.api.serve"],
            env={**os.environ, **keys, **settings.to_env()},
            stdout=file,
            stderr=file,
        )

    def is_healthy():
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{settings.service_url}/healthz").status_code == 200

    try:
        until(lambda: is_healthy() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield settings, log
        with MadangClient(settings.service_url, TOKEN, person="ada") as ada:
            for lease in ada.get("leases"):
                with contextlib.suppress(MadangError):
                    ada.delete(f"leases/{lease['id']}")
            until(lambda: all(x["state"] == "ended" for x in ada.get("leases")))
    finally:
        process.terminate()
        process.wait(20)


def test_an_output_that_comes_while_the_storage_is_away_is_not_lost(service, s3, tmp_path):
    settings, log = service
    parameters = nbformat.v4.new_code_cell("folder = ''")
    parameters.metadata["tags"] = ["parameters"]
    made = nbformat.v4.new_notebook(cells=[parameters, nbformat.v4.new_code_cell(WORK)])
    path = tmp_path / "away.ipynb"
    path.write_text(nbformat.writes(made))
    given = {"folder": str(tmp_path)}
    with MadangClient(settings.service_url, TOKEN, person="ada") as ada:
        size = {"project": "lab", "flavor": "cpu", "devices": 0}
        job = run(path, given, **size, client=ada)
        until((tmp_path / "runs").exists)
        s3.stop()
        (tmp_path / "go").touch()
        began = time.monotonic()
        headers = {"Authorization": f"token {TOKEN}", "X-Madang-Person": "ada"}
        address = f"{settings.service_url}/api/v1/runs/{job.id}/notebook"
        answer = httpx.get(address, headers=headers, timeout=60)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.json()["code"] == "artifacts_away"
        until(lambda: time.monotonic() - began > 20)
        assert job.refresh().view["state"] == "running"
        s3.start()
        job.wait(120)
        assert job.view["state"] == "succeeded"
        found = json.loads(ada.request("GET", f"runs/{job.id}/output").content)
        said = "".join(
            "".join(out["text"]) for cell in found["cells"] for out in cell.get("outputs", [])
        )
        assert "RESULT 42" in said
        assert "SEEN []" in said  # the keys of the storage are no kernel's
        assert job.id in str(ada.get("runs"))
        assert not any(settings.home.artifacts.glob("*/*"))
        ada.delete(f"runs/{job.id}/output")
        with pytest.raises(NotFoundError, match="output_deleted"):
            ada.request("GET", f"runs/{job.id}/output")
    assert SECRET not in log.read_text()
