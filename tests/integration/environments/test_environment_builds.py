"""Environments with everything real: built by uv and by rattler, then used by runs and clusters."""

import asyncio
import contextlib
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import httpx
import nbformat
import pytest
from rattler.index import index_fs

from madang.client import MadangClient
from madang.errors import MadangError
from madang.settings.config import ServiceSettings
from madang.settings.home import Home
from madang.stack import ports

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[3]
TOKEN = "integration-service-token"
POLICY = """
tiers: {{open: {{max_hours: 8}}}}
projects:
  lab: {{tier: open, grant: 10, members: {{ada: owner, bora: member}}}}
  other: {{tier: open, grant: 10, members: {{chan: owner}}}}
environments: {{channels: ["{channel}"]}}
"""
NOTEBOOK = """
import json, os, sys
import iniconfig, madang
print("FOUND " + json.dumps([sys.prefix, os.environ["MADANG_ENVIRONMENT"], madang.__file__]))
"""
CLUSTER_NOTEBOOK = """
import sys, madang
with madang.Cluster(1, 0) as cluster, cluster.get_client() as client:
    there = client.submit(lambda: __import__("sys").prefix).result(timeout=60)
print("SAME" if there == sys.prefix else there)
"""


def notebook(source):
    cell = nbformat.v4.new_code_cell(source)
    return nbformat.writes(nbformat.v4.new_notebook(cells=[cell]))


class Installation:
    """A service of its own process, and people at its door."""

    def __init__(self, root, channel):
        self.home = Home(root)
        policy = root / "policy.yaml"
        policy.write_text(POLICY.format(channel=channel))
        self.settings = ServiceSettings(
            home=self.home,
            database_url=self.home.database_url,
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


def built(client, environment_id):
    """Wait for the end of the latest build."""

    def is_over():
        view = client.get(f"environments/{environment_id}")
        return view["state"] not in ("queued", "building")

    until(is_over, 200)
    view = client.get(f"environments/{environment_id}")
    assert view["state"] == "ready", (
        view["latest"],
        client.get(f"runs/{view['latest']['run']}")["error"],
        client.request("GET", f"environments/{environment_id}/log").text,
    )
    return view


def executed(client, body):
    """Submit a run, wait for its end, and return (view, text that it printed)."""
    run = client.post("runs", {"project": "lab", "flavor": "cpu", "devices": 0, **body})
    until(lambda: client.get(f"runs/{run['id']}")["state"] not in ("queued", "running"))
    view = client.get(f"runs/{run['id']}")
    log = client.request("GET", f"runs/{run['id']}/log").text
    assert view["state"] == "succeeded", (view["error"], log)
    return view, log


@pytest.fixture(scope="module")
def channel(tmp_path_factory):
    return make_channel(tmp_path_factory.mktemp("channel"))


@pytest.fixture(scope="module")
def installation(tmp_path_factory, channel):
    made = Installation(tmp_path_factory.mktemp("environments"), channel.as_uri())
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


def make_channel(root):
    """Return a conda channel in a folder: an interpreter that is a link to ours, and a package."""
    folder = root / "noarch"
    folder.mkdir()
    version = ".".join(map(str, sys.version_info[:3]))
    base = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")
    home = f"home = {base.parent}\nversion = {version}\n"
    python = {"bin/python": base, "pyvenv.cfg": home}
    write_package(folder, "python", version, "generic", python)
    write_package(folder, "tiny", "1.0", "python", {"site-packages/tiny.py": "VALUE = 42\n"})
    asyncio.run(index_fs(root))
    return root


def write_package(folder, name, version, noarch, files):
    """Write a conda package, in the older of its two forms."""
    paths = []
    with tarfile.open(folder / f"{name}-{version}-0.tar.bz2", "w:bz2") as archive:
        for path, content in files.items():
            is_link = isinstance(content, Path)
            data = b"" if is_link else content.encode()
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), 0o644
            if is_link:
                entry.type, entry.linkname = tarfile.SYMTYPE, str(content)
            archive.addfile(entry, io.BytesIO(data))
            kind = "softlink" if is_link else "hardlink"
            sha = hashlib.sha256(content.read_bytes() if is_link else data).hexdigest()
            paths.append(
                {"_path": path, "path_type": kind, "sha256": sha, "size_in_bytes": len(data)}
            )
        depends = ["python"] if noarch == "python" else []
        index = {
            "name": name,
            "version": version,
            "build": "0",
            "build_number": 0,
            "depends": depends,
            "noarch": noarch,
            "subdir": "noarch",
        }
        for path, value in (
            ("info/index.json", index),
            ("info/paths.json", {"paths": paths, "paths_version": 1}),
            ("info/link.json", {"noarch": {"type": noarch}, "package_metadata_version": 1}),
        ):
            data = json.dumps(value).encode()
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))


@pytest.fixture(scope="module")
def torch(installation):
    """A small environment, built by uv from the registry."""
    with installation.person("ada") as ada:
        body = {"project": "lab", "name": "small", "title": "Small", "spec": "iniconfig>=2\n"}
        made = ada.post("environments", body)
        assert made["state"] == "queued"
        yield built(ada, made["id"])


def test_a_run_executes_in_it(installation, torch):
    with installation.person("bora") as bora:
        body = {"name": "inside", "notebook": notebook(NOTEBOOK), "environment": "small"}
        view, log = executed(bora, body)
        assert view["environment"]["name"] == "small"
        assert view["environment"]["revision"] == 1
        prefix, name, source = json.loads(log.split("FOUND ")[1].splitlines()[0])
        assert name == "small"
        assert prefix.endswith(f"{torch['id']}/1")
        assert source.startswith(prefix)


def test_a_cluster_computes_in_it(installation, torch):
    with installation.person("ada") as ada:
        body = {"name": "c", "notebook": notebook(CLUSTER_NOTEBOOK), "environment": "small"}
        _, log = executed(ada, body)
        assert "SAME" in log


def test_a_conda_channel_in_a_folder_is_built_from(installation, channel):
    with installation.person("ada") as ada:
        spec = f"channels: ['{channel.as_uri()}']\ndependencies: [tiny, {{pip: [iniconfig]}}]\n"
        body = {"project": "lab", "name": "conda", "kind": "conda", "spec": spec}
        view = built(ada, ada.post("environments", body)["id"])
        report = ada.request("GET", f"environments/{view['id']}/report").json()
        listed = {item["name"]: item for item in report["packages"]}
        assert len(listed["tiny"]["sha256"]) == 64
        assert {"iniconfig", "ipykernel", "madang"} <= set(listed)
        source = "import tiny, iniconfig\nprint('TINY', tiny.VALUE)"
        body = {"name": "inside", "notebook": notebook(source), "environment": "conda"}
        assert "TINY 42" in executed(ada, body)[1]
