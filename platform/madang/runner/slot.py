"""The worker of a slot lease: ``python -m madang.runner.slot``.

Started by the launcher as the person, it takes run after run of their project from the service and
executes one at a time. It never decides why something ends: SIGTERM and the service's word mean
"stop now and save". The slot's token is kept from everything it starts.
"""

import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import IO, Any, NoReturn

from madang.client.http import MadangClient
from madang.domain.run import RunState
from madang.errors import MadangError, UnavailableError
from madang.runner.checkpoints.place import ENV as CHECKPOINT_ENV
from madang.runner.checkpoints.place import (
    OWN,
    forget,
    held,
    key_of,
    place_of,
    sweep_old,
)
from madang.runner.files import RunFolder, make_run_folder
from madang.runner.forked.parents import Wanted
from madang.runner.forked.refused import ForkRefusedError
from madang.runner.forked.runs import ForkedRun, ForkedRuns
from madang.runner.memory import OUT_OF_MEMORY, OomKills
from madang.runner.provenance import given_to
from madang.runner.report import Report
from madang.runner.rooms import own_room

HEARTBEAT_S = 2.0
QUICK_S = 0.3
"""Progress is told at once when a cell ends, but not more often than this."""

OUTPUT_EVERY_S = 15.0
DELIVER_S = 600.0
DELIVER_STOPPING_S = 60.0
GRACE_S = 10.0
PAUSE_S = 1.0
_SET_DUMPABLE = 4
_ENDED_EARLY = {
    "cancelled": RunState.CANCELLED,
    "slot_stopped": RunState.CANCELLED,
    "time_limit": RunState.EXPIRED,
}


class _Leave(BaseException):
    """Raised in the main thread when SIGTERM comes while it waits for a run."""


class Slot:
    """Takes runs until told to stop.

    Parameters
    ----------
    url, token
        Address of the service and the slot's attempt token.
    root
        Private folder for the runs' folders.
    env
        Environment that kernels get, without the slot's token.
    """

    def __init__(
        self, url: str, token: str, root: Path, env: Mapping[str, str], *, grace_s: float = GRACE_S
    ) -> None:
        self._url = url
        self._client = MadangClient(url, token)
        self._root = root
        self._env = dict(env)
        self._grace_s = grace_s
        self._child: subprocess.Popen[bytes] | ForkedRun | None = None
        self._runs = ForkedRuns(root, self._env)
        self._checkpoints = place_of(self._env)
        self._is_waiting = False
        self.is_stopping = False

    def stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """End: leave the queue, or interrupt the run and hand in what there is."""
        self.is_stopping = True
        if self._child is not None:
            self._child.terminate()
        if self._is_waiting:
            raise _Leave

    def serve(self) -> None:
        """Take and execute runs until the service or a signal says stop."""
        sweep_old(self._checkpoints)
        try:
            while not self.is_stopping:
                try:
                    task = self._next()
                except (_Leave, StopIteration):
                    return
                if task is not None:
                    self._run(task)
        finally:
            self._runs.close()

    def _next(self) -> dict[str, Any] | None:
        """Return the next run, None when there is none yet; StopIteration when the slot is over."""
        try:
            self._is_waiting = True
            try:
                if self.is_stopping:
                    raise _Leave
                answer = self._client.request("POST", "slots/next", retry_s=0)
            finally:
                self._is_waiting = False
        except UnavailableError:
            time.sleep(PAUSE_S)
            return None
        except MadangError as error:  # the slot is over, or its token with it
            raise StopIteration from error
        if not answer.content:
            return None
        task: dict[str, Any] = answer.json()
        return task

    def _run(self, task: Mapping[str, Any]) -> None:
        """Execute one run and report its end; its folder stays only where that failed."""
        run = task["run"]
        first = str(task.get("continues") or run["id"])
        with (
            MadangClient(self._url, task["token"]) as client,
            held(self._checkpoints, (first, str(run["id"]))) as kept,
        ):
            report = Report(client, run["id"])
            root = self._root / f"{run['id']}.{run['attempt']}"
            folder = RunFolder(root)
            try:
                given = given_to(task, self._env)
                folder = make_run_folder(root, *_contents(task), _checkpoint(task, kept), given)
                result = self._execute(folder, task, report, kept)
            except MadangError as error:
                result = _failed(error.code, error)
            except OSError as error:
                result = _failed("slot_disk", error)
            if self._hand_in(folder, report, result):
                shutil.rmtree(root, ignore_errors=True)
                if kept is not None and _is_over(result):
                    forget(kept)

    def _execute(
        self, folder: RunFolder, task: Mapping[str, Any], report: Report, kept: Path | None
    ) -> dict[str, Any]:
        """Start the process that executes, watch it, and return how the run ended."""
        env = _run_env(self._url, task, kept)
        wanted = self._wanted(folder, env, task, report)
        if isinstance(wanted, str):
            return {"state": _ENDED_EARLY[wanted].value, "reason": wanted, "error": None}
        kills = OomKills()
        reader, writer = os.pipe()
        try:
            self._child = self._start(folder, env, writer, wanted)
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
        code, self._child = self._child.returncode, None
        reason = OUT_OF_MEMORY if kills.since() else "runner_died"
        result = report.result or _failed(reason, f"exit status {code}")
        if result["reason"] == "stopped":
            result = result | {"reason": "cancelled" if is_told_to_stop else "slot_stopped"}
        return result

    def _wanted(
        self, folder: RunFolder, env: Mapping[str, str], task: Mapping[str, Any], report: Report
    ) -> Wanted | ForkRefusedError | str:
        """Get a warm process for the run ready; a word when the run must not begin after that.

        Shared cells run meanwhile, for as long as they like: the run's limit and both ways to be
        stopped hold for them as they do for the run.
        """
        try:
            wanted = self._runs.wanted(folder, env, str(task.get("python") or ""))
        except ForkRefusedError as refused:
            return refused
        failed: list[ForkRefusedError] = []

        def warm() -> None:
            try:
                self._runs.warm(wanted)
            except ForkRefusedError as refused:
                failed.append(refused)

        thread = threading.Thread(target=warm, daemon=True)
        thread.start()
        deadline = time.monotonic() + task["limit_ms"] / 1000
        ended = ""
        while thread.is_alive():
            thread.join(QUICK_S)
            if self.is_stopping:
                ended = "slot_stopped"
            elif time.monotonic() >= deadline:
                ended = "time_limit"
            elif thread.is_alive() and wanted.shared and report.send_progress():
                ended = "cancelled"
            if ended and thread.is_alive():
                self._runs.abandon()
                thread.join()
        return ended or (failed[0] if failed else wanted)

    def _start(
        self,
        folder: RunFolder,
        env: Mapping[str, str],
        writer: int,
        wanted: Wanted | ForkRefusedError,
    ) -> "subprocess.Popen[bytes] | ForkedRun":
        """Fork the process of a run; start a new one where there is nothing to fork."""
        with contextlib.suppress(ForkRefusedError):
            return self._runs.start(folder, env, writer, self._grace_s, wanted)
        return subprocess.Popen(
            [
                *(sys.executable, "-P", "-m", "madang.runner.execute", str(folder.root)),
                *("--events", str(writer), "--grace-s", str(self._grace_s)),
            ],
            cwd=folder.root,
            env=self._env | dict(env),
            stdin=subprocess.DEVNULL,
            pass_fds=(writer,),
        )

    def _watch(
        self, child: "subprocess.Popen[bytes] | ForkedRun", folder: RunFolder, report: Report
    ) -> bool:
        """Report while the child runs; return whether the service told it to stop."""
        is_told_to_stop = False
        output_at = time.monotonic() + OUTPUT_EVERY_S
        while child.poll() is None:
            if report.changed.wait(HEARTBEAT_S if child.poll() is None else 0):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(QUICK_S)
                if child.returncode is not None:
                    break
            if report.send_progress() and not is_told_to_stop:
                is_told_to_stop = True
                child.terminate()
            if time.monotonic() >= output_at:
                report.send_output(folder.output, deadline=0)
                output_at = time.monotonic() + OUTPUT_EVERY_S
        return is_told_to_stop

    def _hand_in(self, folder: RunFolder, report: Report, result: dict[str, Any]) -> bool:
        """Send output and end; a run whose output did not arrive has not succeeded."""
        deadline = time.monotonic() + (DELIVER_STOPPING_S if self.is_stopping else DELIVER_S)
        has_output = report.send_output(folder.output, deadline)
        if not has_output and result["state"] == RunState.SUCCEEDED:
            result = _failed("output_not_saved", "the service did not take the executed notebook")
        return report.send_end(result, deadline) and has_output


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
    return None if kept is None else {"folder": str(kept), "key": key_of(task)}


def _is_over(result: Mapping[str, Any]) -> bool:
    """Tell whether nothing will go on from where the run was; one that failed may be retried."""
    if result["state"] == RunState.SUCCEEDED:
        return True
    return bool(result["state"] == RunState.CANCELLED and result["reason"] == "cancelled")


def _run_env(url: str, task: Mapping[str, Any], kept: Path | None) -> dict[str, str]:
    """Return what a run's kernel knows about itself; its token reaches no further than the run."""
    run = task["run"]
    inside = run.get("environment")
    more = {"MADANG_ENVIRONMENT": inside["name"]} if inside else {}
    if task.get("build_folder"):
        more["MADANG_BUILD_FOLDER"] = task["build_folder"]
    if kept is not None:
        more[CHECKPOINT_ENV] = str(kept / OWN)
    return more | {
        "MADANG_URL": url,
        "MADANG_TOKEN": task["token"],
        "MADANG_RUN": run["id"],
        "MADANG_ATTEMPT": str(run["attempt"]),
        "MADANG_PROJECT": run["project"],
    }


def _failed(reason: str, error: object) -> dict[str, Any]:
    name = type(error).__name__ if isinstance(error, Exception) else "RunnerError"
    value = str(error)[:2_000]
    return {
        "state": RunState.FAILED.value,
        "reason": reason,
        "error": {"cell": 0, "name": name, "value": value},
    }


def _read_events(descriptor: int, report: Report) -> None:
    with os.fdopen(descriptor, encoding="utf-8", errors="replace") as lines:
        for event in _events(lines):
            report.take(event)


def _events(lines: IO[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        with contextlib.suppress(ValueError):  # half a line of a process that was killed
            yield json.loads(line)


def _hidden_token() -> str:
    """Return the slot's token after taking it out of this process's environment for good."""
    if sys.argv[1:2] != ["--token-fd"]:
        _forget(os.environ.pop("MADANG_TOKEN", ""))
    with os.fdopen(int(sys.argv[2])) as pipe:
        return pipe.read()


def _forget(token: str) -> NoReturn:
    """Start this program anew with the token in a pipe.

    The environment that a process started with stays readable in /proc for processes of the same
    person, kernels among them; only a new program image forgets it.
    """
    reader, writer = os.pipe()
    os.write(writer, token.encode())
    os.close(writer)
    os.set_inheritable(reader, True)
    again = [sys.executable, "-P", "-m", "madang.runner.slot", "--token-fd", str(reader)]
    os.execv(sys.executable, again)  # noqa: S606 - the same program, without a shell


def main() -> int:
    """Serve one slot lease from ``MADANG_URL`` and ``MADANG_TOKEN``."""
    token = _hidden_token()
    # Not readable through /proc or ptrace by the kernels, which run as the same person.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)
    with own_room() as root:
        slot = Slot(os.environ["MADANG_URL"], token, root, os.environ)
        signal.signal(signal.SIGTERM, slot.stop)
        signal.signal(signal.SIGINT, slot.stop)
        slot.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
