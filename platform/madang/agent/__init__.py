"""Jupyter Server extension: tells the service what the person and their kernels are doing.

It runs inside every notebook server and speaks HTTP to the service with the server's own token.
Outside a lease (no ``MADANG_URL`` and ``MADANG_LEASE``) it does nothing. It must never raise into
the server, and imports nothing of Madang that a user image would not have.
"""

import os
from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "madang.agent"}]


def _load_jupyter_server_extension(server_app: Any) -> None:
    """Start reporting on the server's event loop."""
    url, lease = os.environ.get("MADANG_URL"), os.environ.get("MADANG_LEASE")
    token = os.environ.get("JUPYTERHUB_API_TOKEN")
    if not (url and lease and token):
        return
    from madang.agent.reporter import Reporter

    Reporter(server_app, url=url, lease=lease, token=token).start()
