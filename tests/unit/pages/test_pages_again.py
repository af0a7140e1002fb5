"""Running again with changes: the ways to the forms, and what they are filled with."""

import re


async def test_a_sweep_offers_it_and_its_form_holds_the_old_values(house):
    one = house.sweeps[0]
    where = f"/sweeps/{one['id']}/again"
    html = (await house.get(f"/sweeps/{one['id']}")).text
    assert f'href="/services/madang{where}"' in html
    assert f"sweeps/{one['id']}/retry?from_start=true" in html
    html = (await house.get(where)).text
    assert 'value="0.1, &lt;0.01&gt;"' in html
    assert 'placeholder="keeps its 500 values"' in html
    assert f'value="{one["max_parallel"]}"' in html
    assert 'id="f-failed"' in html
    one["counts"] |= {"failed": 0, "expired": 0, "cancelled": 3}
    assert 'id="f-failed"' not in (await house.get(where)).text
    assert "retry?cancelled=true" in (await house.get(f"/sweeps/{one['id']}")).text


async def test_a_failed_run_goes_on_from_its_cell_or_from_the_start(house):
    one = house.runs[1]
    one["kept_cell"] = 4
    html = (await house.get(f"/runs/{one['id']}")).text
    assert "Run again after cell 4" in html
    assert f"runs/{one['id']}/retry?from_start=true" in html
    one["kept_cell"] = 0
    html = (await house.get(f"/runs/{one['id']}")).text
    assert "from_start" not in html
    assert f'href="/services/madang/runs/{one["id"]}/again"' in html


async def test_the_form_of_a_run_holds_its_parameters_and_is_for_ones_own(house):
    one = house.runs[1]
    html = (await house.get(f"/runs/{one['id']}/again")).text
    assert "&#34;learning_rate&#34;" in html
    one["person"] = "dana"
    html = (await house.get(f"/runs/{one['id']}/again")).text
    assert "Only its person may run this again" in html
    assert 'again-form"' not in html


async def test_both_forms_have_where_it_runs_and_for_how_long_as_it_was(house):
    flavor = house.pool["flavors"][-1]
    sweep, run = house.sweeps[0], house.runs[1]
    for one, where in ((sweep, "sweeps"), (run, "runs")):
        one |= {"flavor": flavor["name"], "devices": 3, "limit_ms": 600_000}
        one["environment"] = {"id": "environment-x", "name": "gone", "revision": 1}
        html = (await house.get(f"/{where}/{one['id']}/again")).text
        assert '<option value="600" selected>' in html
        assert re.search(r'id="f-devices"[^>]* value="3"', html)
        assert re.search(r'<option value="gone"[^>]* selected>', html)
        chosen = re.findall(r'name="flavor" value="([^"]+)"[^>]* checked', html)
        assert chosen == [flavor["name"]]
        one["flavor"] = "sold"
        html = (await house.get(f"/{where}/{one['id']}/again")).text
        assert not re.search(r'name="flavor"[^>]* checked', html)
    assert 'id="f-runs_per_device"' not in html
    html = (await house.get(f"/sweeps/{sweep['id']}/again")).text
    assert re.search(r'id="f-runs_per_device"[^>]* value="1"', html)


async def test_the_form_for_a_sweep_asks_how_often_to_save(house):
    html = (await house.get("/sweeps/new")).text
    assert re.search(r'id="f-checkpoint_after"[^>]* min="1" max="86400"', html)
    assert "never takes more than a tenth of the time" in html
    house.lang = "ko"
    assert "저장 간격(초)" in (await house.get("/sweeps/new")).text


async def test_the_tick_for_being_told_begins_as_the_settings_say(house):
    one = house.sweeps[0]
    where = f"/sweeps/{one['id']}/again"

    async def tick(path):
        (found,) = re.findall(r'<input id="f-notify"[^>]*>', (await house.get(path)).text)
        return " checked" in found, " disabled" in found

    assert await tick("/sweeps/new") == await tick(where) == (True, False)
    one["notify"] = False
    assert await tick(where) == (False, False)
    assert "no mail, no webhook" in (await house.get(f"/sweeps/{one['id']}")).text
    house.notices["kinds"] = []
    one["notify"] = True
    assert (await tick("/sweeps/new"), await tick(where)) == ((False, False), (True, False))
    assert "mail or webhook" in (await house.get(f"/sweeps/{one['id']}")).text
    house.notices |= {"mail": "", "webhook_url": ""}
    assert await tick("/sweeps/new") == await tick(where) == (False, True)
    assert 'href="/services/madang/settings"' in (await house.get("/sweeps/new")).text
