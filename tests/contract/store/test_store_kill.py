"""kill -9 in the middle of writes: what was acknowledged is there, and everything adds up."""

import subprocess
import sys
from pathlib import Path

from madang.ledger.chain import verify
from madang.store import Store, Tx

WRITER = Path(__file__).with_name("writer_process.py")


def _killed_after(url: str, writes: int) -> int:
    """Run the writer, kill it after some acknowledged writes, return the last of them."""
    with subprocess.Popen(
        [sys.executable, str(WRITER), url], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for _ in range(writes):
            assert process.stdout.readline()
        process.kill()
        # What was acknowledged between our last look and the kill counts as well.
        rest = process.stdout.read().split("\n")[:-1]
    return int(rest[-1]) if rest else 0


def test_acknowledged_writes_survive_kill(url: str, store: Store, granted) -> None:
    for round_number in range(1, 4):
        acknowledged = _killed_after(url, writes=7 * round_number)

        def check(tx: Tx, acknowledged: int = acknowledged) -> None:
            result = verify(tx.ledger.each())
            assert result.ok, result.problems
            assert result.entries >= acknowledged
            balance = tx.budget.balance(granted.id)
            assert balance.used == result.balances[granted.id].used
            assert balance.reserved == sum(r.microcredits for r in tx.budget.open_reservations())

        # The killed server side may need a moment to roll back; a write waits for it.
        store.write_now(check)
