"""Finding the service, errors, and tries that are repeated."""

import json
import subprocess
import sys
from functools import cache

import pytest

from madang import errors
from madang.client import http
from madang.client.address import find_address
from madang.client.http import MadangClient

from .conftest import Html, problem


def test_the_environment_says_where(service, client):
    service.on("GET", "pool", (200, {"free": 3}))
    assert client.get("pool", project=None, state="queued") == {"free": 3}
    call = service.calls[0]
    assert call["headers"]["Authorization"] == "token secret"
    assert call["headers"]["Accept-Language"] == "en"
    assert call["query"] == {"state": "queued"}
    assert "secret" not in repr(client)
    assert "secret" not in repr(find_address())


def test_a_notebook_uses_the_hubs_token(service, monkeypatch):
    monkeypatch.delenv("MADANG_TOKEN")
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "hub")
    assert find_address().token == "hub"


def test_the_file_of_up_says_where(bare_env, tmp_path):
    with pytest.raises(errors.UnavailableError) as caught:
        find_address()
    assert caught.value.code == "service_unknown"
    assert "madang up" in str(caught.value)
    path = tmp_path / "home" / "cli.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"url": "http://h:1/base/", "token": "t", "person": "ada"}))
    path.chmod(0o644)
    with pytest.raises(errors.LocalError, match="chmod 600"):
        find_address()
    path.chmod(0o600)
    assert find_address().url == "http://h:1/base/services/madang"
    path.write_text("[]")
    with pytest.raises(errors.LocalError, match="cannot be read"):
        find_address()


@pytest.mark.parametrize(
    ("status", "kind", "exit_code"),
    [
        (400, errors.InvalidError, 2),
        (401, errors.UnauthenticatedError, 1),
        (403, errors.RefusedError, 1),
        (404, errors.NotFoundError, 1),
        (409, errors.ConflictError, 1),
        (422, errors.InvalidError, 2),
        (500, errors.UnavailableError, 3),
    ],
)
def test_problems_become_errors_with_their_words(service, client, status, kind, exit_code):
    service.on("GET", "x", (status, problem("some_code", status, limit=3)))
    with pytest.raises(kind) as caught:
        client.get("x")
    error = caught.value
    assert (error.code, error.details, error.exit_code) == ("some_code", {"limit": 3}, exit_code)
    assert (error.message, error.hint) == ("some_code said", "do this")
    assert str(error) == "some_code said do this [some_code]"


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b'{"code": 1}'])
def test_another_program_at_the_address(service, client, answer):
    service.on("GET", "x", (404, answer))
    with pytest.raises(errors.NotFoundError) as caught:
        client.get("x")
    assert caught.value.code == "service_answer_strange"


def test_a_submit_is_repeated_with_the_same_key(service, client):
    away = (503, problem("starting", 503))
    service.on("POST", "runs", away, away, (200, {"id": "run-1"}))
    assert client.post("runs", {"a": 1}) == {"id": "run-1"}
    client.post("runs", {"a": 1})
    keys = [call["headers"]["Idempotency-Key"] for call in service.calls]
    assert keys[0] == keys[1] == keys[2] != keys[3]


@pytest.mark.parametrize("status", [302, 403, 404])
def test_a_proxy_that_does_not_know_the_way_yet(service, client, status):
    """It hands the request to the hub, which answers in its own words; the service comes back."""
    service.on("POST", "runs", (status, Html(b"<html>")), (200, {"id": "run-1"}))
    assert client.post("runs", {}) == {"id": "run-1"}
    keys = {call["headers"]["Idempotency-Key"] for call in service.calls}
    assert len(service.calls) == 2
    assert len(keys) == 1


def test_a_service_that_stays_away(service):
    service.on("GET", "x", (503, problem("starting", 503)))
    with MadangClient(retry_s=0.2) as client:
        with pytest.raises(errors.UnavailableError) as caught:
            client.get("x")
        assert caught.value.code == "starting"
        service.close()
        with pytest.raises(errors.UnavailableError) as caught:
            client.get("x")
    assert caught.value.code == "service_unreachable"
    assert len(service.calls) > 1


def test_acting_for_a_person(service):
    service.on("GET", "me", (200, {}))
    with MadangClient(service.public_url, "own", person="ada") as client:
        client.get("me")
    assert service.calls[0]["headers"]["X-Madang-Person"] == "ada"


def test_importing_the_client_is_cheap():
    code = (
        "import sys, madang, madang.client\n"
        "madang.client.MadangClient, madang.usage, madang.run\n"
        "print([n for n in ('distributed', 'dask', 'pandas', 'IPython') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_trusted_certificates_are_read_once_for_all_clients(monkeypatch):
    read = []
    real = http._certificates.__wrapped__
    monkeypatch.setattr(http, "_certificates", cache(lambda env: read.append(env) or real(env)))
    for _ in range(3):
        with http.MadangClient("https://hub.example.org", "t"):
            pass
    assert read == [True]
