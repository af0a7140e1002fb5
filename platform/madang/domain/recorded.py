"""Values that a notebook recorded, such as a loss, read out of what its cells put out.

The format is scrapbook's (and papermill's before it), so that ``scrapbook.glue``, ``madang.record``
and old notebooks are read alike. The runner reads them, and the service looks at them again with
the same functions, since a runner belongs to whoever runs it. Too much is left out and counted: a
run never fails over what it recorded.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from madang.domain.run_inputs import check_parameters
from madang.errors import InvalidError

SCRAP_JSON = "application/scrapbook.scrap.json+json"
SCRAP_TEXT = "application/scrapbook.scrap.text+json"
PAPERMILL = "application/papermill.record+json"

MAX_RECORDED = 64
"""Names of one run."""

MAX_RECORDED_BYTES = 64 * 1024
"""Names and values of one run together, as JSON."""

MAX_VALUE_BYTES = 4 * 1024
MAX_NAME_CHARS = 100
_NOT_FINITE = frozenset({"nan", "inf", "-inf"})
"""What kernels make of such numbers on the way, since JSON knows none of them."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """Values by name, and how many names were left out."""

    values: dict[str, Any]
    left_out: int


def read_recorded(cells: Iterable[Mapping[str, Any]]) -> Recorded:
    """Return what the outputs of cells recorded; the last value of a name counts."""
    found: dict[Any, Any] = {}
    for cell in cells:
        for output in cell.get("outputs") or ():
            if isinstance(output, Mapping) and output.get("output_type") == "display_data":
                found.update(_pairs(output.get("data")))
    return fit_recorded(found)


def _pairs(data: object) -> Iterator[tuple[str, Any]]:
    if not isinstance(data, Mapping):
        return
    for kind in (SCRAP_JSON, SCRAP_TEXT):
        scrap = data.get(kind)
        if isinstance(scrap, Mapping) and isinstance(scrap.get("name"), str) and "data" in scrap:
            yield scrap["name"], scrap["data"]
    old = data.get(PAPERMILL)
    if isinstance(old, Mapping):
        yield from ((name, value) for name, value in old.items() if isinstance(name, str))


def fit_recorded(values: object) -> Recorded:
    """Return what of some values is fit to be kept: the first names, as far as there is room.

    What parameters may not be either (NaN, infinity, what JSON does not know) is left out.
    """
    if not isinstance(values, Mapping):
        return Recorded({}, 0)
    kept: dict[str, Any] = {}
    size = 0
    for name, value in values.items():
        if len(kept) == MAX_RECORDED:
            break
        if not is_name(name) or _is_not_finite(value):
            continue
        try:
            copy = check_parameters({"value": value})["value"]
        except InvalidError:
            continue
        written = json.dumps(copy, ensure_ascii=False)
        grown = size + len(name.encode()) + len(written.encode())
        # Databases keep no NUL in a text, however JSON writes it.
        if len(written.encode()) > MAX_VALUE_BYTES or "\\u0000" in written:
            continue
        if grown <= MAX_RECORDED_BYTES:
            kept[name], size = copy, grown
    return Recorded(kept, len(values) - len(kept))


def is_name(name: object) -> bool:
    """Tell whether a value may be recorded under this name."""
    return isinstance(name, str) and 0 < len(name) <= MAX_NAME_CHARS and name.isprintable()


def _is_not_finite(value: object) -> bool:
    return isinstance(value, str) and value.lower() in _NOT_FINITE
