"""``madang serve``: only the service, beside a hub that exists already."""

import os
import sys
from collections.abc import Mapping

from madang.errors import InvalidError
from madang.settings.config import ServiceSettings


def serve(env: Mapping[str, str] | None = None) -> None:
    """Become the service; does not return.

    Parameters
    ----------
    env
        ``MADANG_*`` as :meth:`ServiceSettings.from_env` reads them; None takes this process's
        environment, in which a missing name is added by nobody.

    Raises
    ------
    InvalidError
        ``setting_missing`` names the variable.
    """
    values = dict(os.environ if env is None else env)
    try:
        settings = ServiceSettings.from_env(values)
    except KeyError as error:
        raise InvalidError("setting_missing", name=str(error.args[0])) from error
    except ValueError as error:
        raise InvalidError("setting_unreadable", why=str(error)) from error
    sys.stdout.flush()
    # Becoming it, instead of starting it, keeps signals and exit status those of the service.
    argv = [sys.executable, "-P", "-m", "madang.api.serve"]
    os.execve(sys.executable, argv, {**os.environ, **values, **settings.to_env()})  # noqa: S606
