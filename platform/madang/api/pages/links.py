"""Every address that a page links to, written in one place.

The public address may have a path of its own (``https://lab/jupyter/``), so nothing on a page may
start with a bare slash.
"""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from madang.settings.config import SERVICE_PREFIX


def _part(name: str) -> str:
    # The hub escapes names of people and servers in this way; another would miss its routes.
    return quote(name, safe="@~")


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses below the public address; ``base`` has no slash at its end."""

    base: str

    @classmethod
    def of(cls, public_url: str) -> "Links":
        """Return the links of an installation at ``public_url``."""
        return cls(urlsplit(public_url).path.rstrip("/"))

    @property
    def prefix(self) -> str:
        """Where the service lies, without a slash at its end."""
        return self.base + SERVICE_PREFIX

    @property
    def hub(self) -> str:
        """Where the hub lies, without a slash at its end."""
        return f"{self.base}/hub"

    def page(self, *parts: str) -> str:
        """Return the address of one of our pages; no part means home."""
        return f"{self.prefix}/{'/'.join(_part(part) for part in parts)}"

    def api(self, *parts: str) -> str:
        """Return the address of an API route."""
        return f"{self.prefix}/api/v1/{'/'.join(_part(part) for part in parts)}"

    def spawn(self, person: str = "", server: str = "") -> str:
        """Return the hub's page that starts a server; a named one needs its person."""
        if person and server:
            return f"{self.hub}/spawn/{_part(person)}/{_part(server)}"
        return f"{self.hub}/spawn"

    def pending(self, person: str, server: str) -> str:
        """Return the hub's page on a server that is on its way, or why it did not start."""
        return "/".join([self.hub, "spawn-pending", *map(_part, filter(None, (person, server)))])

    def server(self, person: str, name: str, leaf: str = "lab") -> str:
        """Return the address of a notebook server; an empty name is the default server."""
        parts = [_part(person), *([_part(name)] if name else []), leaf]
        return f"{self.base}/user/{'/'.join(parts)}"
