"""Orders by recorded values and points of pictures: asked by name, for who may see the sweep."""

from typing import Any

import pytest
from test_sweep_life import submitted, workers

from madang.errors import InvalidError, NotFoundError


async def recorded(house: Any, *values: Any) -> dict[str, Any]:
    """Return a sweep whose runs have recorded these values."""
    view = await submitted(house, grid={"x": list(range(len(values)))}, max_parallel=1)
    for value in values:
        worker = next(iter((await workers(house)).values()))
        task = await house.services.slots.next(worker, 0)
        ended = {"state": "succeeded", "recorded": {"loss": value}}
        await house.services.slots.finish(worker, task["run"]["id"], ended)
    return view


async def test_rows_are_ordered_and_points_are_read_by_name(house: Any) -> None:
    view = await recorded(house, 0.5, 10, "text", 2)
    ada = await house.actor("ada")
    rows = house.services.sweeps.rows
    page = await rows(ada, view["id"], sort="recorded:loss")
    assert [row["position"] for row in page["rows"]] == [0, 3, 1, 2]
    assert (page["parameter_names"], page["recorded_names"]) == (["x"], ["loss"])
    page = await rows(ada, view["id"], sort="parameter:x", is_descending=True, limit=2)
    assert [row["position"] for row in page["rows"]] == [3, 2]
    points = house.services.sweep_figures.points
    found = await points(ada, view["id"], x="parameter:x", y="recorded:loss")
    assert found == [(0, 0.5), (1, 10), (3, 2)]
    assert len(await points(ada, view["id"], x="recorded:loss", y="duration")) == 4


async def test_others_see_none_of_it_and_nonsense_is_refused(house: Any) -> None:
    view = await submitted(house)
    points = house.services.sweep_figures.points
    with pytest.raises(NotFoundError):
        await points(await house.actor("eve"), view["id"], x="parameter:x", y="duration")
    ada = await house.actor("ada")
    for x, y in (("duration", "duration"), ("parameter:", "duration"), ("parameter:x", "position")):
        with pytest.raises(InvalidError):
            await points(ada, view["id"], x=x, y=y)
    for sort in ("loss", "recorded:", "recorded:\0", "files:x"):
        with pytest.raises(InvalidError):
            await house.services.sweeps.rows(ada, view["id"], sort=sort)
