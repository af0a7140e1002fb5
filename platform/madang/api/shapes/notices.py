"""How a person is told, and what they were told."""

from madang.api.shapes.base import Count, Shape, TimeMs
from madang.domain.notice import NoticeKind, NoticeState


class Latest(Shape):
    """The latest notice of a channel, and whether it arrived."""

    state: NoticeState
    at_ms: TimeMs
    sent_ms: TimeMs | None
    tries: Count
    problem: str
    problem_text: str


class LatestByChannel(Shape):
    """The latest notice of each channel."""

    mail: Latest | None
    webhook: Latest | None


class Notice(Shape):
    """A notice in words, and the parts of the page that it leads to."""

    id: str
    kind: NoticeKind
    at_ms: TimeMs
    subject: str
    body: str
    path: list[str]


class Notices(Shape):
    """How a person is told, and what they were told."""

    mail: str
    webhook_url: str
    webhook_secret: str
    lang: str
    kinds: list[str]
    known_kinds: list[str]
    mail_possible: bool
    latest: LatestByChannel
    recent: list[Notice]
