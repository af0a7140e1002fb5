"""A real installation on simulated devices, started and ended by the command line.

Used by the campaign alone. It knows where things are and how they are asked whether they are well;
it harms nothing (that is `faults.py`) and judges nothing (that is `audit.py`).
"""

import asyncio
import contextlib
import itertools
import json
import os
import subprocess
import sys
import time

from madang import shim
from madang.settings.home import Home
from madang.stack.demo.look import free_port
from madang.stack.files import tail
from madang.stack.probes import Addresses, Probes
from madang.stack.secret import load_secrets
from madang.stack.state import PARTS, SUPERVISOR, State

POLICY = """
zone: Asia/Seoul
stop_grace: 4s
rates: {{cpu: 0, sim-h200: 1}}
tiers:
  open: {{max_devices_person: 2, max_hours: 8}}
  research: {{max_devices_person: 3, max_hours: 48}}
projects:
  open: {{title: Open, tier: open, grant: 1000}}
  vision-lab: {{title: Vision, tier: research, grant: 500, members: {{ada: owner, bora: member}}}}
  language-lab: {{title: Words, tier: research, grant: 500, members: {{chan: owner, dana: member}}}}
open_project: open
admins: [admin]
notices:
  smtp: {{host: 127.0.0.1, port: {smtp_port}, from: madang@example.org}}
"""
DISK_BYTES = 256 * 1024**2
UP_LIMIT_S = 150
DOWN_LIMIT_S = 240
TOLD_LINES = 60
"""How much of a log stands in a finding."""


@contextlib.contextmanager
def small_disk(root):
    """Give a folder on a file system of its own, None where this account may not mount one."""
    folder = root / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "madang-faults", str(folder)]
    try:
        is_mounted = subprocess.run(mount, capture_output=True).returncode == 0
    except OSError:
        is_mounted = False
    try:
        yield folder if is_mounted else None
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


class Installation:
    """One data folder and what runs of it.

    Parameters
    ----------
    root
        Where policy and data folder go; the data folder is ``disk`` when one is given.
    database_url
        PostgreSQL; empty for the embedded database.
    clock
        The wall clock of all its processes; None for the machine's.
    policy
        Its policy; empty for the one of the campaign.
    """

    def __init__(
        self, root, *, devices=3, database_url="", smtp_port=25, disk=None, clock=None, policy=""
    ):
        self.home = Home.find(disk / "data" if disk else root / "data")
        self.disk = disk
        self.clock = clock
        self._python = str(clock.python) if clock else sys.executable
        self.database_url = database_url
        self._policy = root / "policy.yaml"
        self._policy.write_text(policy or POLICY.format(smtp_port=smtp_port))
        self._gpus = f"sim:{devices}xh200"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    # -- the command line -------------------------------------------------------------------------

    def madang(self, *words, limit_s=60):
        """Run the command line as its administrator does; an error says what it printed."""
        own = {key: value for key, value in os.environ.items() if not key.startswith("MADANG_")}
        own |= {"MADANG_HOME": str(self.home.root), "LC_ALL": "C.UTF-8", "MADANG_LANG": "en"}
        if self.database_url:
            own["MADANG_DATABASE_URL"] = self.database_url
        done = subprocess.run(
            [self._python, "-P", "-m", "madang.cli.main", *map(str, words)],
            env=own,
            capture_output=True,
            text=True,
            timeout=limit_s,
        )
        if done.returncode:
            raise RuntimeError(f"madang {words[0]}: {done.returncode} {done.stdout}{done.stderr}")
        return done.stdout

    def up(self):
        """Start, or take over what a killed supervisor left."""
        options = ("--port", self.port, "--gpus", self._gpus, "--policy", self._policy)
        self.madang("up", "--detach", *options, limit_s=UP_LIMIT_S)

    def down(self):
        """End everything."""
        self.madang("down", limit_s=DOWN_LIMIT_S)

    # -- looks ------------------------------------------------------------------------------------

    def part(self, name):
        """Return the identity of a part as the state file has it, None when it has none."""
        return State.load(self.home).parts.get(name)

    def password(self):
        """Return what people log in with."""
        return json.loads(self.home.secrets.read_text())["user_password"]

    def admin_password(self):
        """Return what administrators log in with."""
        return json.loads(self.home.secrets.read_text())["admin_password"]

    def unwell(self):
        """Return the parts that do not answer."""
        state = State.load(self.home)
        supervisor = state.parts.get(SUPERVISOR)
        ill = [] if supervisor is not None and supervisor.is_alive else [SUPERVISOR]
        probes = Probes(Addresses.of(state.public_url, state.ports), self.port, "127.0.0.1")
        try:
            checks = probes.checks(load_secrets(self.home).proxy_token)
            return ill + [name for name in PARTS if not checks[name]()]
        finally:
            probes.close()

    async def until_well(self, limit_s):
        """Wait until every part answers; return the seconds, None when it took too long."""
        began = time.monotonic()
        while await asyncio.to_thread(self.unwell):
            if time.monotonic() - began > limit_s:
                return None
            await asyncio.sleep(0.1)
        return time.monotonic() - began

    def said(self, clue, limit_s=2.0):
        """Return what the service's log says around an answer that it should not have given.

        The last line that holds the clue and the end of what belongs to it, where the cause of a
        defect stands; else the end of the log. A line may still be on its way through the log's
        writer, and is lost for good while the disk is full.
        """
        deadline = time.monotonic() + limit_s
        while True:
            lines = tail(self.home.logs / "service.log", 400, 64 * 1024).splitlines()
            found = [number for number, line in enumerate(lines) if clue and clue in line]
            if found:
                first, *rest = lines[found[-1] :]
                # What follows a line and belongs to it is indented.
                own = list(itertools.takewhile(lambda line: line.startswith(" "), rest))
                return "\n".join([first, *own[-TOLD_LINES:]])
            if not clue or time.monotonic() > deadline:
                return "\n".join(lines[-TOLD_LINES:])
            time.sleep(0.1)

    def records(self):
        """Return (lease, attempt, role, record) of everything that was ever started."""
        found = []
        for folder in sorted(self.home.attempts.glob("lease-*.*/*")):
            record = shim.read(folder) if folder.is_dir() else None
            if record is not None:
                lease, _, attempt = folder.parent.name.rpartition(".")
                found.append((lease, int(attempt), folder.name, record))
        return found
