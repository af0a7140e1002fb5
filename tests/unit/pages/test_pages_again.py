"""Running again with changes: the ways to the forms, and what they are filled with."""


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
