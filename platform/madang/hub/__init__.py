"""JupyterHub's side of Madang: its configuration, the spawners and the profile page.

``hub_config/jupyterhub_config.py`` calls :func:`configure`; the hub then loads the spawner class
by its name. Nothing here decides who gets a device: the service does, and the hub asks it over
HTTP. This package must not import the service's layers (services, store, engines, policy).
"""

from typing import Any


def configure(c: Any, settings: Any = None) -> None:
    """Set everything that Madang needs in a JupyterHub configuration object.

    Parameters
    ----------
    c
        The ``c`` of ``get_config()``. Roles, services and spawner settings of the site are
        merged with, never replaced.
    settings
        :class:`madang.hub.settings.HubSettings`; None reads them from the environment.
    """
    # Imported late: a notebook server's launcher lies in this package and must start fast.
    from madang.hub import stopping
    from madang.hub.configuration import apply
    from madang.hub.settings import HubSettings

    apply(c, settings or HubSettings.from_env())
    stopping.install()
