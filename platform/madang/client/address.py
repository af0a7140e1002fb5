"""Finds the service and a credential for it, without any setting of the person.

In notebooks, runs and slots the environment says it; on the machine of ``madang up`` a file does.
"""

import json
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from madang.client.words import spoken
from madang.errors import LocalError, UnavailableError
from madang.settings.config import SERVICE_PREFIX
from madang.settings.home import Home


@dataclass(frozen=True, slots=True)
class Address:
    """Where the service is, and the token to show it."""

    url: str
    token: str = field(repr=False)


def service_url(url: str) -> str:
    """Return the service's own address from it, or from the public address of an installation."""
    url = url.rstrip("/")
    return url if url.endswith(SERVICE_PREFIX) else url + SERVICE_PREFIX


def find_address(url: str | None = None, token: str | None = None) -> Address:
    """Return the address given, else that of the environment, else that of ``madang up``.

    Raises
    ------
    UnavailableError
        ``service_unknown`` when nothing says where the service is.
    LocalError
        ``token_file_open`` when others may read the file with the token; ``token_file_unreadable``.
    """
    env = os.environ
    url = url or env.get("MADANG_URL")
    token = token or env.get("MADANG_TOKEN") or env.get("JUPYTERHUB_API_TOKEN")
    if url and token:
        return Address(service_url(url), token)
    path = Home.find().cli_token
    if url or not path.exists():
        raise spoken(UnavailableError("service_unknown", path=str(path)))
    return _read(path)


def _read(path: Path) -> Address:
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise spoken(LocalError("token_file_open", path=str(path)))
        known = json.loads(path.read_text(encoding="utf-8"))
        return Address(service_url(known["url"]), known["token"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise spoken(LocalError("token_file_unreadable", path=str(path))) from error
