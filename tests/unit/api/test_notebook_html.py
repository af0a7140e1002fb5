"""The result of a run is shown with what is of use, and with nothing that could run."""

import base64
import json
import re
import time
from html.parser import HTMLParser
from typing import Any

import pytest

from madang.api.notebook_html import POLICY, clean, render

from .hostile_outputs import notebook, notebooks

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n rest").decode()
WORDS = (
    "html head meta title style body div pre p br hr b strong i em u s sub sup code "
    "kbd blockquote ul ol li dl dt dd h1 h2 h3 h4 h5 h6 table thead tbody tfoot tr "
    "th td caption span img"
)
ALLOWED = frozenset(WORDS.split())


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.found.append((tag, dict(attrs)))


def tags_of(html: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(html)
    return parser.found


@pytest.mark.parametrize("name", sorted(notebooks()))
def test_only_tags_and_attributes_of_the_list_are_left(name: str) -> None:
    page = render(notebooks()[name], "en")
    style = re.search(r"<style>(.*?)</style>", page, re.S)
    assert style is not None
    assert "url(" not in style[1]
    assert page.count("<style") == 1
    for tag, attributes in tags_of(page):
        assert tag in ALLOWED
        if tag in ("html", "meta", "style"):
            continue
        left = set(attributes) - {"class"}
        assert left <= {"src", "alt", "colspan", "rowspan", "scope", "start"}
        assert (attributes.get("src") or "data:image/png;").startswith("data:image/")
        assert "svg" not in (attributes.get("src") or "")


def cell(data: dict[str, Any]) -> dict[str, Any]:
    shown = {"output_type": "execute_result", "data": data}
    return {"cell_type": "code", "source": "x = 1 < 2", "execution_count": 3, "outputs": [shown]}


def test_tables_pictures_and_text_are_shown() -> None:
    table = "<table border=1 class=dataframe><tr><th>lr</th><td colspan=2>0.1</td></tr></table>"
    page = render(
        notebook(
            [
                {"cell_type": "markdown", "source": ["# Title\n", "*soft* and `code`"]},
                cell({"text/html": table, "text/plain": "plain"}),
                cell({"image/png": PNG + "\n", "text/plain": "<Figure>"}),
                cell({"text/plain": "a\x1b[31mred\x1b[0m & b"}),
            ]
        ),
        "en",
    )
    for part in ("<h1>Title</h1>", "<em>soft</em>", 'colspan="2"', "ared &amp; b", "x = 1 &lt; 2"):
        assert part in page
    assert f"data:image/png;base64,{PNG}" in page
    assert "&lt;Figure&gt;" not in page
    assert "[3]" in page


def test_a_picture_that_is_none_gives_way_to_its_text() -> None:
    page = render(notebook([cell({"image/png": "PHN2Zz4=", "text/plain": "fallback"})]), "en")
    assert "<img" not in page
    assert "fallback" in page


def test_a_chart_of_scripts_gives_way_to_its_text() -> None:
    chart = "<div id=vis></div><script>draw()</script>"
    page = render(notebook([cell({"text/html": chart, "text/plain": "alt.Chart(…)"})]), "en")
    assert "alt.Chart" in page


@pytest.mark.parametrize(
    "data",
    [b"", b"no json", b"[]", b'{"cells": 7}', b'{"cells": [7, null, {}]}', b"[" * 200_000]
    + [
        json.dumps({"cells": [{"cell_type": "code", "outputs": value, "source": value}]}).encode()
        for value in (None, 7, {"a": 1}, [[1]], [{"data": 7}], [{"output_type": 3, "data": {}}])
    ],
)
def test_what_is_no_notebook_is_said_and_never_raises(data: bytes) -> None:
    assert render(data, "ko").startswith("<!doctype html>")


def test_large_notebooks_are_cut_in_bounded_time() -> None:
    big = notebook([cell({"text/html": "<b>x</b>" * 500_000}) for _ in range(4)])
    many = notebook([{"cell_type": "markdown", "source": "[" * 2_000}] * 2_500)
    deep = notebook([{"cell_type": "markdown", "source": "[" * 200 + "*_`<" * 4_000}] * 500)
    quotes = notebook([{"cell_type": "markdown", "source": "> " * 9_000}] * 500)
    for data in (big, many, deep, quotes):
        began = time.monotonic()
        page = render(data, "en")
        assert len(page) < 12_000_000
        assert time.monotonic() - began < 20


def test_cleaning_twice_changes_nothing() -> None:
    for data in notebooks().values():
        for one in json.loads(data)["cells"]:
            for output in one.get("outputs", []):
                html = output.get("data", {}).get("text/html", "")
                assert clean(clean(html)) == clean(html)


def test_the_policy_allows_nothing_but_pictures_as_data() -> None:
    assert POLICY.startswith("sandbox; default-src 'none'")
    assert "script" not in POLICY
    assert "allow-" not in POLICY
