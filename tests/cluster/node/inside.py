"""The first process of the small world that ``contained.py`` makes: furnishes it, then waits.

It lays private folders over those that a node writes to, makes the bridge on which the node and
its pods live, starts the command and takes in the orphans that containers leave.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from contained import INSIDE, OUTER_PID, hierarchies

BRIDGE, ADDRESS = "cni0", "10.244.0.1"
PODS, SERVICES = "10.244.0.0/24", "10.0.0.0/24"
# What a kubelet wants of the kernel as a whole, and would set for everybody: it reads here that it
# is so already. What containers see is not touched.
_SETTINGS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
# These belong to the network of this namespace alone. Without the second, pods on one bridge reach
# each other past all rules: Services would not answer and policies would not hold.
_OWN_SETTINGS = {"net/ipv4/ip_forward": "1", "net/bridge/bridge-nf-call-iptables": "1"}


def _call(*argv: str) -> None:
    subprocess.run(argv, check=True)


def _mount(*argv: str) -> None:
    _call("mount", *argv)


def furnish(folder: Path) -> None:
    """Make mounts, cgroups, settings and network of this namespace."""
    # The /proc of the world outside still says what this process is called there.
    os.environ[OUTER_PID] = str(Path("/proc/self").readlink())
    cgroups = list(hierarchies())
    _mount("--make-rshared", "/")
    _mount("-t", "proc", "proc", "/proc")
    _mount("-t", "sysfs", "sysfs", "/sys")
    _mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/sys/fs/cgroup")
    for each in cgroups:
        _mount_cgroup(each)
    _mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    for name in ("var", "etc"):
        upper, work = folder / "over" / name, folder / "over" / f"{name}.work"
        upper.mkdir(parents=True)
        work.mkdir()
        layers = f"lowerdir=/{name},upperdir={upper},workdir={work}"
        _mount("-t", "overlay", "-o", layers, "overlay", f"/{name}")
    for name, value in _SETTINGS.items():
        stand_in = folder / name.replace("/", ".")
        stand_in.write_text(f"{value}\n")
        _mount("--bind", str(stand_in), f"/proc/sys/{name}")
    _make_network()


def _mount_cgroup(name: str) -> None:
    point = Path("/sys/fs/cgroup") / (name.partition("=")[2] or name or "unified")
    point.mkdir()
    if name:
        options = f"none,{name}" if name.startswith("name=") else name
        _mount("-t", "cgroup", "-o", options, "cgroup", str(point))
    else:
        _mount("-t", "cgroup2", "cgroup2", str(point))


def _make_network() -> None:
    _call("ip", "link", "set", "lo", "up")
    _call("ip", "link", "add", BRIDGE, "type", "bridge")
    _call("ip", "address", "add", f"{ADDRESS}/{PODS.partition('/')[2]}", "dev", BRIDGE)
    _call("ip", "link", "set", BRIDGE, "up")
    # Nobody listens there; but only what has a route gets as far as the rules of kube-proxy.
    _call("ip", "route", "add", SERVICES, "dev", BRIDGE)
    for name, value in _OWN_SETTINGS.items():
        (Path("/proc/sys") / name).write_text(value)


def wait_for(command: list[str]) -> int:
    """Start the command and return its status; take in orphans meanwhile."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    started = subprocess.Popen(
        command, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    )
    while True:
        pid, status = os.wait()
        if pid == started.pid:
            return os.waitstatus_to_exitcode(status) % 256


if __name__ == "__main__":
    furnish(Path(os.environ[INSIDE]))
    sys.exit(wait_for(sys.argv[1:]))
