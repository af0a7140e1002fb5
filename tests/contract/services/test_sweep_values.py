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


async def test_two_sweeps_are_compared_by_equal_parameters(house: Any) -> None:
    first = await recorded(house, 1.0, 3.0, "text")
    second = await submitted(house, grid={"x": [2.0, 0, 0, 7], "y": [2]})
    third = await submitted(house, grid={"x": [2.0, 0, 0, 7]})
    ada = await house.actor("ada")
    compare = house.services.sweep_figures.compare
    found = await compare(ada, first["id"], third["id"])
    assert found["names"] == ["loss"]
    assert [pair["positions"] for pair in found["pairs"]] == [[0, 1], [2, 0]]
    assert found["pairs"][0]["values"][0][1] == 1.0
    assert found["pairs"][0]["values"][1] == [None, None]
    assert (found["matched"], found["only_first"], found["only_second"]) == (2, 1, 2)
    time_, loss = found["medians"]
    assert (time_[0]["count"], time_[1], loss[0]["median"], loss[1]) == (3, None, 2.0, None)
    assert [sweep["id"] for sweep in found["sweeps"]] == [first["id"], third["id"]]
    page = await compare(ada, first["id"], third["id"], offset=1, limit=1)
    assert [pair["positions"] for pair in page["pairs"]] == [[2, 0]]
    assert (await compare(ada, first["id"], second["id"]))["matched"] == 0
    eve = await house.actor("eve")
    for one, other in ((first, third), (third, first)):
        with pytest.raises(NotFoundError):
            await compare(eve, one["id"], other["id"])
