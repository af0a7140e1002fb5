"""The list of notices on a person's own page: the row is the message, it only has to be shown."""

from collections.abc import Callable

from madang.notices.ports import Message


class PageNotifier:
    """Tells open pages that there is something new."""

    timeout_s = 5.0

    def __init__(self, on_page: Callable[[], None]) -> None:
        self._on_page = on_page

    async def send(self, message: Message) -> None:
        """Let open pages look again."""
        del message
        self._on_page()
