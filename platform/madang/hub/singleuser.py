"""Starts one person's notebook server; run as ``python -m madang.hub.singleuser``.

The spawners use it as their command. It must not import anything heavy, nor anything of the hub:
it runs as the person, in the person's folder.
"""

import contextlib
import os
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


def _become(name: str) -> None:
    """Give up root for a system user, before anything of theirs is read."""
    import pwd

    entry = pwd.getpwnam(name)
    os.initgroups(name, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.chdir(entry.pw_dir)


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
    """Drop privileges if ``--as-user NAME`` comes first, then run the notebook server."""
    args = list(sys.argv[1:] if argv is None else argv)
    if args[:1] == ["--as-user"]:
        _become(args[1])
        args = args[2:]
    _block_slow_grammar()
    sys.argv = ["jupyterhub-singleuser", *args]
    from jupyterhub.singleuser import main as run

    run()


if __name__ == "__main__":
    main()
