"""What the API server sends and takes: dictionaries, as JSON has them."""

from typing import Any

Object = dict[str, Any]

OWNER = "madang"
"""Field manager of all that we write."""


class GoneError(Exception):
    """The server no longer knows the version that a watch or list should go on from: list anew."""
