"""Which kernels a notebook server offers beside its own: the environments of its project.

The service writes them where ``JUPYTER_PATH`` of the project's servers points to; Jupyter looks
there at each list of kernels, so that what is built later shows up in a server that runs.
"""

from collections.abc import Mapping
from typing import Any

from madang.domain.environment import kernel_name
from madang.settings.environment_folders import EnvironmentFolders

NO_PROJECT = "-"
"""Names no folder: a lease without a project offers nothing."""


def kernel_env(folders: EnvironmentFolders, lease: Mapping[str, Any]) -> dict[str, str]:
    """Return the environment variable with which a server finds the kernels of its project."""
    return {"JUPYTER_PATH": str(folders.jupyter(str(lease.get("project_id") or NO_PROJECT)))}


def first_kernel(folders: EnvironmentFolders, lease: Mapping[str, Any]) -> list[str]:
    """Return the argument that lets new notebooks begin with the environment that was asked for."""
    chosen = lease.get("environment")
    if not isinstance(chosen, Mapping):
        return []
    name = kernel_name(str(chosen["name"]))
    folder = folders.kernels(str(lease.get("project_id") or NO_PROJECT))
    if not (folder / name / "kernel.json").is_file():
        # Deleted meanwhile: the server starts all the same, with its own kernel.
        return []
    return [f"--MultiKernelManager.default_kernel_name={name}"]
