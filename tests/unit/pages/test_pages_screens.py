import json
import re
from html import unescape
from html.parser import HTMLParser
from importlib.resources import files

import pytest

PAGES = [
    "/",
    "/queue",
    "/runs",
    "/runs/new",
    "/runs/{run}",
    "/sweeps",
    "/sweeps/new",
    "/sweeps/{sweep}",
    "/sweeps/{sweep}/again",
    "/runs/{run}/again",
    "/sweeps/{sweep}/schedule",
    "/schedules",
    "/usage",
    "/wait/{lease}",
    "/wait",
    "/settings",
    "/clusters",
    "/clusters/cluster-1",
    "/projects",
    "/projects/vision",
    "/admin",
]
BUDGET_BYTES = 100_000


def where(house, path):
    ids = {"run": house.runs[1], "lease": house.leases[1], "sweep": house.sweeps[0]}
    return path.format(**{name: thing["id"] for name, thing in ids.items()})


class Outline(HTMLParser):
    """Collects what a reader of the markup must be able to rely on."""

    def __init__(self):
        super().__init__()
        self.ids, self.labels, self.fields, self.names, self.scripts = [], set(), [], [], []
        self.inline, self.headings, self.described = [], [], []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "label":
            self.labels.add(attributes.get("for"))
        if tag in ("input", "select", "textarea") and attributes.get("type") not in (
            "radio",
            "hidden",
        ):
            self.fields.append(attributes["id"])
        if tag == "script":
            self.scripts.append(attributes.get("src"))
        if tag in ("progress", "dialog", "nav") or attributes.get("role") == "img":
            self.names.append(attributes.get("aria-label") or attributes.get("aria-labelledby"))
        if tag in ("h1", "h2", "h3"):
            self.headings.append(tag)
        for name in ("aria-labelledby", "aria-describedby"):
            self.described += (attributes.get(name) or "").split()
        self.inline += [name for name in attributes if name == "style" or name.startswith("on")]


def outline(html):
    parser = Outline()
    parser.feed(html)
    return parser


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("path", PAGES)
async def test_page_is_complete_in_both_languages(house, path, lang):
    house.lang = lang
    answer = await house.get(where(house, path))
    assert answer.status_code == 200
    assert f'<html lang="{lang}">' in answer.text
    assert answer.headers["content-language"] == lang
    # A text that is missing would show as its key.
    assert not re.search(r">[^<]*\bpages\.[a-z_]+", answer.text)
    assert ("대기열" in answer.text) == (lang == "ko")


@pytest.mark.parametrize("path", PAGES)
async def test_page_has_what_keyboard_and_screen_reader_need(house, path):
    shape = outline((await house.get(where(house, path))).text)
    assert len(shape.ids) == len(set(shape.ids))
    assert set(shape.fields) <= shape.labels
    assert all(shape.names)
    assert set(shape.described) <= set(shape.ids)
    # The first heading of the content; the last h2 belongs to the dialog.
    assert shape.headings[0] == "h1"
    assert shape.headings.count("h1") == 1
    assert "main" in shape.ids
    assert "hear" in shape.ids


@pytest.mark.parametrize("path", PAGES)
async def test_page_holds_to_its_own_policy_and_weight(house, path):
    answer = await house.get(where(house, path))
    shape = outline(answer.text)
    assert not shape.inline
    assert all(source.startswith("/services/madang/static/") for source in shape.scripts)
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    # Nothing is loaded from elsewhere; an address that a person has written is only shown.
    shown = answer.text.replace(house.notices["webhook_url"], "")
    assert "http://" not in shown
    assert "https://" not in shown
    weight = len(answer.content) + sum(
        len(file.read_bytes()) for file in files("madang.api.pages").joinpath("static").iterdir()
    )
    assert weight < BUDGET_BYTES


@pytest.mark.parametrize("path", PAGES)
async def test_fragment_is_the_content_alone(house, path):
    answer = await house.get(where(house, path), X_Madang_Fragment="1")
    assert answer.headers["x-madang-fragment"] == "1"
    assert answer.text.lstrip().startswith('<div class="screen" id="screen"')
    assert "<html" not in answer.text
    assert "csrf-token" not in answer.text


@pytest.mark.parametrize("path", PAGES)
async def test_nobody_sees_a_page_without_login(house, path):
    house.is_logged_in = False
    answer = await house.get(where(house, path))
    assert answer.status_code == 302
    assert answer.headers["location"] == "/hub/login"


async def test_services_speak_the_language_of_the_page(house):
    house.lang = "ko"
    await house.get("/")
    assert {actor.lang for actor in house.actors} == {"ko"}


@pytest.mark.parametrize("path", ["/runs/run-none", "/sweeps/sweep-none", "/wait/lease-none"])
async def test_unknown_thing_is_a_page_with_a_way_on(house, path):
    answer = await house.get(path)
    assert answer.status_code == 404
    assert "_unknown" in answer.text
    assert 'href="/services/madang/"' in answer.text


async def test_error_outside_a_page_is_shown_in_the_same_frame(house):
    answer = await house.error("/services/madang/nowhere")
    assert answer.status_code == 404
    assert "Nothing is here." in answer.text
    assert "Look elsewhere &lt;b&gt;" in answer.text
    assert 'href="/services/madang/"' in answer.text
    assert "Log out" not in answer.text


async def test_links_follow_a_public_address_with_a_path(house):
    app = house.app("https://lab.example/jupyter/")
    answer = await house.get("/", app)
    paths = re.findall(r'(?:href|src|data-prefix)="([^"]*)"', answer.text)
    assert paths
    assert all(path.startswith(("/jupyter/", "#")) for path in paths)


async def test_static_files_are_kept_only_under_their_present_address(house):
    page = await house.get("/")
    for path in re.findall(r'"/services/madang(/static/[^"]+)"', page.text):
        answer = await house.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        stale = await house.get("/static/000000000000/" + path.rsplit("/", 1)[1])
        assert stale.content == answer.content
        assert stale.headers["cache-control"] == "no-cache"
    for wrong in ("/static/x/none.css", "/static/x/..%2fframe.py", "/static/x/base.html"):
        assert (await house.get(wrong)).status_code == 404


def test_script_stays_small_and_knows_every_word_it_uses():
    from madang.api.pages.render import script_words

    folder = files("madang.api.pages").joinpath("static")
    source = folder.joinpath("madang.js").read_text("utf-8")
    assert len(source.encode()) < 12_000
    for form in ("run-form.js", "sweep-form.js"):
        source += folder.joinpath(form).read_text("utf-8")
    known = script_words("ko")
    used = set(re.findall(r"\bwords\.([a-z_]+)", source))
    assert used
    assert [word for word in used if f'"{word}"' not in known] == []


async def test_script_of_the_sweep_form_knows_every_word_it_says(house):
    source = files("madang.api.pages").joinpath("static", "sweep-form.js").read_text("utf-8")
    said = set(re.findall(r"\bsaid\.([a-z_]+)", source))
    html = (await house.get("/sweeps/new")).text
    known = json.loads(unescape(re.search(r'data-said="([^"]*)"', html)[1]))
    assert {word for word in said if word != "state_"} <= set(known)
    assert {"state_queued", "state_failed"} <= set(known)


@pytest.mark.parametrize("path", PAGES)
async def test_maintenance_stands_on_every_page_and_in_its_live_part(house, path):
    house.notice = {
        "text": "Nothing new starts: <new> fans.",
        "reason": "<new> fans",
        "since_ms": house.now,
        "until_ms": None,
    }
    for headers in ({}, {"X-Madang-Fragment": "1"}):
        shown = (await house.get(where(house, path), **headers)).text
        if shown:
            assert shown.count("Nothing new starts: &lt;new&gt; fans.") == 1
    house.notice = None
    assert 'class="notice"' not in (await house.get(where(house, path))).text


async def test_the_trail_of_acts_is_told_in_words(house):
    house.is_admin = True
    row = house.audit["rows"][0]
    longer = {"by_ms": 3_600_000, "limit_ms": 5 * 3_600_000}
    house.audit["rows"] = [
        row,
        {**row, "id": "act-2", "act": "lease.extend", "details": longer, "reason": ""},
        {
            **row,
            "id": "act-3",
            "act": "grant.add",
            "details": {"grant": "g", "microcredits": 5_000_000},
        },
    ]
    html = (await house.get("/admin")).text
    assert "person: bora · now: viewer" in html
    assert "extended a lease" in html
    assert "longer by: 1 h · limit now: 5 h" in html
    assert "5.00 credits" in html
    house.lang = "ko"
    assert "이후: 열람자" in (await house.get("/admin")).text
