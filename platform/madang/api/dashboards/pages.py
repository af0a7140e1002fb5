"""The one page of our own on the origin of dashboards: it is not there, and how to open it anew."""

from html import escape

from madang.i18n import choose_language, text

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

_PAGE = """<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<style>body{{font:1rem/1.6 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1.5rem;
word-break:keep-all}}</style></head>
<body><main><h1>{title}</h1><p>{said}</p><p><a href="{url}">{link}</a></p></main></body></html>
"""


def gone(accept_language: str, pages_url: str) -> str:
    """Return the page for whoever asks without a good pass, whatever the reason."""
    lang = choose_language(accept_language)
    return _PAGE.format(
        lang=lang,
        title=escape(text("pages.dashboard.gone", lang)),
        said=escape(text("pages.dashboard.gone_text", lang)),
        link=escape(text("pages.dashboard.gone_link", lang)),
        url=escape(pages_url),
    )
