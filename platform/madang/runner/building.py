"""The steps that build an environment: called by the cells of the builder notebook, in a slot.

Everything happens as the person, in a fresh folder that the service made for this one build. What
strangers published is executed by ``uv`` in processes of their own, without the run's token. The
record is written last, whole: a folder without it is never used.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from madang.domain.environment import MAX_REPORT_BYTES
from madang.runner.files import write_atomically
from madang.runner.own_wheel import write_wheel
from madang.settings.environment_folders import RECORD

LOCK = "madang-lock.txt"
CONDA_LOCK = "madang-conda-lock.json"

_CHECK = """
import json, sys
import dask, distributed, ipykernel, madang
from madang.client import Cluster, run
python = ".".join(map(str, sys.version_info[:3]))
print(json.dumps({"python": python, "madang": madang.__version__}))
"""


class BuildError(Exception):
    """A step did not succeed; what it printed stands above."""


@dataclass(slots=True)
class Build:
    """One build, from the empty folder to the record.

    Attributes
    ----------
    plan
        As :meth:`madang.domain.environment_spec.Spec.plan` made it.
    prefix
        The folder; it becomes the environment.
    found
        Versions that the new interpreter has told, once it was checked.
    """

    plan: Mapping[str, Any]
    name: str
    revision: int
    prefix: Path
    run: str
    found: dict[str, str] = field(default_factory=dict)
    _env: dict[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def begin(cls, plan: Mapping[str, Any], name: str, revision: int) -> "Build":
        """Return the build that the service has asked for."""
        folder = os.environ.get("MADANG_BUILD_FOLDER", "")
        if not folder or not plan:
            raise BuildError("This notebook is started by Madang, as a build of an environment.")
        build = cls(plan, name, revision, Path(folder), os.environ.get("MADANG_RUN", ""))
        build._env = _environment(build.prefix)
        print(f"{name}, revision {revision}: {plan['kind']}", flush=True)
        for line in (*plan["channels"], *plan["packages"], *plan["requirements"]):
            print(f"  {line}")
        return build

    @property
    def python(self) -> Path:
        """The interpreter that is built."""
        return self.prefix / "bin" / "python"

    @property
    def is_conda(self) -> bool:
        """Whether packages come from conda channels."""
        return str(self.plan["kind"]) == "conda"

    def solve(self) -> None:
        """Choose the version of every package."""
        if self.is_conda:
            self._conda("solve")
            return
        wanted = str(self.plan["python"]) or sys.executable
        self._uv("venv", "--python", wanted, "--no-project", "--no-python-downloads",
                 "--allow-existing", "--prompt", self.name, str(self.prefix))  # fmt: skip
        lines = (*self.plan["requirements"], *our_requirements())
        source = self.prefix / "madang-requirements.in"
        source.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        self._uv("pip", "compile", "--python", str(self.python), "--generate-hashes",
                 "--no-annotate", "--no-header", "--no-emit-index-url", "--no-sources", "--quiet",
                 "--output-file", str(self.prefix / LOCK), str(source))  # fmt: skip
        chosen = [
            line.split(" ")[0]
            for line in self._lock().splitlines()
            if line and not line.startswith((" ", "#"))
        ]
        print(f"{len(chosen)} packages: {', '.join(chosen)}", flush=True)

    def install(self) -> None:
        """Install them."""
        if self.is_conda:
            self._conda("install")
            return
        self._uv("pip", "install", "--python", str(self.python), "--require-hashes", "--no-deps",
                 "--requirements", str(self.prefix / LOCK))  # fmt: skip

    def add_ours(self) -> None:
        """Install this installation's own client, and what it needs where that is missing."""
        install = ("pip", "install", "--python", str(self.python))
        if self.is_conda:
            self._uv(*install, *self.plan["requirements"], *our_requirements())
        with tempfile.TemporaryDirectory() as folder:
            wheel = write_wheel(Path(folder))
            self._uv(*install, "--no-deps", str(wheel))

    def check(self) -> None:
        """Import what kernels, runs and clusters import, in the new environment."""
        done = subprocess.run(
            [str(self.python), "-P", "-c", _CHECK],
            env=self._env | {"PYTHONNOUSERSITE": "1"},
            cwd=self.prefix,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            print(done.stderr[-4000:], flush=True)
            raise BuildError("The environment cannot import what Madang needs in it.")
        self.found = json.loads(done.stdout)
        print(f"Python {self.found['python']}, madang {self.found['madang']}")

    def publish(self) -> None:
        """Write the record; from here on the environment can be used."""
        if not self.found:
            self.check()
        packages = self._packages()
        _open_for_others(self.prefix)
        record: dict[str, Any] = {
            "format": 1,
            "name": self.name,
            "revision": self.revision,
            "kind": str(self.plan["kind"]),
            "run": self.run,
            "python": self.found["python"],
            "size_bytes": _size(self.prefix),
            "packages": packages,
            "lock": self._lock(),
        }
        data = json.dumps(record, ensure_ascii=False).encode()
        if len(data) > MAX_REPORT_BYTES:
            record["lock"] = ""
            data = json.dumps(record, ensure_ascii=False).encode()
        write_atomically(self.prefix / RECORD, data)
        mib = int(record["size_bytes"]) / 1024**2
        print(f"{len(packages)} packages, {mib:,.0f} MiB", flush=True)

    def _packages(self) -> list[dict[str, str]]:
        """Return what is in it: by conda, then by pip."""
        found: dict[str, dict[str, str]] = {}
        conda = self.prefix / CONDA_LOCK
        if conda.exists():
            for item in json.loads(conda.read_text("utf-8")):
                found[item["name"]] = item
        listed = self._ask("pip", "list", "--python", str(self.python), "--format", "json")
        for item in json.loads(listed):
            name = canonicalize_name(item["name"])
            known = found.get(name)
            if known is None or known["version"] != item["version"]:
                found[name] = {"name": name, "version": item["version"]}
        return sorted(found.values(), key=lambda item: item["name"])

    def _lock(self) -> str:
        path = self.prefix / (CONDA_LOCK if self.is_conda else LOCK)
        return path.read_text("utf-8") if path.exists() else ""

    def _uv(self, *arguments: str) -> None:
        _say(self._run([_uv(), *arguments]))

    def _ask(self, *arguments: str) -> str:
        done = subprocess.run(
            [_uv(), *arguments], env=self._env, stdin=subprocess.DEVNULL, capture_output=True
        )
        if done.returncode != 0:
            raise BuildError(done.stderr.decode("utf-8", "replace")[-2000:])
        return done.stdout.decode("utf-8", "replace")

    def _conda(self, step: str) -> None:
        task = json.dumps({**self.plan, "prefix": str(self.prefix), "step": step})
        # Our own program, which is found as this one was.
        ours = {k: v for k, v in os.environ.items() if k == "PYTHONPATH"}
        argv = [sys.executable, "-P", "-m", "madang.runner.building_conda"]
        _say(self._run(argv, task, ours))

    def _run(
        self, argv: Sequence[str], given: str = "", more: Mapping[str, str] | None = None
    ) -> int:
        """Run a program, and print what it prints as it comes."""
        with subprocess.Popen(
            argv,
            env={**self._env, **(more or {})},
            cwd=self.prefix,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            if process.stdin is not None:
                process.stdin.write(given)
                process.stdin.close()
            try:
                for line in process.stdout or ():
                    print(line, end="", flush=True)
            except BaseException:
                # Told to stop: what it started must not go on without us.
                process.terminate()
                raise
        return process.returncode


def our_requirements() -> list[str]:
    """Return what must be in every environment, in the versions of this installation.

    The client with its Dask, so that a cluster's two sides fit together, and a kernel.
    """
    wanted = [Requirement(line) for line in metadata.requires("madang") or ()]
    ours = [str(r) for r in wanted if r.marker is None or r.marker.evaluate({"extra": ""})]
    kernel = next(r for r in wanted if r.name == "ipykernel")
    return [*ours, f"{kernel.name}{kernel.specifier}"]


def _environment(prefix: Path) -> dict[str, str]:
    """Return what programs of a build get: nothing of the run, above all not its token."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("MADANG_")}
    for key in ("PYTHONPATH", "VIRTUAL_ENV", "JPY_PARENT_PID"):
        env.pop(key, None)
    return env | {
        "NO_COLOR": "1",
        "UV_NO_PROGRESS": "1",
        "UV_PYTHON_DOWNLOADS": "never",
        # Who uses it cannot write here: without this each kernel would compile everything anew.
        "UV_COMPILE_BYTECODE": "1",
        # No project's own settings, whoever put them where we are.
        "UV_NO_PROJECT": "1",
        "UV_LINK_MODE": env.get("UV_LINK_MODE", _link_mode(prefix, env)),
    }


def _link_mode(prefix: Path, env: Mapping[str, str]) -> str:
    """Return how files come out of uv's cache: linked where both are on one disk."""
    cache = Path(env.get("UV_CACHE_DIR") or Path(env.get("HOME", "/")) / ".cache")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        return "hardlink" if cache.stat().st_dev == prefix.stat().st_dev else "copy"
    except OSError:
        return "copy"


def _uv() -> str:
    from uv import find_uv_bin

    return str(find_uv_bin())


def _say(code: int) -> None:
    if code != 0:
        raise BuildError(f"This step ended with status {code}; the reason stands above.")


def _size(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            total += os.lstat(os.path.join(place, name)).st_blocks * 512  # noqa: PTH118 - many
    return total


def _open_for_others(folder: Path) -> None:
    """Let other members read and execute everything, and nobody else write, whatever the umask."""
    for place, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(place, name)
            if path.is_symlink():
                continue
            mode = path.stat().st_mode & 0o777
            wanted = (mode & ~0o022) | 0o444 | (0o111 if mode & 0o100 else 0)
            if wanted != mode:
                path.chmod(wanted)
