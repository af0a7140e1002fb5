from pages_views import run


async def test_runs_are_listed_newest_first_with_their_progress(house):
    html = (await house.get("/runs")).text
    places = [html.index(row["id"]) for row in house.runs]
    assert places[3] == min(places)
    assert '<progress class="go" max="18" value="7"' in html
    assert "1 running, 1 waiting, 2 finished" in html
    assert "learning_rate=0.01" in html


async def test_first_run_is_taught(house):
    house.runs = []
    html = (await house.get("/runs")).text
    assert "No runs yet" in html
    assert html.count("/services/madang/runs/new") == 1


async def test_failed_run_shows_error_log_and_output(house):
    html = (await house.get("/runs/" + house.runs[1]["id"])).text
    assert "Cell 8 stopped with an error" in html
    assert "ValueError: batch must be &gt; 0" in html
    assert "epoch 2 loss 0.72" in html
    assert f'/api/v1/runs/{house.runs[1]["id"]}/output" download' in html
    assert "Cancel run" not in html


async def test_running_run_can_be_cancelled_by_those_who_may(house):
    path = "/runs/" + house.runs[0]["id"]
    assert f'data-action="DELETE api/v1/runs/{house.runs[0]["id"]}"' in (await house.get(path)).text
    house.runs[0].update(person="seoyeon", can_manage=False)
    assert "data-action=" not in (await house.get(path)).text


async def test_waiting_run_tells_its_place(house):
    html = (await house.get("/runs/" + house.runs[3]["id"])).text
    assert "No. 3" in html
    assert "expected back in 25 minutes" in html
    assert "cells</strong>" not in html


async def test_long_log_is_cut_and_says_so(house):
    house.logs = "start-marker\n" + "x" * 300_000
    html = (await house.get("/runs/" + house.runs[0]["id"])).text
    assert "start-marker" not in html
    assert "Only the end is shown" in html
    house.logs = ""
    assert "Nothing has been written yet" in (await house.get("/runs/" + house.runs[0]["id"])).text


async def test_nested_and_korean_parameters_are_readable(house):
    house.runs = [run(house.now, 1, parameters={"층": [1, {"a": None}], "이름": "가나"})]
    html = (await house.get("/runs/" + house.runs[0]["id"])).text
    assert "<code>층</code>" in html
    assert "[1, {&#34;a&#34;: null}]" in html
    assert "가나" in html


async def test_form_offers_only_projects_that_may_be_used(house):
    html = (await house.get("/runs/new")).text
    assert '<option value="vision"' in html
    assert '<option value="audit"' not in html
    assert 'data-live="off"' in html
    assert 'name="flavor" value="sim-h200"' in html


async def test_form_without_project_says_whom_to_ask(house):
    house.me["projects"] = [house.me["projects"][1]]
    html = (await house.get("/runs/new")).text
    assert "<form class" not in html
    assert "not in a project yet" in html


async def test_form_offers_the_environments_that_are_ready(house):
    html = (await house.get("/runs/new")).text
    assert '<option value="torch-ready" data-project="vision">PyTorch</option>' in html
    house.environments = []
    assert "f-environment" not in (await house.get("/runs/new")).text
    house.runs[0]["environment"] = {"id": "environment-1", "name": "torch", "revision": 2}
    html = (await house.get("/runs/" + house.runs[0]["id"])).text
    assert "<dt>Environment</dt><dd>torch</dd>" in html
