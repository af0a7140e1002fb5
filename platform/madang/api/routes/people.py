"""People, for administrators: who there is, another hub name, off-boarding."""

from starlette.responses import Response

from madang.api.bodies import ReasonBody, RenameBody
from madang.api.routes.common import Someone, TheHouse, answer, noun_router
from madang.api.shapes.projects import Departed, Person

router = noun_router("people")


@router.get("/people", operation_id="person_list", response_model=list[Person])
async def person_list(house: TheHouse, actor: Someone) -> Response:
    """List everybody who was ever seen."""
    return answer(await house.services.departures.list(actor))


@router.post("/people/{person}/rename", operation_id="person_rename", response_model=Person)
async def person_rename(house: TheHouse, actor: Someone, person: str, body: RenameBody) -> Response:
    """Give a person another hub name; work, places and bills stay theirs."""
    departures = house.services.departures
    return answer(await departures.rename(actor, person, body.name, reason=body.reason))


@router.post("/people/{person}/off-board", operation_id="person_off_board", response_model=Departed)
async def person_off_board(
    house: TheHouse, actor: Someone, person: str, body: ReasonBody
) -> Response:
    """Take a person out of all projects, end their work and their sessions."""
    return answer(await house.services.departures.off_board(actor, person, reason=body.reason))
