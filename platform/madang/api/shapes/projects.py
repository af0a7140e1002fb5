"""Projects, their people and grants."""

from typing import Literal

from madang.api.shapes.base import Count, Micro, Shape, TimeMs
from madang.domain.project import Role


class ProjectRow(Shape):
    """A project in a list, with its balance; the role is empty for who is no member."""

    id: str
    name: str
    title: str
    role: Role | Literal[""]
    tier: str
    quota: dict[str, Count]
    left_microcredits: Micro
    granted_microcredits: Micro
    used_microcredits: Micro
    reserved_microcredits: Micro


class Me(Shape):
    """Whose the credential is."""

    person: str
    is_admin: bool
    projects: list[ProjectRow]


class Member(Shape):
    """A person in a project."""

    person: str
    role: Role
    is_me: bool


class Grant(Shape):
    """A budget from a date to a date."""

    id: str
    amount_microcredits: Micro
    from_ms: TimeMs
    until_ms: TimeMs
    note: str
    is_current: bool


class Project(ProjectRow):
    """A project with its members and grants."""

    weight: Count
    is_open: bool
    zone: str
    overrun_microcredits: Micro
    max_hours: Count | None
    max_devices_person: Count | None
    max_devices_project: Count | None
    members: list[Member]
    grants: list[Grant]
    can_manage: bool
    can_grant: bool


class SecretRow(Shape):
    """A secret of a project: all that anybody is told of it."""

    name: str
    version: Count
    set_by: str
    set_ms: TimeMs


class RoleInProject(Shape):
    """A membership of a person."""

    name: str
    role: Role


class Person(Shape):
    """A person as administrators see them."""

    id: str
    person: str
    is_admin: bool
    left_ms: TimeMs | None
    projects: list[RoleInProject]
    devices_held: Count
    waiting: Count


class Departed(Person):
    """A person who was taken out, and what that left behind."""

    ownerless: list[str]
    ended: Count
