"""Builds images without a daemon and without a registry, for nodes that can reach neither.

The base is Debian by debootstrap; buildah builds upon it, by chroot, what the Dockerfiles say:
those of ``platform/images``, and those of ``node/images`` for what the chart takes from others.
Each image is kept as a docker-archive in the user's cache, under a name made of all that it is
built from. Where only Madang's source changed, only its own layers are built anew.

Run as a program it builds all that is named (or everything but user-gpu, which is gigabytes) and
prints where each is. :func:`values` is what to tell the chart.
"""

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
STAND_INS = Path(__file__).parent / "node" / "images"
# Names that no registry can ever have (RFC 6761): what is not there is not looked for elsewhere.
REGISTRY = "registry.invalid/madang"
OTHERS = "registry.invalid/madang-test"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]

_CA = Path("/etc/ssl/certs/ca-certificates.crt")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SUITE, _PACKAGES = "bookworm", "ca-certificates,python3,python3-venv"
_UNNEEDED = (
    "dev/*", "usr/share/doc/*", "usr/share/man/*", "usr/share/locale/*", "usr/share/info/*",
    "var/cache/apt/*", "var/lib/apt/lists/*", "var/log/*",
)  # fmt: skip


class NoToolError(Exception):
    """What builds images is not there."""


class BuildahError(Exception):
    """Buildah failed; what it said."""


@dataclass(frozen=True)
class Image:
    """A Dockerfile, and the name that its image gets."""

    name: str
    ref: str
    folder: Path
    sources: tuple[str, ...]
    """What of the repository it is built from, beside its own folder."""

    def key(self) -> str:
        """Return what changes when anything that it is built from changes."""
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        for source in self.sources:
            path = ROOT / source
            files += [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
        made = hashlib.sha256(f"{base_key()} {self.ref}".encode())
        for path in sorted(files):
            if "__pycache__" not in path.parts:
                inside = hashlib.sha256(path.read_bytes()).hexdigest()
                made.update(f"\n{path.relative_to(ROOT)} {inside}".encode())
        return made.hexdigest()[:16]

    def kept(self) -> str:
        """Return its name in the storage of builds; its own is that of whoever built it last."""
        return f"localhost/madang-test/{self.name}:{self.key()}"

    def archive(self) -> Path:
        """Return where the image lies once it is built."""
        return cache() / f"{self.name}-{self.key()}.tar"


def _own(name: str) -> Image:
    sources = ("LICENSE", "README.md", "pyproject.toml", "requirements.lock", ".dockerignore")
    return Image(
        name,
        f"{REGISTRY}/{name}:{VERSION}",
        ROOT / "platform" / "images" / name,
        (*sources, "hub_config", "platform/madang"),
    )


def _other(name: str, tag: str, *sources: str) -> Image:
    return Image(name, f"{OTHERS}/{name}:{tag}", STAND_INS / name, ("requirements.lock", *sources))


OWN = tuple(_own(name) for name in ("hub", "service", "user", "user-gpu"))
OTHER = (
    _other("configurable-http-proxy", "5.3.0", "platform/madang/stack/proxy"),
    _other("postgresql", "18.6"),
)
IMAGES = {image.name: image for image in (*OWN, *OTHER)}
USUAL = tuple(name for name in IMAGES if name != "user-gpu")


def values() -> dict[str, Any]:
    """Return the chart's values with which it takes these images."""
    proxy, postgresql = (image.ref.rpartition(":") for image in OTHER)
    return {
        "images": {
            "registry": REGISTRY,
            "tag": VERSION,
            "proxy": {"repository": proxy[0], "tag": proxy[2]},
            "postgresql": {"repository": postgresql[0], "tag": postgresql[2]},
        }
    }


def cache() -> Path:
    """Return the folder of what was built."""
    root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("MADANG_TEST_IMAGES_CACHE") or f"{root}/madang/images")


def archives(*names: str) -> dict[str, Path]:
    """Return the archives of images by name, building what is missing.

    Raises
    ------
    NoToolError
        Something has to be built, and there is nothing to build it with.
    """
    found = {name: IMAGES[name].archive() for name in names or USUAL}
    if not all(path.exists() for path in found.values()):
        with _alone():
            for name, path in found.items():
                if not path.exists():
                    _make(IMAGES[name], path)
    return found


def build_flags() -> list[str]:
    """Return what a build here needs beside the Dockerfile."""
    # Behind a proxy with a certificate of its own: for the build alone, nothing stays in the image.
    volume = ["--volume", f"{_CA}:{_CA}:ro"] if _CA.exists() else []
    return ["--isolation", "chroot", "--layers", "--network", "host", *volume]


def tool() -> list[str]:
    """Return buildah with a storage of its own, which lasts as long as lock and base do."""
    if shutil.which("buildah") is None or os.geteuid() != 0:
        raise NoToolError("Images are built by root, with buildah and debootstrap: apt-get install")
    lock = hashlib.sha256((ROOT / "requirements.lock").read_bytes()).hexdigest()
    storage = cache() / f"storage-{base_key()[:8]}{lock[:8]}"
    folders = ["--root", f"{storage}/root", "--runroot", f"{storage}/run"]
    return ["buildah", *folders, "--storage-driver", "overlay"]


def environment() -> dict[str, str]:
    """Return the environment of buildah; below TMPDIR it keeps what Dockerfiles mount as caches."""
    (cache() / "tmp").mkdir(parents=True, exist_ok=True)
    return {**os.environ, "TMPDIR": str(cache() / "tmp")}


def buildah(*arguments: str | Path, quiet: bool = True) -> str:
    """Run buildah; return what it says."""
    command = [*tool(), *map(str, arguments)]
    done = subprocess.run(command, env=environment(), cwd=ROOT, capture_output=quiet, text=True)
    if done.returncode != 0:
        raise BuildahError(f"{' '.join(command)}:\n{done.stdout or ''}{done.stderr or ''}"[-4000:])
    return (done.stdout or "").strip()


def base_key() -> str:
    """Return what changes when the recipe of the base does."""
    recipe = repr((_SUITE, _PACKAGES, _UNNEEDED, _PATH))
    return hashlib.sha256(recipe.encode()).hexdigest()[:16]


def base() -> str:
    """Return the name of the base, which is made once and kept as an archive."""
    ref = f"localhost/madang-test/base:{base_key()}"
    if not _has(ref):
        archive = cache() / f"base-{base_key()}.tar"
        if archive.exists():
            buildah("pull", f"docker-archive:{archive}")
        else:
            _bootstrap(ref)
            _save(ref, archive)
    return ref


def load(name: str) -> str:
    """Return the name under which buildah has an image, also where only its archive was kept."""
    image, archive = IMAGES[name], archives(name)[name]
    with _alone():
        if not _has(image.kept()):
            buildah("tag", buildah("pull", "--quiet", f"docker-archive:{archive}"), image.kept())
    return image.kept()


def _has(ref: str) -> bool:
    known = json.loads(buildah("images", "--json") or "[]") or []
    return any(ref in (image.get("names") or []) for image in known)


def _bootstrap(ref: str) -> None:
    with tempfile.TemporaryDirectory(dir=environment()["TMPDIR"]) as made:
        root = Path(made) / "root"
        options = ["--variant=minbase", f"--include={_PACKAGES}", _SUITE, str(root)]
        print(f"debootstrap {' '.join(options)}", file=sys.stderr, flush=True)
        subprocess.run(["debootstrap", *options], check=True, stdout=subprocess.DEVNULL)
        for pattern in _UNNEEDED:
            for path in root.glob(pattern):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        container = buildah("from", "scratch")
        buildah("add", "--quiet", container, root, "/")
        buildah("config", "--env", f"PATH={_PATH}", container)
        buildah("commit", "--quiet", "--rm", container, ref)


def _make(image: Image, archive: Path) -> None:
    begin = time.monotonic()
    print(f"building {image.ref} (kept in {archive})", file=sys.stderr, flush=True)
    is_own = image in OWN
    context = ROOT if is_own else image.folder
    contexts = [] if is_own else ["--build-context", f"repository={ROOT}"]
    buildah(
        *("build", "--build-arg", f"BASE={base()}", *build_flags(), *contexts),
        *(
            "--file",
            image.folder / "Dockerfile",
            "--tag",
            image.ref,
            "--tag",
            image.kept(),
            context,
        ),
    )
    _save(image.ref, archive)
    _forget(f"{image.name}-{'?' * 16}.tar", kept=3)
    _forget("storage-*", kept=2)
    size, took = archive.stat().st_size / 1e6, time.monotonic() - begin
    print(f"built {image.ref}: {size:.0f} MB in {took:.0f} s", file=sys.stderr, flush=True)


def _save(ref: str, archive: Path) -> None:
    aside = archive.with_suffix(".making")
    aside.unlink(missing_ok=True)
    buildah("push", "--quiet", ref, f"docker-archive:{aside}:{ref}")
    aside.replace(archive)


def _forget(pattern: str, kept: int) -> None:
    """Delete all but the newest few; other checkouts may use those."""
    found = sorted(cache().glob(pattern), key=lambda path: path.stat().st_mtime)
    for old in found[:-kept]:
        shutil.rmtree(old) if old.is_dir() else old.unlink()


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(arguments: Sequence[str]) -> int:
    """Build what is named; print each archive."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(IMAGES))
    names = parser.parse_args(arguments).names or USUAL
    if unknown := sorted(set(names) - set(IMAGES)):
        parser.error(f"not known: {', '.join(unknown)}; there are: {', '.join(IMAGES)}")
    try:
        for name, path in archives(*names).items():
            print(f"{name:26}{path}")
    except NoToolError as error:
        print(error, file=sys.stderr)
        return 3
    except (BuildahError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
