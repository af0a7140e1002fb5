"""Environments of a project: packages for its notebooks, runs and clusters.

Examples
--------
>>> import madang
>>> madang.environment("torch", "torch.txt").wait()  # doctest: +SKIP
>>> madang.run("train.ipynb", environment="torch")  # doctest: +SKIP
>>> madang.Cluster(environment="torch")  # doctest: +SKIP
"""

import math
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from madang.client.http import LONG_POLL_S, MadangClient
from madang.client.words import language, spoken
from madang.domain.environment_spec import MAX_SPEC_BYTES
from madang.errors import InvalidError, MadangError, UnavailableError
from madang.i18n import text

_OPEN = ("queued", "building")
_CONDA_SUFFIXES = (".yml", ".yaml")


class Environment:
    """One environment, as a handle: wait for its build, build again, read how it was built.

    Parameters
    ----------
    view
        What the service says about it.
    client
        How to reach the service; found by itself when None.
    """

    def __init__(self, view: Mapping[str, Any], client: MadangClient | None = None) -> None:
        self._http = client or MadangClient()
        self.view = dict(view)

    @classmethod
    def of(
        cls, name: str, project: str | None = None, client: MadangClient | None = None
    ) -> "Environment":
        """Return an environment of a project, by name.

        Raises
        ------
        NotFoundError
            ``environment_unknown``.
        """
        http = client or MadangClient()
        place = project_of(http, project)
        return cls(http.get(f"environments/{quote(name, safe='')}", project=place), http)

    @property
    def id(self) -> str:
        """Id of the environment."""
        return str(self.view["id"])

    @property
    def name(self) -> str:
        """Name that runs and clusters ask for."""
        return str(self.view["name"])

    @property
    def state(self) -> str:
        """State of its latest build: queued, building, ready, failed or removed."""
        return str(self.refresh().view["state"])

    def refresh(self) -> "Environment":
        """Ask the service anew."""
        self.view = self._http.get(f"environments/{self.id}")
        return self

    def next_change(self, wait_s: float = LONG_POLL_S) -> "Environment":
        """Return when something changed, at the latest after a while."""
        version = str(self.view.get("version") or "")
        self.view = self._http.wait(f"environments/{self.id}", version, math.ceil(wait_s))
        return self

    def wait(self, timeout_s: float | None = None) -> "Environment":
        """Wait for the end of the latest build.

        Raises
        ------
        MadangError
            ``build_not_ready`` when it failed.
        UnavailableError
            ``build_still_going`` after ``timeout_s``; the build goes on.
        """
        deadline = math.inf if timeout_s is None else time.monotonic() + timeout_s
        while self.view["state"] in _OPEN:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise spoken(UnavailableError("build_still_going", given=self.name))
            self.next_change(min(LONG_POLL_S, left_s))
        if self.view["state"] != "ready":
            raise spoken(MadangError("build_not_ready", given=self.name, why=why(self.view)))
        return self

    def rebuild(self, spec: str | Path | None = None, python: str | None = None) -> "Environment":
        """Build a new revision, with the packages of another file if one is given."""
        body: dict[str, Any] = {}
        if spec is not None:
            body["spec"] = read_spec_file(spec)
        if python is not None:
            body["python"] = python
        self.view = self._http.post(f"environments/{self.id}/rebuild", body)
        return self

    def delete(self) -> None:
        """Delete it; what runs with it goes on."""
        self.view = self._http.delete(f"environments/{self.id}")

    def log(self) -> str:
        """Return what the latest build printed."""
        return self._http.request("GET", f"environments/{self.id}/log").text

    def report(self) -> dict[str, Any]:
        """Return the report of what is used now: packages, versions, hashes."""
        found: dict[str, Any] = self._http.request("GET", f"environments/{self.id}/report").json()
        return found

    def __repr__(self) -> str:
        return f"<Environment {self.name}: {self.view['state']}, {self.id}>"


def environment(
    name: str,
    spec: str | Path,
    *,
    project: str | None = None,
    title: str = "",
    kind: str | None = None,
    python: str = "",
    client: MadangClient | None = None,
) -> Environment:
    """Ask for an environment of a project, and return its handle.

    Parameters
    ----------
    name
        Small letters, digits and ``-``.
    spec
        A file: a list of packages, or an ``environment.yml``.
    project
        Whose it is; that of the notebook, or the only one, when None.
    title
        For people; the name when it is empty.
    kind
        ``uv`` or ``conda``; by the ending of the file when None.
    python
        Version such as ``3.12``; that of the installation when it is empty.

    Raises
    ------
    InvalidError
        ``input_unreadable``, or what the service finds wrong with the list.
    """
    http = client or MadangClient()
    is_conda = Path(spec).suffix in _CONDA_SUFFIXES
    body = {
        "project": project_of(http, project),
        "name": name,
        "title": title,
        "kind": kind or ("conda" if is_conda else "uv"),
        "spec": read_spec_file(spec),
        "python": python,
    }
    return Environment(http.post("environments", body), http)


def project_of(http: MadangClient, project: str | None) -> str:
    """Return the project that is meant: the one named, that of the notebook, or the only one."""
    named = project or os.environ.get("MADANG_PROJECT", "")
    if named:
        return named
    mine = [str(item["name"]) for item in http.get("projects") if item["role"]]
    if len(mine) != 1:
        raise spoken(InvalidError("project_missing", known=mine))
    return mine[0]


def read_spec_file(path: str | Path) -> str:
    """Read a list of packages, with the rights of whoever calls.

    Raises
    ------
    InvalidError
        ``input_unreadable``.
    """
    try:
        data = Path(path).read_bytes()[: MAX_SPEC_BYTES + 1]
        return data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise spoken(InvalidError("input_unreadable", path=str(path), given=said)) from error


def why(view: Mapping[str, Any]) -> str:
    """Return why the latest build came to nothing, in words."""
    latest = view.get("latest") or {}
    said = str(latest.get("reason_text") or text(f"build_state.{view['state']}", language()))
    error = latest.get("error") or {}
    return f"{said} {error['name']}: {error.get('value', '')}" if error.get("name") else said
