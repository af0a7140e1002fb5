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
    when_text: str
    timezone: str
    overlap: bool
    paused_for: Literal["", "person", "owner_gone", "failing"]
    paused_text: str
    next_ms: list[TimeMs]
    next_text: list[str]
    failures: Count
    last_ms: TimeMs | None
    last_id: str
    last_state: str
    last_problem: str
    last_problem_text: str
    was_late: bool
    is_mine: bool


class ScheduleTimes(Shape):
    """What a cron line means in a time zone."""

    cron: str
    timezone: str
    when_text: str
    next_ms: list[TimeMs]
    next_text: list[str]
