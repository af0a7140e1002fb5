"""The keys that policy.yaml and profiles.yaml may have, as a schema: of what is described of them.

The service refuses an unknown key too, but by not starting; helm does it before anything changes.
What a value may be is left to the service.
"""

from typing import Any

from madang.settings.described import POLICY, PROFILES, Rows

_ANY_NAME = "<name>"


def policy() -> dict[str, Any]:
    """Return the schema of the value ``policy``."""
    made = _closed(POLICY[""])
    for path, rows in POLICY.items():
        if path:
            *parents, last = path.split(".")
            node = made
            for name in parents:
                node = node["properties"][name]
            if last == _ANY_NAME:
                node |= {"type": ["object", "null"], "additionalProperties": _section(rows)}
            else:
                node["properties"][last] |= _section(rows)
    return made


def profiles() -> dict[str, Any]:
    """Return the schema of the value ``profiles``."""
    return {"additionalProperties": _section(PROFILES)}


def _closed(rows: Rows) -> dict[str, Any]:
    keys = {name: {"description": meaning} for name, (_, meaning) in rows.items()}
    return {"additionalProperties": False, "properties": keys}


def _section(rows: Rows) -> dict[str, Any]:
    # Null takes away what values.yaml has.
    return {"type": ["object", "null"], **_closed(rows)}
