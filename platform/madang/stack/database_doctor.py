"""What ``madang doctor --cluster`` asks the database, where the service does: in its own pod."""

from collections.abc import Mapping

from madang.errors import UnavailableError
from madang.stack.checks.check import Check
from madang.store import Store

WAIT_MS = 5_000
_ADDRESS = "MADANG_DATABASE_URL"


def database_checks(env: Mapping[str, str]) -> list[Check]:
    """Return whether the PostgreSQL that the environment names lets us in; nothing without one."""
    address = env.get(_ADDRESS, "")
    if not address.startswith("postgres"):
        return []
    store = Store(address, wait_ms=WAIT_MS)
    try:
        store.read_now(lambda _tx: None)
    except UnavailableError as error:
        if error.code == "database_password_refused":
            return [Check("database_password", False)]
        return [Check("database", False, {"reason": error.details.get("reason", error.code)})]
    finally:
        store.close()
    return [Check("database", True)]
