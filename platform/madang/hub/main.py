"""Runs the hub; used as ``python -m madang.hub.main -f jupyterhub_config.py``."""

import sys


def main() -> None:
    """Start JupyterHub without the grammar that costs every start over a second of CPU."""
    # See madang.hub.singleuser: where it cannot be imported, an optional check is skipped.
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    from jupyterhub.app import main as run

    run()


if __name__ == "__main__":
    main()
