"""``state.json``: what runs, where, and on which ports; for a later up, down and status.

It never holds a secret.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from madang.errors import LocalError
from madang.settings.home import Home
from madang.stack.files import read_json, write_private
from madang.stack.processes import Identity

PARTS = ("service", "hub", "proxy")
"""The parts, in the order in which they are started."""

SUPERVISOR = "supervisor"


@dataclass(slots=True)
class State:
    """The present state of an installation's processes.

    Attributes
    ----------
    admin
        Name of the person as whom the stack ends leases.
    ports
        ``hub``, ``proxy_api``, ``service`` and ``public``; kept after a stop.
    parts
        Identity of each part and of the supervisor, by name.
    since_ms
        Start of each part, by name.
    files
        The administrator's files as used: ``policy``, ``profiles``, ``hub_config``.
    """

    public_url: str = ""
    host: str = "127.0.0.1"
    admin: str = ""
    ports: dict[str, int] = field(default_factory=dict)
    parts: dict[str, Identity] = field(default_factory=dict)
    since_ms: dict[str, int] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, home: Home) -> "State":
        """Read the file; a missing or broken one is an empty state."""
        data = read_json(home.state)
        parts = {n: Identity.from_json(v) for n, v in _table(data, "parts").items()}
        return cls(
            public_url=str(data.get("public_url") or ""),
            host=str(data.get("host") or "127.0.0.1"),
            admin=str(data.get("admin") or ""),
            ports={n: int(v) for n, v in _table(data, "ports").items()},
            parts={n: v for n, v in parts.items() if v is not None},
            since_ms={n: int(v) for n, v in _table(data, "since_ms").items()},
            files={n: str(v) for n, v in _table(data, "files").items()},
        )

    def save(self, home: Home) -> None:
        """Write the file; ``LocalError`` when the disk takes nothing."""
        write_private(
            home.state,
            {
                "public_url": self.public_url,
                "host": self.host,
                "admin": self.admin,
                "ports": self.ports,
                "parts": {name: part.to_json() for name, part in self.parts.items()},
                "since_ms": self.since_ms,
                "files": self.files,
            },
        )

    def note(self, home: Home) -> bool:
        """Write the file if the disk takes it, and tell: a full one must not end what runs.

        Parts that the file does not name are found by their marker.
        """
        try:
            self.save(home)
        except LocalError:
            return False
        return True

    def alive(self) -> dict[str, Identity]:
        """Return the parts that run, without the supervisor."""
        return {n: self.parts[n] for n in PARTS if n in self.parts and self.parts[n].is_alive}


def _table(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = data.get(name)
    return value if isinstance(value, dict) else {}
