"""Fills a fresh installation from policy.yaml; what the database has already is left alone."""

from madang.domain.project import Grant, Membership, Project
from madang.services.core import Core
from madang.services.people import join
from madang.settings.files import ProjectPlan
from madang.store import Tx
from madang.units import new_id

DAY_MS = 24 * 3_600_000


def plant(core: Core, tx: Tx) -> None:
    """Make the projects, members and grants that policy.yaml declares and that do not exist."""
    for plan in core.policy.projects:
        if tx.projects.find(plan.name) is None:
            _plant_project(core, tx, plan)


def _plant_project(core: Core, tx: Tx, plan: ProjectPlan) -> None:
    now = core.clock()
    project = Project(
        id=new_id("project", now),
        name=plan.name,
        title=plan.title,
        tier=plan.tier,
        weight=plan.weight,
        quota=plan.quota,
    )
    tx.projects.add(project)
    for hub_name, role in plan.members.items():
        person = join(core, tx, hub_name)
        tx.projects.set_member(Membership(person=person.id, project=project.id, role=role))
    if plan.grant_microcredits:
        grant = Grant(
            id=new_id("grant", now),
            project=project.id,
            amount_microcredits=plan.grant_microcredits,
            from_ms=now,
            until_ms=now + plan.grant_days * DAY_MS,
            note="policy.yaml",
        )
        tx.grants.add(grant, now)
