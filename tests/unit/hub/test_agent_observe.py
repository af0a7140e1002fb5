from datetime import UTC, datetime
from types import SimpleNamespace

from madang.agent.observe import Observer, cpu_ms


def kernel(state, spoke_ms=0):
    return SimpleNamespace(
        execution_state=state,
        last_activity=datetime.fromtimestamp(spoke_ms / 1000, UTC),
        provisioner=None,
    )


def test_busy_since_is_the_first_look_that_saw_it():
    observer = Observer(started_ms=0)
    assert observer.look({"a": kernel("idle")}, 0, 1000).busy_since_ms is None
    assert observer.look({"a": kernel("busy")}, 0, 2000).busy_since_ms == 2000
    seen = observer.look({"a": kernel("busy"), "b": kernel("busy")}, 0, 3000)
    assert (seen.kernel_busy, seen.busy_since_ms, seen.last_cell_ms) == (True, 2000, 3000)


def test_end_of_a_cell_is_a_cell_but_no_input():
    observer = Observer(started_ms=0)
    observer.look({"a": kernel("busy")}, 0, 1000)
    after = observer.look({"a": kernel("idle")}, 0, 60_000)
    assert (after.last_cell_ms, after.last_input_ms, after.kernel_busy) == (60_000, 1000, False)


def test_a_cell_between_two_looks_is_noticed():
    observer = Observer(started_ms=0)
    observer.look({"a": kernel("idle", 500)}, 0, 1000)
    seen = observer.look({"a": kernel("idle", 1500)}, 0, 2000)
    assert (seen.last_cell_ms, seen.last_input_ms) == (1500, 1500)


def test_output_of_a_busy_kernel_is_no_input():
    observer = Observer(started_ms=0)
    observer.look({"a": kernel("busy", 1000)}, 0, 1000)
    seen = observer.look({"a": kernel("busy", 50_000)}, 0, 50_000)
    assert seen.last_input_ms == 1000


def test_a_kernel_that_went_away_is_not_busy_for_ever():
    observer = Observer(started_ms=0)
    observer.look({"a": kernel("busy")}, 0, 1000)
    assert observer.look({}, 0, 2000).kernel_busy is False


def test_writing_is_input():
    assert Observer(started_ms=5).look({}, 70, 100).last_input_ms == 70
    assert Observer(started_ms=5).look({}, 0, 100).last_input_ms == 5


def test_cpu_of_nobody_is_zero():
    assert cpu_ms([]) == 0
