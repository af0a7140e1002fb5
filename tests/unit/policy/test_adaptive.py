"""An adaptive cluster asks for enough, never for what waits already, and gives back slowly."""

from hypothesis import given
from hypothesis import strategies as st

from madang.policy.adaptive import COOL_DOWN_MS, MOST_AT_ONCE, Choice, choose


def test_waves_do_not_give_workers_back() -> None:
    below = None
    for now in range(0, 10 * COOL_DOWN_MS, 3_000):
        choice = choose(0 if now % 9_000 else 4, 4, (0, 4), below, now)
        assert choice.workers == 4
        below = choice.below_since_ms


def test_growth_comes_in_steps() -> None:
    assert choose(64, 1, (0, 64), None, 0) == Choice(1 + MOST_AT_ONCE)


def test_narrower_bounds_are_an_order() -> None:
    assert choose(9, 9, (0, 3), None, 0) == Choice(3)


@given(
    st.integers(0, 10**6), st.integers(0, 64), st.integers(0, 64), st.integers(0, 64),
    st.none() | st.integers(0, 10**6), st.integers(0, 10**6),
)  # fmt: skip
def test_it_stays_between_the_bounds(
    wanted: int, asked: int, a: int, b: int, below: int | None, now: int
) -> None:
    smallest, largest = min(a, b), max(a, b)
    chosen = choose(wanted, asked, (smallest, largest), below, now).workers
    assert chosen <= largest
    assert chosen >= min(smallest, asked + MOST_AT_ONCE)
    if wanted >= asked <= largest:
        assert chosen >= min(asked, largest)
