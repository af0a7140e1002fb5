"""Keys and ports of a cluster in its attempt's folder: made once, then only read.

Written before the first process starts, so that a start that is repeated after a crash uses the
same keys and ports and so finds the same processes.
"""

import os
import ssl
from dataclasses import asdict, dataclass, field
from pathlib import Path

from madang.domain.cluster import scheduler_key
from madang.engines.dask_commands import CA_FILE, CERT_FILE, KEY_FILE
from madang.engines.local import free_ports
from madang.engines.local.commands import LOOPBACK
from madang.pki import issue_cluster
from madang.shim.record import read_json, write_json

FILE = "cluster.json"

_START_S = 120.0
"""A scheduler listens by then, or its lease has been given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFiles:
    """What stands in the file: ports of scheduler and dashboard, and the three PEM texts."""

    port: int
    dashboard_port: int
    ca_pem: str
    cert_pem: str
    key_pem: str = field(repr=False)

    @property
    def address(self) -> str:
        """Where a client finds the scheduler."""
        return f"tls://{LOOPBACK}:{self.port}"

    @property
    def api_key(self) -> str:
        """What the scheduler's JSON interface asks for; the owner could compute it as well."""
        return scheduler_key(self.key_pem)

    @property
    def dashboard_url(self) -> str:
        """Where the scheduler answers HTTP; pages and JSON lie below it."""
        return f"http://{LOOPBACK}:{self.dashboard_port}/"


def prepare(folder: Path, lease_id: str, days: int) -> ClusterFiles:
    """Make the files of a cluster unless they are there, and return them."""
    known = load(folder)
    if known is None:
        keys = issue_cluster(lease_id, (), days)
        taken: set[int] = set()
        known = ClusterFiles(
            port=free_ports.choose(None, taken, hold_s=_START_S),
            dashboard_port=free_ports.choose(None, taken, hold_s=_START_S),
            ca_pem=keys.ca_pem,
            cert_pem=keys.cert_pem,
            key_pem=keys.key_pem,
        )
        write_json(folder / FILE, asdict(known))
    _write_keys(folder, known)
    return known


def join(folder: Path, first: Path) -> ClusterFiles | None:
    """Put the keys of another attempt's cluster into a folder, and return its files.

    None when the other attempt has no cluster, or not any more.
    """
    known = load(first)
    if known is not None:
        _write_keys(folder, known)
    return known


def _write_keys(folder: Path, known: ClusterFiles) -> None:
    for name, text in pem_texts(known).items():
        _write_private(folder / name, text)


def pem_texts(files: ClusterFiles) -> dict[str, str]:
    """Return the three texts by the names of their files."""
    return {CA_FILE: files.ca_pem, CERT_FILE: files.cert_pem, KEY_FILE: files.key_pem}


def load(folder: Path) -> ClusterFiles | None:
    """Return what was prepared, or None."""
    data = read_json(folder / FILE)
    return None if data is None else ClusterFiles(**data)


def tls_context(folder: Path) -> ssl.SSLContext:
    """Return a client's context that trusts this cluster's authority and no other."""
    context = ssl.create_default_context(cafile=str(folder / CA_FILE))
    context.load_cert_chain(str(folder / CERT_FILE), str(folder / KEY_FILE))
    return context


def _write_private(path: Path, text: str) -> None:
    if path.exists():
        return
    temporary = path.with_name(f".{path.name}")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w", encoding="ascii") as file:
        file.write(text)
    temporary.replace(path)
