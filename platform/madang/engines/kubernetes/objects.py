"""What the API server sends and takes: dictionaries, as JSON has them."""

from typing import Any

Object = dict[str, Any]
