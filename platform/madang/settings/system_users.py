"""People as users of this machine, where each one's processes run under an account of their own.

Hub and local engine ask here before they start anything for somebody. Nothing is created.
"""

import pwd
from dataclasses import dataclass
from pathlib import Path

from madang.errors import RefusedError


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemUser:
    """An account of this machine."""

    name: str
    uid: int
    gid: int
    home: Path
    shell: str


def system_user(name: str) -> SystemUser:
    """Return the account of a person.

    Raises
    ------
    RefusedError
        ``system_user_unknown`` for a name without one, ``system_user_is_root`` for one that would
        keep all rights.
    """
    try:
        entry = pwd.getpwnam(name)
    except KeyError as error:
        raise RefusedError("system_user_unknown", person=name) from error
    if entry.pw_uid == 0:
        raise RefusedError("system_user_is_root", person=name)
    return SystemUser(
        name=entry.pw_name,
        uid=entry.pw_uid,
        gid=entry.pw_gid,
        home=Path(entry.pw_dir),
        shell=entry.pw_shell or "/bin/sh",
    )
