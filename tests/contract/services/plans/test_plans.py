"""Every story, with one thing going wrong at every point of it: it must end as if nothing had.

The plans are generated: a story is played once undisturbed, and each write to the store, call to
the engine and event of it becomes a point. At each point one plan kills the service before, one
after it; one lets it fail; events are dropped, doubled and delayed; looks show what was before.
A killed service starts again from the rows; what everybody else remembers is what they would:
people and workers repeat the request that got no answer, with the same idempotency key.

A plan that fails prints its name: ``pytest tests/contract/services/plans --plan NAME`` plays it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from plan_fates import FATES, Fate, Mark, Plan
from plan_house import Moment, PlanHouse, Rows, planted, revived
from plan_outcome import Outcome, broken, outcome
from plan_player import play
from plan_stories import STORIES

KINDS = {
    "crash": ("crash-before", "crash-after"),
    "forget": ("crash-before", "crash-after"),
    "fail": ("fail-before", "fail-after"),
    "event": FATES["event"],
    "look": FATES["look"],
}
"""Groups of plans: ``forget`` is a crash after which the engine has forgotten who waits."""

SHOWN = 5

LOOK_MS = 1_010
"""Time between two looks of the loop, and the milliseconds that its steps take."""

SHIFT_MS = 13_000
"""A kill may cost, or save, as much: two looks, and the ten seconds after which a slot is idle."""


@dataclass(slots=True)
class Reference:
    """A story as it goes undisturbed.

    Attributes
    ----------
    points
        Every point that changes something.
    moments
        What a kill before and after each of them leaves.
    """

    points: list[Mark]
    moments: dict[tuple[str, int, str], Moment]
    image: bytes
    outcome: Outcome


_references: dict[str, Reference] = {}


@pytest.fixture(scope="session")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rows]:
    made = Rows(tmp_path_factory.mktemp("plans"))
    yield made
    made.store.close()


async def reference(story: str, rows: Rows) -> Reference:
    """Play a story undisturbed, once for all its plans."""
    if story in _references:
        return _references[story]
    image = planted(rows)
    points: list[Mark] = []
    moments: dict[tuple[str, int, str], Moment] = {}

    def noticed(mark: Mark, side: str, has_changed: bool) -> None:
        key = mark[:2]
        if mark[0] in ("event", "look"):
            points.append(mark)
        elif side == "before":
            moments[(*key, "before")] = house.moment()
        elif has_changed:
            points.append(mark)
            moments[(*key, "after")] = house.moment()
        else:
            del moments[(*key, "before")]

    house = PlanHouse(rows, Fate(None, noticed), image)
    await house.services.reconciler.restore()
    await play(house, STORIES[story])
    assert broken(house) == []
    made = Reference(
        points,
        moments,
        image,
        outcome(house),
    )
    _references[story] = made
    return made


def plans_of(story: str, kind: str, found: Reference) -> list[Plan]:
    """Return the plans of one group, in the order of the story."""
    return [
        Plan(story, *point, fate, forgets=kind == "forget")
        for point in found.points
        for fate in FATES[point[0]]
        if fate in KINDS[kind]
    ]


async def trouble(plan: Plan, found: Reference, rows: Rows) -> list[str]:
    """Play one plan and say what is not as it should be."""
    is_crash = plan.fate.startswith("crash")
    if is_crash:
        moment = found.moments[(plan.point, plan.number, plan.fate.removeprefix("crash-"))]
        house = await revived(moment, rows, plan)
    else:
        house = PlanHouse(rows, Fate(plan), found.image)
        await house.services.reconciler.restore()
    fate = house.fate
    try:
        await play(house, STORIES[plan.story])
        if not is_crash and not fate.has_struck:
            return ["the point did not come"]
        shift_ms = SHIFT_MS if is_crash else None
        is_late = plan.fate == "older"
        differing = found.outcome.differences(outcome(house), shift_ms, is_exact=not is_late)
        return differing + broken(house, late_ms=LOOK_MS if is_late else 0)
    except Exception as error:
        # One plan that fails must not hide the others.
        return [f"{type(error).__name__}: {error}"]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("story", STORIES)
async def test_a_story_ends_the_same_whatever_goes_wrong(
    story: str, kind: str, rows: Rows, request: pytest.FixtureRequest, record_property: Any
) -> None:
    wanted = request.config.getoption("--plan", "")
    found = await reference(story, rows)
    plans = [p for p in plans_of(story, kind, found) if p.name.startswith(wanted)]
    failures = []
    for plan in plans:
        if troubles := await trouble(plan, found, rows):
            failures.append("\n  ".join([plan.name, *troubles]))
    record_property("plans", len(plans))
    shown = "\n".join(failures[:SHOWN])
    assert not failures, f"{len(failures)} of {len(plans)} plans failed:\n{shown}"
