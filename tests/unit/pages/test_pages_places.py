"""Projects, clusters, administration and the public page, beyond what every page must do."""

import ast
import re
from pathlib import Path

import madang.services
from madang.api.pages.charts import people_chart, sparkline, wait_chart
from madang.errors import RefusedError
from madang.i18n import catalogue


async def test_the_public_page_asks_for_no_login(house):
    house.is_logged_in = False
    answer = await house.get("/public")
    assert answer.status_code == 200
    assert "3 of 8 free" in answer.text
    assert "too few to tell" in answer.text
    assert "jimin" not in answer.text
    assert 'href="/services/madang/queue"' not in answer.text


async def test_only_administrators_find_the_way_to_their_page(house):
    assert "/services/madang/admin" not in (await house.get("/")).text
    house.is_admin = True
    assert 'href="/services/madang/admin"' in (await house.get("/")).text


async def test_administration_is_refused_to_others(house):
    async def hidden(*_asked, **_more):
        raise RefusedError("admin_only")

    services = house.services
    services.administration.overview = hidden
    type(house).services, kept = property(lambda _self: services), type(house).services
    try:
        answer = await house.get("/admin")
    finally:
        type(house).services = kept
    assert answer.status_code == 403
    assert "audit" not in answer.text.lower()


async def test_what_only_the_cluster_can_put_right_stands_on_the_page(house):
    house.is_admin = True
    [trouble] = house.overview["troubles"]
    text = (await house.get("/admin")).text
    assert f"{trouble['text']} {trouble['next_step']}" in text
    assert trouble["said"] in text
    house.overview["troubles"] = []
    assert "h-troubles" not in (await house.get("/admin")).text


async def test_who_may_not_manage_gets_no_buttons(house):
    house.project |= {"can_manage": False, "can_grant": False, "role": "member"}
    text = (await house.get("/projects/vision")).text
    assert "member-dialog" not in text
    assert "grant-dialog" not in text
    assert "Leave" in text


async def test_a_reason_is_asked_for_where_it_is_needed(house):
    assert not re.search(
        r'id="md-reason"[^>]* required', (await house.get("/projects/vision")).text
    )
    house.project |= {"role": ""}
    assert re.search(r'id="md-reason"[^>]* required', (await house.get("/projects/vision")).text)


async def test_a_silent_scheduler_is_said(house):
    house.cluster["facts"] = None
    assert "does not answer" in (await house.get("/clusters/cluster-1")).text


async def test_no_cluster_teaches_the_next_step(house):
    house.clusters = []
    assert "madang.Cluster(workers=2)" in (await house.get("/clusters")).text


async def test_the_one_who_ended_it_is_heard(house):
    house.leases[2]["why"] = "the machine moves <b>tonight</b>"
    text = (await house.get("/")).text
    assert "Ended by somebody else: the machine moves &lt;b&gt;tonight" in text


def test_a_line_breaks_where_nothing_was_measured():
    spark = sparkline([{"at_ms": n, "percent": None if n == 3 else 50} for n in range(7)])
    assert len(spark["lines"]) == 2
    assert spark["percent"] == 50
    assert sparkline([{"at_ms": 1, "percent": 5}]) is None
    assert sparkline([]) is None


def test_nobody_waited_is_no_chart():
    quiet = {"day": "2026-11-01", "count": 3, "median_ms": 0, "long_ms": 200}
    assert wait_chart([quiet]) is None
    busy = quiet | {"median_ms": 30_000, "long_ms": 120_000}
    column = wait_chart([quiet, busy])["columns"][1]
    assert column["half"]["height"] < column["long"]["height"]


def test_people_are_stacked_and_the_many_are_one():
    hour = 3_600_000
    rows = [{"person": f"p{n}", "days": {"2026-11-01": hour}} for n in range(9)]
    chart = people_chart(["2026-11-01", "2026-11-02"], rows)
    assert len(chart["columns"][0]["parts"]) == len(chart["keys"]) == 7
    assert chart["columns"][1]["parts"] == []
    assert people_chart(["2026-11-01"], []) is None


async def test_devices_are_taken_out_and_put_back_with_a_reason(house):
    house.is_admin = True
    page = (await house.get("/admin")).text
    assert 'data-open="drain-dialog" data-set=\'{"device": "sim-0"}\'' in page
    assert 'data-action="POST api/v1/devices/return" data-body=\'{"device": "sim-1"}\'' in page
    assert "fan is loud" in page
    # A card that was pulled can still be put back on the list.
    assert 'data-body=\'{"device": "GPU-pulled"}\'' in page
    dialog = page.partition('id="drain-dialog"')[2].partition("</dialog>")[0]
    assert 'name="reason"' in dialog
    assert "required" in dialog


async def test_maintenance_is_begun_and_ended_here_and_seen_everywhere(house):
    house.is_admin = True
    page = (await house.get("/admin")).text
    assert 'id="pause-begin"' in page
    assert 'id="pause-end"' not in page
    house.notice = {
        "reason": "new driver",
        "since_ms": house.now,
        "until_ms": None,
        "text": "Nothing new starts: new driver",
    }
    page = (await house.get("/admin")).text
    assert 'data-action="DELETE api/v1/maintenance"' in page
    assert 'id="pause-begin"' not in page
    for place in ("/", "/queue", "/runs", "/clusters", "/usage", "/public"):
        assert "Nothing new starts: new driver" in (await house.get(place)).text


def acts_that_are_kept() -> set[str]:
    """Return the name of every act that the use-cases write to the trail."""
    found = set()
    for path in Path(madang.services.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            place = {"add": 2, "record": 3}.get(name, 99)
            given = [*node.args[place : place + 1]]
            given += [keyword.value for keyword in node.keywords if keyword.arg == "act"]
            for one in given:
                if isinstance(one, ast.Constant) and re.fullmatch(
                    r"[a-z]+\.[a-z_]+", str(one.value)
                ):
                    found.add(one.value)
    return found


def test_every_act_has_words_and_no_words_are_left_over():
    kept = acts_that_are_kept()
    assert {"lease.end", "device.drain", "maintenance.begin", "grant.add", "run.cancel"} <= kept
    start = "pages.admin.act."
    assert {key.removeprefix(start) for key in catalogue() if key.startswith(start)} == kept
