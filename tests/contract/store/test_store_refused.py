"""A PostgreSQL that is there and refuses: it is said in words, and what is mended is noticed."""

import asyncio
import contextlib
import logging
import socket
import time
from pathlib import Path

import httpx
import pytest
from sqlalchemy.exc import ProgrammingError

from madang.api.standby import Standby
from madang.errors import UnavailableError
from madang.services.leading import Leading
from madang.settings.config import SERVICE_PREFIX, ServiceSettings
from madang.settings.home import Home
from madang.stack.database_doctor import database_checks
from madang.store import Store

LIMIT_S = 20.0
DOOR = """\
local all refused scram-sha-256
local all unwanted reject
"""


@pytest.fixture
def door(postgresql):
    """Let the server ask one user for a password and turn one away; give their addresses."""
    rules = Path(postgresql.ask("SHOW hba_file"))
    before = rules.read_text()
    rules.write_text(DOOR + before)
    for statement in (
        "CREATE USER refused PASSWORD 'first'",
        "CREATE USER unwanted",
        "CREATE DATABASE of_refused OWNER refused",
        "SELECT pg_reload_conf()",
    ):
        postgresql.run(statement)
    yield lambda user, password: postgresql.address("of_refused", user, password)
    rules.write_text(before)
    for statement in (
        "SELECT pg_reload_conf()",
        "DROP DATABASE of_refused WITH (FORCE)",
        "DROP USER refused",
        "DROP USER unwanted",
    ):
        postgresql.run(statement)


def told(url):
    """Return why an address is refused, once the server has read its rules."""
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        store = Store(url)
        try:
            # There are no tables: who is let in gets as far as that.
            with contextlib.suppress(ProgrammingError):
                store.read_now(lambda tx: tx.meta.get("a"))
        except UnavailableError as refused:
            return refused
        finally:
            store.close()
        time.sleep(0.05)
    raise AssertionError("it is let in")


def test_a_refused_password_is_not_taken_for_a_database_that_is_away(door):
    assert told(door("refused", "second")).code == "database_password_refused"
    assert told(door("refused", "")).code == "database_password_refused"
    unwanted = told(door("unwanted", "first"))
    assert (unwanted.code, unwanted.details) == ("database_unavailable", {"reason": "denied"})


def test_a_user_with_too_many_connections_is_not_taken_for_a_lost_one(door, postgresql):
    postgresql.run("ALTER USER refused CONNECTION LIMIT 0")
    assert told(door("refused", "first")).details == {"reason": "full"}


def test_a_database_that_is_not_there_is_missing_and_one_without_a_server_lost(
    postgresql, tmp_path
):
    missing = told(postgresql.address("of_nobody", "postgres", ""))
    assert missing.details == {"reason": "missing"}
    lost = told(f"postgresql://postgres@/postgres?host={tmp_path}")
    assert lost.details == {"reason": "lost"}


def test_the_doctor_in_the_pod_of_the_service_tells_it_too(door, tmp_path):
    def found(address):
        (check,) = database_checks({"MADANG_DATABASE_URL": address})
        return check.name, check.status, f"{check.text('en')}. {check.next_step('en')}"

    assert told(door("refused", "second")).code == "database_password_refused"
    name, status, words = found(door("refused", "second"))
    assert (name, status) == ("database_password", "bad")
    assert "ALTER USER madang PASSWORD" in words
    assert found(door("refused", "first"))[:2] == ("database", "ok")
    name, status, words = found(f"postgresql://postgres@/postgres?host={tmp_path}")
    assert (name, status) == ("database", "bad")
    assert "(reason: lost)" in words
    assert database_checks({"MADANG_DATABASE_URL": "sqlite:////nowhere/x"}) == []


def test_an_address_out_of_a_file_is_taken_without_the_end_of_its_line(url):
    store = Store(f"{url}\n")
    assert store.read_now(lambda tx: tx.meta.get("nothing", "there")) == "there"
    store.close()


def settings_of(folder):
    return ServiceSettings(
        home=Home(folder),
        database_url="",
        bind_host="127.0.0.1",
        bind_port=0,
        public_url="http://127.0.0.1:1/",
        hub_api_url="http://127.0.0.1:1/hub/api",
        api_token="t" * 32,
        policy_path=folder / "policy.yaml",
        profiles_path=folder / "profiles.yaml",
    )


async def health(port, lang):
    async with httpx.AsyncClient() as client:
        url = f"http://127.0.0.1:{port}{SERVICE_PREFIX}/healthz"
        answer = await client.get(url, headers={"Accept-Language": lang})
    return answer.status_code, answer.json()


async def until_told(port, code):
    deadline = time.monotonic() + LIMIT_S
    while (said := await health(port, "en"))[1].get("code") != code:
        assert time.monotonic() < deadline, said
        await asyncio.sleep(0.05)
    return said


async def test_a_replica_says_what_to_do_and_leads_when_it_is_done(
    door, postgresql, tmp_path, caplog
):
    caplog.set_level(logging.WARNING, "madang.api.standby")
    refused = told(door("refused", "second"))
    assert refused.code == "database_password_refused"
    store = Store(door("refused", "second"))
    settings = settings_of(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        leading = Leading(store, "pod-a", f"127.0.0.1:{port}")
        waiting = asyncio.create_task(Standby(store, leading, settings, listener).run())
        status, english = await until_told(port, "database_password_refused")
        assert status == 503
        assert "ALTER USER madang PASSWORD" in english["hint"]
        assert "Secret" in english["hint"]
        _, korean = await health(port, "ko")
        assert "비밀번호" in korean["message"]
        said = caplog.text
        assert english["message"] in said
        assert korean["message"] in said
        assert 'password authentication failed for user "refused"' in said
        assert "second" not in said
        # The second of the two ways.
        postgresql.run("ALTER USER refused PASSWORD 'second'")
        async with asyncio.timeout(LIMIT_S):
            assert await waiting
    assert leading.term == 1
    store.close()
