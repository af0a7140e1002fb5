"""Which cells of a notebook are run once for all its runs: a rule on the notebook alone.

Cells that are tagged ``shared`` and stand, but for text, at the very beginning, before the cell
tagged ``parameters`` and before the parameters that papermill injects.
"""

from collections.abc import Iterable
from typing import Any

TAG = "shared"


def shared_cells(cells: Iterable[Any]) -> list[str]:
    """Return the sources of the leading shared cells that papermill would execute.

    A cell is a mapping, as the file has it or as nbformat read it.
    """
    found = []
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code" or not source.strip():
            continue
        if TAG not in cell["metadata"].get("tags", []):
            break
        found.append(source)
    return found
