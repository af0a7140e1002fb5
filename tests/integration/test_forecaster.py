"""The process that plays long queues: the same answers, no secrets, and no life of its own."""

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

import madang.forecaster
from madang.domain.lease import LeaseClass, LeaseKind
from madang.domain.queue import QueueItem
from madang.engines import standings
from madang.engines.local.admission import LocalAdmission
from madang.engines.local.devices import parse_gpus
from madang.forecaster import RETRY_S, Forecaster, ForecasterError
from madang.policy.durations import History
from madang.policy.fair_queue import FairQueue
from madang.policy.standings import compute

pytestmark = pytest.mark.integration
NOW_MS = 1_800_000_000_000


def item(number: int) -> QueueItem:
    return QueueItem(
        lease_id=f"lease-{number}", attempt=1, person=f"p{number % 7}", project=f"lab-{number % 3}",
        kind=LeaseKind.NOTEBOOK, lease_class=LeaseClass.INTERACTIVE, flavor="sim-h200",
        devices=1 + number % 3, submitted_ms=NOW_MS + number, limit_ms=3_600_000 + number,
        is_held_back=number % 11 == 0,
    )  # fmt: skip


def long_queue(count: int) -> FairQueue:
    queue = FairQueue({"sim-h200": 8})
    for number in range(count):
        queue.submit(item(number), NOW_MS)
    queue.tick(NOW_MS)
    return queue


@pytest.fixture
def forecaster():
    made = Forecaster()
    yield made
    made.close()


def process_of(forecaster: Forecaster):
    process = forecaster._process
    assert process is not None
    return process


def test_it_answers_what_would_be_computed_here(forecaster):
    queue, history = long_queue(60), History()
    for number in range(40):
        history.add(LeaseKind.NOTEBOOK, f"p{number % 7}", 60_000 * number)
    ends = {running.item.lease_id: NOW_MS + 5_000 for running in queue.running()}
    found, cost_ms = forecaster.compute(queue, ends, history, NOW_MS)
    assert found == compute(queue, ends, history, NOW_MS)
    assert len(found) > 40
    assert cost_ms >= 0
    first = process_of(forecaster).pid
    assert forecaster.compute(queue, ends, history, NOW_MS)[0] == found
    assert process_of(forecaster).pid == first


def test_it_has_no_secret_and_gives_way_to_others(forecaster, monkeypatch):
    monkeypatch.setenv("MADANG_API_TOKEN", "s3cret")
    forecaster.compute(long_queue(3), {}, History(), NOW_MS)
    pid = process_of(forecaster).pid
    assert b"s3cret" not in Path(f"/proc/{pid}/environ").read_bytes()
    assert os.getpriority(os.PRIO_PROCESS, pid) >= 10


def test_one_that_was_killed_is_told_and_the_next_call_has_another(forecaster):
    queue = long_queue(30)
    wanted = forecaster.compute(queue, {}, History(), NOW_MS)[0]
    process = process_of(forecaster)
    os.kill(process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    with pytest.raises(ForecasterError):
        forecaster.compute(queue, {}, History(), NOW_MS)
    assert forecaster.compute(queue, {}, History(), NOW_MS)[0] == wanted


def test_one_that_never_answered_is_left_alone_for_a_while(forecaster, monkeypatch):
    asked, real = [0], madang.forecaster._start

    def dead():
        asked[0] += 1
        process = real()
        process.kill()
        return process

    monkeypatch.setattr("madang.forecaster._start", dead)
    with pytest.raises(ForecasterError):
        forecaster.compute(long_queue(3), {}, History(), NOW_MS)
    assert not forecaster.may_answer
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + RETRY_S + 1)
    assert forecaster.may_answer
    monkeypatch.setattr("madang.forecaster._start", real)
    assert forecaster.compute(long_queue(3), {}, History(), NOW_MS)[0]
    assert asked == [1]


@pytest.mark.parametrize("count", [3, 2_000])
def test_one_that_hangs_is_ended(forecaster, monkeypatch, count):
    # The longer one does not fit into the pipe: it hangs while it is told.
    queue = long_queue(count)
    wanted = forecaster.compute(queue, {}, History(), NOW_MS)[0]
    process = process_of(forecaster)
    process.send_signal(signal.SIGSTOP)
    monkeypatch.setattr("madang.forecaster.LIMIT_S", 0.5)
    with pytest.raises(ForecasterError):
        forecaster.compute(queue, {}, History(), NOW_MS)
    assert process.returncode == -signal.SIGKILL
    monkeypatch.undo()
    assert forecaster.compute(queue, {}, History(), NOW_MS)[0] == wanted


def test_it_ends_with_its_input(forecaster):
    forecaster.compute(long_queue(3), {}, History(), NOW_MS)
    process = process_of(forecaster)
    # As when the service is killed: its end of the pipe is closed and nothing else happens.
    process.stdin.close()
    assert process.wait(timeout=20) == 0


async def test_a_long_queue_is_told_as_well_where_no_process_can_be_had(monkeypatch):
    monkeypatch.setattr(standings, "LONG_QUEUE", 20)
    admissions = [LocalAdmission(parse_gpus("sim:8xh200"), clock=lambda: NOW_MS) for _ in range(2)]
    for admission in admissions:
        for number in range(50):
            await admission.enqueue(item(number))
        await admission.poll(NOW_MS)
    told = await admissions[0].standings(NOW_MS)
    process = process_of(admissions[0]._standings._forecaster)
    assert process.poll() is None
    monkeypatch.setattr("madang.forecaster._start", no_process)
    assert await admissions[1].standings(NOW_MS) == told
    assert not admissions[1]._standings._forecaster.may_answer
    # The queue gets short: nobody keeps a process for it.
    for number in range(45):
        await admissions[0].withdraw(f"lease-{number}")
    await admissions[0].standings(NOW_MS + 10_000)
    deadline = time.monotonic() + 20
    while process.poll() is None:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def no_process():
    raise OSError("no memory")
