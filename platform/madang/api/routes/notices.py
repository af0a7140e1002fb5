"""How the asker wants to be told, and what they were told."""

from starlette.responses import Response

from madang.api.bodies import NoticesBody
from madang.api.routes.common import Someone, TheHouse, answer, noun_router
from madang.api.shapes.notices import Notices

router = noun_router("notices")


@router.get("/me/notices", operation_id="notices_get", response_model=Notices)
async def notices_get(house: TheHouse, actor: Someone) -> Response:
    """Show how one is told, what one was told, and whether it arrived."""
    return answer(await house.services.notices.get(actor))


@router.put("/me/notices", operation_id="notices_set", response_model=Notices)
async def notices_set(house: TheHouse, actor: Someone, body: NoticesBody) -> Response:
    """Keep mail address, webhook, language and kinds."""
    return answer(await house.services.notices.save(actor, body.request()))


@router.post("/me/notices/test", operation_id="notices_test", response_model=Notices)
async def notices_test(house: TheHouse, actor: Someone) -> Response:
    """Send a test on every channel, at most once a minute."""
    return answer(await house.services.notices.test(actor))
