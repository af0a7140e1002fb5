"""Becomes a system user, then a program: ``python as_user.py NAME ARGV...``.

The local engine puts it before the command of a slot or a cluster where people are system users:
what people wrote must never run as the user that the service runs as, which is root there.
Standard library only; nothing of the person's is read before they are themselves.
"""

import os
import pwd
import sys


def become(name: str) -> None:
    """Give up root for a system user, and go to their folder.

    Raises
    ------
    PermissionError
        For a user who is root, under any name.
    """
    entry = pwd.getpwnam(name)
    if entry.pw_uid == 0:
        raise PermissionError(f"the processes of {name!r} would run as root")
    os.initgroups(name, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.environ.update(HOME=entry.pw_dir, USER=name, LOGNAME=name)
    try:
        os.chdir(entry.pw_dir)
    except OSError:
        os.chdir("/")


def main(arguments: list[str]) -> None:
    """Replace this process; returns only by an exception."""
    become(arguments[0])
    os.execvp(arguments[1], arguments[1:])  # noqa: S606 - without a shell


if __name__ == "__main__":
    main(sys.argv[1:])
