"""Outputs that try to run something in whoever looks at them. Each calls ``pwned`` or ``canary``."""

# ruff: noqa: E501
import json
from typing import Any

HTML = {
    "script": "<script>top.pwned=1;fetch('/canary/script')</script>",
    "script_src": "<script src='/canary/src'></script>",
    "onerror": "<img src=x onerror=\"top.pwned=1;fetch('/canary/onerror')\">",
    "onload_svg": "<svg onload=\"top.pwned=1;fetch('/canary/svg')\"></svg>",
    "svg_script": "<svg><script>top.pwned=1</script></svg>",
    "svg_use": "<svg><use href=\"data:image/svg+xml,<svg id='x' onload='top.pwned=1'/>#x\"/></svg>",
    "svg_animate": "<svg><a><animate attributeName=href values=javascript:top.pwned=1 /><text>x</text></a></svg>",
    "mathjax": "$$\\unicode[some-font; color:red;'onmouseover='top.pwned=1]{x1234}$$",
    "mathjax_href": "\\(\\href{javascript:top.pwned=1}{x}\\)",
    "mathml": "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror=top.pwned=1&gt;'></math>",
    "commandlinker": "<button data-commandlinker-command='apputils:run' data-commandlinker-args='{}'>x</button>",
    "javascript_url": "<a href='javascript:top.pwned=1'>x</a>",
    "javascript_tab": "<a href='java\tscript:top.pwned=1'>x</a>",
    "data_url": "<a href='data:text/html,<script>top.pwned=1</script>'>x</a>",
    "style_tag": "<style>@import '/canary/import';body{background:url(/canary/style)}</style>",
    "style_attr": "<div style=\"background:url('/canary/attr')\">x</div>",
    "style_exfiltration": "<style>input[value^=a]{background:url(/canary/leak)}</style><input value=abc>",
    "font_face": "<style>@font-face{font-family:x;src:url(/canary/font)}*{font-family:x}</style>x",
    "meta_refresh": '<meta http-equiv=refresh content="0;url=/canary/refresh">',
    "base": "<base href='//127.0.0.1:1/canary/'><img src=x>",
    "link_css": "<link rel=stylesheet href=/canary/css><link rel=prefetch href=/canary/prefetch>",
    "iframe": "<iframe src='javascript:top.pwned=1'></iframe><iframe src=/canary/frame></iframe>",
    "srcdoc": "<iframe srcdoc='<script>top.pwned=1</script>'></iframe>",
    "object": "<object data=/canary/object></object><embed src=/canary/embed>",
    "form": "<form action=/canary/form><input name=a autofocus onfocus=this.form.submit()></form>",
    "formaction": "<button formaction=javascript:top.pwned=1 autofocus onfocus=click()>x</button>",
    "autofocus": "<input autofocus onfocus=top.pwned=1>",
    "details": "<details open ontoggle=top.pwned=1><summary>x</summary></details>",
    "video": "<video><source onerror=top.pwned=1 src=x></video><audio src=/canary/audio autoplay>",
    "marquee": "<marquee onstart=top.pwned=1>x</marquee>",
    "img_remote": "<img src=/canary/img><img srcset='/canary/srcset 1x'><img lowsrc=/canary/low>",
    "img_svg": "<img src=\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='top.pwned=1'/>\">",
    "noscript": "<noscript><p title='</noscript><img src=x onerror=top.pwned=1>'></noscript>",
    "template": "<template><img src=x onerror=top.pwned=1></template>",
    "mutation": "<svg></p><style><a id='</style><img src=1 onerror=top.pwned=1>'>",
    "comment": "<!--><img src=x onerror=top.pwned=1>-->",
    "cdata": "<![CDATA[><img src=x onerror=top.pwned=1>]]>",
    "textarea": "<textarea></textarea><img src=x onerror=top.pwned=1>",
    "close_page": "</div></body></html><script>top.pwned=1</script><body onload=top.pwned=1>",
    "null_byte": "<scr\0ipt>top.pwned=1</scr\0ipt><img src=x one\0rror=top.pwned=1>",
    "entity": "<a href='&#106;avascript:top.pwned=1'>x</a>",
    "case": "<ScRiPt>top.pwned=1</sCrIpT><IMG SRC=x OnErRoR=top.pwned=1>",
    "slash": "<img/src=x/onerror=top.pwned=1>",
    "dom_clobber": "<a id=top name=parent href=//x><form id=document name=cookie></form></a>",
    "xmp": "<xmp><img title='</xmp><img src=x onerror=top.pwned=1>'></xmp>",
    "ping": "<a href=/canary/href ping=/canary/ping>x</a>",
    "portal": "<portal src=/canary/portal></portal><fencedframe src=/canary/ff></fencedframe>",
    "import_map": '<script type=importmap>{"imports":{}}</script><script type=module>top.pwned=1</script>',
}
MARKDOWN = {
    "link": "[x](javascript:top.pwned=1)",
    "autolink": "<javascript:top.pwned=1>",
    "image": "![x](/canary/md-image)",
    "image_js": "![x](javascript:top.pwned=1)",
    "html": "a <img src=x onerror=top.pwned=1> b",
    "block": "<script>top.pwned=1</script>\n\ntext",
    "title": "[x](x \"' onmouseover='top.pwned=1\")",
    "reference": "[x]\n\n[x]: javascript:top.pwned=1 'x'",
    "fence": '```"><img src=x onerror=top.pwned=1>\ncode\n```',
    "attachment": "![x](attachment:evil.svg)",
    "data": "![x](data:image/svg+xml,<svg/onload=top.pwned=1>)",
}


def _cell(output: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "source": "", "execution_count": 1, "outputs": [output]}


def _shown(data: dict[str, Any]) -> dict[str, Any]:
    return _cell({"output_type": "display_data", "data": data, "metadata": {"filename": "../x"}})


def notebook(cells: list[dict[str, Any]]) -> bytes:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).encode()


def notebooks() -> dict[str, bytes]:
    """Return every payload in every place of a notebook that it could be shown from."""
    made = {}
    for name, payload in HTML.items():
        made[f"html/{name}"] = notebook([_shown({"text/html": payload, "text/plain": "plain"})])
        places = [
            {"cell_type": "markdown", "source": payload},
            {"cell_type": "raw", "source": payload},
            {**_cell({"output_type": "stream", "text": [payload]}), "source": payload},
            _cell({"output_type": "error", "ename": payload, "evalue": "", "traceback": [payload]}),
            _shown({"text/markdown": payload}),
            _shown({"text/latex": payload}),
            _shown({"text/plain": payload}),
            _shown({"application/json": {payload: payload}}),
            _shown({"image/png": payload}),
            _shown({"image/svg+xml": payload}),
            _shown({"application/javascript": "top.pwned=1"}),
            _shown({"application/vnd.jupyter.widget-view+json": {"model_id": payload}}),
        ]
        made[f"everywhere/{name}"] = notebook(places)
    for name, payload in MARKDOWN.items():
        cells = [{"cell_type": "markdown", "source": payload}, _shown({"text/markdown": payload})]
        made[f"markdown/{name}"] = notebook(cells)
    return made
