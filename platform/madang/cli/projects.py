"""Verbs about projects and people: who is in, what is granted, who comes and goes."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from madang.cli.output import Json, credits, details, note, noun, say, show, show_json
from madang.units import MICROCREDITS_PER_CREDIT

Name = Annotated[str, typer.Argument(metavar="PROJECT")]
Person = Annotated[str, typer.Argument(metavar="PERSON")]
Reason = Annotated[
    str, typer.Option("--reason", help="Why; administrators must say it, it is kept.")
]


def add_to(app: typer.Typer) -> None:
    """Add the nouns."""
    projects = noun(app, "projects", "Projects, their people and their budgets.")
    _projects(projects)
    _members(projects)
    _grants(projects)
    _people(noun(app, "people", "People, for administrators."))


def _at(*parts: str) -> str:
    return "/".join(quote(part, safe="") for part in parts)


def _projects(group: typer.Typer) -> None:
    def list_(as_json: bool) -> None:
        from madang.client.http import MadangClient

        with MadangClient() as client:
            known = client.get("projects")
        show(
            known,
            as_json,
            "project title role tier left granted",
            lambda: [
                (
                    *(p["name"], p["title"], p["role"], p["tier"]),
                    *(credits(p["left_microcredits"]), credits(p["granted_microcredits"])),
                )
                for p in known
            ],
            (4, 5),
        )

    @group.callback()
    def default(context: typer.Context, as_json: Json = False) -> None:
        """My projects and their budgets."""
        if context.invoked_subcommand is None:
            list_(as_json)

    @group.command("list")
    def list_command(as_json: Json = False) -> None:
        """List the projects that I may see."""
        list_(as_json)

    @group.command("show")
    def show_command(project: Name, as_json: Json = False) -> None:
        """Show a project with its members and grants."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            view = client.get(_at("projects", project))
        if as_json:
            show_json(view)
            return
        _print_project(view)

    @group.command("create")
    def create(
        project: Name,
        tier: Annotated[str, typer.Option(help="Tier of policy.yaml.")],
        title: Annotated[str, typer.Option(help="What people read.")] = "",
        owner: Annotated[str, typer.Option(help="Who owns it.")] = "",
        reason: Reason = "",
        as_json: Json = False,
    ) -> None:
        """Make a project (administrators)."""
        from madang.client.http import MadangClient

        body = {"name": project, "tier": tier, "title": title, "owner": owner, "reason": reason}
        with MadangClient() as client:
            view = client.post("projects", body)
        _said(view, as_json, "cli.project_made", project=project)


def _print_project(view: dict[str, Any]) -> None:
    money = {
        "left": credits(view["left_microcredits"]),
        "granted": credits(view["granted_microcredits"]),
        "used": credits(view["used_microcredits"]),
    }
    keys = "name title role tier quota left granted used"
    details({**view, **money}, False, keys)
    members = [(m["person"], m["role"]) for m in view["members"]]
    print()
    show(members, False, "person role", lambda: members)
    grants = [
        (credits(g["amount_microcredits"]), _day(g["from_ms"]), _day(g["until_ms"]), g["note"])
        for g in view["grants"]
    ]
    if grants:
        print()
        show(grants, False, "amount from_ms until_ms note", lambda: grants, (0,))


def _day(at_ms: int) -> str:
    from datetime import datetime

    return datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%Y-%m-%d")


def _said(view: Any, as_json: bool, key: str, **values: Any) -> None:
    if as_json:
        show_json(view)
    else:
        print(say(key, **values))


def _members(group: typer.Typer) -> None:
    @group.command("add-member")
    def add(
        project: Name,
        person: Person,
        role: Annotated[str, typer.Option(help="owner, manager, member, viewer …")] = "member",
        reason: Reason = "",
        as_json: Json = False,
    ) -> None:
        """Put a person into a project, or give a member another role."""
        from madang.client.http import MadangClient

        body = {"person": person, "role": role, "reason": reason}
        with MadangClient() as client:
            view = client.post(_at("projects", project, "members"), body)
        _said(view, as_json, "cli.member_set", person=person, role=role, project=project)

    @group.command("remove-member")
    def remove(project: Name, person: Person, reason: Reason = "", as_json: Json = False) -> None:
        """Take a person out of a project, or leave it."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            client.delete(_at("projects", project, "members", person), reason=reason or None)
        view = {"project": project, "person": person}
        _said(view, as_json, "cli.member_removed", **view)


def _grants(group: typer.Typer) -> None:
    @group.command("grant")
    def grant(
        project: Name,
        amount: Annotated[float, typer.Argument(metavar="CREDITS")],
        days: Annotated[int, typer.Option(min=1, help="For so many days from now.")] = 365,
        text: Annotated[str, typer.Option("--note", help="Shown with the grant.")] = "",
        reason: Reason = "",
        as_json: Json = False,
    ) -> None:
        """Give a project a budget; a negative amount takes back (administrators)."""
        from madang.client.http import MadangClient

        amount_microcredits = round(amount * MICROCREDITS_PER_CREDIT)
        body = {"days": days, "note": text, "reason": reason}
        with MadangClient() as client:
            view = client.post(
                _at("projects", project, "grants"),
                {**body, "amount_microcredits": amount_microcredits},
            )
        left = credits(view["left_microcredits"])
        _said(view, as_json, "cli.granted", project=project, left=left)


def _people(group: typer.Typer) -> None:
    def list_(as_json: bool) -> None:
        from madang.client.http import MadangClient

        with MadangClient() as client:
            found = client.get("people")

        def rows() -> list[tuple[object, ...]]:
            return [
                (
                    p["person"],
                    " ".join(f"{x['name']}:{x['role']}" for x in p["projects"]) or "-",
                    *(p["devices_held"], _day(p["left_ms"]) if p["left_ms"] else ""),
                )
                for p in found
            ]

        show(found, as_json, "person projects devices left_ms", rows, (2,))

    @group.callback()
    def default(context: typer.Context, as_json: Json = False) -> None:
        """People, for administrators."""
        if context.invoked_subcommand is None:
            list_(as_json)

    @group.command("list")
    def list_command(as_json: Json = False) -> None:
        """List everybody who was ever seen."""
        list_(as_json)

    @group.command("rename")
    def rename(
        person: Person,
        new_name: Annotated[str, typer.Argument(metavar="NEW-NAME")],
        reason: Reason = "",
        as_json: Json = False,
    ) -> None:
        """Give a person another hub name; work, places and bills stay theirs."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            body = {"name": new_name, "reason": reason}
            view = client.post(_at("people", person, "rename"), body)
        _said(view, as_json, "cli.renamed", old=person, new=new_name)

    @group.command("off-board")
    def off_board(person: Person, reason: Reason = "", as_json: Json = False) -> None:
        """Take a person out of all projects, end their work and their sessions."""
        from madang.client.http import MadangClient

        with MadangClient() as client:
            view = client.post(_at("people", person, "off-board"), {"reason": reason})
        _said(view, as_json, "cli.off_boarded", person=person, ended=view["ended"])
        if view["ownerless"]:
            note(say("cli.ownerless", projects=", ".join(view["ownerless"])))
