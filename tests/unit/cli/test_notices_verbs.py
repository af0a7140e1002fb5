"""What `notices` sends and prints."""

import json

NOTICE = {"id": "notice-a1", "kind": "turn", "at_ms": 1_795_000_000_000, "path": ["wait", "x"]}
NOTICE |= {"subject": "Your GPU is ready", "body": "Take it within two minutes."}
VIEW = {"mail": "ada@lab.kr", "webhook_url": "", "webhook_secret": "", "lang": "en"}
VIEW |= {"kinds": ["turn"], "known_kinds": ["turn", "run"], "mail_possible": True, "latest": {}}
VIEW |= {"recent": [NOTICE, {**NOTICE, "id": "notice-b2", "kind": "test"}]}


def test_list_and_read(service, madang):
    service.on("GET", "me/notices", (200, VIEW))
    status, out, _ = madang("notices")
    assert status == 0
    assert "Your GPU is ready" in out.splitlines()[1]
    assert madang("notices", "list")[1] == out
    assert json.loads(madang("notices", "list", "--json")[1]) == VIEW["recent"]
    assert "Take it within two minutes." in madang("notices", "read", "notice-a")[1]
    assert json.loads(madang("notices", "read", "notice-a1", "--json")[1]) == NOTICE
    status, _, err = madang("notices", "read", "notice-")
    assert (status, "madang notices" in err) == (1, True)


def test_settings_are_shown_and_changed(service, madang):
    service.on("GET", "me/notices", (200, VIEW))
    _, out, _ = madang("notices", "settings")
    assert "ada@lab.kr" in out
    assert "recent" not in json.loads(madang("notices", "settings", "--json")[1])
    assert service.called("PUT", "me/notices") == []
    service.on("PUT", "me/notices", (200, {**VIEW, "mail": "", "kinds": ["run"]}))
    status, out, _ = madang("notices", "settings", "--mail", "", "--kind", "run", "--json")
    assert (status, json.loads(out)["mail"]) == (0, "")
    # What was not named stays as it is.
    assert service.called("PUT", "me/notices")[0]["body"] == {
        **{"mail": "", "webhook_url": "", "lang": "en", "kinds": ["run"]}
    }


def test_a_test_is_sent(service, madang):
    service.on("POST", "me/notices/test", (200, VIEW))
    assert madang("notices", "test")[:2] == (0, "A test is on its way.\n")
