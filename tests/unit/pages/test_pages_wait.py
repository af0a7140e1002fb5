import re

import pytest
from pages_views import queued, standing


def state_of(html):
    return dict(re.findall(r'data-([a-z]+)="([^"]*)"', html.split('id="screen"')[1].split(">")[0]))


async def seen(house, **changes):
    house.leases = [queued(house.now, 5, name="big", **changes)]
    answer = await house.get("/wait/" + house.leases[0]["id"])
    assert answer.status_code == 200
    return answer.text, state_of(answer.text)


async def test_waiting_tells_place_reason_and_expected_start(house):
    html, state = await seen(house)
    assert state["phase"] == "waiting"
    assert "claim" not in state
    assert "No. 3" in html
    assert "of 7 waiting" in html
    assert "expected back in 25 minutes" in html
    assert re.search(r'data-form="in">in 2[45] min<', html)
    assert html.count('class="seat before"') == 2
    assert html.count('class="seat me"') == 1
    assert html.count('class="seat behind"') == 4


async def test_long_queue_is_drawn_short(house):
    html, _ = await seen(house, standing=standing(house.now, 40, 90))
    assert html.count('class="seat') == 12
    assert "+29" in html
    assert "+49" in html


async def test_unknown_start_is_said(house):
    unknown = {"expected_ms": None, "earliest_ms": None, "latest_ms": None}
    html, _ = await seen(house, standing=standing(house.now, **unknown))
    assert "not known yet" in html


async def test_turn_is_offered_to_its_person_only(house):
    turn = {"state": "admitted", "standing": None, "claim_by_ms": house.now + 110_000}
    html, state = await seen(house, **turn)
    assert state["phase"] == "turn"
    assert state["claim"] == f"api/v1/leases/{house.leases[0]['id']}/claim"
    assert 'data-form="clock"' in html
    html, state = await seen(house, **turn, person="seoyeon")
    assert "claim" not in state
    assert "Take it now" not in html


@pytest.mark.parametrize(
    ("changes", "phase"),
    [
        ({"state": "admitted", "claimed": True}, "starting"),
        ({"state": "active", "claimed": True}, "starting"),
        ({"state": "ending", "target": "requeue"}, "requeue"),
        ({"state": "ending", "target": "end"}, "ending"),
        ({"held_back": True}, "held_back"),
        ({"kind": "cluster", "state": "admitted"}, "starting"),
    ],
)
async def test_phase_follows_the_lease(house, changes, phase):
    _, state = await seen(house, **({"standing": None} | changes))
    assert state["phase"] == phase
    assert "open" not in state
    assert "claim" not in state


async def test_started_server_is_checked_and_opened(house):
    _, state = await seen(
        house, state="active", claimed=True, started_ms=house.now, expires_ms=house.now + 9_000_000
    )
    assert state["check"] == "/user/jimin/big/api"
    assert state["open"] == "/user/jimin/big/lab"


async def test_end_tells_why_and_leads_on(house):
    html, state = await seen(
        house,
        state="ended",
        reason="unclaimed",
        reason_text="Three turns passed.",
        reason_hint="Ask again when you are here.",
        ended_ms=house.now,
    )
    assert state["phase"] == "ended"
    assert "Three turns passed." in html
    assert "Ask again when you are here." in html
    assert 'href="/hub/spawn/jimin/big"' in html


async def test_server_name_leads_to_its_open_lease(house):
    answer = await house.get("/wait?server=big")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/services/madang/wait/{house.leases[1]['id']}"


@pytest.mark.parametrize("server", ["yesterday", "other"])
async def test_server_without_an_open_lease_is_looked_for(house, server):
    answer = await house.get(f"/wait?server={server}")
    assert answer.status_code == 200
    assert state_of(answer.text)["phase"] == "looking"
    assert f'href="/hub/spawn/jimin/{server}"' in answer.text


async def test_default_server_has_no_name_in_addresses(house):
    house.leases = [queued(house.now, 5, state="active", started_ms=house.now, claimed=True)]
    answer = await house.get("/wait?server=")
    page = await house.get(answer.headers["location"].removeprefix("/services/madang"))
    assert state_of(page.text)["open"] == "/user/jimin/lab"


OFFER = {
    "profile": "gpu-1",
    "flavor": "sim-h200",
    "devices": 1,
    "limit_ms": 7_200_000,
    "expected_ms": None,
    "cost_per_hour_microcredits": 1_000_000,
    "keeps_place": True,
    "title": "1 GPU",
    "text": "1 GPU: starts right away",
}


async def test_what_could_start_sooner_is_offered_with_a_button_each(house):
    later = OFFER | {"profile": "", "devices": 3, "expected_ms": house.now, "keeps_place": False}
    html, state = await seen(house, alternatives=[OFFER, later])
    lease_id = state["lease"]
    assert "starts right away" in html
    assert html.count(f'data-action="POST api/v1/leases/{lease_id}/change"') == 2
    assert '{"limit_s": 7200, "profile": "gpu-1"}' in html
    assert '{"devices": 3, "flavor": "sim-h200", "limit_s": 7200}' in html
    # Only what costs the place asks before.
    assert html.count("Change your request?") == 1
    assert "goes to the end of the line" in html
    html, _ = await seen(house, alternatives=[OFFER], can_manage=False)
    assert "starts right away" not in html


async def test_the_request_before_can_be_chosen_again_and_says_what_it_costs(house):
    before = {"profile": "gpu-4", "flavor": "sim-h200", "devices": 4, "limit_ms": 3_600_000}
    html, _ = await seen(house, asked_before=before | {"keeps_place": False})
    assert "You asked for 4 × sim-h200 before" in html
    assert '{"limit_s": 3600, "profile": "gpu-4"}' in html
    assert "Change your request?" in html


async def test_the_environment_of_what_waits_can_be_changed(house):
    chosen = {"id": "environment-ready", "name": "torch-ready", "revision": 0}
    html, _ = await seen(house, environment=chosen)
    assert f'data-send="POST api/v1/leases/{house.leases[0]["id"]}/change"' in html
    assert '<option value="torch-ready" selected>PyTorch</option>' in html
    assert '<option value="">Python 3' in html
    # Nothing to choose for others, later, or where nothing was built.
    assert "w-environment" not in (await seen(house, person="seoyeon"))[0]
    running = {"state": "active", "claimed": True, "standing": None, "started_ms": house.now}
    assert "w-environment" not in (await seen(house, **running))[0]
    house.environments = []
    assert "w-environment" not in (await seen(house))[0]
