"""Starts one person's notebook server; run as ``python -m madang.hub.singleuser``.

The spawners use it as their command. It must not import anything heavy, nor anything of the hub:
it runs as the person, in the person's folder.
"""

import os
import sys


def _become(name: str) -> None:
    """Give up root for a system user, before anything of theirs is read."""
    import pwd

    entry = pwd.getpwnam(name)
    os.initgroups(name, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.chdir(entry.pw_dir)


def main(argv: list[str] | None = None) -> None:
    """Drop privileges if ``--as-user NAME`` comes first, then run the notebook server."""
    args = list(sys.argv[1:] if argv is None else argv)
    if args[:1] == ["--as-user"]:
        _become(args[1])
        args = args[2:]
    # The grammar behind this optional format check of JSON schemas costs every start over a
    # second of CPU. Where it cannot be imported, the check is skipped.
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    sys.argv = ["jupyterhub-singleuser", *args]
    from jupyterhub.singleuser import main as run

    run()


if __name__ == "__main__":
    main()
