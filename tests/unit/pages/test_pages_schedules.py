"""The list of schedules, and the form that repeats a sweep."""

from pages_views import schedule


async def test_each_says_when_it_comes_and_what_came_of_it(house):
    html = (await house.get("/schedules")).text
    for said in ("nightly &lt;1&gt;", "every day at 02:00", "Asia/Seoul", "02:00 KST", "Succeeded"):
        assert said in html
    one = house.schedules[0]
    assert f'href="/services/madang/sweeps/{one["last_id"]}"' in html
    assert f'data-action="POST api/v1/schedules/{one["id"]}/pause"' in html
    assert f'data-action="DELETE api/v1/schedules/{one["id"]}"' in html
    assert "Remove the schedule “nightly &lt;1&gt;”?" in html


async def test_a_paused_one_says_why_and_only_its_person_lets_it_go_on(house):
    gone = {"paused_for": "owner_gone", "paused_text": "paused: gone", "next_ms": []}
    house.schedules = [
        schedule(house.now, 1, paused_for="person", paused_text="paused", next_ms=[], next_text=[]),
        schedule(house.now, 2, is_mine=False, next_text=[], last_id="", last_state="", **gone),
        schedule(house.now, 3, last_state="", last_problem_text="It <could> not."),
        schedule(house.now, 4, last_id="run-1", last_state="expired", failures=2, was_late=True),
    ]
    html = (await house.get("/schedules")).text
    assert html.count("/resume") == 1
    assert html.count('/run"') == 3, "also of a paused one, and never of another person's"
    assert "2 active, 2 paused" in html
    assert "paused: gone" in html
    assert "not yet" in html
    assert "It &lt;could&gt; not." in html
    assert "2 times in a row" in html
    assert 'href="/services/madang/runs/run-1"' in html


async def test_where_there_is_none_it_says_how_to_make_one(house):
    house.schedules = []
    html = (await house.get("/schedules")).text
    assert "madang schedule add" in html
    assert 'href="/services/madang/sweeps"' in html
    assert 'href="/services/madang/schedules"' in (await house.get("/sweeps")).text
    house.sweeps = []
    assert 'href="/services/madang/schedules"' in (await house.get("/sweeps")).text


async def test_the_form_begins_with_the_zone_of_the_site_and_is_for_ones_own(house):
    one = house.sweeps[0]
    where = f"/sweeps/{one['id']}/schedule"
    assert f'href="/services/madang{where}"' in (await house.get(f"/sweeps/{one['id']}")).text
    html = (await house.get(where)).text
    assert f'data-send-to="api/v1/sweeps/{one["id"]}/schedule"' in html
    assert 'value="Asia/Seoul"' in html
    one["is_mine"] = False
    html = (await house.get(where)).text
    assert "Only its person may repeat" in html
    assert 'schedule-form"' not in html
    assert where not in (await house.get(f"/sweeps/{one['id']}")).text
    assert (await house.get("/sweeps/sweep-none/schedule")).status_code == 404
