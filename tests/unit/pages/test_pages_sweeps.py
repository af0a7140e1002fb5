import pytest
from pages_views import standing


async def test_sweeps_are_listed_with_their_progress(house):
    html = (await house.get("/sweeps")).text
    # 35 of 100 succeeded and 3 failed: the bar shows both.
    assert '<rect class="fill-used" x="0" y="0" width="350"' in html
    assert '<rect class="fill-bad" x="350" y="0" width="30"' in html
    assert 'role="img" aria-label="38 of 100 runs' in html
    assert "38 of 100 runs" in html
    assert "3 failed" in html
    assert "2 going on, 0 finished" in html
    assert "/services/madang/sweeps" in (await house.get("/runs")).text


async def test_first_sweep_is_taught(house):
    house.sweeps = []
    html = (await house.get("/sweeps")).text
    assert "No sweeps yet" in html
    assert "--dry-run" in html


async def test_one_sweep_shows_its_table_and_what_can_be_done(house):
    sweep = house.sweeps[0]
    html = (await house.get(f"/sweeps/{sweep['id']}")).text
    assert "ValueError: batch must be &gt; 0" in html
    assert "<code>learning_rate=0.01</code>" in html
    assert f'/services/madang/runs/{house.runs[1]["id"]}"' in html
    assert "page 1 of 3" in html
    assert "page=2#table" in html
    for act in ("POST api/v1/sweeps/{}/retry", "POST api/v1/sweeps/{}/pause"):
        assert f'data-action="{act.format(sweep["id"])}"' in html
    assert f'data-action="DELETE api/v1/sweeps/{sweep["id"]}"' in html
    sweep.update(can_manage=False, is_mine=False)
    assert "data-action=" not in (await house.get(f"/sweeps/{sweep['id']}")).text


async def test_a_paused_sweep_can_go_on_and_a_waiting_one_tells_its_place(house):
    sweep = house.sweeps[0]
    sweep.update(state="paused", is_paused=True)
    assert (
        f'"POST api/v1/sweeps/{sweep["id"]}/resume"'
        in (await house.get(f"/sweeps/{sweep['id']}")).text
    )
    sweep.update(state="queued", is_paused=False, standing=standing(house.now))
    assert "No. 3" in (await house.get(f"/sweeps/{sweep['id']}")).text


@pytest.mark.parametrize(("noun", "key"), [("runs", "runs"), ("sweeps", "sweeps")])
async def test_what_was_submitted_and_what_is_waited_for_stand_on_the_page(house, noun, key):
    one = getattr(house, key)[0]
    html = (await house.get(f"/{noun}/{one['id']}")).text
    assert '<code title="SHA-256 ' + "5ca1ab1e" * 8 + '">5ca1ab1e5ca1</code>' in html
    assert "The storage" not in html
    one["waits_for"] = {"code": "artifacts_away", "text": "The storage <rests>", "since_ms": 0}
    assert "The storage &lt;rests&gt;" in (await house.get(f"/{noun}/{one['id']}")).text


async def test_filter_order_and_page_are_asked_for_and_nonsense_is_not(house):
    sweep = house.sweeps[0]["id"]
    html = (await house.get(f"/sweeps/{sweep}?state=failed&sort=duration&page=3")).text
    assert '<option value="failed" selected>' in html
    assert '<option value="duration" selected>' in html
    asked = house.calls[-1][1]
    assert "'state': 'failed', 'sort': 'duration', 'is_descending': True, 'offset': 100" in asked
    for page in ("0", "-1", "x", "٣", "9" * 40, ""):
        await house.get(f"/sweeps/{sweep}?state=nowhere&sort=nothing&page={page}")
        asked = house.calls[-1][1]
        assert "'state': None, 'sort': 'position', 'is_descending': False, 'offset': 0" in asked
    house.sweep_page |= {"total": 0, "rows": []}
    assert "No run is in this state." in (await house.get(f"/sweeps/{sweep}?state=expired")).text


async def test_a_run_of_a_sweep_leads_back_to_it(house):
    house.runs[0]["sweep"] = house.sweeps[0]["id"]
    html = (await house.get("/runs/" + house.runs[0]["id"])).text
    assert f'/services/madang/sweeps/{house.sweeps[0]["id"]}"' in html


async def test_the_form_of_a_sweep_is_reached_from_where_people_look(house):
    where = "/services/madang/sweeps/new"
    assert where in (await house.get("/sweeps")).text
    assert where in (await house.get("/runs")).text
    house.runs, house.sweeps = [], []
    assert where in (await house.get("/sweeps")).text
    assert where in (await house.get("/runs")).text


async def test_the_form_of_a_sweep_offers_what_may_be_chosen(house):
    html = (await house.get("/sweeps/new")).text
    assert '<option value="vision"' in html
    assert '<option value="audit"' not in html
    assert 'data-live="off"' in html
    assert 'id="f-max_parallel" type="number" min="1" max="256" value="4"' in html
    assert 'id="f-runs_per_device" type="number" min="1" max="16" value="1"' in html
    assert '<option value="torch-ready" data-project="vision">PyTorch</option>' in html
    assert "Time limit of a run" in html
    house.me["projects"] = [house.me["projects"][1]]
    assert "not in a project yet" in (await house.get("/sweeps/new")).text
