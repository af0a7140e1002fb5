"""Every trouble that the doctor knows is provoked, and every check is well on a machine that is."""

import contextlib
import itertools
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import pytest

from madang.errors import UnavailableError
from madang.i18n import catalogue
from madang.i18n.words import cluster_doctor
from madang.settings.home import Home
from madang.stack import doctor, ports
from madang.stack.checks import Machine, gpu, house, machine, system
from madang.stack.checks.check import Check
from madang.stack.lock import HomeLock
from madang.stack.plan import MARKER
from madang.stack.processes import Identity
from madang.stack.state import State

GIB = 1024**3
VERSION = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build\n"


@dataclass
class Nvml:
    """What the checks ask of NVML, for one GPU."""

    NVMLError = type("NVMLError", (Exception,), {})
    NVML_DEVICE_MIG_ENABLE = 1
    NVML_MEMORY_ERROR_TYPE_UNCORRECTED = 1
    NVML_VOLATILE_ECC = 0
    driver: str = "580.65.06"
    mig: int | None = None
    instances: tuple[int, ...] = ()
    persistence: int = 1
    ecc: int | None = 0
    remapped: tuple[int, int, int, int] = (0, 0, 0, 0)
    pids: tuple[int, ...] = ()
    count: int = 1

    def nvmlSystemGetDriverVersion(self):
        return self.driver.encode()

    def nvmlDeviceGetCount(self):
        return self.count

    def nvmlDeviceGetHandleByIndex(self, index):
        return index

    def nvmlDeviceGetMigMode(self, handle):
        if self.mig is None:
            raise self.NVMLError
        return self.mig, self.mig

    def nvmlDeviceGetMaxMigDeviceCount(self, handle):
        return 7

    def nvmlDeviceGetMigDeviceHandleByIndex(self, handle, index):
        if index not in self.instances:
            raise self.NVMLError
        return index

    def nvmlDeviceGetPersistenceMode(self, handle):
        return self.persistence

    def nvmlDeviceGetTotalEccErrors(self, handle, kind, counter):
        if self.ecc is None:
            raise self.NVMLError
        return self.ecc

    def nvmlDeviceGetRemappedRows(self, handle):
        return self.remapped

    def nvmlDeviceGetComputeRunningProcesses(self, handle):
        return [SimpleNamespace(pid=pid) for pid in self.pids]


@dataclass
class Sick:
    """A machine that is well, to be made sick in one place."""

    root: object
    env: dict = field(default_factory=dict)
    lib: object = field(default_factory=Nvml)
    wheels: dict = field(default_factory=dict)
    free: int = 100 * GIB
    shm: int = 8 * GIB
    clock: bool | None = True
    log: str = ""
    limits: tuple[int, int] = (65536, 65536)

    def put(self, path, text):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return target

    def machine(self):
        @contextlib.contextmanager
        def nvml():
            if isinstance(self.lib, Exception):
                raise self.lib
            yield self.lib

        return Machine(
            root=self.root,
            env=self.env,
            nvml=nvml,
            wheels=lambda: self.wheels,
            disk=lambda path: (self.shm, self.shm) if path.name == "shm" else (GIB, self.free),
            is_clock_kept=lambda: self.clock,
            kernel_log=lambda: self.log,
            open_files=lambda: self.limits,
        )


@pytest.fixture
def sick(tmp_path):
    made = Sick(tmp_path)
    made.put("proc/driver/nvidia/version", VERSION)
    made.put("proc/meminfo", "MemTotal: 99 kB\nMemAvailable:   67108864 kB\n")
    made.put("proc/sys/fs/inotify/max_user_watches", "524288\n")
    made.put("proc/sys/fs/inotify/max_user_instances", "1024\n")
    made.put("proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n")
    (tmp_path / "dev/shm").mkdir(parents=True)
    return made


def gpus(sick):
    return by_name(gpu.checks(sick.machine()))


def systems(sick, home="/data"):
    return by_name(system.checks(sick.machine(), machine.Path(home)))


def by_name(found):
    """The worst finding of each name."""
    order = {"bad": 0, "warn": 1, "ok": 2}
    return {c.name: c for c in sorted(found, key=lambda c: order[c.status], reverse=True)}


def test_a_machine_that_is_well(sick):
    found = [*gpus(sick).values(), *systems(sick).values()]
    assert {check.status for check in found} == {"ok"}
    assert len(found) > 14


@pytest.mark.parametrize(
    ("name", "change", "status", "said"),
    [
        ("driver_mismatch", {"lib": Nvml(driver="575.57.08")}, "bad", "575.57.08"),
        ("gpu", {"lib": Nvml(count=0)}, "bad", "no GPU"),
        ("mig", {"lib": Nvml(mig=1)}, "bad", "no instance"),
        ("persistence", {"lib": Nvml(persistence=0)}, "warn", "off"),
        ("ecc", {"lib": Nvml(ecc=3)}, "bad", "3 uncorrected"),
        ("remap", {"lib": Nvml(remapped=(0, 1, 1, 0))}, "bad", "next reset"),
        ("stub", {"wheels": {"cudf": "0.6.1.post1"}}, "bad", "cudf 0.6.1.post1"),
        ("xid", {"log": "x\nNVRM: Xid (PCI:0000:17:00): 79, GPU has fallen off"}, "bad", "79"),
        (
            "driver_silent",
            {"lib": UnavailableError("nvml_unavailable", why="Unknown Error")},
            "bad",
            "Unknown Error",
        ),
        (
            "driver_mismatch",
            {"lib": UnavailableError("nvml_unavailable", why="Driver/library version mismatch")},
            "bad",
            "do not fit",
        ),
    ],
)
def test_a_sick_gpu_is_found(sick, name, change, status, said):
    check = gpus(replace(sick, **change))[name]
    assert (check.status, said in check.text("en")) == (status, True), check.text("en")
    assert check.why("en")
    assert check.next_step("ko")


def test_what_is_no_trouble_of_a_gpu(sick):
    fine = Nvml(mig=1, instances=(0, 5), ecc=None, driver="580.65.06")
    log = "NVRM: Xid (PCI:0000:17:00): 31, a program read where it may not"
    found = gpus(replace(sick, lib=fine, log=log, wheels={"cudf": "26.10.2"}))
    assert {check.status for check in found.values()} == {"ok"}


@pytest.mark.parametrize(
    ("driver", "wheels", "status"),
    [
        ("570.1", {"cudf-cu13": "26.10.2"}, "bad"),
        ("580.65.06", {"cudf-cu13": "26.10.2"}, "ok"),
        ("570.1", {"cudf-cu12": "26.10.2"}, "ok"),
        ("470.1", {"cudf-cu12": "26.10.2"}, "bad"),
        ("570.1", {}, None),
    ],
)
def test_an_old_driver_does_not_fit_the_wheels(sick, driver, wheels, status):
    check = gpus(replace(sick, lib=Nvml(driver=driver), wheels=wheels)).get("driver_old")
    assert (check.status if check else None) == status


def test_a_gpu_without_a_driver(sick):
    (sick.root / "proc/driver/nvidia/version").unlink()
    assert gpus(sick)["no_gpu"].is_ok
    sick.put("sys/bus/pci/devices/0000:17:00.0/vendor", "0x10de\n")
    sick.put("sys/bus/pci/devices/0000:17:00.0/class", "0x040300\n")
    # The sound of a graphics card is no GPU.
    assert gpus(sick)["no_gpu"].is_ok
    sick.put("sys/bus/pci/devices/0000:17:00.0/class", "0x030200\n")
    assert gpus(sick)["driver"].status == "bad"


def test_a_process_from_outside_holds_a_gpu(sick):
    sick.put("proc/7/environ", "A=b\0MADANG_ATTEMPT_DIR=/x\0")
    sick.put("proc/8/environ", "A=b\0")
    sick.put("proc/8/comm", "python\n")
    assert gpus(replace(sick, lib=Nvml(pids=(7,))))["held"].is_ok
    check = gpus(replace(sick, lib=Nvml(pids=(7, 8))))["held"]
    assert check.status == "bad"
    assert "python (pid 8)" in check.text("en")
    assert "pid 7" not in check.text("en")


@pytest.mark.parametrize(
    ("name", "change", "status", "said"),
    [
        ("disk", {"free": GIB}, "bad", "1.0 GiB"),
        ("disk", {"free": 5 * GIB}, "warn", "5.0 GiB"),
        ("shm", {"shm": 64 * 1024**2}, "warn", "64 MiB"),
        ("files", {"limits": (1024, 4096)}, "warn", "1024"),
        ("files", {"limits": (256, 256)}, "bad", "256"),
        ("clock_kept", {"clock": False}, "warn", "not synchronised"),
        ("http_proxy", {"env": {"HTTP_PROXY": "http://u:pw@proxy:3128"}}, "bad", "proxy"),
        (
            "http_proxy",
            {"env": {"http_proxy": "http://p", "no_proxy": "localhost"}},
            "bad",
            "HTTP_PROXY",
        ),
    ],
)
def test_a_sick_machine_is_found(sick, name, change, status, said):
    check = systems(replace(sick, **change))[name]
    assert (check.status, said in check.text("en")) == (status, True), check.text("en")
    assert check.why("ko")
    assert check.next_step("en")
    assert "pw" not in check.text("en").split()


def test_what_is_no_trouble_of_a_machine(sick):
    env = {"HTTPS_PROXY": "http://p", "HTTP_PROXY": "http://p", "NO_PROXY": "127.0.0.1, localhost"}
    assert systems(replace(sick, env=env))["http_proxy"].is_ok
    assert systems(replace(sick, clock=None))["clock_kept"].is_ok
    assert systems(replace(sick, limits=(-1, -1)))["files"].is_ok


def test_little_memory_and_few_watches(sick):
    sick.put("proc/meminfo", "MemAvailable: 2097152 kB\n")
    assert systems(sick)["memory"].status == "warn"
    sick.put("proc/meminfo", "MemAvailable: 102400 kB\n")
    assert systems(sick)["memory"].status == "bad"
    sick.put("proc/sys/fs/inotify/max_user_watches", "8192\n")
    check = systems(sick)["watches"]
    assert check.status == "warn"
    assert "8192" in check.text("en")


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "9p", "lustre"])
def test_a_data_folder_on_the_network(sick, kind):
    sick.put(
        "proc/self/mountinfo",
        "22 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n"
        f"23 22 0:44 / /home rw - {kind} server:/home rw\n"
        "24 23 8:2 / /home/local\\040disk rw - xfs /dev/sdb rw\n",
    )
    check = systems(sick, "/home/ada/madang")["network_disk"]
    assert check.status == "bad"
    assert kind in check.text("en")
    assert systems(sick, "/home/local disk/madang")["network_disk"].is_ok
    assert systems(sick, "/homes")["network_disk"].is_ok


@pytest.fixture
def home(tmp_path):
    made = Home(tmp_path / "data")
    made.root.mkdir(mode=0o700)
    return made


def houses(home, state=None, is_up=False, given=None):
    return by_name(house.checks(given or Machine(), home, state or State(), is_up))


def test_a_token_that_others_can_read(home):
    assert "private" not in houses(home)
    home.cli_token.write_text("{}")
    home.cli_token.chmod(0o600)
    assert houses(home)["private"].is_ok
    home.cli_token.chmod(0o640)
    check = houses(home)["private"]
    assert check.status == "bad"
    assert f"chmod 600 {home.cli_token}" in check.next_step("en")


def child(**env):
    return subprocess.Popen(
        [sys.executable, "-c", "import sys; print('on', flush=True); sys.stdin.read()"],
        env={**os.environ, **env},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def test_what_a_killed_up_left_and_what_another_one_started(home):
    ours, other = child(**{MARKER: str(home.root)}), child(**{MARKER: str(home.root)})
    try:
        for one in (ours, other):
            one.stdout.readline()
        state = State(parts={"hub": Identity.of(ours.pid)})
        left = houses(home, state)["stale"]
        assert (left.status, "hub" in left.text("en")) == ("warn", True)
        assert houses(home, state, is_up=True)["stale"].is_ok
        check = houses(home, state, is_up=True)["others"]
        assert check.status == "bad"
        assert check.values["pids"] == str(other.pid)
        # The children of a part are its own.
        mother = State(parts={"hub": Identity.of(os.getpid())})
        assert houses(home, mother, is_up=True)["others"].is_ok
    finally:
        for one in (ours, other):
            one.communicate()
    assert houses(home, state)["stale"].is_ok


def test_kernels_that_are_missing_or_point_nowhere(sick, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(sick.root / "venv"))
    folder = "venv/share/jupyter/kernels"
    env = {"HOME": str(sick.root), "PATH": str(sick.root / "bin")}

    def found():
        return by_name(house.kernels(replace(sick, env=env).machine()))

    assert found()["kernels"].status == "bad"
    sick.put(f"{folder}/python3/kernel.json", json.dumps({"argv": ["python", "-m", "x"]}))
    sick.put(f"{folder}/own/kernel.json", json.dumps({"argv": [sys.executable]}))
    assert found()["kernels"].text("en") == "Kernels: own, python3"
    spec = sick.put(f"{folder}/old/kernel.json", json.dumps({"argv": ["/gone/bin/python"]}))
    check = found()["kernel"]
    assert check.status == "bad"
    assert "/gone/bin/python" in check.text("en")
    spec.write_text(json.dumps({"argv": ["julia"]}))
    assert found()["kernel"].status == "bad"
    sick.put("bin/julia", "").chmod(0o755)
    assert "kernel" not in found()
    spec.write_text("not json")
    assert found()["kernel"].status == "bad"
    # A person's own kernel of the same name is taken in its place.
    sick.put(".local/share/jupyter/kernels/old/kernel.json", json.dumps({"argv": ["python"]}))
    assert "kernel" not in found()


def test_readings_of_this_machine_can_be_taken():
    real = Machine()
    size, free = real.disk(machine.Path("/"))
    assert size >= free > 0
    assert real.open_files()[0] != 0
    assert real.is_clock_kept() in (True, False, None)
    assert isinstance(real.kernel_log(), str)
    assert isinstance(real.wheels(), dict)
    assert system.mount_kind(real.read("proc/self/mountinfo"), machine.Path("/proc")) == "proc"
    assert real.number("proc/sys/fs/inotify/max_user_watches") is not None


def test_a_clock_that_was_set_back(home, monkeypatch):
    (home.root / "state.json").write_text("{}")
    assert by_name(doctor(home, port=ports.choose(None, set())))["clock"].is_ok
    later = time.time() + 7200
    os.utime(home.state, (later, later))
    assert by_name(doctor(home, port=ports.choose(None, set())))["clock"].status == "bad"


def test_it_is_quick_and_speaks_both_languages(home):
    with HomeLock(home):
        begin = time.monotonic()
        found = doctor(home)
        assert time.monotonic() - begin < 3
    # Nothing runs there, so no part answers.
    assert {c.status for c in found if c.name == "part"} == {"bad"}
    for check in found:
        for lang in ("ko", "en"):
            assert "doctor." not in check.text(lang)


def test_every_finding_says_why_and_what_next_in_both_languages():
    names = {key.split(".")[1] for key in catalogue() if key.startswith("doctor.")}
    # Those about clusters have tests of their own.
    names -= {key.split(".")[1] for key in cluster_doctor.TEXTS}
    quiet = {"no_gpu", "proxy", "no_fast_start", "fast_start_idle"}
    assert len(names - quiet) > 25
    for name, lang in itertools.product(names - quiet, ("ko", "en")):
        check = Check(name, False, dict.fromkeys(FIELDS, "?"))
        for said in (check.text(lang), check.why(lang), check.next_step(lang)):
            assert said, name
            assert "{" not in said, (name, said)


FIELDS = (
    *("version", "path", "free", "least", "port", "holder", "other", "count", "tool", "now"),
    *("part", "log", "days", "why", "module", "library", "driver", "name", "number", "who"),
    *("codes", "kind", "size", "soft", "hard", "watches", "instances", "host", "parts", "home"),
    *("pids", "program", "names"),
)
