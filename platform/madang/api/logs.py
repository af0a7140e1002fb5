"""The service's log: one line a message, control characters shown, tokens blacked out."""

import logging
import re
import sys
from collections.abc import Iterable

MAX_LINE_CHARS = 1024

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CREDENTIAL = re.compile(
    r"(?i)\b(token|bearer)(\s+|=|%20)[\w.~+/-]{8,}|\bmat_[\w-]+|\b(code|state)=[\w.~%+/-]{8,}"
)


class LineFormatter(logging.Formatter):
    """Writes records so that nobody can forge a line or read a token in one.

    Parameters
    ----------
    secrets
        Values that are blacked out wherever they appear.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secrets = [secret for secret in secrets if secret]

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and a trace indented below it."""
        head = f"{self.formatTime(record)} {record.levelname} {record.name}"
        lines = [f"{head}: {self._clean(record.getMessage())}"]
        if record.exc_info:
            trace = self.formatException(record.exc_info).splitlines()
            lines += [f"  | {self._clean(line)}" for line in trace]
        return "\n".join(lines)

    def _clean(self, line: str) -> str:
        for secret in self._secrets:
            line = line.replace(secret, "[secret]")
        line = _CREDENTIAL.sub("[secret]", line[: 8 * MAX_LINE_CHARS])
        line = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", line)
        return line if len(line) <= MAX_LINE_CHARS else f"{line[:MAX_LINE_CHARS]}…"


def set_up_logs(secrets: Iterable[str]) -> None:
    """Write everything from INFO to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(secrets))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # It names the address of every request to the hub.
    logging.getLogger("httpx").setLevel(logging.WARNING)
