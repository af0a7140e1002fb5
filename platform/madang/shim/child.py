"""What a forked child of a keeper does until it is the process of the spec.

Runs between fork and exec, or in the fork that becomes a server itself, so it must not raise, log
or wait for anything but the keeper's word. Standard library only.
"""

import ctypes
import os
import signal
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

_PR_SET_PDEATHSIG = 1


def prctl(option: int, value: int) -> None:
    """Set a property of this process; an OSError where the kernel refuses."""
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def take_place(spec: Mapping[str, Any], log: int, gate: int, keeper: int) -> None:
    """Wait at the gate, then take session, files, signal mask and folder of the process."""
    die_with(keeper)
    if os.read(gate, 1) != b"g":
        os._exit(127)
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.chdir(spec["cwd"])


def die_with(parent: int) -> None:
    """Be killed as soon as the parent has ended, now if it has."""
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(127)


class Account(NamedTuple):
    """A system user, looked up before anything is started for it."""

    uid: int
    gid: int
    groups: list[int]

    @classmethod
    def of(cls, name: str) -> "Account":
        """Return the account of a name; an OSError, which reaches the launcher, for none."""
        import pwd

        try:
            entry = pwd.getpwnam(name)
        except KeyError as error:
            raise FileNotFoundError(f"no system user {name}") from error
        if entry.pw_uid == 0:
            raise PermissionError(f"{name} is root")
        return cls(entry.pw_uid, entry.pw_gid, os.getgrouplist(name, entry.pw_gid))

    def assume(self) -> None:
        """Become this user for good."""
        os.setgroups(self.groups)
        os.setresgid(self.gid, self.gid, self.gid)
        os.setresuid(self.uid, self.uid, self.uid)


def become(
    spec: dict[str, Any], account: Account | None, log: int, gate: int, keeper: int
) -> NoReturn:
    """Turn the forked child into the process; never returns."""
    try:
        if account is not None:
            account.assume()
        # After the change of user, which clears the signal for the keeper's death.
        take_place(spec, log, gate, keeper)
        # Python ignores these two for itself; a program expects the default.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.execvpe(spec["argv"][0], spec["argv"], spec["env"])  # noqa: S606 - our purpose
    except BaseException as error:
        os.write(2, f"madang: cannot start {spec['argv'][0]}: {error}\n".encode())
    finally:
        os._exit(127)
