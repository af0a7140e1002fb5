"""Builds the real parts of a test cluster, once: Kubernetes, Kueue, kwok, etcd and helm.

Each folder of ``binaries/`` is a Go module that pins them (go.mod and go.sum); the ordinary Go
client fetches and builds. What was built is kept in the user's cache under a name made of those
pins, so that later runs need no Go. A machine without Go says what to install.

Run as a program it builds all that is named (or everything) and prints where each is.
"""

import argparse
import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MODULES = Path(__file__).parent / "binaries"
KUBERNETES = "v1.36.4"
LEAST_GO = (1, 26)

_VERSION = {
    "gitVersion": KUBERNETES,
    "gitMajor": "1",
    "gitMinor": "36",
    "gitCommit": "0" * 40,
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
}
_STAMPED = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")


class NoGoError(Exception):
    """There is no Go, or one that is too old, and something has to be built."""


@dataclass(frozen=True)
class Module:
    """A folder of ``binaries/`` and the programs that it pins."""

    name: str
    packages: dict[str, str]
    is_stamped: bool = False

    def flags(self) -> list[str]:
        """Return the flags of the build; without its version a server calls itself v0.0.0."""
        link = "-s -w -buildid="
        if self.is_stamped:
            for package in _STAMPED:
                link += "".join(f" -X {package}.{key}={value}" for key, value in _VERSION.items())
        tags = ["-tags", "selinux,notest"] if self.is_stamped else []
        return ["-mod=readonly", "-trimpath", "-buildvcs=false", *tags, "-ldflags", link]

    def key(self) -> str:
        """Return what changes when anything that is built from changes."""
        folder = MODULES / self.name
        pins = [path.read_bytes() for path in (folder / "go.mod", folder / "go.sum")]
        pins += [path.read_bytes() for path in sorted(folder.glob("*.go"))]
        made = hashlib.sha256(b"\0".join([*pins, repr((self.flags(), self.packages)).encode()]))
        return made.hexdigest()[:16]


def _commands(prefix: str, *names: str) -> dict[str, str]:
    return {name: f"{prefix}/cmd/{name}" for name in names}


_CNI = "github.com/containernetworking/plugins/plugins"
_CNI_PLUGINS = ("main/bridge", "main/loopback", "ipam/host-local", "meta/portmap")

BUILT = (
    Module("etcd", {"etcd": "go.etcd.io/etcd/server/v3"}),
    Module(
        "kubernetes",
        _commands(
            "k8s.io/kubernetes", "kube-apiserver", "kube-controller-manager", "kube-scheduler"
        )
        | _commands("sigs.k8s.io/kueue", "kueue")
        | _commands("sigs.k8s.io/kwok", "kwok")
        | _commands("k8s.io/kubernetes", "kubectl", "kubelet", "kube-proxy"),
        is_stamped=True,
    ),
    Module("helm", {"helm": "helm.sh/helm/v4/cmd/helm"}),
    Module(
        "containerd",
        _commands(
            "github.com/containerd/containerd/v2", "containerd", "containerd-shim-runc-v2", "ctr"
        )
        | {name.rpartition("/")[2]: f"{_CNI}/{name}" for name in _CNI_PLUGINS},
    ),
    Module("coredns", {"coredns": "."}),
    Module(
        "kube-router", {"kube-router": "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router"}
    ),
    Module(
        "local-path-provisioner",
        {"local-path-provisioner": "github.com/rancher/local-path-provisioner"},
    ),
)
CONTROL_PLANE = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kueue",
    "kwok",
)


def cache() -> Path:
    """Return the folder of what was built."""
    root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("MADANG_TEST_CLUSTER_CACHE") or f"{root}/madang/cluster")


def binary(name: str) -> Path:
    """Return the path of a program; builds it when it is not there.

    Raises
    ------
    NoGoError
        It has to be built and there is no Go.
    """
    return binaries(name)[name]


def binaries(*names: str) -> dict[str, Path]:
    """Return the paths of programs, building in one go what a module lacks."""
    found: dict[str, Path] = {}
    for module in BUILT:
        wanted = [name for name in names if name in module.packages]
        if not wanted:
            continue
        folder = _folder(module)
        if any(not (folder / name).exists() for name in wanted):
            with _alone(folder):
                missing = [name for name in wanted if not (folder / name).exists()]
                if missing:
                    _build(module, missing, folder)
        _keep_crds(module, folder)
        found |= {name: folder / name for name in wanted}
    return {name: found[name] for name in names}


def helm() -> Path:
    """Return the path of a helm 4: the one that is named, a built one, that of PATH, or build one.

    Raises
    ------
    NoGoError
        There is none, and no Go to build it.
    """
    if given := os.environ.get("MADANG_HELM"):
        return Path(given)
    [module] = [each for each in BUILT if each.name == "helm"]
    found = shutil.which("helm")
    if not (_folder(module) / "helm").exists() and found and _is_helm_4(found):
        return Path(found)
    try:
        return binary("helm")
    except NoGoError as error:
        raise NoGoError(f"{error} Or install helm 4, or name one with MADANG_HELM.") from error


def _is_helm_4(program: str) -> bool:
    command = [program, "version", "--template", "{{.Version}}"]
    return subprocess.run(command, capture_output=True, text=True).stdout.startswith("v4.")


def kueue_config() -> Path:
    """Return the folder of Kueue's CRDs and webhooks, as its module ships them."""
    return binary("kueue").parent / "kueue-config"


def kwok_stages() -> Path:
    """Return the folder of kwok's stages, as its module ships them."""
    return binary("kwok").parent / "kwok-stages"


def _folder(module: Module) -> Path:
    return cache() / f"{module.name}-{module.key()}"


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(module: Module, names: list[str], folder: Path) -> None:
    go = _go()
    begin = time.monotonic()
    print(f"building {', '.join(names)} with {go} (once; it is kept in {folder})", flush=True)
    making = folder / ".making"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    for group in _groups(module, names):
        out = making if len(group) > 1 else making / group[0]
        subprocess.run(
            [go, "build", *module.flags(), "-o", f"{out}{os.sep if len(group) > 1 else ''}"]
            + [module.packages[name] for name in group],
            cwd=MODULES / module.name,
            env=_environment(),
            check=True,
        )
    for name in names:
        (making / name).replace(folder / name)
    making.rmdir()
    print(f"built in {time.monotonic() - begin:.0f} s", flush=True)


def _groups(module: Module, names: list[str]) -> list[list[str]]:
    """Several packages in one go; a package whose folder has another name is built alone."""
    alone = [[n] for n in names if not module.packages[n].endswith(f"/{n}")]
    together = [n for n in names if module.packages[n].endswith(f"/{n}")]
    return [*alone, *([together] if together else [])]


def _keep_crds(module: Module, folder: Path) -> None:
    """Copy what a cluster needs of the modules' other files, so that later nothing of Go is."""
    if module.name != "kubernetes" or (folder / ".config-kept").exists():
        return
    with _alone(folder):
        for package, inside, name in (
            ("sigs.k8s.io/kueue", "config/components", "kueue-config"),
            ("sigs.k8s.io/kwok", "kustomize/stage", "kwok-stages"),
        ):
            source = Path(
                subprocess.run(
                    [_go(), "list", "-m", "-f", "{{.Dir}}", package],
                    cwd=MODULES / module.name,
                    env=_environment(),
                    check=True,
                    capture_output=True,
                    text=True,
                ).stdout.strip()
            )
            shutil.rmtree(folder / name, ignore_errors=True)
            shutil.copytree(source / inside, folder / name)
            subprocess.run(["chmod", "-R", "u+w", str(folder / name)], check=True)
        (folder / ".config-kept").touch()


def _environment() -> dict[str, str]:
    return {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOTOOLCHAIN": "local"}


def _go() -> str:
    given = os.environ.get("MADANG_GO") or shutil.which("go") or "/usr/local/go/bin/go"
    least = ".".join(map(str, LEAST_GO))
    how = f"Install Go {least} or newer (https://go.dev/dl), or name one with MADANG_GO."
    try:
        said = subprocess.run([given, "env", "GOVERSION"], capture_output=True, text=True)
    except OSError as error:
        raise NoGoError(f"The test cluster is built with Go, and there is none. {how}") from error
    version = said.stdout.strip().removeprefix("go")
    numbers = tuple(int(n) for n in version.split("-")[0].split(".")[:2] if n.isdigit())
    if numbers < LEAST_GO:
        raise NoGoError(f"Go {version or 'of an unknown version'} is too old ({given}). {how}")
    return given


def main() -> int:
    """Build what is named, or everything."""
    known = [name for module in BUILT for name in module.packages]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    names = parser.parse_args().names or known
    if unknown := sorted(set(names) - set(known)):
        parser.error(f"not known: {', '.join(unknown)}; there are: {', '.join(known)}")
    try:
        found = binaries(*(name for name in names if name != "helm"))
        if "helm" in names:
            found["helm"] = helm()
        for name, path in found.items():
            print(f"{name:26}{path}")
    except NoGoError as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"The build failed (exit {error.returncode}); see above.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
