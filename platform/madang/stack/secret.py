"""The secrets of an installation: made once, kept in one 0600 file, never on a command line."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from madang.settings.home import Home
from madang.stack.files import read_json, write_private

# Without letters and digits that people mix up; 16 of them are 80 bits.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """Passwords for people and tokens between the parts."""

    user_password: str
    admin_password: str
    service_token: str
    stack_token: str
    proxy_token: str
    metrics_token: str = ""

    def __repr__(self) -> str:
        """Show nothing: a repr ends up in logs."""
        return "Secrets(…)"


def load_secrets(home: Home) -> Secrets:
    """Return the installation's secrets; what is missing is made and kept."""
    known = read_json(home.secrets)
    values = {name: str(known.get(name) or _new(name)) for name in Secrets.__slots__}
    if values != known:
        write_private(home.secrets, values)
    return Secrets(**_strings(values))


def _strings(values: Mapping[str, str]) -> dict[str, str]:
    return {name: values[name] for name in Secrets.__slots__}


def _new(name: str) -> str:
    if not name.endswith("_password"):
        return secrets.token_hex(32)
    # The hub wants at least 8 characters for people and 32 for administrators.
    groups = 4 if name == "user_password" else 9
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(groups))
