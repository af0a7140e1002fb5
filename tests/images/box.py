"""Runs a program of an image as a pod would: its own PID 1, no root, no rights, no network.

The root is read-only and only what the pods mount can be written to. Without a container runtime:
`unshare` and `chroot` upon the image as buildah mounts it.
"""

import contextlib
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import images

_DEVICES = ("null", "zero", "full", "random", "urandom")
# In a mount namespace of its own, so that nothing of it is left whatever happens.
_BOX = """
set -eu
root=$1; uid=$2; shift 2
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t tmpfs tmpfs "$root/dev"
for device in {devices}; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s /proc/self/fd "$root/dev/fd"
mkdir "$root/dev/shm"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t proc proc "$root/proc"
mount -o remount,bind,ro "$root"
while [ "$1" != -- ]; do mount -t tmpfs -o mode=0777 tmpfs "$root$1"; shift; done
shift
ip link set lo up
exec chroot "$root" setpriv --reuid "$uid" --regid "$uid" --clear-groups --no-new-privs \\
    --inh-caps=-all --bounding-set=-all "$@"
""".replace("{devices}", " ".join(_DEVICES))


@dataclass(frozen=True)
class Box:
    """An image that is mounted somewhere, and what it says of itself."""

    root: Path
    env: Mapping[str, str]
    user: str
    argv: tuple[str, ...]
    labels: Mapping[str, str]

    def command(
        self, argv: Sequence[str], writable: Sequence[str], env: Mapping[str, str], uid: int
    ) -> list[str]:
        """Return the command that runs a program in here."""
        inside = [f"{name}={value}" for name, value in {**self.env, **env}.items()]
        return [
            *("unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child"),
            *("sh", "-c", _BOX, "box", str(self.root), str(uid), *writable, "--"),
            *("env", "-i", *inside, *argv),
        ]

    def run(
        self,
        *argv: str,
        writable: Sequence[str] = ("/tmp",),
        env: Mapping[str, str] | None = None,
        uid: int = 1000,
    ) -> str:
        """Run a program to its end; return what it says on both outputs."""
        command = self.command(argv, writable, env or {"HOME": "/tmp"}, uid)
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=100
        )
        assert done.returncode == 0, f"{argv} ended with {done.returncode}:\n{done.stdout}"
        return done.stdout


@contextlib.contextmanager
def box(name: str) -> Iterator[Box]:
    """Mount an image for a while."""
    container = images.buildah("from", "--pull-never", images.load(name))
    try:
        root = Path(images.buildah("mount", container))
        config = json.loads(images.buildah("inspect", container))["OCIv1"]["config"]
        yield Box(
            root,
            dict(one.split("=", 1) for one in config["Env"]),
            config.get("User", ""),
            tuple(config.get("Cmd") or ()),
            config.get("Labels") or {},
        )
    finally:
        images.buildah("umount", container)
        images.buildah("rm", container)
