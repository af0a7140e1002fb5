"""Deleting outputs from the command line: asked before, unless one is sure."""

from typing import Any

import pytest
from typer.testing import CliRunner

from madang.cli.main import app
from madang.client.http import MadangClient


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    asked: list[Any] = []

    def request(self: Any, method: str, path: str, **more: Any) -> Any:
        import httpx

        asked.append((method, path, more.get("query") or {}))
        told = {"keep_days": 90, "before_ms": 1, "runs": 2, "objects": 3, "bytes": 40}
        return httpx.Response(200, json=told if "upkeep" in path else {"id": "x"})

    monkeypatch.setenv("MADANG_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("MADANG_TOKEN", "t")
    monkeypatch.setenv("MADANG_LANG", "en")
    monkeypatch.setattr(MadangClient, "request", request)
    return asked


@pytest.mark.parametrize("noun", ["runs", "sweeps"])
def test_nothing_is_deleted_without_a_yes(sent: list[Any], noun: str) -> None:
    verb = [noun, "delete-output", "thing-1"]
    assert CliRunner().invoke(app, verb, input="n\n").exit_code == 1
    assert CliRunner().invoke(app, verb, input="").exit_code == 1
    assert sent == []
    assert CliRunner().invoke(app, verb, input="y\n").exit_code == 0
    assert CliRunner().invoke(app, [*verb, "--yes", "--reason", "asked"]).exit_code == 0
    assert [(method, path) for method, path, _ in sent] == [
        ("DELETE", f"{noun}/thing-1/output")
    ] * 2
    assert sent[-1][2]["why"] == "asked"


def test_a_dry_run_only_asks(sent: list[Any]) -> None:
    told = CliRunner().invoke(app, ["upkeep", "artifacts", "--dry-run", "--json"])
    assert '"bytes": 40' in told.output
    assert "40" in CliRunner().invoke(app, ["upkeep", "artifacts"]).output
    assert [method for method, _, _ in sent] == ["GET", "POST"]
