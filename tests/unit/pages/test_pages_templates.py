"""Templates are read and compiled once in a process, whoever asks for a page."""

import jinja2
import pytest


async def test_a_page_that_was_shown_is_not_compiled_anew(house, monkeypatch: pytest.MonkeyPatch):
    assert (await house.error("/no-such-page")).status_code == 404
    compiled: list[str] = []
    compile_ = jinja2.Environment.compile

    def counted(self, source, name=None, *more, **options):
        compiled.append(name)
        return compile_(self, source, name, *more, **options)

    monkeypatch.setattr(jinja2.Environment, "compile", counted)
    again = await house.error("/no-such-page")
    assert again.status_code == 404
    assert again.headers["content-type"].startswith("text/html")
    assert compiled == []
