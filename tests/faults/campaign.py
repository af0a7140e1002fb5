"""One day of an installation: people work, faults come, and in the end everything must add up.

Called by `test_campaign.py` with 20 kills, and as a program (`make bench-faults`) with 200. A seed
gives the same schedule and the same wishes again.
"""

import argparse
import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import processes
from audit import Rows, audit
from clocks import Clock, why_not
from days import LONG_S, day_of_jumps, long_day
from faults import Harm
from installation import Installation, small_disk
from keeping import keep
from notebooks import read_marks
from people import NAMES, Person
from postgres import PostgreSQL
from promises import Promises
from report import Outcome, table
from schedule import CLOCK, DISK, KILLS, make_schedule
from silent_mail import SilentMail
from watch import Watch

from madang import shim
from madang.stack.lock import is_held
from madang.stack.state import SUPERVISOR

SETTLE_LIMIT_S = 60.0
RECOVERY_LIMIT_S = 60.0
"""How long one fault may take to heal, from its end or that of what kept it from healing."""

HEAL_WAIT_S = RECOVERY_LIMIT_S + 2 * LONG_S
HOME_LIMIT_S = 120.0
SLOW_S = 15.0
DYING_S = 3.0
AT_ONCE = 2
"""Faults that are not healed yet when the next one comes; more would be a dead house, not a day."""


def play(day, say=print, kept=None):
    """Play one day and return its outcome; nothing of it runs afterwards.

    Parameters
    ----------
    kept
        Folder for what a day with findings leaves behind; None keeps nothing.
    """
    say(f"fault campaign: SEED={day.seed} KILLS={day.kills}", flush=True)
    with contextlib.ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="madang-faults-")))
        disk = stack.enter_context(small_disk(root))
        mail = SilentMail()
        stack.callback(mail.stop)
        postgres = PostgreSQL() if day.is_postgresql else None
        if postgres is not None:
            stack.callback(postgres.stop)
        no_clock = why_not() if day.has_jumps else ""
        clock = None
        if day.has_jumps and not no_clock:
            clock = stack.enter_context(contextlib.closing(Clock(root)))
        house = Installation(
            root,
            devices=day.devices,
            database_url=postgres.url if postgres else "",
            smtp_port=mail.port,
            disk=disk,
            clock=clock,
        )
        stack.callback(house.down)
        began = time.monotonic()
        campaign = Campaign(day, house, postgres, root, say, kept)
        outcome = asyncio.run(campaign.play())
        outcome.has_disk, outcome.no_clock = disk is not None, no_clock
        outcome.took_s = time.monotonic() - began
        outcome.cuts = dict(postgres.wire.cuts) if postgres else {}
        return outcome


class Campaign:
    """The day itself."""

    def __init__(self, day, house, postgres, root, say, kept=None):
        self._day, self._house, self._postgres, self._say = day, house, postgres, say
        self._kept = kept
        self._began = time.monotonic()
        self._marks = root / "marks"
        self._harm = Harm(house, postgres)
        self._promises = Promises()
        self._outcome = Outcome(day, promises=self._promises)
        self._healing = []
        self._lasted_until = 0.0
        self._up_lock = asyncio.Lock()

    async def play(self):
        """Open, work and break, settle, go home, audit, close."""
        house, day = self._house, self._day
        await asyncio.to_thread(house.up)
        self._phase("up")
        watch = Watch(house.home).start()
        people = [Person(house, name, day.seed, self._promises, self._marks) for name in NAMES]
        work = []
        try:
            for person in people:
                await person.log_in()
                await person.choose_mail()
            self._phase("all logged in")
            is_over = asyncio.Event()
            work = [asyncio.create_task(person.work(is_over)) for person in people]
            await self._break_things()
            await asyncio.gather(*self._healing)
            self._phase("all faults over")
            is_over.set()
            await asyncio.gather(*work)
            await self._settle(people)
            self._phase("settled")
            await asyncio.gather(*(person.go_home() for person in people))
            await self._until_everybody_is_home(people)
            self._phase("everybody home")
        finally:
            for task in (*work, *self._healing):
                task.cancel()
            await asyncio.gather(*work, *self._healing, return_exceptions=True)
            for person in people:
                await person.leave_kernel()
                await person.close()
            watch.stop()
        self._outcome.looks = watch.looks
        await asyncio.to_thread(self._audit, watch)
        return self._outcome

    def _phase(self, what):
        self._say(f"     {time.monotonic() - self._began:6.1f} s  {what}", flush=True)

    # -- faults and healing -----------------------------------------------------------------------

    async def _break_things(self):
        day = self._day
        plan = make_schedule(
            day.seed, day.kills, day.others, mean_gap_s=day.mean_gap_s, longest_s=day.longest_s
        )
        for fault in plan:
            if fault.kind in DISK and self._house.disk is None:
                continue
            if fault.kind in CLOCK and self._house.clock is None:
                continue
            await asyncio.sleep(fault.gap_s)
            open_ = [task for task in self._healing if not task.done()]
            while len(open_) >= AT_ONCE:
                _, left = await asyncio.wait(open_, return_when=asyncio.FIRST_COMPLETED)
                open_ = list(left)
            hit = await self._harm.do(fault)
            if hit is None:
                self._outcome.missed.append(fault)
                continue
            if hit.kind not in KILLS:
                self._lasted_until = time.monotonic()
            self._outcome.hits.append(hit)
            whose = f" {hit.lease}.{hit.attempt}/{hit.role}" if hit.lease else ""
            at = time.monotonic() - self._began
            self._say(f"{fault.number:3d} {at:6.1f} s  {hit.kind}{whose}", flush=True)
            self._healing.append(asyncio.create_task(self._heal(hit)))

    async def _heal(self, hit):
        """Wait until what a fault broke is whole again, and note how long it took."""
        began = time.monotonic()
        if hit.kind == SUPERVISOR:
            # As systemd does after a while.
            async with self._up_lock:
                await asyncio.sleep(0.5)
                await asyncio.to_thread(self._up_again)
        if hit.lease and hit.role in ("server", "worker", "scheduler") and hit.kind != "kernel":
            took = await self._until_attempt_closed(hit, began)
        else:
            took = await self._house.until_well(HEAL_WAIT_S)
        if took is None:
            self._say(f"{hit.number:3d}  {hit.kind} did not recover in {HEAL_WAIT_S} s")
        # What was hit while the disk was full, say, can heal when that is over and not before.
        took = time.monotonic() - max(began, self._lasted_until)
        if took > SLOW_S:
            load = f"load of the machine {os.getloadavg()[0]:.1f}"
            what = f"{hit.kind}: whole again after {took:.1f} s ({load})"
            self._say(f"{hit.number:3d}  {what}", flush=True)
        self._outcome.recovery_s.append((hit.kind, round(took, 2)))

    def _up_again(self):
        """Start it again unless it runs; a start that another fault broke is repeated."""
        deadline = time.monotonic() + HEAL_WAIT_S
        while not is_held(self._house.home) or SUPERVISOR in self._house.unwell():
            try:
                return self._house.up()
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
        return None

    async def _until_attempt_closed(self, hit, began):
        """Wait until nothing of an attempt that lost its main process lives any more."""
        if hit.kind == "runner":
            return 0.0
        while time.monotonic() - began < HEAL_WAIT_S:
            seen = await asyncio.to_thread(processes.look, self._house.home)
            if not any((one.lease, one.attempt) == (hit.lease, hit.attempt) for one in seen):
                return time.monotonic() - began
            await asyncio.sleep(0.2)
        return None

    # -- rest -------------------------------------------------------------------------------------

    async def _settle(self, people):
        """Wait until rows and reality agree (P6)."""
        began = time.monotonic()
        complaints = ["not looked yet"]
        while complaints:
            complaints = await asyncio.to_thread(self._unsettled)
            for person in people if not complaints else ():
                complaints += await person.complaints()
            if time.monotonic() - began > SETTLE_LIMIT_S:
                break
            await asyncio.sleep(0.3)
        self._outcome.settled_s = time.monotonic() - began
        self._complaints = complaints

    def _unsettled(self):
        """Return what of rows and reality does not agree."""
        house = self._house
        complaints = [f"{part} is not well" for part in house.unwell()]
        if complaints:
            return complaints
        rows = Rows(self._database())
        alive = {(one.lease, one.attempt) for one in processes.look(house.home)}
        owners = set()
        for row in rows.leases:
            key, state = (row["id"], row["attempt"]), str(row["state"])
            if state in ("admitted", "active", "ending"):
                owners.add(key)
            if state == "ending":
                complaints.append(f"{row['id']} is ending")
            if state == "active" and key not in alive:
                complaints.append(f"{row['id']} is active and nothing of it lives")
        complaints += [f"{key} lives and has no owner" for key in alive - owners]
        complaints += [f"{pid} has no keeper" for pid, _ in shim.strays(house.home.attempts)]
        slots = {row["id"] for row in rows.leases if str(row["state"]) in ("active", "ending")}
        for run in rows.runs:
            if str(run["state"]) == "running" and run["lease"] not in slots:
                complaints.append(f"{run['id']} runs without a slot")
        return complaints

    def _database(self):
        if self._postgres is not None:
            return self._postgres.direct_url
        return self._house.home.database_url

    async def _until_everybody_is_home(self, people):
        """Wait until all leases and runs have ended; late wishes are ended again."""
        deadline = time.monotonic() + HOME_LIMIT_S
        asked = time.monotonic()
        while time.monotonic() < deadline:
            rows = await asyncio.to_thread(Rows, self._database())
            open_ = [r for r in rows.leases if str(r["state"]) != "ended"]
            going = [r for r in rows.runs if str(r["state"]) in ("queued", "running")]
            if not open_ and not going:
                return
            if time.monotonic() - asked > 10:
                asked = time.monotonic()
                await asyncio.gather(*(person.go_home() for person in people))
            await asyncio.sleep(0.5)

    # -- the end ----------------------------------------------------------------------------------

    def _audit(self, watch):
        house, outcome = self._house, self._outcome
        verified = json.loads(house.madang("ledger", "verify", "--json"))
        records = house.records()
        house.down()
        rows = Rows(self._database())
        findings = audit(
            rows, self._promises, outcome.hits, records, watch.last_ms, outcome.jumped_ms()
        )
        findings.twice += watch.twice
        findings.twice += executed_twice(read_marks(self._marks), outcome.hits, rows)
        if not verified["ok"]:
            findings.ledger.append(f"verify: {verified['problems']}")
        findings.harmed += self._promises.wrong
        findings.late += outcome.late(RECOVERY_LIMIT_S, SETTLE_LIMIT_S)
        findings.left += [f"settling: {complaint}" for complaint in self._complaints]
        findings.left += [f"process {one} after down" for one in left_of(house.home)]
        outcome.findings = findings
        if self._kept and findings.all():
            self._say(f"kept: {keep(self._kept, house, rows, outcome)}", flush=True)


def left_of(home):
    """Return what lives of an installation that was ended; what is just dying gets a moment."""
    deadline = time.monotonic() + DYING_S
    while (left := processes.all_of(home)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def executed_twice(marks, hits, rows):
    """Give runs whose notebook reached its end more often than faults explain."""
    hit = Counter(one.lease for one in hits if one.lease)
    ends = Counter(mark["run"] for mark in marks if mark["what"] == "end")
    slots = {run["id"]: run["attempt"] for run in rows.runs}
    for run, count in ends.items():
        # A slot that was killed after the last cell had not told so; another executes it again.
        if count > 1 and (not hit or count > slots.get(run, 1)):
            yield f"{run} reached its end {count} times in {slots.get(run)} attempts"


def main():
    """Play a long day on each database, and one of jumping clocks; exit status 1 with findings."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--day", choices=("sqlite", "postgresql", "jumps", "all"), default="all")
    parser.add_argument("--keep", metavar="FOLDER", help="logs, records and rows of bad days")
    given = parser.parse_args()
    days = {
        "sqlite": long_day(given.seed, given.kills, is_postgresql=False),
        "postgresql": long_day(given.seed, given.kills, is_postgresql=True),
        "jumps": day_of_jumps(given.seed, max(1, given.kills // 10), max(1, given.kills // 50)),
    }
    findings = 0
    for name, day in days.items():
        if given.day in (name, "all"):
            outcome = play(day, kept=given.keep)
            print(table(outcome), flush=True)
            findings += len(outcome.findings.all())
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
