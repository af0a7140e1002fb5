"""Whether the two sides of a cluster fit together: this kernel, and what its workers run with.

Functions and results travel pickled, so that both need the same Python and the same Dask. Found
out before anything is computed, because what goes wrong later does not say why.
"""

import platform
from collections.abc import Mapping
from importlib import metadata
from typing import Any

from madang.client.words import spoken
from madang.errors import ConflictError

_PACKAGES = ("dask", "distributed")


def own_versions() -> dict[str, str]:
    """Return the versions of this process."""
    return {
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in _PACKAGES},
    }


def check_fit(view: Mapping[str, Any], own: Mapping[str, str] | None = None) -> None:
    """Refuse a cluster whose processes do not fit this one.

    Parameters
    ----------
    view
        Of the cluster, as the service says it.
    own
        Versions of this side; of this process when None.

    Raises
    ------
    ConflictError
        ``cluster_versions_differ`` with each version on both sides.
    """
    there = view.get("versions") or {}
    here = own_versions() if own is None else own
    differ = [
        f"{name} {there[name]} ≠ {here[name]}"
        for name in ("python", *_PACKAGES)
        if there.get(name) and _key(name, there[name]) != _key(name, here[name])
    ]
    if differ:
        inside = view.get("environment") or {}
        raise spoken(
            ConflictError(
                "cluster_versions_differ",
                environment=inside.get("name", "-"),
                given=", ".join(differ),
            )
        )


def _key(name: str, version: str) -> str:
    # Of Python the first two numbers: byte code differs between them and not within.
    return ".".join(version.split(".")[:2]) if name == "python" else version
