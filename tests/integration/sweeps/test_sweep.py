"""A small sweep with everything real: the service, its slots, papermill and kernels."""

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

from madang.client import MadangClient, Sweep, sweep
from madang.errors import MadangError
from madang.settings.config import ServiceSettings
from madang.settings.home import Home
from madang.stack import ports

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[3]
TOKEN = "integration-service-token"
POLICY = """
tiers: {open: {max_hours: 8}}
projects: {lab: {tier: open, grant: 10, members: {ada: owner}}}
"""
# Where the mark is missing, one of the runs fails, and leaves it for the time after.
WORK = """
import pathlib
text = pathlib.Path("data.txt").read_text()
mark = pathlib.Path(folder, f"seed-{seed}")
if seed == 3 and not mark.exists():
    mark.write_text("tried")
    raise ValueError(f"seed {seed} is unlucky")
print("RESULT", text.strip(), lr * seed)
import madang
madang.record(product=lr * seed, lr="same name")
"""


class Installation:
    """A service of its own process; people act through it with the client."""

    def __init__(self, root):
        policy = root / "policy.yaml"
        policy.write_text(POLICY)
        home = Home(root)
        self.settings = ServiceSettings(
            home=home,
            database_url=home.database_url,
            bind_host="127.0.0.1",
            bind_port=ports.choose(None, set()),
            public_url="http://127.0.0.1:1/",
            hub_api_url="http://127.0.0.1:1/hub/api",
            api_token=TOKEN,
            policy_path=policy,
            profiles_path=ROOT / "hub_config" / "profiles.yaml",
            gpus="sim:2xh200",
        )
        self.log = root / "service.log"

    def start(self):
        with self.log.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "madang.api.serve"],
                env={**os.environ, **self.settings.to_env()},
                stdout=file,
                stderr=file,
            )
        until(lambda: self._is_healthy() or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()

    def _is_healthy(self):
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.settings.service_url}/healthz").status_code == 200

    def kill(self):
        self.process.kill()
        self.process.wait(20)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)

    def person(self, name):
        return MadangClient(self.settings.service_url, TOKEN, person=name)


def until(condition, limit_s=120):
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "condition not met in time"
        time.sleep(0.1)


@pytest.fixture
def installation(tmp_path):
    made = Installation(tmp_path)
    made.start()
    try:
        yield made
        with made.person("ada") as ada:
            for lease in ada.get("leases"):
                with contextlib.suppress(MadangError):
                    ada.delete(f"leases/{lease['id']}")
            until(lambda: all(x["state"] == "ended" for x in ada.get("leases")))
    finally:
        made.stop()


@pytest.fixture
def notebook(tmp_path):
    parameters = nbformat.v4.new_code_cell("lr = 1.0\nseed = 0\nfolder = ''")
    parameters.metadata["tags"] = ["parameters"]
    made = nbformat.v4.new_notebook(cells=[parameters, nbformat.v4.new_code_cell(WORK)])
    path = tmp_path / "train.ipynb"
    path.write_text(nbformat.writes(made))
    (tmp_path / "data.txt").write_text("data-of-all")
    return path


def printed(client, run_id):
    found = json.loads(client.request("GET", f"runs/{run_id}/output").content)
    outputs = [out for cell in found["cells"] for out in cell.get("outputs", [])]
    return "".join("".join(out.get("text", "")) for out in outputs)


def test_a_sweep_is_executed_survives_a_kill_and_is_tried_again(installation, notebook, tmp_path):
    with installation.person("ada") as ada:
        job = sweep(
            notebook,
            {"lr": [0.5, 2.0], "seed": range(1, 5)},
            parameters={"folder": str(tmp_path)},
            files=[tmp_path / "data.txt"],
            project="lab",
            flavor="cpu",
            devices=0,
            max_parallel=2,
            client=ada,
        )
        assert job.status()["runs"] == 8
        most = 0

        def has_ended_some():
            nonlocal most
            most = max(most, job.refresh().view["counts"]["running"])
            return job.view["runs_done"] >= 2

        until(has_ended_some)
        installation.kill()
        installation.start()

        job.wait(200, progress=False)
        assert job.status()["state"] == "failed", job.view
        frame = job.to_frame()
        assert 1 <= most <= 2
        assert list(zip(frame["lr"], frame["seed"], strict=True)) == [
            (lr, seed) for lr in (0.5, 2.0) for seed in range(1, 5)
        ]
        unlucky = frame[frame["state"] == "failed"]
        assert set(unlucky["seed"]) == {3}
        assert unlucky["error"].iloc[0] == "ValueError: seed 3 is unlucky"
        slots = [x for x in ada.get("leases") if x["kind"] == "slot"]
        # Eight runs went through few slots, not through one each.
        assert len(slots) <= 4

        failed = len(unlucky)
        assert Sweep.of(job.id, ada).retry().status()["queued"] == failed
        assert job.refresh().wait(120, progress=False).check().status()["succeeded"] == 8
        after = job.to_frame()
        for row in after.itertuples():
            assert f"RESULT data-of-all {row.lr * row.seed}" in printed(ada, row.id)
            assert row.product == row.lr * row.seed
        assert set(after["recorded.lr"]) == {"same name"}
        assert (after["duration_s"] > 0).all()
        assert (after["cells_done"] == after["cells_total"]).all()
