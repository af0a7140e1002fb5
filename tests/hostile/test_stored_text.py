"""What people write comes out as text: in every page of both languages, in headers and in CSV."""

import csv
import io
import json
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from hostile_house import API, SERVICE_PREFIX

pytestmark = pytest.mark.integration

EVIL = [
    "<x-evil onx-evil=1>",
    '"><x-evil onx-evil="1">',
    "' onx-evil='1' x='",
    "</title></textarea></pre></style></script><x-evil>",
    "--><x-evil><!--",
    "{{ 7*7 }}{% evil %}",
    "<script>x-evil</script>",
    "<svg/onload=x-evil>",
    "<img src=x onerror=x-evil>",
    "<a href=javascript:x-evil>x</a>",
    "javascript:x-evil",
    "&lt;x-evil&gt;",
    "<math><mi//xlink:href='data:x,<x-evil>'>",
]
PAGES = [
    *("/", "/queue", "/runs", "/runs/new", "/sweeps/new", "/clusters", "/projects"),
    *("/projects/vision", "/usage"),
    *(
        "/admin",
        "/settings",
        "/wait",
        "/public",
        "/runs/{run}",
        "/runs/{done}",
        "/runs/{done}/view",
    ),
    *("/clusters/{cluster}", "/wait/{lease}", "/projects/{project}"),
]


class Elements(HTMLParser):
    """Collects whatever a browser would act on and no template of ours writes."""

    OURS = frozenset({"img", "iframe", "svg", "script", "math", "object", "embed", "base", "meta"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.bad: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        for name, value in attrs:
            target = "".join((value or "").split()).lower()
            is_link = name in ("href", "src", "action", "formaction", "xlink:href", "data")
            if name.startswith("on") or "evil" in name or not name.isascii():
                self.bad.append(f"<{tag} {name}>")
            if is_link and target.startswith(("javascript:", "data:text", "vbscript:", "//")):
                self.bad.append(f"<{tag} {name}={target[:40]}>")
            if name == "style" and "evil" in target:
                self.bad.append(f"<{tag} style>")
        if "evil" in tag or tag in ("math", "object", "embed", "base"):
            self.bad.append(f"<{tag}>")
        if tag == "script" and not (known.get("src") or "").startswith(f"{SERVICE_PREFIX}/static/"):
            self.bad.append("<script>")
        if tag == "iframe" and "sandbox" not in known:
            self.bad.append("<iframe>")


def put_everywhere(house: Any, furniture: Any, evil: str, number: int) -> dict[str, str]:
    """Write a text into every place that takes one; places with a rule of their own may refuse."""
    said = {"reason": evil}
    taken: dict[str, bool] = {}

    def write(who: str, what: str, method: str, path: str, body: Any) -> Any:
        answer = house.ask(who, method, path, body)
        assert answer.status_code < 500, (what, answer.text)
        taken[what] = answer.is_success
        return answer.json() if answer.is_success and answer.content else None

    size = {"project": "vision", "flavor": "sim-h200", "devices": 1}
    lease = write("bora", "lease name", "POST", "leases", {**size, "name": evil}) or {}
    lease = lease or house.notebook()
    shape = {"project": "vision", "workers": 1, "gpus_per_worker": 1}
    cluster = write("bora", "cluster name", "POST", "clusters", {**shape, "name": evil})
    notebook = json.dumps(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"title": evil, "kernelspec": {"name": "python3", "display_name": evil}},
            "cells": [
                {"id": "m", "cell_type": "markdown", "metadata": {}, "source": evil},
                {
                    "id": "p",
                    "cell_type": "code",
                    "metadata": {"tags": ["parameters", evil], "collapsed": evil},
                    "source": "x = 1",
                    "execution_count": None,
                    "outputs": [],
                },
                {
                    "id": "c",
                    "cell_type": "code",
                    "metadata": {},
                    "source": evil,
                    "execution_count": 1,
                    "outputs": [
                        {"output_type": "stream", "name": "stdout", "text": evil},
                        {
                            "output_type": "error",
                            "ename": evil,
                            "evalue": evil,
                            "traceback": [evil],
                        },
                        {
                            "output_type": "display_data",
                            "metadata": {},
                            "data": {
                                "text/html": evil,
                                "text/markdown": evil,
                                "image/svg+xml": evil,
                                "text/plain": evil,
                                "application/javascript": evil,
                            },
                        },
                    ],
                },
            ],
        }
    )
    run = {"project": "vision", "notebook": notebook, "limit_s": 600}
    run |= {"name": evil, "parameters": {"x": evil}}
    write("bora", "file name", "POST", "runs", {**run, "files": {evil: "", f"a/{evil}": ""}})
    made = write("bora", "run name and parameters", "POST", "runs", run)
    # The slot's own run ends with it, and the next is one of those above or another.
    done = furniture.run
    error = {"cell": 0, "name": evil, "value": evil}
    token = furniture.run_token
    progress = {"cells_done": 1, "cells_total": 1, "log": evil, "cell": evil}
    write(token, "log", "POST", f"runs/{done}/progress", progress)
    write(token, "output", "PUT", f"runs/{done}/output", json.loads(notebook))
    ended = {"state": "failed", "reason": evil, "error": error}
    write(token, "error", "POST", f"runs/{done}/finish", ended)
    furniture.next_run()
    write("olga", "title", "PATCH", "projects/vision", {"title": evil, **said})
    write("root", "member's name", "POST", "projects/vision/members", {"person": evil, **said})
    grant = {"amount_microcredits": 1, "note": evil, **said}
    write("root", "grant", "POST", "projects/vision/grants", grant)
    project = {"name": f"evil-{number}", "title": evil, "tier": "open", "owner": evil, **said}
    write("root", "project", "POST", "projects", project)
    write("root", "device", "POST", "devices/drain", {"device": "sim-h200-1", **said})
    write("root", "maintenance", "POST", "maintenance", said)
    wanted = {"kinds": ["turn"], "webhook_url": f"https://example.com/{evil}"}
    write("bora", "webhook", "PUT", "me/notices", wanted)
    write("bora", "mail", "PUT", "me/notices", {"kinds": [], "mail": f"{evil}@example.com"})
    end = house.ask("olga", "DELETE", f"leases/{lease['id']}?{httpx.QueryParams({'why': evil})}")
    taken["why"] = end.is_success
    refused = sorted(what for what, is_taken in taken.items() if not is_taken)
    allowed = {"lease name", "file name", "mail", "webhook", "member's name", "project", "run name"}
    assert set(refused) <= allowed, refused
    return {
        "run": made["id"],
        "done": done,
        "cluster": cluster["id"] if cluster else furniture.cluster,
        "lease": lease["id"],
        "project": f"evil-{number}" if taken["project"] else "vision",
    }


@pytest.mark.parametrize("number", range(len(EVIL)))
def test_what_people_write_is_text_on_every_page(house: Any, furniture: Any, number: int) -> None:
    evil, places = EVIL[number], 0
    ids = put_everywhere(house, furniture, evil, number)
    langs = ("ko", "en") if number % 2 else ("en", "ko")
    asked = str(httpx.QueryParams(dict.fromkeys(QUERIES, evil)))
    for who, lang in zip(("bora", "root"), langs, strict=True):
        for page in (*PAGES, *(f"{page}?{asked}" for page in READING)):
            answer = house.ask(
                *(who, "GET", SERVICE_PREFIX + (page if "?" in page else page.format(**ids))),
                Accept="text/html",
                Accept_Language=lang,
            )
            assert answer.status_code in (200, 303, 403, 404, 422), (page, answer.text)
            parser = Elements()
            parser.feed(answer.text)
            assert parser.bad == [], (page, lang)
            assert "49{%" not in answer.text
            places += "evil" in answer.text
    # What is looked for does come out, so that an empty page proves nothing.
    assert places > 10
    furniture.tidy()


READING = ("/", "/usage", "/wait", "/admin", "/runs/new", "/no/such/page")
QUERIES = ("server", "month", "act", "words", "next", "project", "state")


# ---- headers ----


def test_nobody_writes_a_header(house: Any, furniture: Any) -> None:
    line = "%0d%0aX-Evil:%201"
    for path in (
        f"/login?next={SERVICE_PREFIX}/{line}",
        f"/wait?server={line}",
        f"/runs/{furniture.run}{line}",
        f"/static/x{line}/madang.css",
        f"/api/v1/runs/{furniture.ended_run}{line}/output",
        f"/api/v1/runs/{furniture.ended_run}/output?x={line}",
        f"/queue?{line}",
        f"/{line}",
    ):
        for who in ("bora", None):
            headers = {"Accept": "text/html", "Accept_Language": "ko, en;q=0.1"}
            answer = house.ask(who, "GET", f"{SERVICE_PREFIX}{path}", **headers)
            assert "x-evil" not in answer.headers, path
            assert answer.status_code < 500
    for lang in ("evil", "ko\tX", "en; x=1", "<x-evil>"):
        answer = house.http.get(
            f"{SERVICE_PREFIX}/public", headers={"Cookie": f"madang-lang={lang}"}
        )
        assert answer.headers["content-language"] in ("ko", "en")
        assert f'lang="{answer.headers["content-language"]}"' in answer.text


def test_a_download_is_saved_and_never_shown(house: Any, furniture: Any) -> None:
    for path in ("output", "notebook", "log"):
        answer = house.ask("bora", "GET", f"runs/{furniture.ended_run}/{path}")
        assert answer.headers["content-disposition"].startswith("attachment; filename=")
        assert answer.headers["content-security-policy"].startswith("sandbox;")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "html" not in answer.headers["content-type"]


# ---- spreadsheets ----

FORMULAS = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "=cmd|' /C calc'!A0",
    " =1+1",
    "＝1+1",
    "harmless;=1+1",
    'quoted",=1+1',
    "'=1+1",
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_of_an_export_is_computed(house: Any, furniture: Any, formula: str) -> None:
    member = {"person": formula.replace("/", ""), "role": "viewer", "reason": formula}
    house.good("root", "POST", "projects/vision/members", member)
    grant = {"amount_microcredits": 1, "note": formula, "reason": formula}
    house.good("root", "POST", "projects/vision/grants", grant)
    house.good("root", "PATCH", "projects/vision", {"title": formula, "reason": formula})
    for path in ("admin/audit.csv", "usage.csv"):
        answer = house.ask("root", "GET", path)
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.headers["content-disposition"].startswith("attachment;")
        for separator in (",", ";", "\t"):
            for row in csv.reader(io.StringIO(answer.text), delimiter=separator):
                for cell in row:
                    begin = cell.strip(' "')[:1]
                    is_number = cell.strip().lstrip("-").isdigit()
                    assert begin not in tuple("=+-@＝＋－＠") or is_number, (separator, cell)
    shown = house.ask("root", "GET", f"{API}/admin/audit.csv").text
    assert "1+1" in shown or "SUM" in shown or "cmd" in shown
