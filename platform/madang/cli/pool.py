"""Nouns about the whole house: pool, queue, me."""

from typing import Annotated, Any

import typer

from madang.cli.output import Json, credits, minutes, say, show, show_json, state_word

Flavor = Annotated[str | None, typer.Argument(help="Only this kind of device.")]
Lines = Annotated[
    int, typer.Option(min=1, max=10_000, help="Lines of each list; your own are always there.")
]


def add_to(app: typer.Typer) -> None:
    """Add the nouns."""
    for verb in (pool, queue, me):
        app.command()(verb)


def pool(as_json: Json = False) -> None:
    """Show the devices that there are, what is free, and the price."""
    from madang.client.http import MadangClient

    with MadangClient() as client:
        known = client.get("pool")

    def rows() -> list[tuple[object, ...]]:
        return [
            (
                *(f["name"], f["title"], f["devices_total"], f["devices_free"], f["waiting"]),
                credits(f["rate_microcredits"]),
            )
            for f in known["flavors"]
        ]

    show(known, as_json, "flavor title total free waiting rate", rows, (2, 3, 4, 5))


def queue(flavor: Flavor = None, lines: Lines = 100, as_json: Json = False) -> None:
    """Show who waits for what, why, and from when; and what runs now."""
    from madang.client.http import MadangClient

    with MadangClient() as client:
        known = client.get("queue", limit=lines)
    if flavor is not None:
        known["flavors"] = [f for f in known["flavors"] if f["name"] == flavor]
    if as_json:
        show_json(known)
        return
    rows = [
        row
        for item in known["flavors"]
        for row in (*_waiting(item), *_running(item, int(known["now_ms"])))
    ]
    show(known, False, "flavor state place who project devices kind why when", lambda: rows, (5,))
    for item in known["flavors"]:
        for key in ("waiting", "running"):
            if left := item[f"{key}_total"] - len(item[key]):
                print(say(f"cli.more_{key}", flavor=item["name"], count=left))


def _who(row: dict[str, Any]) -> str:
    mark = "*" if row["mine"] else ""
    return f"{row['person'] or '-'}{mark}"


def _waiting(item: dict[str, Any]) -> list[tuple[object, ...]]:
    from madang.client.standing import clock

    return [
        (
            *(item["name"], state_word("queued"), w["position"], _who(w), w["project"] or "-"),
            *(w["devices"], w["kind"], w["reason_text"], clock(w["expected_ms"])),
        )
        for w in item["waiting"]
    ]


def _running(item: dict[str, Any], now_ms: int) -> list[tuple[object, ...]]:
    return [
        (
            *(item["name"], state_word("active"), "", _who(r), r["project"] or "-"),
            *(r["devices"], r["kind"], ""),
            say("cli.ends_in", minutes=minutes(r["expires_ms"] - now_ms))
            if r["expires_ms"]
            else "",
        )
        for r in item["running"]
    ]


def me(as_json: Json = False) -> None:
    """Show who I am to the service, and what my projects have left."""
    from madang.client.http import MadangClient

    with MadangClient() as client:
        known = client.get("me")
    if as_json:
        show_json(known)
        return
    print(say("cli.me_admin" if known.get("is_admin") else "cli.me", person=known["person"]))
    rows = [
        (p["name"], p["role"], credits(p["left_microcredits"]), credits(p["granted_microcredits"]))
        for p in known["projects"]
    ]
    show(known, False, "project role left granted", lambda: rows, (2, 3))
