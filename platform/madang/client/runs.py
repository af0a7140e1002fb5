"""Executes a notebook with parameters on the pool.

Examples
--------
>>> import madang
>>> job = madang.run("train.ipynb", {"lr": 0.1}, devices=1)  # doctest: +SKIP
>>> job.wait().output("train-0.1.ipynb")  # doctest: +SKIP

What cannot be run is refused here, before anything is sent:

>>> madang.run("https://example.org/train.ipynb")
Traceback (most recent call last):
    ...
madang.errors.InvalidError: ...

The notebook and its files are read here, with the rights of whoever calls, and checked before
anything is sent: the service never opens a person's path.
"""

import base64
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from madang.client.checkpoints import checked_after
from madang.client.handle import Handle
from madang.client.http import MadangClient
from madang.client.inputs import check_links, read_files, read_input
from madang.client.words import spoken
from madang.domain.run import FINAL_RUN_STATES, MAX_NOTEBOOK_BYTES
from madang.domain.run_inputs import (
    NotebookFacts,
    NotebookParameters,
    check_files,
    check_fit,
    check_local_path,
    check_notebook,
    check_parameters,
    notebook_parameters,
)
from madang.domain.secret import check_secret_names
from madang.errors import InvalidError, MadangError, UnavailableError
from madang.units import parse_duration_ms

_NAME_CHARS = 80
"""The service takes no longer names."""


class Run(Handle):
    """One run, as a handle: ask for its state, wait, fetch what it made.

    Parameters
    ----------
    view
        What the service says about it.
    client
        How to reach the service; found by itself when None.
    """

    noun = "runs"
    final_states = FINAL_RUN_STATES

    @property
    def state(self) -> str:
        """queued, running, succeeded, failed, cancelled or expired."""
        return str(self.view["state"])

    @property
    def progress(self) -> tuple[int, int]:
        """Cells done, and cells in all."""
        view = self.view
        return int(view["cells_done"]), int(view["cells_total"])

    def wait(self, timeout_s: float | None = None) -> "Run":
        """Wait for the end, whatever it is; see :meth:`check`.

        Raises
        ------
        UnavailableError
            ``run_still_going`` after ``timeout_s``; the run goes on.
        """
        return self._until_final(timeout_s)

    def _late(self, waited_s: int) -> MadangError:
        return UnavailableError("run_still_going", name=self.name, waited_s=waited_s)

    def check(self) -> "Run":
        """Return itself when it succeeded.

        Raises
        ------
        MadangError
            ``run_not_succeeded`` with the failing cell and its error.
        """
        view = self.view
        if self.is_final and view["state"] != "succeeded":
            error = view.get("error") or {}
            said = view.get("reason_text") or view.get("reason") or "-"
            if error.get("name"):
                said = f"{error['name']}: {error.get('value', '')} (In cell {error.get('cell')})"
            raise spoken(
                MadangError("run_not_succeeded", name=self.name, state=view["state"], given=said)
            )
        return self

    def log(self) -> str:
        """Return what the cells printed."""
        return self._http.request("GET", f"runs/{self.id}/log").text

    def output(self, path: str | Path | None = None) -> Path:
        """Write the executed notebook, whole or as far as it came, and return its path.

        Parameters
        ----------
        path
            Where to write; ``<name>-<id>.ipynb`` in the working folder when None.
        """
        data = self._http.request("GET", f"runs/{self.id}/output").content
        stem = "".join(c if c.isalnum() or c in "-_." else "-" for c in self.name).strip(".")
        target = Path(path) if path is not None else Path(f"{stem}-{self.id}.ipynb")
        target.write_bytes(data)
        return target

    def cancel(self) -> "Run":
        """Take it out of the queue, or let it save and stop; repeating it is harmless."""
        self._http.delete(f"runs/{self.id}")
        return self.refresh()

    def rerun(
        self,
        parameters: Mapping[str, Any] | None = None,
        *,
        name: str | None = None,
        priority: int | None = None,
        reuse: bool = False,
        **size: Any,
    ) -> "Run":
        """Submit a new run from the same snapshot; what is not named stays as it was.

        Parameters
        ----------
        parameters
            Take the place of those with the same names.
        **size
            ``flavor``, ``devices``, ``limit`` (such as ``"2h"``) and ``environment`` (empty for the
            installation's own).
        """
        body = again_body({"name": name, "priority": priority, **size}) | {"reuse": reuse}
        body["parameters"] = dict(parameters or {})
        return Run(self._http.post(f"runs/{self.id}/rerun", body), self._http)

    def plan_rerun(
        self, parameters: Mapping[str, Any] | None = None, *, reuse: bool = False, **size: Any
    ) -> dict[str, Any]:
        """Return what :meth:`rerun` would submit, and what it would cost at most; keeps nothing."""
        body = again_body(size) | {"reuse": reuse, "parameters": dict(parameters or {})}
        plan: dict[str, Any] = self._http.post(f"runs/{self.id}/rerun-plan", body)
        return plan

    def prioritize(self, priority: int) -> "Run":
        """Let slots take it before or after your others in the project (-10 to 10)."""
        return self._saw(self._http.patch(f"runs/{self.id}", {"priority": priority}))

    def __repr__(self) -> str:
        done, total = int(self._view["cells_done"]), int(self._view["cells_total"])
        return f"<Run {self.name}: {self._view['state']}, {done}/{total} cells, {self.id}>"


def run(
    notebook: str | Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    project: str | None = None,
    name: str | None = None,
    files: Iterable[str | Path] | Mapping[str, str | Path] = (),
    flavor: str = "gpu",
    devices: int = 1,
    limit: str | float = "1h",
    environment: str = "",
    priority: int = 0,
    reuse: bool = False,
    after: Iterable[str] = (),
    checkpoint_after: float | None = None,
    secrets: Iterable[str] = (),
    wait: bool = False,
    client: MadangClient | None = None,
) -> Run:
    """Submit a notebook with parameters, and return its handle.

    Parameters
    ----------
    notebook
        Path of an ``.ipynb`` file of at most 10 MiB.
    parameters
        JSON values for names that the notebook's cell tagged ``parameters`` assigns.
    project
        Who pays; the project of the notebook server when None.
    name
        For people; the file's name when None.
    files
        Files that the notebook reads, beside those that its metadata declare. Their names in the
        run's folder are those relative to the notebook (outside its folder, the bare name), or the
        keys of a mapping.
    flavor, devices
        Kind and number of devices.
    limit
        Time limit of the run, such as ``"90s"`` or ``"2h"``.
    environment
        Environment of the project that the notebook executes with; the installation's own when it
        is empty.
    priority
        From -10 to 10: slots take your runs with a higher one first, in this project.
    reuse
        Take over the result if this very thing has succeeded in the project already: same notebook,
        files, parameters and environment.
    after
        Ids of runs and sweeps of the project that must succeed first; if one does not, this is
        cancelled.
    checkpoint_after
        Seconds between saves that a later attempt goes on from, 1 to 86,400; as the notebook's
        metadata say, or 30, when None. Never less than ten times what the last save took.
    secrets
        Names of the project's secrets, such as ``["HF_TOKEN"]``: the notebook finds their values in
        ``os.environ``. They stand in no parameter, log or output.
    wait
        Wait for the end, and raise when the run did not succeed.
    client
        How to reach the service; found by itself when None.

    Raises
    ------
    InvalidError
        Anything that is not fit to run, before it is sent.
    MadangError
        What the service refuses; ``run_not_succeeded`` with ``wait``.
    """
    try:
        given = check_parameters(parameters or {})
        body, facts = snapshot(notebook, files)
        check_fit(given, facts)
        size = (flavor, devices, limit, environment)
        order = (priority, reuse, after, secrets)
        body |= {
            "parameters": given,
            **asked(project, name, *size, *order, checkpoint_after=checkpoint_after),
        }
    except MadangError as error:
        raise spoken(error) from error.__cause__
    http = client or MadangClient()
    job = Run(http.post("runs", body), http)
    return job.wait().check() if wait else job


def snapshot(
    notebook: str | Path, files: Iterable[str | Path] | Mapping[str, str | Path]
) -> tuple[dict[str, Any], NotebookFacts]:
    """Return what is sent of a notebook and its files, and what a run needs to know about it.

    Raises
    ------
    InvalidError
        What cannot be read, or is not fit to run.
    """
    path = Path(check_local_path(str(notebook)))
    data = _read_notebook(notebook)
    facts = check_notebook(data)
    declared = _named(path, [path.parent / file for file in facts["files"]])
    given = _named(path, files)
    # A file that its person names as well is meant, wherever it lies.
    known = {file.resolve() for file in given.values()}
    check_links(path, [f for f in facts["files"] if (path.parent / f).resolve() not in known])
    named = check_files(read_files(declared | given))
    body = {
        "name": _plain_name(path.stem),
        "notebook": data.decode("utf-8-sig"),
        "files": {key: base64.b64encode(value).decode() for key, value in named.items()},
    }
    return body, facts


def parameters_of(notebook: str | Path) -> NotebookParameters:
    """Return what a notebook declares, without running any of it; no service is asked.

    Raises
    ------
    InvalidError
        What cannot be read, or is no notebook.
    """
    try:
        return notebook_parameters(_read_notebook(notebook))
    except MadangError as error:
        raise spoken(error) from error.__cause__


def asked(
    project: str | None,
    name: str | None,
    flavor: str,
    devices: int,
    limit: str | float,
    environment: str,
    priority: int = 0,
    reuse: bool = False,
    after: Iterable[str] = (),
    secrets: Iterable[str] = (),
    checkpoint_after: float | None = None,
) -> dict[str, Any]:
    """Return what is sent of the size and the payer of a run; without a name the file's stays."""
    body: dict[str, Any] = {
        "project": project or os.environ.get("MADANG_PROJECT", ""),
        "flavor": flavor,
        "devices": devices,
        "limit_s": _limit_s(limit),
    }
    if name:
        body["name"] = name
    if environment:
        body["environment"] = environment
    if priority:
        body["priority"] = priority
    if reuse:
        body["reuse"] = True
    if befores := list(after):
        body["after"] = befores
    if named := check_secret_names(secrets):
        body["secrets"] = list(named)
    if checkpoint_after is not None:
        body["checkpoint_after_s"] = checked_after(checkpoint_after)
    return body


def again_body(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is sent of work that is submitted again; what is None stays as it was.

    Raises
    ------
    InvalidError
        ``duration_unreadable`` for a limit that says no time.
    """
    body = {key: value for key, value in given.items() if value is not None}
    if "limit" in body:
        try:
            body["limit_s"] = _limit_s(body.pop("limit"))
        except MadangError as error:
            raise spoken(error) from error.__cause__
    return body


def _limit_s(limit: str | float) -> int:
    return max(1, math.ceil(parse_duration_ms(limit) / 1000))


def _named(
    notebook: Path, files: Iterable[str | Path] | Mapping[str, str | Path]
) -> dict[str, Path]:
    """Return the files by their name in the run's folder."""
    if isinstance(files, Mapping):
        return {key: Path(check_local_path(str(path))) for key, path in files.items()}
    named: dict[str, Path] = {}
    folder = Path(os.path.normpath(notebook.absolute())).parent
    for given in files:
        path = Path(check_local_path(str(given)))
        full = Path(os.path.normpath(path.absolute()))
        key = full.relative_to(folder).as_posix() if full.is_relative_to(folder) else full.name
        if key in named:
            raise InvalidError("path_outside", given=key)
        named[key] = path
    return named


def _read_notebook(notebook: str | Path) -> bytes:
    def too_large(size: int) -> InvalidError:
        limits = {"given_bytes": size, "limit_bytes": MAX_NOTEBOOK_BYTES}
        return InvalidError("notebook_too_large", **limits)

    return read_input(Path(check_local_path(str(notebook))), MAX_NOTEBOOK_BYTES, too_large)


def _plain_name(stem: str) -> str:
    """Return a name for people from a file's name, which may hold what no page can show."""
    plain = "".join(one if one.isprintable() else " " for one in stem).strip()
    return plain[:_NAME_CHARS] or "notebook"
