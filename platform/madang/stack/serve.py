"""``madang serve`` and ``madang migrate``: only the service, and its database without it."""

import os
import sys
from collections.abc import Mapping

from madang.settings.home import Home
from madang.store import Store


def serve(env: Mapping[str, str] | None = None) -> None:
    """Become the service; does not return.

    Parameters
    ----------
    env
        ``MADANG_*`` as :meth:`ServiceSettings.from_env` reads them, beside what this process has;
        the service itself names a variable that is missing.
    """
    sys.stdout.flush()
    # Becoming it, instead of starting it, keeps signals and exit status those of the service.
    argv = [sys.executable, "-P", "-m", "madang.api.serve"]
    os.execve(sys.executable, argv, {**os.environ, **(env or {})})  # noqa: S606


def migrate(env: Mapping[str, str] | None = None) -> None:
    """Bring the database that the service would use to this version's tables.

    The service does so at its start as well; before an upgrade, this tells early whether it can.

    Parameters
    ----------
    env
        Where ``MADANG_DATABASE_URL`` and ``MADANG_HOME`` are read; None for those of this process.

    Raises
    ------
    LocalError
        ``database_newer``; the database is left as it is.
    UnavailableError
        ``database_unavailable``.
    """
    values = os.environ if env is None else env
    home = Home.find(values.get("MADANG_HOME"))
    store = Store(values.get("MADANG_DATABASE_URL") or home.database_url)
    try:
        store.migrate()
    finally:
        store.close()
