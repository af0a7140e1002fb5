"""containerd with runc and the plugins of pod networks, all inside one folder."""

import json
import shutil
import subprocess
from pathlib import Path

from binaries import binaries
from image_tars import PAUSE
from inside import BRIDGE, PODS
from processes import Program

_CONTAINERD = ("containerd", "containerd-shim-runc-v2", "ctr")
_PLUGINS = ("bridge", "host-local", "loopback", "portmap")
_CONFIG = """\
version = 3
root = "{folder}/root"
state = "{state}"
[grpc]
  address = "{socket}"
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "{pause}"
[plugins."io.containerd.cri.v1.runtime"]
  # Root without CAP_SYS_RESOURCE may not lower what the kernel kills first.
  restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
  BinaryName = "{runc}"
  SystemdCgroup = false
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["{plugins}"]
  conf_dir = "{folder}/net.d"
"""


class ContainerRuntime:
    """containerd, and the images that it has.

    Parameters
    ----------
    folder
        All that it keeps; deleted by whoever made it.
    node
        Name of a node that is not the first one.
    pods
        First and last address of its pods.
    """

    def __init__(
        self, folder: Path, node: str = "", pods: tuple[str, str] = ("10.244.0.10", "10.244.0.127")
    ) -> None:
        self.name = f"containerd-{node}" if node else "containerd"
        self._folder, self._pods = folder / self.name, pods
        (self._folder / "net.d").mkdir(parents=True)
        self._built = binaries(*_CONTAINERD, *_PLUGINS)
        # The namespace has a /run of its own, and what is in there is short enough for a socket.
        self._state = f"/run/{self.name}"
        self.socket = f"unix://{self._state}/containerd.sock"
        self._program = Program(
            self.name,
            [str(self._built["containerd"]), "--config", str(self._folder / "config.toml")],
            folder,
            {"PATH": f"{self._built['ctr'].parent}:/usr/sbin:/usr/bin:/sbin:/bin"},
        )

    def start(self) -> Program:
        """Start it; returns when it answers."""
        config = _CONFIG.format(
            folder=self._folder,
            state=self._state,
            socket=self.socket.removeprefix("unix://"),
            pause=PAUSE,
            runc=shutil.which("runc"),
            plugins=self._built["bridge"].parent,
        )
        (self._folder / "config.toml").write_text(config)
        (self._folder / "net.d" / "10-pods.conflist").write_text(json.dumps(self._pod_network()))
        self._program.start()
        self._program.wait_until(lambda: self._ctr("version").returncode == 0)
        return self._program

    def import_image(self, tar: Path) -> None:
        """Take in an archive of images, as docker, podman, buildah or OCI write them."""
        done = self._ctr("--namespace", "k8s.io", "images", "import", str(tar))
        assert done.returncode == 0, f"{tar.name} is no image: {done.stderr or done.stdout}"

    def remove_image(self, name: str) -> None:
        """Forget an image; what runs from it goes on."""
        done = self._ctr("--namespace", "k8s.io", "images", "remove", "--sync", name)
        assert done.returncode == 0, done.stderr

    def image_names(self) -> list[str]:
        """Return the names of all images."""
        return self._ctr("--namespace", "k8s.io", "images", "list", "-q").stdout.split()

    def _ctr(self, *words: str) -> subprocess.CompletedProcess:
        address = ["--address", self.socket.removeprefix("unix://")]
        argv = [str(self._built["ctr"]), *address, *words]
        return subprocess.run(argv, capture_output=True, text=True, timeout=300)

    def _pod_network(self) -> dict:
        first, last = self._pods
        bridge = {
            "type": "bridge",
            "bridge": BRIDGE,
            "isGateway": True,
            "hairpinMode": True,
            # Pods leave for nowhere: there is no way out of this namespace.
            "ipMasq": False,
            "ipam": {
                "type": "host-local",
                "ranges": [[{"subnet": PODS, "rangeStart": first, "rangeEnd": last}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        }
        ports = {"type": "portmap", "capabilities": {"portMappings": True}}
        return {"cniVersion": "1.0.0", "name": f"pods-{self.name}", "plugins": [bridge, ports]}
