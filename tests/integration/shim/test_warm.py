"""A warm parent keeps the shim's promises: what it forks is recorded, found, ended as any other."""

import contextlib
import fcntl
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from madang import shim
from madang.shim import warm
from madang.shim.record import MARKER, SPEC
from madang.shim.warm.state import LOCK, SOCKET, Plan, is_held

pytestmark = pytest.mark.integration

PACKAGE_ROOT = str(Path(shim.__file__).parents[2])

# What a server would be: imported by the parent, run in the fork with the rest of the arguments.
ENTRY = """
import os, signal, sys, time

def preload():
    what = os.environ.get("TRY")
    if what == "raises":
        raise RuntimeError("cannot be imported")
    if what == "thread":
        import threading
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    if what == "loop":
        import asyncio
        asyncio.set_event_loop(asyncio.new_event_loop())
    if what == "dies in the fork":
        os.register_at_fork(after_in_child=lambda: os._exit(3))

def main(argv):
    exec(argv[0], {"__name__": "x", "argv": argv[1:]})
"""


def until(condition, limit_s=15.0):
    deadline = time.monotonic() + limit_s
    while not (found := condition()):
        assert time.monotonic() < deadline, "condition not met in time"
        time.sleep(0.01)
    return found


def lives(pid):
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def ended(record):
    return until(lambda: (r := shim.read(record)) and r.ended_ms is not None and r)


class House:
    """A folder with a warm parent for a small program."""

    def __init__(self, root, **env):
        self.root = root
        (root / "modules").mkdir()
        self.module = root / "modules" / "tiny_entry.py"
        self.module.write_text(ENTRY)
        self.env = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "PYTHONPATH": f"{root / 'modules'}{os.pathsep}{PACKAGE_ROOT}",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.command = [sys.executable, "-P", "-m", "tiny_entry"]
        plan = Plan(command=self.command, preload="tiny_entry:preload", entry="tiny_entry:main")
        self.folder = root / ("w" * 90) / "warm"
        self.parent = warm.WarmParent(
            self.folder, plan, {**self.env, **env}, root / "logs" / "warm.log"
        )

    def ready(self):
        def settled():
            # Again and again, as callers do: one that has just ended may not start again at once.
            self.parent.ensure()
            return (s := warm.read_state(self.folder)).state in ("on", "off") and s

        return until(settled)

    def launch(self, name, code, *args, **env):
        argv = [*self.command, code, *args]
        return shim.launch(
            self.root / name,
            argv,
            env={**self.env, **env},
            cwd=self.root,
            meta={"port": 5},
            warm=self.parent,
        )

    def close(self):
        warm.stop(self.folder)
        for record in self.root.glob("*/record.json"):
            shim.stop(record.parent, 0)
            ended(record.parent)
            shim.sweep(record.parent)
        assert shim.strays(self.root) == []
        assert not is_held(self.folder)


@pytest.fixture
def house(tmp_path) -> Iterator[House]:
    made = House(tmp_path)
    assert made.ready().state == "on"
    yield made
    made.close()


def test_a_fork_is_as_fresh_as_a_program(house):
    code = """
import json, os, signal, sys, random, threading
print(json.dumps({
    "env": dict(os.environ), "argv": sys.argv[1:], "cwd": os.getcwd(),
    "sid": os.getsid(0) == os.getpid(), "threads": threading.active_count(),
    "fds": sorted(int(f) for f in os.listdir("/proc/self/fd"))[:-1],
    "term": signal.getsignal(signal.SIGTERM) == signal.SIG_DFL,
    "int": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
    "mask": list(signal.pthread_sigmask(signal.SIG_BLOCK, ())), "random": random.random(),
    "main": sys.modules["__main__"].__name__,
    "status": [
        line.split()[1]
        for line in open("/proc/self/status")
        if line.startswith(("SigIgn", "SigBlk"))
    ],
}))
raise SystemExit(7)
"""
    records = [house.launch(name, code, "a b", TOKEN="s3cret") for name in ("one", "two")]
    seen = []
    for name, started in zip(("one", "two"), records, strict=True):
        end = ended(house.root / name)
        assert (end.exit_code, end.is_sure, end.pid) == (7, True, started.pid)
        assert end.meta == {"port": 5, "start": "forked"}
        seen.append(json.loads(Path(end.log).read_text()))
    one, two = seen
    assert one["random"] != two["random"]
    marker = str(house.root / "one")
    assert one["env"] == {**house.env, "TOKEN": "s3cret", MARKER: marker}
    assert one["argv"] == [code, "a b"]
    assert one["cwd"] == str(house.root)
    assert (one["sid"], one["threads"], one["term"], one["int"]) == (True, 1, True, True)
    assert one["fds"] == [0, 1, 2]
    assert one["mask"] == []
    # As Python itself: SIGPIPE and SIGXFSZ are ignored, nothing is blocked.
    blocked, ignored = (int(value, 16) for value in one["status"])
    assert blocked == 0
    assert ignored & ~(3 << 31) == 1 << (signal.SIGPIPE - 1) | 1 << (signal.SIGXFSZ - 1)
    assert one["main"] == "tiny_entry"


def test_a_forked_server_has_a_deadline_too(house):
    argv = [*house.command, "import time; time.sleep(600)"]
    more = {"env": house.env, "cwd": house.root, "warm": house.parent}
    started = shim.launch(house.root / "a", argv, **more, deadline_ms=500, grace_ms=100)
    assert started.meta["start"] == "forked"
    assert ended(house.root / "a").is_overdue


def test_others_see_the_environment_and_no_secret_stays(house):
    started = house.launch("a", "import time; time.sleep(600)", TOKEN="s3cret")

    def shown_now():
        shown = Path(f"/proc/{started.pid}/environ").read_bytes().split(b"\0")
        return shown if f"{MARKER}={house.root / 'a'}".encode() in shown else None

    shown = until(shown_now)
    assert b"TOKEN=s3cret" in shown

    def line_now():
        # It is written a moment after the environment.
        line = Path(f"/proc/{started.pid}/cmdline").read_bytes()
        return line if b"tiny_entry" in line else None

    assert b"s3cret" not in until(line_now)
    state = warm.read_state(house.folder)
    for pid in (started.shim_pid, state.pid):
        for name in ("environ", "cmdline"):
            assert b"s3cret" not in Path(f"/proc/{pid}/{name}").read_bytes()
    assert f"{MARKER}".encode() not in Path(f"/proc/{started.shim_pid}/environ").read_bytes()
    assert not (house.root / "a" / SPEC).exists()
    assert house.folder.stat().st_mode & 0o777 == 0o700
    assert (house.folder / SOCKET).stat().st_mode & 0o777 == 0o600
    # The lock is the keeper's alone: it falls with the keeper even while the server lives.
    held = [str(p.readlink()) for p in Path(f"/proc/{started.pid}/fd").iterdir()]
    assert not any(name.endswith("lock") for name in held)


def test_the_end_of_the_parent_ends_nothing(house):
    started = house.launch("a", "import time; time.sleep(600)")
    pid = warm.read_state(house.folder).pid
    os.kill(pid, signal.SIGKILL)
    until(lambda: not is_held(house.folder))
    assert shim.read(house.root / "a").is_alive
    assert lives(started.pid)
    # Until the next is ready servers start the ordinary way, and the record says so.
    other = house.launch("b", "import time; time.sleep(600)")
    assert other.meta["start"] == "fresh"
    assert other.meta["start_why"]
    until(lambda: house.parent.ensure() or is_held(house.folder))
    until(lambda: (s := warm.read_state(house.folder)).pid != pid and s.state == "on")
    assert house.launch("c", "import time; time.sleep(600)").meta["start"] == "forked"
    begin = time.monotonic()
    shim.stop(house.root / "a", 10_000)
    assert ended(house.root / "a").exit_code == -signal.SIGTERM
    assert time.monotonic() - begin < 5


def test_a_launcher_that_asks_twice_gets_one(house):
    first = house.launch("a", "import time; time.sleep(600)")
    assert house.launch("a", "import time; time.sleep(600)") == first
    shim.stop(house.root / "a", 1000)
    ended(house.root / "a")
    assert house.launch("a", "pass").pid == first.pid


def test_stubborn_trees_and_killed_keepers(house):
    code = """
import os, signal, time
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    open(argv[0], "w").write(str(os.getpid()))
    time.sleep(600)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(600)
"""
    told = {name: house.root / f"{name}.child" for name in ("a", "b")}
    for name, path in told.items():
        house.launch(name, code, str(path))
        until(lambda p=path: p.exists() and p.read_text())
    children = {name: int(path.read_text()) for name, path in told.items()}
    shim.stop(house.root / "a", 200)
    assert ended(house.root / "a").exit_code == -signal.SIGKILL
    assert not lives(children["a"])

    started = shim.read(house.root / "b")
    os.kill(started.shim_pid, signal.SIGKILL)
    until(lambda: not lives(started.pid))
    known = shim.read(house.root / "b")
    assert (known.is_alive, known.is_sure) == (False, False)
    # Found by what it shows of itself, though it was never executed as a program.
    assert shim.strays(house.root) == [(children["b"], house.root / "b")]
    assert shim.sweep(house.root / "b") == 1
    assert not lives(children["b"])


def test_exit_functions_and_errors_as_in_a_program(house):
    house.launch("a", "import atexit; atexit.register(print, 'bye'); print('x' * 3)")
    assert ended(house.root / "a").exit_code == 0
    assert (house.root / "a" / "log").read_text() == "xxx\nbye\n"
    house.launch("b", "raise ValueError('no')")
    assert ended(house.root / "b").exit_code == 1
    assert "ValueError: no" in (house.root / "b" / "log").read_text()
    house.launch("c", "import sys; sys.exit('said')")
    assert ended(house.root / "c").exit_code == 1
    assert "said" in (house.root / "c" / "log").read_text()


def test_what_does_not_fit_starts_the_ordinary_way(house):
    other = house.launch("a", "import time; time.sleep(600)", PYTHONHASHSEED="1")
    assert (other.meta["start"], other.meta["start_why"]) == ("fresh", "another PYTHONHASHSEED")
    argv = [sys.executable, "-c", "import time; time.sleep(600)"]
    other = shim.launch(house.root / "b", argv, env=house.env, cwd=house.root, warm=house.parent)
    assert other.meta == {"start": "fresh", "start_why": "another command"}
    # A changed file: this parent would run the old one, so it ends; the next has the new.
    house.module.write_text(ENTRY + "\n# newer\n")
    other = house.launch("c", "import time; time.sleep(600)")
    assert other.meta["start"] == "fresh"
    assert "has changed" in other.meta["start_why"]
    until(lambda: not is_held(house.folder))


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("raises", "cannot be imported"),
        ("thread", "has started a thread"),
        ("loop", "has made an event loop"),
        ("dies in the fork", "the trial fork ended"),
    ],
)
def test_what_is_not_sound_is_refused_with_a_reason(tmp_path, what, why):
    house = House(tmp_path, TRY=what)
    try:
        state = house.ready()
        assert state.state == "off"
        assert why in state.why
        until(lambda: not is_held(house.folder))
        other = house.launch("a", "import time; time.sleep(600)")
        assert other.meta["start"] == "fresh"
        assert why in other.meta["start_why"]
        # Not tried again at once.
        house.parent.ensure()
        assert not is_held(house.folder)
    finally:
        house.close()


def test_only_one_parent_and_it_goes_with_its_folder(house):
    first = warm.read_state(house.folder).pid
    other = warm.WarmParent(
        house.folder, house.parent.plan, house.parent.env, house.root / "other.log"
    )
    other.ensure()
    other._spawn()
    assert warm.read_state(house.folder).pid == first
    (house.folder / SOCKET).unlink()
    until(lambda: not is_held(house.folder))
    assert not lives(first)


def test_a_look_at_the_lock_keeps_no_parent_from_starting(house):
    warm.stop(house.folder)
    lock = os.open(house.folder / LOCK, os.O_RDONLY)
    inode = os.fstat(lock).st_ino

    def at_the_lock():
        """Return who else has the file of the lock open."""
        others = (path for path in Path("/proc").glob("[0-9]*") if path.name != str(os.getpid()))
        return [path.name for path in others if inode in _open_files(path)]

    fcntl.flock(lock, fcntl.LOCK_SH)
    try:
        parent = house.parent
        warm.WarmParent(house.folder, parent.plan, parent.env, parent.log).ensure()
        until(at_the_lock)
    finally:
        os.close(lock)
    until(lambda: is_held(house.folder), 5)


def _open_files(folder):
    inodes = set()
    with contextlib.suppress(OSError):
        for entry in (folder / "fd").iterdir():
            with contextlib.suppress(OSError):
                inodes.add(entry.stat().st_ino)
    return inodes


def test_one_that_starts_while_it_is_stopped_does_not_stay(house):
    warm.stop(house.folder)
    # As when the stop comes between its start and its lock.
    house.parent._spawn()

    def living():
        mine = str(house.folder).encode()
        folders = [path for path in Path("/proc").iterdir() if path.name.isdigit()]
        return [path for path in folders if lives(path.name) and mine in _command(path)]

    # Both: a look at all processes can miss one that has just forked and ended.
    until(lambda: not living() and not is_held(house.folder), 20)
    assert house.ready().state == "on"


def _command(folder):
    try:
        return (folder / "cmdline").read_bytes()
    except OSError:
        return b""


def test_a_silent_caller_holds_nobody_up(house):
    fd = os.open(house.folder, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(f"/proc/self/fd/{fd}/{SOCKET}")
        os.close(fd)
        assert house.launch("a", "pass").meta["start"] == "forked"
    assert (house.folder / LOCK).exists()
