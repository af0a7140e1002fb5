"""An executed notebook as HTML in which nothing can run.

Two walls, each good enough alone: what comes out here holds only tags and attributes of a short
list (sanitised by nh3, links and styles dropped), and it is served under a policy that allows no
script, no request and no form, inside a sandboxed frame. Code and text are escaped, never trusted;
of a picture only the bytes are taken. The page's route is the only caller.
"""

import base64
import binascii
import json
import re
import time
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

import nh3
from markdown_it import MarkdownIt

from madang.i18n import text

POLICY = (
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
MAX_CELLS = 2_000
MAX_TEXT_CHARS = 100_000
MAX_PAGE_CHARS = 6_000_000
MAX_MARKDOWN_CHARS = 20_000
MAX_BRACKETS = 200
"""Markdown with more is shown as it was written: a parser needs squared time for nested links."""

MAX_TIME_S = 5.0

_TAG_WORDS = (
    "p br hr b strong i em u s sub sup code pre kbd blockquote ul ol li dl dt dd h1 "
    "h2 h3 h4 h5 h6 table thead tbody tfoot tr th td caption div span img"
)
_TAGS = frozenset(_TAG_WORDS.split())
_ATTRIBUTES = {
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "img": {"src", "alt"},
    "ol": {"start"},
}
# With what is dropped goes what it holds; of other tags the text stays.
_DROPPED_WORDS = (
    "script style iframe object embed template noscript math svg title textarea xmp "
    "select button form noembed noframes plaintext"
)
_DROPPED = frozenset(_DROPPED_WORDS.split())
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]{1,8000000}")
_MAGIC = {"image/png": b"\x89PNG", "image/jpeg": b"\xff\xd8\xff"}
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")

_STYLE = """
:root{color-scheme:light}body{margin:0;padding:1rem 1.1rem;background:#fff;color:#1b2420;
font:15px/1.6 system-ui,"Noto Sans KR","Malgun Gothic",sans-serif;overflow-wrap:anywhere}
pre{margin:0;white-space:pre-wrap;font:13px/1.5 ui-monospace,Menlo,"DejaVu Sans Mono",monospace}
.c{margin:0 0 1rem;display:grid;grid-template-columns:3.5rem minmax(0,1fr);gap:.4rem}
.n{color:#56605a;font:12px ui-monospace,monospace;padding-top:.55rem;text-align:right}
.s{background:#f6f4ee;border:1px solid #dfdacd;border-radius:8px;padding:.5rem .7rem}
.o{grid-column:2;overflow-x:auto}
.e{background:#fce9e6;border-left:4px solid #c9463a;padding:.4rem .7rem}
img{max-width:100%;height:auto}table{border-collapse:collapse;font-size:13px}
th,td{padding:.25rem .6rem;border-bottom:1px solid #e6e2d7;text-align:right}th{color:#56605a}
.m{grid-column:2}.m p,.m ul,.m ol{margin:.4rem 0}.cut{color:#8f5208}
@media(max-width:40rem){.c{display:block}.n{text-align:left;padding:0}}
"""


def render(data: bytes, lang: str) -> str:
    """Return the page of a notebook, as far as it can be read.

    Never raises over what stands in the notebook: a person's file is shown, or said to be strange.
    """
    try:
        notebook = json.loads(data)
    except (ValueError, RecursionError):
        notebook = None
    cells = notebook.get("cells") if isinstance(notebook, Mapping) else None
    if not isinstance(cells, list):
        return _page([_note(text("pages.run.output_strange", lang))], lang)
    parts: list[str] = []
    size, until = 0, time.monotonic() + MAX_TIME_S
    for cell in cells[:MAX_CELLS]:
        shown = _cell(cell, lang) if isinstance(cell, Mapping) else ""
        size += len(shown)
        if size > MAX_PAGE_CHARS or time.monotonic() > until:
            break
        parts.append(shown)
    if len(parts) < len(cells):
        parts.append(_note(text("pages.run.output_cut", lang)))
    return _page(parts, lang)


def clean(html: str) -> str:
    """Return HTML of the short list of tags, with pictures only as data."""
    return nh3.clean(
        html[:MAX_PAGE_CHARS],
        tags=set(_TAGS),
        clean_content_tags=set(_DROPPED),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        attribute_filter=_attribute,
        url_schemes={"data"},
        strip_comments=True,
        link_rel=None,
    )


def _attribute(_tag: str, name: str, value: str) -> str | None:
    if name == "src":
        return value if _PICTURE.fullmatch(value) else None
    if name in ("colspan", "rowspan", "start"):
        return value if value.isascii() and value.isdigit() and len(value) < 5 else None
    return value[:200]


def _cell(cell: Mapping[str, Any], lang: str) -> str:
    source = _joined(cell.get("source"))
    if cell.get("cell_type") == "markdown":
        return f'<div class="c"><div class="m">{_marked(source)}</div></div>'
    if cell.get("cell_type") != "code":
        return f'<div class="c"><div class="m"><pre>{_escaped(source)}</pre></div></div>'
    count = cell.get("execution_count")
    number = f"[{count}]" if isinstance(count, int) and not isinstance(count, bool) else "[ ]"
    outputs = cell.get("outputs")
    shown = [
        _output(output, lang)
        for output in (outputs if isinstance(outputs, list) else [])
        if isinstance(output, Mapping)
    ]
    return (
        f'<div class="c"><div class="n">{number}</div>'
        f'<div class="s"><pre>{_escaped(source)}</pre></div>{"".join(shown)}</div>'
    )


def _output(output: Mapping[str, Any], lang: str) -> str:
    kind = output.get("output_type")
    if kind == "stream":
        return f'<div class="o"><pre>{_escaped(_joined(output.get("text")))}</pre></div>'
    if kind == "error":
        lines = _joined(output.get("traceback"), "\n")
        said = lines or f"{_joined(output.get('ename'))}: {_joined(output.get('evalue'))}"
        return f'<div class="o e"><pre>{_escaped(said)}</pre></div>'
    data = output.get("data")
    if kind not in ("execute_result", "display_data") or not isinstance(data, Mapping):
        return ""
    return f'<div class="o">{_bundle(data, lang)}</div>'


def _bundle(data: Mapping[str, Any], lang: str) -> str:
    """Return the first form of an output that can be shown without running anything."""
    for kind in _MAGIC:
        picture = _picture(kind, data.get(kind), lang)
        if picture:
            return picture
    if "text/html" in data:
        shown = clean(_joined(data["text/html"]))
        # A widget or chart is all script: nothing of it is left, and its plain text says more.
        if re.sub(r"<[^>]*>|\s", "", shown) or "<img" in shown:
            return shown
    if "text/markdown" in data:
        return _marked(_joined(data["text/markdown"]))
    for kind in ("text/latex", "text/plain"):
        if kind in data:
            return f"<pre>{_escaped(_joined(data[kind]))}</pre>"
    if "application/json" in data:
        shown = json.dumps(data["application/json"], ensure_ascii=False, indent=1)
        return f"<pre>{_escaped(shown)}</pre>"
    return _note(text("pages.run.output_none", lang))


def _marked(source: str) -> str:
    """Return Markdown as HTML, or as it was written where that would take long."""
    if len(source) > MAX_MARKDOWN_CHARS or source.count("[") > MAX_BRACKETS:
        return f"<pre>{_escaped(source)}</pre>"
    try:
        return clean(_markdown.render(source))
    except (ValueError, RecursionError):
        return f"<pre>{_escaped(source)}</pre>"


def _picture(kind: str, value: Any, lang: str) -> str:
    """Return an image whose bytes are really of its kind; empty when they are not."""
    packed = re.sub(r"\s", "", _joined(value))
    try:
        raw = base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        return ""
    if not raw.startswith(_MAGIC[kind]):
        return ""
    again = base64.b64encode(raw).decode("ascii")
    return f'<img src="data:{kind};base64,{again}" alt="{escape(text("pages.run.picture", lang))}">'


def _joined(value: Any, between: str = "") -> str:
    """Return multi-line text, which a notebook may hold as a list of lines."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return between.join(line for line in value if isinstance(line, str))
    return ""


def _cut(value: str) -> str:
    return value if len(value) <= MAX_TEXT_CHARS else f"{value[:MAX_TEXT_CHARS]}…"


def _escaped(value: str) -> str:
    plain = _ANSI.sub("", _cut(value).replace("\r\n", "\n"))
    return escape(_CONTROL.sub("", plain).encode("utf-8", "replace").decode("utf-8"))


def _note(words: str) -> str:
    return f'<p class="cut">{escape(words)}</p>'


def _page(parts: Iterable[str], lang: str) -> str:
    return (
        f'<!doctype html><html lang="{escape(lang)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Madang</title><style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>"
    )
