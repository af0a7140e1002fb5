"""Runs the hub of ``madang up``: ``python -m madang.hub.main -f jupyterhub_config.py``.

Before it starts it leaves the page that the proxy shows while this or another part is away.
"""

import sys

from madang.hub.pages import keep_away_page
from madang.hub.settings import HubSettings


def main() -> None:
    """Start JupyterHub without the grammar that costs every start over a second of CPU."""
    settings = HubSettings.from_env()
    keep_away_page(settings.home.proxy_pages, settings.public_url)
    # See madang.hub.singleuser: where it cannot be imported, an optional check is skipped.
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    from jupyterhub.app import main as run

    run()


if __name__ == "__main__":
    main()
