"""Cuts what cells show where the executed notebook would grow beyond what the service takes.

Used by the engine of the process that executes, for each message of the kernel. What is counted is
how the file is written; a cell may print without an end, and its run neither fails nor fills memory
or disk. An error is always kept, if not in its whole length.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from madang.i18n import LANGUAGES, text

MAX_BYTES = 22 * 1024**2
"""Of an executed notebook with all outputs; the service takes 24 MiB."""

MAX_ERROR_CHARACTERS = 100_000
_OUTPUT_BYTES = 200
_LINE_BYTES = 12
"""Marks, indents and line ends around an output and around a line, as nbformat writes them."""

_REPLACING = frozenset({"clear_output", "update_display_data"})
_SHOWN = frozenset({"stream", "display_data", "execute_result", "update_display_data"})


def written_bytes(value: Any) -> int:
    """Return about how many bytes of a notebook's file a value is, rather too many than too few."""
    written = json.dumps(value, ensure_ascii=False)
    size = len(written.encode("utf-8", "backslashreplace"))
    return size + _LINE_BYTES * written.count("\\n") + _OUTPUT_BYTES


class Room:
    """How much may still be shown by the cells of one run.

    Parameters
    ----------
    cells
        Of the notebook that is executed.
    tell
        Takes a line for the run's log.
    """

    def __init__(self, cells: Sequence[Any], tell: Callable[[str], None]) -> None:
        self._cells = cells
        self._tell = tell
        self._used_bytes = self._counted()
        self._is_told = False
        self._may_have_shrunk = False

    def fit(self, message: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the message, what of it still has room, or None when it is not to be shown."""
        kind, content = message["msg_type"], message["content"]
        if kind == "error":
            return {**message, "content": _short(content)}
        # Outputs that were cleared or replaced meanwhile are room again.
        self._may_have_shrunk |= kind in _REPLACING
        if kind not in _SHOWN:
            return message
        # What cannot fit need not be measured.
        size_bytes = len(content.get("text") or "")
        if self._used_bytes + size_bytes <= MAX_BYTES:
            size_bytes = written_bytes(content)
        if self._used_bytes + size_bytes > MAX_BYTES and self._may_have_shrunk:
            self._used_bytes = self._counted()
            self._may_have_shrunk = False
        if self._used_bytes + size_bytes <= MAX_BYTES:
            self._used_bytes += size_bytes
            return message
        return self._told_once(message)

    def _told_once(self, message: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return a message that stands for the first one that has no room."""
        if self._is_told or message["msg_type"] == "update_display_data":
            return None
        self._is_told = True
        lines = [text("runner.output_cut", lang, mib=MAX_BYTES // 1024**2) for lang in LANGUAGES]
        for line in lines:
            self._tell(line)
        told = {"name": "stderr", "text": "".join(f"{line}\n" for line in lines)}
        header = {**message["header"], "msg_type": "stream"}
        return {**message, "header": header, "msg_type": "stream", "content": told}

    def _counted(self) -> int:
        return sum(written_bytes(cell) for cell in self._cells)


def _short(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return an error without what nobody reads: a value may be a gigabyte."""
    left = MAX_ERROR_CHARACTERS
    kept = []
    for line in reversed(content.get("traceback") or []):
        if left <= 0:
            break
        kept.append(line[-left:])
        left -= len(line)
    value = str(content.get("evalue", ""))[:MAX_ERROR_CHARACTERS]
    return {**content, "evalue": value, "traceback": kept[::-1]}
