"""A service in small, to be killed: charges one segment after another and says so when durable."""

import sys

from madang.ledger.entry import Entry, EntryKind
from madang.store import Store, Tx
from madang.units import segment_cost_microcredits

RATE = 7_777
STEP_MS = 1_000


def write_one(tx: Tx) -> int:
    """Reserve for the next segment and charge it, as a tick of the service does."""
    device_ms, _, segment, to_ms = tx.ledger.charged("lease-1", 1)
    amount = segment_cost_microcredits(device_ms, STEP_MS, RATE)
    if not tx.budget.reserve("project-1", "lease-1", 1, amount, to_ms):
        raise SystemExit("the budget is spent")
    entry = Entry(
        kind=EntryKind.CHARGE,
        project="project-1",
        at_ms=to_ms,
        lease="lease-1",
        attempt=1,
        segment=segment,
        devices=1,
        from_ms=to_ms,
        to_ms=to_ms + STEP_MS,
        device_ms=STEP_MS,
        rate_microcredits=RATE,
        amount_microcredits=-amount,
    )
    return tx.ledger.append([entry])[0].seq


if __name__ == "__main__":
    store = Store(sys.argv[1])
    while True:
        print(store.write_now(write_one), flush=True)
