"""What the API server sends and takes: dictionaries, as JSON has them."""

from collections.abc import Mapping
from typing import Any

Object = dict[str, Any]

OWNER = "madang"
"""Field manager of all that we write."""


class GoneError(Exception):
    """The server no longer knows the version that a watch or list should go on from: list anew."""


def covers(found: Any, wanted: Any) -> bool:
    """Tell whether all that is wanted stands in what was found, whatever else does."""
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(
            covers(found.get(key), value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(found) == len(wanted)
            and all(covers(one, other) for one, other in zip(found, wanted, strict=True))
        )
    return bool(found == wanted)
