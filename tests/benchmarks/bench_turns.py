"""How long it takes to find whose turn it is on a cluster: 30,000 wait, 20,000 hold devices.

Run by hand; no timed test. Each change is a release or another request with a look after it, which
the service does together for many changes, resting ten times as long as a look took.
"""

import argparse
import random
import statistics
import sys
import time

from madang.domain.lease import LeaseClass, LeaseKind
from madang.domain.queue import ProjectShare, QueueItem
from madang.engines.kubernetes.turns import Turns
from madang.policy.fair_queue import FairQueue

NOW = 1_800_000_000_000
FLAVOR = "h200"


def item(number: int, chance: random.Random, projects: int, people: int) -> QueueItem:
    """Return a lease of somebody."""
    project = chance.randrange(projects)
    return QueueItem(
        lease_id=f"lease-{number:06d}",
        attempt=1,
        person=f"person-{project}-{chance.randrange(people)}",
        project=f"project-{project}",
        kind=LeaseKind.SLOT,
        lease_class=chance.choice(list(LeaseClass)),
        flavor=FLAVOR,
        devices=1,
        submitted_ms=NOW + number,
        limit_ms=3_600_000,
    )


def main() -> None:
    """Print medians and the slowest."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--waiting", type=int, default=30_000)
    parser.add_argument("--held", type=int, default=20_000)
    parser.add_argument("--projects", type=int, default=500)
    parser.add_argument("--people", type=int, default=20, help="of each project")
    parser.add_argument("--free", type=int, default=0, help="devices that come free at once")
    parser.add_argument("--changes", type=int, default=200)
    args = parser.parse_args()
    chance, queue = random.Random(1), FairQueue({FLAVOR: args.held})
    turns = Turns(queue)
    for number in range(args.projects):
        share = ProjectShare(project=f"project-{number}", usage_device_ms=chance.random() * 1e9)
        queue.set_share(share, NOW)
    held = [item(n, chance, args.projects, args.people) for n in range(args.held)]
    for one in held:
        queue.started(one, NOW)
    began = time.perf_counter()
    for number in range(args.held, args.held + args.waiting):
        one = item(number, chance, args.projects, args.people)
        queue.submit(one, NOW)
        turns.put(one, NOW)
    turns.look(NOW)
    first_s = time.perf_counter() - began
    looks_s, changed = [], 0
    for number in range(args.changes):
        now = NOW + number * 1_000
        for one in held[-1 - args.free :]:
            queue.finished(one.lease_id, now)
        del held[-1 - args.free :]
        turns.changed()
        began = time.perf_counter()
        found = turns.look(now)
        looks_s.append(time.perf_counter() - began)
        changed += len(found)
        for lease_id in found:
            one = queue.waiting_item(lease_id)
            if one is not None and turns.is_next(lease_id):
                queue.started(one, now)
                turns.admitted(one, now)
                held.insert(0, one)
    median, worst = statistics.median(looks_s), max(looks_s)
    sys.stdout.write(
        f"{args.waiting} wait, {args.held} held: all told in {first_s:.2f} s; a look after "
        f"{1 + args.free} came free: {median * 1e3:.2f} ms (slowest {worst * 1e3:.1f}), "
        f"{changed / args.changes:.1f} turns each\n"
    )


if __name__ == "__main__":
    main()
