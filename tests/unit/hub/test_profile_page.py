import re

from madang.hub import profile_page

HOUR = 3_600_000


def profile(name, **changes):
    base = {
        "name": name,
        "titles": {"ko": f"{name} 한국어", "en": f"{name} English"},
        "flavor": "sim-h200",
        "devices": 1,
        "cpu_millis": 2000,
        "memory_bytes": 4 * 1024**3,
        "limit_ms": 4 * HOUR,
        "max_limit_ms": 8 * HOUR,
        "allowed": True,
        "why_not": "",
        "devices_free": 2,
        "expected_ms": None,
        "cost_per_hour_microcredits": 1_000_000,
        "rate_microcredits": 1_000_000,
    }
    return {**base, **changes}


def views(*profiles, title="Open"):
    def view(lang):
        return {
            "person": "ada",
            "projects": [
                {
                    "name": "open",
                    "title": title,
                    "role": "member",
                    "left_microcredits": 12_500_000,
                    "granted_microcredits": 100_000_000,
                    "profiles": [
                        {**p, "why_not": p["why_not"] and f"{p['why_not']}-{lang}"}
                        for p in profiles
                    ],
                }
            ],
        }

    return {"ko": view("ko"), "en": view("en")}


def test_form_says_price_budget_and_wait_in_both_languages():
    html = profile_page.form_html(
        views(profile("gpu-1"), profile("gpu-4", devices=4, expected_ms=HOUR // 2)), {}, at_ms=0
    )
    for piece in (
        "12.50",
        "1.00 credits per hour",
        "시간당 1.00 크레딧",
        "about 30 min",
        "약 30분",
    ):
        assert piece in html
    assert "2 free now, starts at once" in html


def test_what_may_not_be_used_says_why_and_is_disabled():
    html = profile_page.form_html(views(profile("gpu-1", allowed=False, why_not="tier")), {})
    assert "tier-en" in html
    assert "tier-ko" in html
    assert re.search(r'value="open/gpu-1"[^>]*disabled', html, re.S)


def test_everything_is_escaped():
    bad = '<script>alert(1)</script>"'
    html = profile_page.form_html(
        views(profile("gpu-1", titles={"ko": bad, "en": bad}), title=bad), {"hours": bad}
    )
    assert "<script>alert(1)" not in html


def test_input_comes_back_checked():
    chosen = {"project": "open", "profile": "gpu-2", "hours": "3", "start_without_me": "1"}
    html = profile_page.form_html(views(profile("gpu-1"), profile("gpu-2", devices=2)), chosen)
    assert re.search(r'value="open/gpu-2"[^>]*checked', html, re.S)
    assert 'value="3"' in html
    assert re.search(r'name="start_without_me" value="1" checked', html)


def test_a_choice_that_is_no_longer_allowed_is_not_preselected():
    chosen = {"project": "open", "profile": "gpu-1"}
    html = profile_page.form_html(
        views(profile("gpu-1", allowed=False, why_not="x"), profile("cpu", devices=0)), chosen
    )
    assert re.search(r'value="open/cpu"[^>]*checked', html, re.S)


def test_nobody_s_project_is_said():
    empty = {"person": "ada", "projects": []}
    assert "not a member" in profile_page.form_html({"ko": empty, "en": empty}, {})


def test_standing_texts():
    assert profile_page.standing_texts(None)[1] == 5
    lease = {"state": "queued", "ready": False, "standing": {"position": 3, "waiting": 7}}
    texts, _ = profile_page.standing_texts(lease)
    assert texts["en"] == "Position 3 of 7 in the queue."
    assert "3번째" in texts["ko"]
    assert profile_page.standing_texts({"state": "admitted", "ready": False})[1] == 60
    assert "kept" in profile_page.standing_texts(lease, is_reachable=False)[0]["en"]


def test_hours_that_are_not_typed_stay_below_the_limit_of_the_project():
    html = profile_page.form_html(views(profile("cpu", limit_ms=12 * HOUR)), {})
    assert 'data-hours="8" data-max="8"' in html
