"""What a result was made from: written into the metadata of the executed notebook.

Begun by the slot, which knows the run, and finished by the engine, which knows kernel and time. It
goes to whoever reads the output: no token, no variable's value, no path of the machine.
"""

import json
import sys
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from madang import __version__

_DEVICES = ("CUDA_VISIBLE_DEVICES", "MADANG_SIMULATED_GPUS")


def given_to(task: Mapping[str, Any], env: Mapping[str, str]) -> dict[str, Any]:
    """Return what is known of a run before it begins.

    Parameters
    ----------
    task
        As the service hands it over.
    env
        Of the slot, which names its devices.
    """
    run = task["run"]
    inside = run.get("environment")
    parameters = json.dumps(run["parameters"], sort_keys=True, ensure_ascii=False)
    files = {name: b64decode(data) for name, data in (task.get("files") or {}).items()}
    return {
        "run": run["id"],
        "attempt": run["attempt"],
        "sweep": run.get("sweep") or None,
        "notebook_sha256": _hash(task["notebook"].encode("utf-8", "surrogatepass")),
        "files_sha256": {name: _hash(data) for name, data in sorted(files.items())},
        "parameters_sha256": _hash(parameters.encode("utf-8", "surrogatepass")),
        "environment": inside
        and {
            "name": inside["name"],
            "revision": inside["revision"],
            "report_sha256": task.get("environment_report") or None,
        },
        "secrets": {
            name: one["version"] for name, one in sorted((task.get("secrets") or {}).items())
        },
        "devices": [d for name in _DEVICES for d in env.get(name, "").split(",") if d],
    }


def begin(metadata: Any, given: Mapping[str, Any], resumed: Mapping[str, Any] | None) -> None:
    """Write into a notebook's metadata what its run was given; nothing for a run without a slot."""
    if not given:
        return
    own = metadata["madang"]
    own["provenance"] = {
        **given,
        "kernel": {key: own[key] for key in ("kernel", "reason", "detail") if key in own},
        "versions": _versions(is_own=given["environment"] is None),
        "resumed": resumed,
        "started": _now(),
        "ended": None,
    }


def end(metadata: Any) -> None:
    """Note when the execution ended, however it did, and the Python that the kernel named."""
    told = metadata.get("madang", {}).get("provenance")
    if told is not None:
        told["ended"] = _now()
        if python := metadata.get("language_info", {}).get("version"):
            told["versions"]["python"] = python


def _versions(is_own: bool) -> dict[str, str]:
    """Return versions of what executes; those inside an environment are in its report."""
    found = {"madang": __version__}
    for name in ("papermill", "ipykernel") if is_own else ("papermill",):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    if is_own:
        found["python"] = ".".join(map(str, sys.version_info[:3]))
    return found


def _hash(data: bytes) -> str:
    return sha256(data).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
