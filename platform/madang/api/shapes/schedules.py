"""Schedules, as people see them."""

from typing import Literal

from madang.api.shapes.base import Count, Shape, TimeMs


class Schedule(Shape):
    """What is submitted at the times of a cron line; ``next_ms`` holds the next few of them."""

    id: str
    name: str
    project: str
    person: str
    kind: Literal["run", "sweep"]
    cron: str
    timezone: str
    overlap: bool
    paused_for: Literal["", "person", "owner_gone", "failing"]
    paused_text: str
    next_ms: list[TimeMs]
    failures: Count
    last_ms: TimeMs | None
    last_id: str
    last_problem: str
    was_late: bool
    is_mine: bool
