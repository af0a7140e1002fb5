"""Images without a registry: programs that need no library, as archives that containerd imports."""

import hashlib
import io
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

BUSYBOX = "docker.io/library/busybox:1.37"
PAUSE = "registry.k8s.io/pause:3.10"
PAUSE_COMMAND = ["/bin/sh", "-c", "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait; done"]
COREDNS = "registry.k8s.io/coredns/coredns:v1.14.7"


def write_image(
    path: Path, name: str, files: dict[str, Path], entrypoint: list[str], links: dict | None = None
) -> Path:
    """Write an image of one layer with these files, all of which may be executed.

    Parameters
    ----------
    files
        Where each comes from, by its path in the image.
    links
        Symbolic links, and where each points to.
    """
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for folder in ("etc", "tmp"):
            tar.addfile(_entry(folder, 0o1777 if folder == "tmp" else 0o755, tarfile.DIRTYPE))
        for inside, source in files.items():
            entry = _entry(inside, 0o755)
            entry.size = source.stat().st_size
            with source.open("rb") as content:
                tar.addfile(entry, content)
        for inside, target in (links or {}).items():
            entry = _entry(inside, 0o777, tarfile.SYMTYPE)
            entry.linkname = target
            tar.addfile(entry)
    body = layer.getvalue()
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": entrypoint, "Env": ["PATH=/bin:/usr/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(body).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    with tarfile.open(path, "w") as tar:
        for inside, content in (
            ("manifest.json", json.dumps(manifest).encode()),
            ("config.json", json.dumps(config).encode()),
            ("layer.tar", body),
        ):
            entry = _entry(inside, 0o644)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


def _entry(name: str, mode: int, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.mode, entry.type = mode, kind
    return entry


def write_busybox(path: Path, name: str, entrypoint: list[str]) -> Path:
    """Write an image of Debian's static busybox, with the shell where scripts look for it."""
    busybox = shutil.which("busybox") or "/bin/busybox"
    said = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True)
    links = {f"bin/{each}": "busybox" for each in said.stdout.split() if each != "busybox"}
    return write_image(path, name, {"bin/busybox": Path(busybox)}, entrypoint, links)
