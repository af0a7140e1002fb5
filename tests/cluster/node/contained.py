"""Runs a command in a small world of its own, where a node of Kubernetes may do all it does.

A kubelet mounts, makes bridges, writes packet filters and limits of memory, and starts programs
that outlive it. So the command gets namespaces of its own for network, mounts, processes and
cgroups: nothing of it is reachable from outside, it has no way to the world, and when its first
process ends, the kernel ends all others and takes mounts and interfaces away. What remains, empty
cgroups and a folder, is removed here; after a ``kill -9`` of this program, by the next start.

::

    python tests/cluster/node/contained.py COMMAND [ARGUMENT …]

Logs go with the folder; ``MADANG_NODE_LOGS=FOLDER`` keeps a copy.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PREFIX = "madang-node-"
INSIDE = "MADANG_NODE_FOLDER"
OUTER_PID = "MADANG_NODE_PID"
LOGS = "MADANG_NODE_LOGS"
NEEDED = ("unshare", "mount", "ip", "runc", "iptables", "ipset", "conntrack", "busybox")
_SPACES = ("--net", "--mount", "--pid", "--cgroup", "--ipc", "--uts", "--fork", "--kill-child")
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class NotPossibleError(Exception):
    """This machine, or this user, cannot run a node."""


def why_not() -> str:
    """Return what is missing for a node, in words; empty when nothing is."""
    if os.geteuid() != 0:
        return "A node makes namespaces, bridges and cgroups: run it as root, such as by sudo."
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    if missing := [name for name in NEEDED if not shutil.which(name, path=path)]:
        packages = "runc iptables iproute2 ipset conntrack busybox-static"
        return f"A node needs {', '.join(missing)}. On Debian: apt-get install {packages}"
    if "memory" not in hierarchies():
        return "The node of the tests is tried with cgroup v1 (or hybrid) alone, not with v2."
    return ""


def hierarchies() -> dict[str, Path]:
    """Return the cgroup that this process is in, for each hierarchy that is mounted."""
    mounted = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split()[:3]
        if kind == "cgroup":
            mounted |= dict.fromkeys(options.split(","), before.split()[4])
        elif kind == "cgroup2":
            mounted[""] = before.split()[4]
    found = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, name, inside = line.split(":", 2)
        if name.split(",")[0] in mounted:
            found[name] = Path(mounted[name.split(",")[0]] + inside)
    return found


def _make_cgroups(name: str) -> list[Path]:
    made = []
    for parent in hierarchies().values():
        own = parent / name
        own.mkdir()
        made.append(own)
        for each in ("cpuset.cpus", "cpuset.mems"):
            # A new one of v1 has no processors and no memory, and takes nobody in.
            if (parent / each).exists():
                (own / each).write_text((parent / each).read_text())
    return made


def _remove_cgroups(name: str, limit_s: float = 30.0) -> None:
    """Remove a tree of cgroups as soon as the kernel has ended all that was in it."""
    deadline = time.monotonic() + limit_s
    for root in [parent / name for parent in hierarchies().values()]:
        for folder, _, _ in os.walk(root, topdown=False):
            while True:
                with contextlib.suppress(FileNotFoundError):
                    try:
                        Path(folder).rmdir()
                    except OSError:
                        if time.monotonic() > deadline:
                            raise
                        time.sleep(0.02)
                        continue
                break


def _sweep() -> None:
    """Remove what a run left whose wrapper was killed; one that still runs is left alone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = folder / "owner"
        pid = owner.read_text() if owner.exists() else ""
        if pid and not Path(f"/proc/{pid}").exists():
            _remove(folder)


def _remove(folder: Path) -> None:
    _remove_cgroups(folder.name)
    shutil.rmtree(folder, ignore_errors=True)


def run(command: list[str]) -> int:
    """Run a command contained, and return its exit status; nothing of it is left."""
    if why := why_not():
        raise NotPossibleError(why)
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    (folder / "owner").write_text(str(os.getpid()))
    child = None
    try:
        cgroups = _make_cgroups(folder.name)
        child = _start(command, folder, cgroups)
        try:
            return child.wait()
        except KeyboardInterrupt:
            # A terminal told the tests too: they say what they know before they end.
            with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
                child.wait(20)
            return 130
    finally:
        if child is not None:
            child.kill()
            child.wait()
        _keep_logs(folder)
        _remove(folder)


def _start(command: list[str], folder: Path, cgroups: list[Path]) -> subprocess.Popen:
    def enter() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        for each in cgroups:
            (each / "cgroup.procs").write_text("0")

    inside = [sys.executable, str(Path(__file__).with_name("inside.py")), *command]
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    environment = {**os.environ, "PATH": path, INSIDE: str(folder), "TMPDIR": str(folder)}
    # The programs of the tests find each other, as the tests do by conftest.py.
    environment["PYTHONPATH"] = os.pathsep.join(map(str, Path(__file__).parents[:2]))
    return subprocess.Popen(["unshare", *_SPACES, *inside], env=environment, preexec_fn=enter)


def _keep_logs(folder: Path) -> None:
    if kept := os.environ.get(LOGS):
        for log in folder.glob("*/*.log"):
            Path(kept).mkdir(parents=True, exist_ok=True)
            shutil.copy(log, kept)


def main() -> int:
    """Run what the arguments say."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return run(sys.argv[1:])
    except NotPossibleError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
