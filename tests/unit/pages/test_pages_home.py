import re

from pages_views import lease, pool, queued


async def test_home_lists_what_is_mine_with_its_acts(house):
    house.leases.append(lease(house.now, 8, name="theirs", person="seoyeon"))
    html = (await house.get("/")).text
    first, second = house.leases[0]["id"], house.leases[1]["id"]
    assert f'data-action="DELETE api/v1/leases/{first}"' in html
    assert f'data-action="POST api/v1/leases/{second}/hold"' in html
    assert 'href="/user/jimin/train/lab"' in html
    assert "theirs" not in html
    assert "1.30 <small>credits" in html
    assert "72.75 of 200.00 credits left" in html
    assert 'data-announce="1 running, 1 waiting"' in html
    assert "idle for 30 minutes" in html


async def test_work_that_could_be_lost_is_asked_about(house):
    html = (await house.get("/")).text
    for button in re.findall(r'<button[^>]*data-action="DELETE[^>]*>', html):
        assert "data-ask=" in button
        assert "data-ask-text=" in button
        assert "aria-label=" in button


async def test_turn_comes_first_and_is_announced(house):
    house.leases.append(
        queued(house.now, 9, name="now", state="admitted", claim_by_ms=house.now + 9_000)
    )
    html = (await house.get("/")).text
    cards = re.findall(r'<li class="card lease (\w+)"', html)
    assert cards[0] == "call"
    assert "Your turn has come" in html.split("<main")[1].split("<h1")[0]


async def test_empty_home_shows_the_three_doors(house):
    house.leases = []
    html = (await house.get("/")).text
    assert html.count('class="card door"') == 3
    assert 'href="/hub/spawn"' in html
    assert "/runs/new" in html


async def test_home_without_project_or_pool_says_whom_to_ask(house):
    house.me["projects"] = []
    house.pool = pool(flavors=[], login_is_shared=False)
    html = (await house.get("/")).text
    assert "not in a project yet" in html
    assert "No GPUs are set up yet" in html
    assert "shared password" not in html


async def test_home_says_that_nobody_has_proved_isolation(house):
    assert "not ready yet" not in (await house.get("/")).text
    house.pool = pool(isolation_is_unproved=True)
    html = (await house.get("/")).text
    assert "This installation is not ready yet" in html
    assert "helm test" not in html
    house.is_admin = True
    assert "helm test RELEASE -n NAMESPACE" in (await house.get("/")).text


async def test_unmetered_is_not_shown_as_zero(house):
    house.leases = [lease(house.now, 1, utilisation_percent=None)]
    assert "not measured" in (await house.get("/")).text


async def test_queue_marks_mine_and_hides_others(house):
    html = (await house.get("/queue")).text
    assert html.count('<li class="mine">') == 2
    assert "You are no. 2; 3 waiting in all" in html
    assert html.count("not known yet") == 1
    # Told only where the order is not the one that the page explains.
    assert "Ordering:" not in html
    house.queue["strategy"] = "kueue"
    assert "Ordering: kueue" in (await house.get("/queue")).text


async def test_a_long_queue_says_how_many_are_not_shown(house):
    lane = house.queue["flavors"][0]
    lane["waiting"][2]["position"] = 40
    lane["waiting_total"], lane["running_total"] = 2_000, 10
    html = (await house.get("/queue")).text
    assert "You are no. 2; 2000 waiting in all" in html
    assert "37 more in between" in html
    assert "1960 more wait behind" in html
    assert "7 more are running" in html
    assert html.count('href="?lines=all"') == 2
    assert "?lines=all" not in (await house.get("/queue?lines=all")).text


async def test_quiet_queue_says_so(house):
    for flavor in house.queue["flavors"]:
        flavor["waiting"], flavor["running"] = [], []
        flavor["waiting_total"] = flavor["running_total"] = 0
    assert "All quiet" in (await house.get("/queue")).text
    house.queue["flavors"] = []
    assert "No GPUs are set up yet" in (await house.get("/queue")).text


async def test_usage_shows_budget_days_people_and_the_head(house):
    html = (await house.get("/usage")).text
    assert html.count('class="fill-reserved"') == 1
    assert html.index('<th scope="row">jimin') < html.index('<th scope="row">seoyeon')
    assert house.usage["head_hash"] in html
    assert "shared password" in html
    assert "Nothing has been used in this period" in html
    assert html.count('<rect class="fill-held"') == 14 + 3


async def test_usage_shows_what_went_over_budget(house):
    house.usage["projects"][0].update(used=210_000_000, left=0, reserved=0, overrun=10_000_000)
    html = (await house.get("/usage")).text
    assert "Over budget <strong>10.00" in html
    assert 'class="fill-overrun"' in html


async def test_administrator_without_a_role_and_foreign_project_are_readable(house):
    house.me["projects"][0]["role"] = ""
    house.me["projects"][0]["reserved_microcredits"] = 9_250_000
    html = (await house.get("/")).text
    assert "pages." not in html.split("<main")[1]
    assert 'class="fill-reserved"' in html
    house.queue["flavors"][0]["running"][2]["project"] = ""
    assert "Another project" in (await house.get("/queue")).text


async def test_a_running_lease_can_get_an_hour_more(house):
    html = (await house.get("/")).text
    assert f'data-action="POST api/v1/leases/{house.leases[0]["id"]}/extend"' in html
    assert html.count("/extend") == 1
