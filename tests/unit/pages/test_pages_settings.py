"""The page of settings: what is set, what arrived, what was told."""

import re


async def test_settings_show_what_is_set_and_whether_it_arrives(house):
    html = (await house.get("/settings")).text
    assert 'value="jimin@lab.kr"' in html
    assert "key-of-the-signature" in html
    assert len(re.findall(r'name="kind" value="(turn|run)" checked', html)) == 2
    assert html.count('name="kind"') == 5
    assert '<option value="ko" lang="ko" selected>' in html
    assert "last one arrived" in html
    assert '<span class="warn">no answer in time</span>' in html
    assert "Your &lt;GPU&gt; is ready" in html
    assert 'href="/services/madang/wait/lease-1"' in html
    assert 'data-live="off"' in html


async def test_without_a_mail_server_the_field_says_so(house):
    latest = {"mail": None, "webhook": None}
    house.notices |= {"mail_possible": False, "mail": "", "webhook_secret": "", "latest": latest}
    house.notices["recent"] = []
    html = (await house.get("/settings")).text
    assert "No mail server is set up here" in html
    assert re.search(r'id="f-mail"[^>]* disabled', html)
    assert re.search(r'id="secret-row" hidden', html)
    assert "Nothing yet." in html


async def test_every_page_leads_to_the_settings(house):
    assert 'class="person" href="/services/madang/settings"' in (await house.get("/")).text


async def test_the_waiting_page_can_ask_the_browser(house):
    html = (await house.get(f"/wait/{house.leases[1]['id']}")).text
    assert 'id="notify" hidden' in html
    assert "notify.js" in html
