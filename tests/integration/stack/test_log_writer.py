"""Logs of parts: no line is lost while files are exchanged, and no part waits or dies for it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from madang.settings.home import Home
from madang.stack import log_writer
from madang.stack.plan import Part
from madang.stack.state import State
from madang.stack.supervisor import Supervisor

pytestmark = pytest.mark.integration

LINES = 20_000
PRINTER = f"""
import sys
for n in range({LINES}):
    sys.stdout.write(f"line {{n:06}} " + "x" * 40 + "\\n")
"""


def writer(log, cap):
    argv = [sys.executable, "-I", "-S", log_writer.__file__, str(log), str(cap)]
    return subprocess.Popen(argv, stdin=subprocess.PIPE)


def until_reads(log, text, step=lambda: None):
    deadline = time.monotonic() + 20
    while not log.exists() or not log.read_text().startswith(text):
        assert time.monotonic() < deadline, f"{text!r} is not in the log"
        step()
        time.sleep(0.02)


def files(log):
    found = [log.with_name(f"{log.name}.{n}") for n in range(log_writer.KEPT, 0, -1)]
    return [path for path in (*found, log) if path.exists()]


def test_no_line_is_lost_while_files_are_exchanged(tmp_path):
    log = tmp_path / "hub.log"
    log.write_text("")
    log.chmod(0o644)
    keeper = writer(log, 300_000)
    done = subprocess.run([sys.executable, "-c", PRINTER], stdout=keeper.stdin, check=False)
    keeper.stdin.close()
    assert (done.returncode, keeper.wait(20)) == (0, 0)
    text = "".join(path.read_text() for path in files(log))
    assert [int(line.split()[1]) for line in text.splitlines()] == list(range(LINES))
    assert len(files(log)) == 4
    assert all(path.stat().st_size <= 300_000 for path in files(log))
    assert {path.stat().st_mode & 0o777 for path in files(log)} == {0o600}


def test_old_files_go_and_the_latest_stay(tmp_path):
    log = tmp_path / "hub.log"
    cap = 80_000  # more than the writer reads at a time, or one file could be larger
    keeper = writer(log, cap)
    subprocess.run([sys.executable, "-c", PRINTER], stdout=keeper.stdin, check=True)
    keeper.stdin.close()
    keeper.wait(20)
    assert len(files(log)) == 1 + log_writer.KEPT
    assert sum(path.stat().st_size for path in files(log)) <= cap * (1 + log_writer.KEPT)
    assert files(log)[-1].read_text().splitlines()[-1].startswith(f"line {LINES - 1:06}")


def test_a_signal_to_all_takes_no_last_words(tmp_path):
    log = tmp_path / "hub.log"
    keeper = writer(log, 50_000)
    keeper.stdin.write(b"first\n")
    keeper.stdin.flush()
    until_reads(log, "first")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        keeper.send_signal(number)
    keeper.stdin.write(b"last\n")
    keeper.stdin.close()
    assert keeper.wait(20) == 0
    assert log.read_text() == "first\nlast\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_holds_nobody_up():
    keeper = writer("/dev/full", 10**9)
    done = subprocess.run([sys.executable, "-c", PRINTER], stdout=keeper.stdin, check=False)
    keeper.stdin.close()
    assert (done.returncode, keeper.wait(20)) == (0, 0)


def test_a_part_outlives_its_supervisor_and_its_log_goes_on(tmp_path):
    """What a killed supervisor leaves: parts that print, and writers that write."""
    home = Home(tmp_path / "data")
    home.root.mkdir(mode=0o700)
    go = tmp_path / "go"
    code = (
        "import os, time\nprint('one', flush=True)\n"
        f"while not os.path.exists({str(go)!r}): time.sleep(0.02)\n"
        "print('two', flush=True)"
    )
    supervise = (
        "import sys, time\nfrom pathlib import Path\n"
        "from madang.settings.home import Home\n"
        "from madang.stack.plan import Part\nfrom madang.stack.state import State\n"
        "from madang.stack.supervisor import Supervisor\n"
        f"home = Home(Path({str(home.root)!r}))\n"
        "s = Supervisor(home, State(), lambda name: None)\n"
        f"s.start(Part(name='hub', argv=(sys.executable, '-c', {code!r}), env={{}},"
        " log=home.logs / 'hub.log'))\n"
        "print('on', flush=True)\ntime.sleep(600)\n"
    )
    supervisor = subprocess.Popen([sys.executable, "-c", supervise], stdout=subprocess.PIPE)
    assert supervisor.stdout.readline() == b"on\n"
    supervisor.kill()
    supervisor.wait(10)
    supervisor.stdout.close()
    go.touch()
    until_reads(home.logs / "hub.log", "one\ntwo\n")


def test_a_restarted_part_goes_on_in_the_same_log(tmp_path):
    home = Home(tmp_path / "data")
    home.root.mkdir(mode=0o700)
    supervisor = Supervisor(home, State(), lambda _name: None)
    part = Part(
        name="hub",
        argv=(sys.executable, "-c", "print('life')"),
        env=dict(os.environ),
        log=home.logs / "hub.log",
    )
    supervisor.start(part)
    until_reads(part.log, "life\nlife\n", supervisor.tend)
    supervisor.end_all()
    assert home.logs.stat().st_mode & 0o777 == 0o700
