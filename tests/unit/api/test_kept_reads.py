"""Answers that are kept for a moment: never another's, never an old one, never without the hub."""

from typing import Any

import pytest

API = "/services/madang/api/v1"
LEASE = "lease-01arz3ndektsv4rrffq69g5fav"
ADA = {"Authorization": "token ada-token"}
ROOT = {"Authorization": "token root-token"}
NOTEBOOK = {"Authorization": "token root-notebook-token"}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let time stand still, and be moved."""
    now = [5.0]
    monkeypatch.setattr("madang.api.kept.KeptReads.__init__.__defaults__", (lambda: now[0],))
    return now


@pytest.fixture
async def http(bench) -> Any:
    async with bench.client(None) as client:
        yield client


async def test_the_same_asked_again_is_not_looked_up_again(bench, http):
    first = [await http.get(f"{API}/me", headers=ADA) for _ in range(3)]
    assert len(bench.services.projects.calls) == 1
    assert {answer.text for answer in first} == {first[0].text}
    assert all(answer.headers == first[0].headers for answer in first)
    assert bench.app.state.house.requests[("GET", "/api/v1/me", "200")] == 3


@pytest.mark.parametrize(
    "path", ["me", "leases", f"leases/{LEASE}", "usage", "profiles", "queue", "runs"]
)
async def test_nobody_gets_what_another_was_answered(bench, http, path):
    for _ in range(2):
        ada = await http.get(f"{API}/{path}", headers=ADA)
        root = await http.get(f"{API}/{path}", headers=ROOT)
        found = [name in answer.text for answer in (ada, root) for name in ('"ada"', '"root"')]
        assert found == [True, False, False, True]


async def test_a_notebook_is_not_answered_as_its_administrator(bench, http):
    for headers in (ROOT, ROOT, NOTEBOOK, NOTEBOOK):
        await http.get(f"{API}/me", headers=headers)
    assert [actor.is_admin for actor in bench.services.projects.actors] == [True, False]


async def test_each_language_and_each_question_has_its_own_answer(bench, http):
    for language in ("ko", "en", "ko"):
        answer = await http.get(f"{API}/pool", headers={**ADA, "Accept-Language": language})
        assert answer.json()["lang"] == language
    for query in ("?mine=1", "?mine=0", "?mine=1"):
        await http.get(f"{API}/leases{query}", headers=ADA)
    assert [asked["mine"] for _, asked in bench.services.leases.calls] == [True, False]


async def test_a_change_makes_every_answer_an_old_one(bench, http):
    await http.get(f"{API}/me", headers=ADA)
    bench.services.changes_seen += 1
    await http.get(f"{API}/me", headers=ADA)
    assert len(bench.services.projects.calls) == 2


async def test_a_change_while_it_is_answered_counts(bench, http, monkeypatch):
    before = bench.services.projects.me

    async def me(actor: Any) -> Any:
        view = await before(actor)
        bench.services.changes_seen += 1
        return view

    monkeypatch.setattr(bench.services.projects, "me", me)
    await http.get(f"{API}/me", headers=ADA)
    await http.get(f"{API}/me", headers=ADA)
    assert len(bench.services.projects.calls) == 2


async def test_no_answer_is_older_than_a_second(bench, http, clock):
    await http.get(f"{API}/me", headers=ADA)
    clock[0] += 0.99
    await http.get(f"{API}/me", headers=ADA)
    assert len(bench.services.projects.calls) == 1
    clock[0] += 0.02
    await http.get(f"{API}/me", headers=ADA)
    assert len(bench.services.projects.calls) == 2


async def test_a_token_that_the_hub_takes_back_opens_nothing_that_was_kept(bench, http):
    assert (await http.get(f"{API}/me", headers=ADA)).status_code == 200
    bench.now_s += 61
    del bench.hub.models["ada-token"]
    assert (await http.get(f"{API}/me", headers=ADA)).status_code == 401


async def test_refusals_and_long_polls_are_not_kept(bench, http):
    for _ in range(2):
        answer = await http.get(f"{API}/leases/{LEASE[:-1]}0", headers=ADA)
        assert answer.status_code == 404
        assert (await http.get(f"{API}/me", headers={})).status_code == 401
    assert bench.hub.asked == ["ada-token"]
    bench.services.leases.changed.set()
    for _ in range(2):
        await http.get(f"{API}/leases/{LEASE}?wait_s=5&seen=v1", headers=ADA)
    assert len(bench.services.leases.calls) == 2


async def test_the_hub_names_a_person_and_gets_that_persons_answer(bench, http):
    service = {"Authorization": "token the-service-token"}
    for person in ("ada", "bora", "ada"):
        headers = {**service, "X-Madang-Person": person}
        answer = await http.get(f"{API}/me", headers=headers)
        assert answer.json()["person"] == person
    # A person's own token with another's name is refused as ever, whatever was kept.
    await http.get(f"{API}/me", headers=ADA)
    answer = await http.get(f"{API}/me", headers={**ADA, "X-Madang-Person": "bora"})
    assert answer.status_code == 403


async def test_what_is_alike_for_all_is_made_once_for_each_language(bench, http):
    for headers in (ADA, ROOT, NOTEBOOK, ADA):
        answer = await http.get(f"{API}/pool", headers=headers)
        assert answer.json()["lang"] == "en"
    # A credential that the hub was not asked about yet goes all the way, once.
    assert bench.services.pool_looks == 3
    for headers in (ADA, ROOT, NOTEBOOK, ADA):
        await http.get(f"{API}/pool", headers=headers)
    assert bench.services.pool_looks == 3
    for headers in (ROOT, ADA):
        answer = await http.get(f"{API}/pool", headers={**headers, "Accept-Language": "ko"})
        assert answer.json()["lang"] == "ko"
    assert bench.services.pool_looks == 4


async def test_what_is_alike_for_all_reaches_nobody_who_was_not_let_in(bench, http):
    await http.get(f"{API}/pool", headers=ADA)
    assert (await http.get(f"{API}/pool", headers={})).status_code == 401
    unknown = await http.get(f"{API}/pool", headers={"Authorization": "token nobody"})
    assert unknown.status_code == 401
    # A run's own credential is asked about each time; whether it may see the pool is not ours.
    looks = bench.services.pool_looks
    run = await http.get(f"{API}/pool", headers={"Authorization": "token mat_good"})
    assert bench.services.pool_looks == looks + 1, run.text
