"""JupyterHub's configuration. `madang up` starts the hub with it and sets the environment it reads.

Add your own settings above or below the call: roles, services and spawner options are merged.
"""

from madang.hub import configure

c = get_config()  # noqa: F821  (JupyterHub defines it)
configure(c)
