"""Decides when a run's names are saved, brings them back, and says in the log what came of it.

Used by the engine of the process that executes, between cells. Nothing here may fail a run: what
cannot be saved is told, and what cannot be brought back means to start from the beginning.
"""

import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import DeadKernelError

from madang.i18n import LANGUAGES, text
from madang.runner.checkpoints.asking import ask
from madang.runner.checkpoints.stored import CELLS, NAMES, Stored, TooMuchError
from madang.runner.files import RunFolder

AFTER_S = 30.0
LIMIT_BYTES = 2 * 1024**3
ROOM_BYTES = 512 * 1024**2
"""What must stay free on the person's disk."""

CHECK_S = 120.0
SAVE_S = 600.0
RESTORE_S = 600.0
REST = 10
"""Cells are given this many times the time that the last save took."""

_BROKEN = (OSError, ValueError, LookupError, TypeError, AttributeError)
"""What reading files may raise that somebody has changed: they lie in the person's own home."""

NO_CHECKPOINT = "no-checkpoint"


class RestoreFailedError(Exception):
    """The names could not be brought back, so that this kernel is of no use."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be kept of a run, and how often."""

    stored: Stored
    key: str
    after_s: float = AFTER_S
    limit_bytes: int = LIMIT_BYTES
    rest: float = REST

    @classmethod
    def read(cls, folder: RunFolder, task: Mapping[str, Any]) -> "Plan | None":
        """Return the plan of a run folder; None where nothing is to be kept."""
        asked = task.get("checkpoint")
        # Whoever submitted it decides, also about a notebook that wants none.
        after_s = asked.get("said_s") or _asked_of(folder) if asked else None
        if not asked or after_s is None:
            return None
        given = Stored(Path(asked["folder"]), folder.work)
        limits = {n: asked[n] for n in ("after_s", "limit_bytes", "rest") if n in asked}
        return cls(given, asked["key"], **{"after_s": float(after_s), **limits})


def _asked_of(folder: RunFolder) -> float | None:
    """Return the seconds that the notebook's metadata ask for; None when they say no."""
    notebook = json.loads(folder.notebook.read_bytes().decode("utf-8-sig"))
    own = notebook["metadata"].get("madang")
    asked = own.get("checkpoint", True) if isinstance(own, Mapping) else True
    if asked is False or asked == "off":
        return None
    is_number = isinstance(asked, int | float) and not isinstance(asked, bool)
    return max(1.0, float(asked)) if is_number else AFTER_S


@dataclass
class Keeper:
    """Keeps one execution.

    Parameters
    ----------
    plan
        None keeps nothing.
    folder
        Of the run.
    tell
        Takes a line for the run's log.
    given
        Provenance of the run, see :mod:`madang.runner.provenance`.
    resumed
        From which attempt, and after which of its cells, this one went on.
    """

    plan: Plan | None
    folder: RunFolder
    tell: Callable[[str], None]
    given: Mapping[str, Any] = field(default_factory=dict)
    resumed: dict[str, Any] | None = None
    is_given_up: bool = False
    _point_s: float = field(default_factory=time.monotonic)
    _rest_s: float = 0.0
    _suspects: list[str] = field(default_factory=list)
    _said: str = ""

    def say(self, key: str, **values: Any) -> None:
        """Tell a line in both languages."""
        for lang in LANGUAGES:
            self.tell(text(f"checkpoint.{key}", lang, **values))

    def restore(self, client: Any) -> int:
        """Bring back what an earlier attempt kept; return the index of the first cell to execute.

        Raises
        ------
        RestoreFailedError
            The kernel must be replaced; the keeper does not try again.
        """
        self._point_s = time.monotonic()
        good = self.plan.stored.good() if self.plan and not self.is_given_up else None
        if self.plan is None or good is None:
            return 0
        if good.get("key") != self.plan.key:
            self.say("changed")
            return 0
        try:
            cells = json.loads((self.plan.stored.folder / good["place"] / CELLS).read_text("utf-8"))
            with self.plan.stored.files_back(good):
                self._ask_back(client, good)
                _carry(client, cells, good["index"])
                self.resumed = {"after_cell": good["cell"], **good["by"]}
                lost = [(str(code), str(name)) for code, name in good["lost"]]
                client.watch.carry(int(good["cell"]), int(good["total"]))
        except (*_BROKEN, DeadKernelError, RestoreFailedError) as error:
            self.is_given_up = True
            self.say("restore_failed", why=str(error)[:200] or type(error).__name__)
            raise RestoreFailedError from error
        getattr(client.kc, "recorded", []).clear()  # shared cells are among those carried over
        self.say("resumed", cell=good["cell"])
        for code, name in lost:
            self.say(f"lost.{code}", name=name)
        self._point_s = time.monotonic()
        return int(good["index"])

    def _ask_back(self, client: Any, good: Mapping[str, Any]) -> None:
        if self.plan is None:
            return
        path = self.plan.stored.folder / good["place"] / NAMES
        request = {"do": "restore", "path": str(path), "work": str(self.folder.work)}
        answer = ask(client, request, RESTORE_S)
        if code := answer.get("refused"):
            raise RestoreFailedError(answer.get("detail") or code)

    def after(self, client: Any, cell: Any, index: int) -> None:
        """Save if it is time to: called when a cell has ended well."""
        if self.plan is None or not self._is_due(client, cell, index):
            return
        client.nb_man.save()  # what follows may take long, and the cell has ended already
        number, begun_s = client.number(index), time.monotonic()
        place = None
        try:
            place = self.plan.stored.begin()
            told = self._save(client, cell, index, place)
        except TooMuchError:
            told = {"refused": "too_large"}
        except OSError as error:
            told = {"refused": "disk", "detail": error.strerror or str(error)}
        except (ValueError, TypeError) as error:  # an output that is no JSON
            told = {"refused": "failed", "detail": str(error)[:200]}
        self._point_s = time.monotonic()
        self._rest_s = self.plan.rest * (self._point_s - begun_s)
        if "refused" in told:
            if place is not None:
                shutil.rmtree(place, ignore_errors=True)
            self._refuse(number, client.watch.kept_cell, told)
            return
        self._suspects, self._said = [], ""
        client.watch.keep(number)
        self.say("saved", cell=number, mib=told["size_bytes"] / 1024**2, s=self._point_s - begun_s)

    def _is_due(self, client: Any, cell: Any, index: int) -> bool:
        if self.plan is None or cell.cell_type != "code":
            return False
        if NO_CHECKPOINT in cell.metadata.get("tags", []) or client.watch.stop_reason:
            return False
        if all(c.cell_type != "code" or not c.source.strip() for c in client.nb.cells[index + 1 :]):
            return False  # nothing could go on from here
        wait_s = max(self.plan.after_s, self._rest_s)
        return time.monotonic() - self._point_s >= wait_s

    def _save(self, client: Any, cell: Any, index: int, place: Path) -> dict[str, Any]:
        if self.plan is None:
            return {}
        room_bytes = shutil.disk_usage(place).free - ROOM_BYTES
        if room_bytes <= 0:
            return {"refused": "room", "detail": room_bytes + ROOM_BYTES}
        limit_bytes = min(self.plan.limit_bytes, room_bytes)
        request = {
            "do": "save",
            "path": str(place / NAMES),
            "work": str(self.folder.work),
            "limit_bytes": limit_bytes,
            "check_s": CHECK_S,
            "suspects": self._suspects,
            "secrets": client.watch.hidden.values,
        }
        told = ask(client, request, SAVE_S, cell, index)
        if "refused" not in told:
            cells = {
                "cells": client.watch.hidden.cells(client.nb.cells[: index + 1]),
                "widgets": client.watch.hidden.everything(client.widget_state),
            }
            note = {
                "key": self.plan.key,
                "index": index + 1,
                "cell": client.number(index),
                "total": client.total,
                "lost": told["lost"],
                "by": {name: self.given.get(name) for name in ("run", "attempt")},
            }
            self.plan.stored.finish(place, cells, note, limit_bytes)
        return told

    def _refuse(self, number: int, kept_cell: int, told: Mapping[str, Any]) -> None:
        """Say what could not be saved, once for the same."""
        names = told.get("names") or []
        self._suspects = found = [name for name, _ in names]
        shown = ", ".join(f"`{name}` ({kind})" for name, kind in names)
        if self._said == told["refused"] + shown:
            return
        self._said = told["refused"] + shown
        then = "then_cell" if kept_cell else "then_start"
        code = told["refused"] if not found else "names"
        if code == "names" and not found:
            code = "failed"
        for lang in LANGUAGES:
            why = text(
                f"checkpoint.refused.{code}",
                lang,
                names=shown,
                detail=told.get("detail", ""),
                mib=self.plan.limit_bytes // 1024**2 if self.plan else 0,
            )
            next_ = text(f"checkpoint.{then}", lang, cell=kept_cell)
            self.tell(text("checkpoint.refused", lang, cell=number, why=why, then=next_))


def _carry(client: Any, kept: Mapping[str, Any], end: int) -> None:
    """Take cells with their outputs from the earlier attempt, and mark them."""
    cells = kept["cells"]
    if len(cells) != end or len(cells) > len(client.nb.cells):
        raise RestoreFailedError("cells")
    for cell, earlier in zip(client.nb.cells, cells, strict=False):
        found = nbformat.from_dict(earlier)
        cell.metadata = found.metadata
        cell.metadata["madang"] = {"resumed": True}
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = found.outputs, found.execution_count
    client.widget_state.update(kept["widgets"])
