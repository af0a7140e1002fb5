"""A second node beside the first, in the same small world: it can be lost without any harm to it.

It has a kubelet and a containerd of its own, an address and a range of pods on the same bridge, and
a tree of cgroups apart, since each kubelet takes away what it does not know. The first node's
kube-proxy serves both; its network policies hold for pods of the first node alone.
"""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

from container_runtime import ContainerRuntime
from control_plane import ControlPlane
from image_tars import PAUSE, PAUSE_COMMAND, write_busybox
from inside import BRIDGE
from node import Node

_GROUPS = Path("/sys/fs/cgroup")


class SecondNode(Node):
    """The programs of the second node.

    Parameters
    ----------
    archives
        Of images that it gets, beside the one that every pod needs.
    """

    name, address, kubelet = "node-2", "10.244.0.2", "kubelet-node-2"

    def __init__(self, plane: ControlPlane, archives: list[Path]) -> None:
        runtime = ContainerRuntime(plane.folder, self.name, ("10.244.0.128", "10.244.0.250"))
        super().__init__(plane, runtime)
        plane.binaries[self.kubelet] = plane.binaries["kubelet"]
        self._archives = archives

    def start(self) -> None:
        """Start containerd and kubelet; returns when the node is ready."""
        subprocess.run(["ip", "address", "add", f"{self.address}/24", "dev", BRIDGE], check=True)
        _make_groups(self.name)
        self._folder.mkdir()
        self._plane.programs[self.runtime.name] = self.runtime.start()
        pause = write_busybox(self._folder / "pause.tar", PAUSE, PAUSE_COMMAND)
        for each in (pause, *self._archives):
            self.runtime.import_image(each)
        self._start_kubelet()
        self._wait_ready()

    def silence(self) -> None:
        """Kill the kubelet; what runs in containers goes on."""
        self._plane.programs[self.kubelet].kill()

    def lose(self) -> None:
        """Kill all that runs on it, as when its power is cut."""
        self.silence()
        for path in [*(_GROUPS / "memory" / self.name).rglob("cgroup.procs")]:
            for pid in path.read_text().split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
        self._plane.programs[self.runtime.name].kill()

    def remove(self) -> None:
        """Say that it will not come back."""
        self._plane.delete(f"/api/v1/nodes/{self.name}")

    def _kubelet_config(self) -> dict:
        own = {"cgroupRoot": f"/{self.name}", "healthzPort": 10258, "readOnlyPort": 0}
        return super()._kubelet_config() | own


def _make_groups(name: str) -> None:
    for hierarchy in _GROUPS.iterdir():
        if not (hierarchy / "cgroup.procs").exists():
            continue
        own = hierarchy / name
        own.mkdir(exist_ok=True)
        for each in ("cpuset.cpus", "cpuset.mems"):
            if (hierarchy / each).exists():
                (own / each).write_text((hierarchy / each).read_text())
