"""``madang serve``: only the service, beside a hub that exists already."""

import os
import sys
from collections.abc import Mapping


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
