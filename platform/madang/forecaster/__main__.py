"""``python -m madang.forecaster``: play each queue that comes in, until nobody is there."""

import os
import pickle
import signal
import sys
import time

from madang.forecaster import read, to_row, write
from madang.policy.standings import compute

NICENESS = 10


def main() -> None:
    """Answer one message after another."""
    os.nice(NICENESS)
    # A terminal sends it to all of `madang up`; the one who asks decides when this ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while (given := read(sys.stdin.buffer)) is not None:
        began = time.process_time()
        queue, ends, durations, now_ms = pickle.loads(given)  # noqa: S301
        rows = [to_row(one) for one in compute(queue, ends, durations, now_ms).values()]
        cost_ms = int((time.process_time() - began) * 1_000)
        try:
            write(sys.stdout.buffer, pickle.dumps((rows, cost_ms), pickle.HIGHEST_PROTOCOL))
        except BrokenPipeError:
            os._exit(0)


if __name__ == "__main__":
    main()
