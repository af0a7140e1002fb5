"""How often a run is kept: said in the snapshot's own metadata, which every attempt reads."""

import json
import math
from collections.abc import Mapping
from typing import Any

from madang.errors import InvalidError

MIN_S = 1
MAX_S = 86_400


def kept_after(body: Mapping[str, Any], after_s: float | None) -> dict[str, Any]:
    """Return what is sent of a notebook, kept after so many seconds; None leaves it as it is.

    Raises
    ------
    InvalidError
        ``checkpoint_after_unfit`` for less than a second, or more than a day.
    """
    if after_s is None:
        return dict(body)
    if not (math.isfinite(after_s) and MIN_S <= after_s <= MAX_S):
        raise InvalidError("checkpoint_after_unfit", given=after_s, least=MIN_S, most=MAX_S)
    notebook = json.loads(body["notebook"])
    metadata = notebook.setdefault("metadata", {})
    own = metadata.get("madang")
    metadata["madang"] = {**(own if isinstance(own, dict) else {}), "checkpoint": after_s}
    return {**body, "notebook": json.dumps(notebook, ensure_ascii=False, indent=1)}
