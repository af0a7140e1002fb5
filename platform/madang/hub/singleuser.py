"""Starts one person's notebook server; run as ``python -m madang.hub.singleuser``.

The spawners use it as their command. It must not import anything heavy, nor anything of the hub:
it runs as the person, in the person's folder.
"""

import contextlib
import os
import sys
from importlib import import_module
from pathlib import Path

from madang.hub import kernel_parent
from madang.shim.warm import forked
from madang.shim.warm.sound import UnsoundError

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
    # First, so that it is known which modules are those of kernels.
    kernel_parent.preload()
    _block_slow_grammar()
    for name in _PRELOADED:
        with contextlib.suppress(ImportError):
            import_module(name)


def _block_slow_grammar() -> None:
    # The grammar behind this optional format check of JSON schemas costs every start over a
    # second of CPU. Where it cannot be imported, the check is skipped.
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]


def _begin_kernels() -> list[str]:
    """Start the parent of this server's kernels, where the server itself is a fork."""
    if forked.served is None:
        return []
    try:
        connection = kernel_parent.begin(forked.served)
    except (OSError, UnsoundError) as error:
        sys.stderr.write(f"madang: kernels are not forked: {error}\n")
        return []
    from madang.hub import kernel_forks

    kernel_forks.install(connection)
    return [f"--KernelProvisionerFactory.default_provisioner_name={kernel_forks.NAME}"]


def main(argv: list[str] | None = None) -> None:
    """Run the notebook server."""
    args = list(sys.argv[1:] if argv is None else argv)
    args += _begin_kernels()
    # Also where an image has this package elsewhere than the hub has it.
    os.environ.setdefault("JUPYTER_CONFIG_PATH", str(Path(__file__).parent / "jupyter"))
    _block_slow_grammar()
    sys.argv = ["jupyterhub-singleuser", *args]
    from jupyterhub.singleuser import main as run

    run()


if __name__ == "__main__":
    main()
