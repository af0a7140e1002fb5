"""Two sweeps side by side on a page."""


async def test_two_sweeps_are_chosen_and_shown_side_by_side(house):
    one, other = house.sweeps
    html = (await house.get(f"/sweeps/{one['id']}")).text
    assert f'href="/services/madang/sweeps/compare?a={one["id"]}"' in html
    html = (await house.get(f"/sweeps/compare?a={one['id']}")).text
    assert f'<option value="{one["id"]}" selected>' in html
    assert "Choose two different sweeps" in html
    html = (await house.get(f"/sweeps/compare?a={one['id']}&b={other['id']}&page=2")).text
    assert "2 → 1<br>" in html
    assert '<span class="note">-1</span>' in html
    assert "1.5 → –" in html
    assert "1 to 3, 2 runs" in html
    assert "60 pairs; 3 runs only in the first" in html
    assert "&lt;loss&gt;" in html
    assert "lr=&lt;0.1&gt;" in html
    assert "page=1#pairs" in html
    house.compared |= {"pairs": [], "matched": 0}
    html = (await house.get(f"/sweeps/compare?a={one['id']}&b={other['id']}&page=٣")).text
    assert "No run of one has the parameters" in html


async def test_the_same_twice_or_none_only_asks_and_unknown_ones_are_not_found(house):
    one = house.sweeps[0]["id"]
    for query in ("", "?a=", f"?a={one}&b={one}", f"?b={one}"):
        assert "Choose two different sweeps" in (await house.get(f"/sweeps/compare{query}")).text
    for query in ("?a=sweep-none", f"?a=sweep-none&b={one}", f"?a={one}&b=sweep-none"):
        assert (await house.get(f"/sweeps/compare{query}")).status_code == 404
