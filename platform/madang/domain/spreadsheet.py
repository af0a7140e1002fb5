"""Rows as comma-separated values that are safe to open in a spreadsheet; knows no noun."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# A sign that begins a formula, at the start of a cell or of what a reader with another separator
# takes for one; the wide forms are read as the narrow ones.
_FORMULA = re.compile(r"(^|[;\t\r\n]) *(?=[=+\-@\t\r＝＋－＠])")


def to_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Write rows as CSV; text that a spreadsheet would compute is made plain."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_plain(row.get(column)) for column in columns])
    return out.getvalue()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        value = "; ".join(f"{key}={item}" for key, item in value.items())
    return _FORMULA.sub(r"\g<0>'", value) if isinstance(value, str) else value
