"""Starts one person's notebook server; run as ``python -m madang.hub.singleuser``.

The spawners use it as their command. It must not import anything heavy, nor anything of the hub:
it runs as the person, in the person's folder.
"""

import sys


def main(argv: list[str] | None = None) -> None:
    """Run the notebook server."""
    args = list(sys.argv[1:] if argv is None else argv)
    # The grammar behind this optional format check of JSON schemas costs every start over a
    # second of CPU. Where it cannot be imported, the check is skipped.
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    sys.argv = ["jupyterhub-singleuser", *args]
    from jupyterhub.singleuser import main as run

    run()


if __name__ == "__main__":
    main()
