"""Reports one run to the service with the run's own attempt token.

Progress may be lost, it is only told again. The output and the end must arrive: they are tried for
minutes while the service is down, and what the service refuses for good is given back as False.
"""

import threading
import time
from pathlib import Path
from typing import Any

from madang.client.http import MadangClient
from madang.errors import MadangError, UnavailableError

PAUSE_S = 1.0
MAX_LOG_CHARACTERS = 64_000
"""Log text of one report; the service keeps no more than about that."""

SMALL_BYTES = 128 * 1024
"""Executed notebooks up to this size go with the end of their run, larger ones by themselves.

With its log and what it recorded, each character escaped, that fits into one request.
"""


class Report:
    """What the service should know about a run, and the calls that tell it.

    Parameters
    ----------
    client
        Carries the attempt token of the run.
    """

    def __init__(self, client: MadangClient, run_id: str) -> None:
        self._client = client
        self.run_id = run_id
        self._path = f"runs/{run_id}"
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {"cells_done": 0, "cells_total": 0, "cell": 0}
        self._log = ""
        self._saved: tuple[int, int] | None = None
        self.changed = threading.Event()
        self.result: dict[str, Any] | None = None

    def take(self, event: dict[str, Any]) -> None:
        """Take an event of the process that executes; called by the thread that reads them."""
        event = _encodable(event)
        with self._lock:
            if "result" in event:
                self.result = event["result"]
            elif "log" in event:
                self._log = (self._log + event["log"])[-MAX_LOG_CHARACTERS:]
            else:
                self._counts = event
        self.changed.set()

    def send_progress(self) -> bool:
        """Tell where the run is; return whether the service wants it to stop."""
        self.changed.clear()
        with self._lock:
            counts, log = dict(self._counts), self._log
            self._log = ""
        body = counts | {"log": log}
        try:
            answer = self._client.request("POST", f"{self._path}/progress", body=body, retry_s=0)
        except UnavailableError:
            with self._lock:
                self._log = (log + self._log)[-MAX_LOG_CHARACTERS:]
            return False
        except MadangError:
            return True  # ended or taken away meanwhile: nobody waits for this run
        return bool(answer.json().get("stop"))

    def send_output(self, path: Path, deadline: float) -> bool:
        """Hand in the executed notebook unless this very version was handed in before."""
        try:
            state = path.stat()
            mark = (state.st_mtime_ns, state.st_ino)
            if mark == self._saved:
                return True
            data = path.read_bytes()
        except FileNotFoundError:
            return True
        if self._deliver("PUT", f"{self._path}/output", deadline, content=data):
            self._saved = mark
            return True
        return False

    def small_output(self, path: Path) -> str | None:
        """Return the executed notebook where it may go with the end of its run; None elsewhere.

        Empty when there is none, or when the service has this very version.
        """
        try:
            state = path.stat()
            if (state.st_mtime_ns, state.st_ino) == self._saved:
                return ""
            return None if state.st_size > SMALL_BYTES else path.read_bytes().decode()
        except FileNotFoundError:
            return ""
        except UnicodeDecodeError:
            return None

    def end(self, result: dict[str, Any], output: str = "") -> dict[str, Any]:
        """Return how the run ended, and what of its progress was not told yet."""
        with self._lock:
            body = result | {"progress": self._counts | {"log": self._log}}
        return body | {"output": output} if output else body

    def send_end(self, result: dict[str, Any], deadline: float, output: str = "") -> bool:
        """Tell how the run ended, with its executed notebook where that is given."""
        body = self.end(result, output)
        return self._deliver("POST", f"{self._path}/finish", deadline, body=body)

    def _deliver(self, method: str, path: str, deadline: float, **what: Any) -> bool:
        """Send until the service has it, refuses it, or the deadline (monotonic) passes."""
        while True:
            try:
                self._client.request(method, path, retry_s=0, **what)
            except UnavailableError:
                if time.monotonic() + PAUSE_S > deadline:
                    return False
                time.sleep(PAUSE_S)
            except MadangError:
                return False
            else:
                return True


def _encodable(value: Any) -> Any:
    """Return a value whose text can be sent: kernels may print half of a surrogate pair."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {key: _encodable(inner) for key, inner in value.items()}
    return value
