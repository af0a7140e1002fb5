"""The tables of transitions: every state can be reached, none traps, final ones are final."""

from collections.abc import Mapping

import pytest

from madang.domain.lease import TRANSITIONS, LeaseState, TransitionError, check_transition
from madang.domain.run import FINAL_RUN_STATES, RUN_TRANSITIONS, RunState


def _reachable(table: Mapping, start) -> set:
    found, open_states = {start}, [start]
    while open_states:
        new = table[open_states.pop()] - found
        found |= new
        open_states.extend(new)
    return found


@pytest.mark.parametrize("state", LeaseState)
def test_each_lease_state_is_reached_and_leads_to_the_end(state: LeaseState) -> None:
    assert state in _reachable(TRANSITIONS, LeaseState.QUEUED)
    assert LeaseState.ENDED in _reachable(TRANSITIONS, state)
    assert state is LeaseState.ENDED or LeaseState.ENDED in TRANSITIONS[state]


@pytest.mark.parametrize("state", RunState)
def test_each_run_state_is_reached_and_leads_to_an_end(state: RunState) -> None:
    assert state in _reachable(RUN_TRANSITIONS, RunState.QUEUED)
    assert FINAL_RUN_STATES & _reachable(RUN_TRANSITIONS, state)


def test_final_states_are_final() -> None:
    assert not TRANSITIONS[LeaseState.ENDED]
    assert not any(RUN_TRANSITIONS[state] for state in FINAL_RUN_STATES)


def test_a_transition_outside_the_table_is_a_defect() -> None:
    check_transition(LeaseState.ENDING, LeaseState.QUEUED)
    with pytest.raises(TransitionError):
        check_transition(LeaseState.ENDED, LeaseState.QUEUED)
