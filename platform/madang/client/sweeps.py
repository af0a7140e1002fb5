"""Executes a notebook with many sets of parameters on the pool, and follows them as one thing.

Examples
--------
>>> import madang
>>> job = madang.sweep("train.ipynb", {"lr": [0.1, 0.01], "seed": range(10)})  # doctest: +SKIP
>>> job.wait().to_frame().sort_values("duration_s")  # doctest: +SKIP

What is too much is refused here, before anything is sent:

>>> madang.sweep("train.ipynb", {"seed": range(10**9)})
Traceback (most recent call last):
    ...
madang.errors.InvalidError: ...
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from madang.client.handle import Handle
from madang.client.http import MadangClient
from madang.client.parameter_tables import columns_of
from madang.client.pilots import Agree, ask, try_one
from madang.client.progress import Progress, as_html
from madang.client.runs import again_body, asked, snapshot
from madang.client.sweep_tables import as_frame, write
from madang.client.words import spoken
from madang.domain.run_inputs import check_parameters
from madang.domain.sweep import DEFAULT_PARALLEL, FINAL_SWEEP_STATES
from madang.domain.sweep_plan import SweepPlan
from madang.errors import InvalidError, MadangError, UnavailableError

_PAGE = 1_000


class Sweep(Handle):
    """One sweep, as a handle: ask for its state, wait, look at its table, end it.

    Parameters
    ----------
    view
        What the service says about it.
    client
        How to reach the service; found by itself when None.
    """

    noun = "sweeps"
    final_states = FINAL_SWEEP_STATES

    def status(self) -> dict[str, Any]:
        """Return how many runs are in each state, by the state's name, with ``state`` itself."""
        view = self.view
        return {"state": view["state"], "runs": view["runs"], **view["counts"]}

    def wait(self, timeout_s: float | None = None, *, progress: bool = True) -> "Sweep":
        """Wait for the end of all runs, whatever it is; see :meth:`check`.

        Parameters
        ----------
        progress
            Show a bar, in a notebook and on a terminal.

        Raises
        ------
        UnavailableError
            ``sweep_still_going`` after ``timeout_s``; the sweep goes on.
        """
        with Progress(is_shown=progress) as bar:
            return self._until_final(timeout_s, bar.show)

    def _late(self, waited_s: int) -> MadangError:
        return UnavailableError("sweep_still_going", name=self.name, waited_s=waited_s)

    def check(self) -> "Sweep":
        """Return itself when every run succeeded, or none has ended badly so far.

        Raises
        ------
        MadangError
            ``sweep_not_succeeded`` with the number of those that did not.
        """
        view = self.view
        if self.is_final and view["state"] != "succeeded":
            failed = view["runs"] - view["counts"]["succeeded"]
            values = {"state": view["state"], "failed": failed, "runs": view["runs"]}
            raise spoken(MadangError("sweep_not_succeeded", name=self.name, **values))
        return self

    def rows(self, state: str | None = None) -> Iterator[dict[str, Any]]:
        """Yield the rows of the table in order, as the service says them.

        Parameters
        ----------
        state
            Only runs in this state.
        """
        offset = 0
        while True:
            page = self._http.get(f"sweeps/{self.id}/runs", state=state, offset=offset, limit=_PAGE)
            yield from page["rows"]
            offset += len(page["rows"])
            if not page["rows"] or offset >= page["total"]:
                return

    def to_frame(self) -> Any:
        """Return a pandas data frame with a row for each run, by its position.

        Parameters stand first, under their names; one that is named like a column of ours
        (``state``, ``duration_s`` …) as ``parameter_<name>``. Then come the values that notebooks
        recorded (:func:`madang.record`); one that is named like any other column as
        ``recorded.<name>``. Times are UTC.

        Raises
        ------
        InvalidError
            ``frame_needs_pandas``.
        """
        return as_frame(self.rows())

    def to_csv(self, path: str | Path) -> Path:
        """Write the same table as CSV that is safe to open in a spreadsheet; return its path.

        Raises
        ------
        InvalidError
            ``table_out_unknown`` unless the name ends in ``.csv``, or ``output_unwritable``.
        """
        return write(self.rows(), _ending(path, ".csv"))

    def to_parquet(self, path: str | Path) -> Path:
        """Write the same table as parquet; a column of several kinds of values is JSON text.

        Raises
        ------
        InvalidError
            As :meth:`to_csv` for ``.parquet``; ``frame_needs_pandas``, ``table_needs_parquet``.
        """
        return write(self.rows(), _ending(path, ".parquet"))

    def cancel(self) -> "Sweep":
        """Take all waiting runs out, and let running ones save and stop."""
        return self._saw(self._http.delete(f"sweeps/{self.id}"))

    def pause(self) -> "Sweep":
        """Let no slot take further runs; what runs goes on."""
        return self._saw(self._http.post(f"sweeps/{self.id}/pause"))

    def resume(self) -> "Sweep":
        """Let a paused sweep go on."""
        return self._saw(self._http.post(f"sweeps/{self.id}/resume"))

    def retry(self, *, cancelled: bool = False, from_start: bool = False) -> "Sweep":
        """Submit what failed or ran out of time again, and what was cancelled where asked.

        Each goes on from its last checkpoint unless ``from_start``.
        """
        asked = {"cancelled": cancelled, "from_start": from_start}
        query = {name: "true" for name, is_on in asked.items() if is_on} or None
        answer = self._http.request("POST", f"sweeps/{self.id}/retry", query=query)
        return self._saw(answer.json())

    def rerun(
        self,
        grid: Mapping[str, Iterable[Any]] | None = None,
        *,
        table: Any = None,
        parameters: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> "Sweep":
        """Submit a new sweep from the same snapshot, with changes.

        Parameters
        ----------
        grid, table, parameters
            As for :func:`sweep`; they take the place of the old values of the same names, and each
            set of the others that was there meets each new point.
        overrides
            Values for every row, whose number stays as it is.
        **more
            ``name``, ``flavor``, ``devices``, ``limit``, ``environment`` (empty for the
            installation's own), ``max_parallel``, ``runs_per_device``, ``priority``, ``notify`` and
            ``reuse``; what is left out stays. With ``only_failed`` those that failed or ran out of
            time, not all that were there.
        """
        body = _again(grid, table, parameters, overrides, more)
        return Sweep(self._http.post(f"sweeps/{self.id}/rerun", body), self._http)

    def plan_rerun(
        self,
        grid: Mapping[str, Iterable[Any]] | None = None,
        *,
        table: Any = None,
        parameters: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        """Return what :meth:`rerun` would submit, and what it would cost at most; keeps nothing."""
        body = _again(grid, table, parameters, overrides, more)
        plan: dict[str, Any] = self._http.post(f"sweeps/{self.id}/rerun-plan", body)
        return plan

    def prioritize(self, priority: int) -> "Sweep":
        """Let slots take its runs before or after your others in the project (-10 to 10)."""
        return self._saw(self._http.patch(f"sweeps/{self.id}", {"priority": priority}))

    def __repr__(self) -> str:
        view = self._view
        done = f"{view['runs_done']}/{view['runs']} runs"
        return f"<Sweep {self.name}: {view['state']}, {done}, {self.id}>"

    def _repr_html_(self) -> str:
        return as_html(self.view)


def _again(
    grid: Mapping[str, Iterable[Any]] | None,
    table: Any,
    parameters: Mapping[str, Any] | None,
    overrides: Mapping[str, Any] | None,
    more: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what is sent of a sweep that is submitted again."""
    try:
        columns = columns_of(table) if table is not None else {}
    except MadangError as error:
        raise spoken(error) from error.__cause__
    return {
        "grid": {key: list(_values(values)) for key, values in (grid or {}).items()},
        "table": json.dumps(columns) if columns else "",
        "parameters": dict(parameters or {}),
        "overrides": dict(overrides or {}),
        **again_body(more),
    }


def _ending(path: str | Path, kind: str) -> Path:
    """Return a path, with the ending where it has none."""
    given = Path(path)
    if given.suffix and given.suffix.lower() != kind:
        raise spoken(InvalidError("table_out_unknown", given=given.name, known=kind))
    return given.with_suffix(kind)


def body_of(
    notebook: str | Path,
    grid: Mapping[str, Iterable[Any]] | None = None,
    *,
    table: Any = None,
    parameters: Mapping[str, Any] | None = None,
    project: str | None = None,
    name: str | None = None,
    files: Iterable[str | Path] | Mapping[str, str | Path] = (),
    flavor: str = "gpu",
    devices: int = 1,
    limit: str | float = "1h",
    environment: str = "",
    max_parallel: int = DEFAULT_PARALLEL,
    runs_per_device: int = 1,
    notify: bool | None = None,
    **planned: Any,
) -> dict[str, Any]:
    """Return what is sent of a sweep, after all that can be checked here was; see :func:`sweep`."""
    try:
        axes = {key: _values(values) for key, values in (grid or {}).items()}
        columns = columns_of(table) if table is not None else {}
        plan = SweepPlan(grid=axes, table=columns, fixed=check_parameters(parameters or {}))
        plan.count()
        body, facts = snapshot(notebook, files)
        plan.checked(facts["declared"], facts["wanted"])
        return {
            **body,
            **asked(project, name, flavor, devices, limit, environment, **planned),
            "grid": {key: list(values) for key, values in axes.items()},
            "table": json.dumps(columns) if columns else "",
            "parameters": dict(plan.fixed),
            "max_parallel": max_parallel,
            "runs_per_device": runs_per_device,
            **({} if notify is None else {"notify": notify}),
        }
    except MadangError as error:
        raise spoken(error) from error.__cause__


def _values(values: Iterable[Any]) -> Sequence[Any]:
    """Return values that can be counted; an array becomes numbers of Python's own."""
    as_list = getattr(values, "tolist", None)
    if as_list is not None:
        return list(as_list())
    if isinstance(values, str):
        return [values]
    return values if isinstance(values, Sequence) else list(values)


def sweep(
    notebook: str | Path,
    grid: Mapping[str, Iterable[Any]] | None = None,
    *,
    table: Any = None,
    pilot: bool | Agree = False,
    wait: bool = False,
    client: MadangClient | None = None,
    **more: Any,
) -> Sweep:
    """Submit a notebook with many sets of parameters, all or none, and return their handle.

    Parameters
    ----------
    notebook
        Path of an ``.ipynb`` file of at most 10 MiB; it is kept once for all runs.
    grid
        Values by parameter; every combination is a run, the last name changes fastest.
    table
        A row for each run: a file (CSV, JSON, parquet), a data frame, a list of rows, or a mapping
        of columns. With a grid too, each row meets each point of it.
    pilot
        Execute the first run alone and wait for it, as a run of its own; then show what all would
        take and ask whether to submit them. A function is given the plan, with
        ``measured_ms``, ``expected_device_ms`` and ``expected_microcredits``, and answers instead.
    wait
        Wait for the end, and raise when a run did not succeed.
    client
        How to reach the service; found by itself when None.
    **more
        ``parameters`` (the same for all runs), ``max_parallel`` (how many slots may take its runs
        at the same time, 4 unless said), ``runs_per_device`` (how many runs share the device of a
        slot at the same time, up to 16; 1 unless said), and as for :func:`madang.run` ``project``,
        ``name``, ``files``, ``flavor``, ``devices``, ``limit`` (of one run), ``environment``,
        ``priority``, ``reuse``, ``after``, ``checkpoint_after`` and ``secrets``. With ``notify``
        its end is told by mail and webhook, or not; as your settings say when left out.

    Raises
    ------
    InvalidError
        Anything that is not fit to run, before it is sent; more than 10,000 runs.
    MadangError
        What the service refuses; ``sweep_not_succeeded`` with ``wait``; ``run_not_succeeded`` and
        ``sweep_declined`` with ``pilot``, when no sweep was submitted.
    """
    body = body_of(notebook, grid, table=table, **more)
    http = client or MadangClient()
    if pilot:
        try_one(body, http, ask if pilot is True else pilot)
    job = Sweep(http.post("sweeps", body), http)
    return job.wait().check() if wait else job
