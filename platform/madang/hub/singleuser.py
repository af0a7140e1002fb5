"""Starts one person's notebook server; run as ``python -m madang.hub.singleuser``.

The spawners use it as their command. It must not import anything heavy, nor anything of the hub:
it runs as the person, in the person's folder.
"""

import contextlib
import sys
from importlib import import_module

_PRELOADED = (
    "jupyterhub.singleuser",
    "jupyterlab.labapp",
    "madang.agent.reporter",
    "IPython.paths",
    "ipykernel.kernelspec",
    "jinja2.ext",
    "jupyter_client.provisioning",
    "jupyter_lsp.virtual_documents_shadow",
    "jupyter_server.kernelspecs.handlers",
    "jupyter_server.nbconvert.handlers",
    "jupyter_server.services.api.handlers",
    "jupyter_server.services.config.handlers",
    "jupyter_server.services.contents.handlers",
    "jupyter_server.services.events.handlers",
    "jupyter_server.services.kernels.handlers",
    "jupyter_server.services.kernelspecs.handlers",
    "jupyter_server.services.nbconvert.handlers",
    "jupyter_server.services.security.handlers",
    "jupyter_server.services.sessions.handlers",
    "jupyter_server.services.shutdown",
    "jupyter_server.view.handlers",
    "jupyter_server_terminals",
    "notebook_shim.nbserver",
    "psutil",
    "tornado.platform.asyncio",
)


def preload() -> None:
    """Import what every server imports; a warm parent does it once for all.

    Only the way of the server extension: ``jupyterhub.singleuser.app`` would select the older mixin
    and break pages.
    """
    _block_slow_grammar()
    for name in _PRELOADED:
        with contextlib.suppress(ImportError):
            import_module(name)


def _block_slow_grammar() -> None:
    # The grammar behind this optional format check of JSON schemas costs every start over a
    # second of CPU. Where it cannot be imported, the check is skipped.
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]


def main(argv: list[str] | None = None) -> None:
    """Run the notebook server."""
    args = list(sys.argv[1:] if argv is None else argv)
    _block_slow_grammar()
    sys.argv = ["jupyterhub-singleuser", *args]
    from jupyterhub.singleuser import main as run

    run()


if __name__ == "__main__":
    main()
