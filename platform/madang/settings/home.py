"""The data folder of an installation (``MADANG_HOME``) and the name of everything in it.

Stack, hub, service and command line all find files through this one class, so that no path is
written twice. Nothing here creates or reads a file.
"""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

ENV_HOME = "MADANG_HOME"
"""Environment variable that names the data folder; the default is ``~/.local/share/madang``."""


_PLAIN_NAME = re.compile(r"^[a-z0-9][a-z0-9._@-]{0,62}\Z")


@dataclass(frozen=True, slots=True)
class Home:
    """Names of the files of one installation below ``root``."""

    root: Path

    @classmethod
    def find(cls, given: str | Path | None = None) -> "Home":
        """Return the folder given, else that of the environment, else the default."""
        default = Path.home() / ".local" / "share" / "madang"
        chosen = given or os.environ.get(ENV_HOME) or default
        return cls(Path(chosen).expanduser().absolute())

    @property
    def lock(self) -> Path:
        """Held by ``madang up`` while it runs."""
        return self.root / "lock"

    @property
    def state(self) -> Path:
        """``state.json`` of ``madang up``: addresses, ports, pids with start times."""
        return self.root / "state.json"

    @property
    def cli_token(self) -> Path:
        """0600 file: ``{"url", "token", "person"}`` for the command line and scripts."""
        return self.root / "cli.json"

    @property
    def secrets(self) -> Path:
        """0600 file with the generated password and the tokens between the parts."""
        return self.root / "secrets.json"

    @property
    def database_url(self) -> str:
        """Address of the embedded database."""
        return f"sqlite:///{self.root / 'madang.sqlite'}"

    @property
    def hub_database_url(self) -> str:
        """Address of the hub's own database."""
        return f"sqlite:///{self.root / 'hub.sqlite'}"

    @property
    def database(self) -> Path:
        """The file of the embedded database."""
        return self.root / "madang.sqlite"

    @property
    def hub_database(self) -> Path:
        """The file of the hub's own database."""
        return self.root / "hub.sqlite"

    @property
    def hub_cookie_secret(self) -> Path:
        """0600 file with which the hub signs its cookies."""
        return self.root / "hub-cookie-secret"

    @property
    def backups(self) -> Path:
        """Copies of the database before migrations, and what a restore has put aside."""
        return self.root / "backups"

    @property
    def config(self) -> Path:
        """The administrator's files as a restore brought them."""
        return self.root / "config"

    @property
    def restoring(self) -> Path:
        """Present while a restore puts files in their place; nothing may start then."""
        return self.root / "restoring.json"

    @property
    def artifacts(self) -> Path:
        """Snapshots and outputs of runs, by hash."""
        return self.root / "artifacts"

    def environments(self, *, system_users: bool = False) -> Path:
        """Return where environments are built and kept; it may be a link to another disk.

        Accounts of their own cannot enter the data folder, so for them it lies beside it.
        """
        if system_users:
            return self.root.with_name(f"{self.root.name}-environments")
        return self.root / "environments"

    @property
    def attempts(self) -> Path:
        """A folder for each attempt, with the shim's records of its processes."""
        return self.root / "attempts"

    @property
    def people(self) -> Path:
        """A folder for each person where servers run as one user."""
        return self.root / "people"

    def person(self, hub_name: str) -> Path:
        """Return a person's folder: one below ``people``, whatever the name holds.

        It is named as the person is where that is harmless, else by a hash that starts with ``~``,
        which no plain name does: two people never share a folder.
        """
        if _PLAIN_NAME.match(hub_name):
            return self.people / hub_name
        return self.people / ("~" + hashlib.sha256(hub_name.encode()).hexdigest()[:32])

    @property
    def warm(self) -> Path:
        """Of the parent that notebook servers are forked from: its socket and its state."""
        return self.root / "warm"

    @property
    def proxy_pages(self) -> Path:
        """``error.html``: what the proxy shows while what should answer does not."""
        return self.root / "proxy-pages"

    @property
    def logs(self) -> Path:
        """One log for each part."""
        return self.root / "logs"

    def attempt(self, lease_id: str, attempt: int) -> Path:
        """Return the folder of one attempt; its processes are folders below it, named by role."""
        return self.attempts / f"{lease_id}.{attempt}"

    def process(self, lease_id: str, attempt: int, role: str) -> Path:
        """Return the shim's record folder of one process, such as ``server`` or ``scheduler``."""
        return self.attempt(lease_id, attempt) / role
