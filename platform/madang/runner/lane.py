"""Executes one run of a slot: gets its process, watches it, reports, and hands in how it ended.

Used by :mod:`madang.runner.slot`, in a thread for each run. What lanes have in common are the warm
processes that runs are forked from, and one group of processes that the system counts memory for.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from madang.client.http import MadangClient
from madang.domain.run import RunState
from madang.errors import ConflictError, MadangError
from madang.runner.checkpoints.place import ENV as CHECKPOINT_ENV
from madang.runner.checkpoints.place import OWN, held, key_of
from madang.runner.disk import reserve
from madang.runner.ended import Ended, failed
from madang.runner.files import RunFolder, make_run_folder
from madang.runner.forked.parents import Wanted
from madang.runner.forked.refused import ForkRefusedError
from madang.runner.forked.runs import ForkedRuns, Process
from madang.runner.memory import OUT_OF_MEMORY, OomKills, SharedKills, with_limit
from madang.runner.provenance import given_to
from madang.runner.report import Report
from madang.runner.values import handed_on

HEARTBEAT_S = 2.0
QUICK_S = 0.3
"""Progress is told at once when a cell ends, but not more often than this."""

OUTPUT_EVERY_S = 15.0
FIRST_OUTPUT_S = 2.0
"""What is read first is often too much at once, and a slot may end with all that is in it."""

GRACE_S = 10.0
XLA_FRACTIONS = ("XLA_PYTHON_CLIENT_MEM_FRACTION", "XLA_CLIENT_MEM_FRACTION")
"""What JAX is told which part of a device's memory it takes at once; the second name is newer."""

XLA_PART = 0.9
"""The part of a device's memory that runs take together."""

_ENDED_EARLY = {
    "cancelled": RunState.CANCELLED,
    "slot_stopped": RunState.CANCELLED,
    "time_limit": RunState.EXPIRED,
}


@dataclass(frozen=True, kw_only=True)
class Shared:
    """What all lanes of a slot have in common."""

    url: str
    root: Path
    env: Mapping[str, str]
    grace_s: float
    runs: ForkedRuns
    checkpoints: Path | None
    kills: SharedKills


class Lane:
    """Executes one run beside others.

    Parameters
    ----------
    lanes
        How many runs may share the slot's device, this one among them.
    """

    def __init__(self, shared: Shared, lanes: int = 1) -> None:
        self._shared = shared
        self._lanes = lanes
        self._child: subprocess.Popen[bytes] | Process | None = None
        self.is_stopping = False

    def stop(self) -> None:
        """Interrupt the run and hand in what there is; called in a signal handler."""
        self.is_stopping = True
        child = self._child
        if child is not None:
            child.terminate()

    def run(self, task: Mapping[str, Any]) -> Ended:
        """Execute one run; whoever called hands in how it ended."""
        run = task["run"]
        first = str(task.get("continues") or run["id"])
        with ExitStack() as holding:
            client = holding.enter_context(MadangClient(self._shared.url, task["token"]))
            ids = (first, str(run["id"]))
            kept = holding.enter_context(held(self._shared.checkpoints, ids))
            report = Report(client, run["id"])
            secrets = task.get("secrets") or {}
            values = {name: str(one["value"]) for name, one in secrets.items()}
            root = self._shared.root / f"{run['id']}.{run['attempt']}"
            folder = RunFolder(root)
            try:
                if missing := [name for name in run.get("secrets", ()) if name not in values]:
                    raise ConflictError("secret_gone", given=missing)
                reserve(self._shared.root)
                given = given_to(task, self._shared.env)
                folder = make_run_folder(root, *_contents(task), _checkpoint(task, kept), given)
                result = self._execute(folder, task, report, kept, values)
            except MadangError as error:
                result = failed(error.code, error)
            except OSError as error:
                result = failed("slot_disk", error)
            return Ended(folder, report, result, kept, holding.pop_all())

    def _execute(
        self,
        folder: RunFolder,
        task: Mapping[str, Any],
        report: Report,
        kept: Path | None,
        secrets: Mapping[str, str],
    ) -> dict[str, Any]:
        """Start the process that executes, watch it, and return how the run ended."""
        env = _run_env(self._shared, task, kept, self._lanes)
        wanted = self._wanted(folder, env, task, report)
        if isinstance(wanted, str):
            return {"state": _ENDED_EARLY[wanted].value, "reason": wanted, "error": None}
        kills = OomKills()
        reader, writer = os.pipe()
        try:
            self._child = self._start(folder, env, writer, wanted, secrets)
        except OSError:
            os.close(reader)
            raise
        finally:
            os.close(writer)
        if self.is_stopping:  # the signal came just before there was a child
            self._child.terminate()
        thread = threading.Thread(target=_read_events, args=(reader, report), daemon=True)
        thread.start()
        is_told_to_stop = self._watch(self._child, folder, report)
        # A process that the notebook left behind may hold the pipe; nothing of worth comes after.
        thread.join(5.0)
        child, self._child = self._child, None
        result = report.result or self._died(kills, child.returncode)
        if result["reason"] == "kernel_died" and getattr(child, "has_lost_parent", False):
            result = self._died(kills, child.returncode)
        if self._lanes > 1 and _is_killed_for_memory(result) and not self._shared.kills.claim():
            result = result | {"reason": "kernel_died"}
        if result["reason"] == "stopped":
            result = result | {"reason": "cancelled" if is_told_to_stop else "slot_stopped"}
        return result

    def _died(self, kills: OomKills, code: int | None) -> dict[str, Any]:
        """Return the end of a run whose process could not say it; kills of others are not its."""
        is_short = self._shared.kills.claim() if self._lanes > 1 else bool(kills.since())
        said = f"exit status {code}"
        if is_short:
            return failed(OUT_OF_MEMORY, with_limit(f"{said}."))
        return failed("runner_died", said)

    def _wanted(
        self, folder: RunFolder, env: Mapping[str, str], task: Mapping[str, Any], report: Report
    ) -> Wanted | ForkRefusedError | str:
        """Get a warm process for the run ready; a word when the run must not begin after that.

        Shared cells run meanwhile, for as long as they like: the run's limit and both ways to be
        stopped hold for them as they do for the run.
        """
        try:
            wanted = self._shared.runs.wanted(folder, env, str(task.get("python") or ""))
        except ForkRefusedError as refused:
            return refused
        deadline = time.monotonic() + task["limit_ms"] / 1000
        with self._shared.runs.warming(wanted) as growth:
            while not growth.wait(QUICK_S):
                if self.is_stopping:
                    return "slot_stopped"
                if time.monotonic() >= deadline:
                    return "time_limit"
                if wanted.shared and report.send_progress():
                    return "cancelled"
            return growth.refused or wanted

    def _start(
        self,
        folder: RunFolder,
        env: Mapping[str, str],
        writer: int,
        wanted: Wanted | ForkRefusedError,
        secrets: Mapping[str, str],
    ) -> "subprocess.Popen[bytes] | Process":
        """Fork the process of a run; start a new one where there is nothing to fork."""
        shared = self._shared
        with contextlib.suppress(ForkRefusedError):
            return shared.runs.start(folder, env, writer, shared.grace_s, wanted, secrets)
        with handed_on(secrets) as values:
            return subprocess.Popen(
                [
                    *(sys.executable, "-P", "-m", "madang.runner.execute", str(folder.root)),
                    *("--events", str(writer), "--grace-s", str(shared.grace_s)),
                    *(word for held in values for word in ("--secrets", str(held))),
                ],
                cwd=folder.root,
                env={**shared.env, **env},
                stdin=subprocess.DEVNULL,
                pass_fds=(writer, *values),
            )

    def _watch(
        self, child: "subprocess.Popen[bytes] | Process", folder: RunFolder, report: Report
    ) -> bool:
        """Report while the child runs; return whether the service told it to stop."""
        is_told_to_stop = False
        output_at = time.monotonic() + FIRST_OUTPUT_S
        while child.poll() is None:
            if report.changed.wait(HEARTBEAT_S if child.poll() is None else 0):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(QUICK_S)
                if child.returncode is not None:
                    break
            self._shared.kills.look()
            if report.send_progress() and not is_told_to_stop:
                is_told_to_stop = True
                child.terminate()
            if time.monotonic() >= output_at:
                report.send_output(folder.output, deadline=0)
                output_at = time.monotonic() + OUTPUT_EVERY_S
        return is_told_to_stop


def _contents(
    task: Mapping[str, Any],
) -> tuple[bytes, dict[str, bytes], dict[str, Any], int, str]:
    """Return what makes up the folder of a run, as the service hands it over."""
    from base64 import b64decode

    files = {name: b64decode(data) for name, data in (task.get("files") or {}).items()}
    return (
        task["notebook"].encode("utf-8", "surrogatepass"),
        files,
        task["run"]["parameters"],
        task["limit_ms"],
        str(task.get("python") or ""),
    )


def _checkpoint(task: Mapping[str, Any], kept: Path | None) -> dict[str, Any] | None:
    if kept is None:
        return None
    after_ms = int(task.get("checkpoint_after_ms") or 0)  # an older service says nothing of it
    said = {"said_s": after_ms / 1000} if after_ms else {}
    return {"folder": str(kept), "key": key_of(task), **said}


def _run_env(
    shared: Shared, task: Mapping[str, Any], kept: Path | None, lanes: int
) -> dict[str, str]:
    """Return what a run's kernel knows about itself; its token reaches no further than the run."""
    run = task["run"]
    inside = run.get("environment")
    more = {"MADANG_ENVIRONMENT": inside["name"]} if inside else {}
    if task.get("build_folder"):
        more["MADANG_BUILD_FOLDER"] = task["build_folder"]
    if kept is not None:
        more[CHECKPOINT_ENV] = str(kept / OWN)
    return (
        more
        | _part_env(shared.env, lanes)
        | {
            "MADANG_URL": shared.url,
            "MADANG_TOKEN": task["token"],
            "MADANG_RUN": run["id"],
            "MADANG_ATTEMPT": str(run["attempt"]),
            "MADANG_PROJECT": run["project"],
        }
    )


def _part_env(env: Mapping[str, str], lanes: int) -> dict[str, str]:
    """Return how many runs share the device, and for JAX which part of its memory is one's own."""
    told = {"MADANG_RUNS_PER_DEVICE": str(lanes)}
    if lanes > 1 and not any(name in env for name in XLA_FRACTIONS):
        told[XLA_FRACTIONS[0]] = f"{XLA_PART / lanes:.3f}"
    return told


def _is_killed_for_memory(result: Mapping[str, Any]) -> bool:
    """Tell whether a run says so because its kernel is gone, not because a cell said it."""
    error = result.get("error") or {}
    return result["reason"] == OUT_OF_MEMORY and error.get("name") == "DeadKernelError"


def _read_events(descriptor: int, report: Report) -> None:
    with os.fdopen(descriptor, encoding="utf-8", errors="replace") as lines:
        for event in _events(lines):
            report.take(event)


def _events(lines: IO[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        with contextlib.suppress(ValueError):  # half a line of a process that was killed
            yield json.loads(line)
