"""Chooses and installs the conda packages of an environment: a process of its own for each step.

The task comes on standard input, so that nothing of it stands on a command line. Channels are
named; where they are, and through what they are reached, is said by this machine's configuration.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import rattler

from madang.runner.building import CONDA_LOCK

CUDA = "13.0"
"""Taken for the driver where the machine that builds has none: packages for GPUs ask for one."""


def _client() -> tuple[rattler.Client, rattler.ChannelConfig]:
    config = rattler.Config.load_from_default_locations("rattler")
    return rattler.Client.from_config(config), rattler.ChannelConfig()


def _channels(task: dict[str, Any]) -> list[rattler.Channel]:
    _, config = _client()
    return [rattler.Channel(name, config) for name in task["channels"]]


def _specs(task: dict[str, Any]) -> list[str]:
    """Return what is asked for; an interpreter is always part of it."""
    specs = list(task["packages"])
    names = {spec.split("=")[0].split(" ")[0].rstrip("<>!~") for spec in specs}
    if "python" not in names:
        version = task["python"] or f"{sys.version_info.major}.{sys.version_info.minor}"
        specs.append(f"python {version}.*")
    return specs


async def _records(task: dict[str, Any], specs: list[str]) -> list[rattler.RepoDataRecord]:
    client, _ = _client()
    os.environ.setdefault("CONDA_OVERRIDE_CUDA", CUDA)
    return await rattler.solve(
        _channels(task),
        [rattler.MatchSpec(spec) for spec in specs],
        gateway=rattler.Gateway(client=client),
        virtual_packages=rattler.VirtualPackage.detect(rattler.VirtualPackageOverrides.from_env()),
    )


async def solve(task: dict[str, Any]) -> None:
    """Choose the packages and write them down."""
    records = await _records(task, _specs(task))
    chosen = [
        {
            "name": record.name.normalized,
            "version": str(record.version),
            "build": str(record.build),
            "sha256": record.sha256.hex() if record.sha256 else "",
        }
        for record in sorted(records, key=lambda record: record.name.normalized)
    ]
    path = Path(task["prefix"]) / CONDA_LOCK
    path.write_text(json.dumps(chosen, indent=1), "utf-8")
    shown = ", ".join(f"{item['name']} {item['version']}" for item in chosen)
    print(f"{len(chosen)} packages: {shown}", flush=True)


async def install(task: dict[str, Any]) -> None:
    """Install exactly what was chosen."""
    prefix = Path(task["prefix"])
    chosen = json.loads((prefix / CONDA_LOCK).read_text("utf-8"))
    exact = [f"{item['name']} =={item['version']} {item['build']}" for item in chosen]
    records = await _records(task, exact)
    hashes = {item["name"]: item["sha256"] for item in chosen}
    for record in records:
        known = hashes.get(record.name.normalized)
        if known is None or known != (record.sha256.hex() if record.sha256 else ""):
            raise SystemExit(f"{record.name.normalized} is not the package that was chosen.")
    client, _ = _client()
    # Scripts of packages are not executed, as everywhere without being asked for.
    await rattler.install(records, prefix, show_progress=False, client=client)
    print(f"{len(records)} packages are installed.", flush=True)


def main() -> int:
    """Do one step of a task."""
    task = json.load(sys.stdin)
    step = {"solve": solve, "install": install}[task["step"]]
    try:
        asyncio.run(step(task))
    except Exception as error:  # edge of the process: the message is for whoever reads the log
        print(f"{type(error).__name__}: {error}", flush=True)
        return 1
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # Threads of the solver may still live; an orderly end of the interpreter dies of them at times.
    os._exit(code)
