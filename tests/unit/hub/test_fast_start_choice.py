import site
import sys
from types import SimpleNamespace

from madang.hub import fast_start
from madang.settings.home import Home
from madang.shim import warm
from madang.shim.warm.state import Plan


def test_packages_of_their_own_need_a_program_of_their_own(tmp_path, monkeypatch):
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    monkeypatch.setattr(site, "ENABLE_USER_SITE", True)
    assert not fast_start.own_packages(str(tmp_path))
    (tmp_path / ".local" / "lib" / version / "site-packages").mkdir(parents=True)
    assert fast_start.own_packages(str(tmp_path))
    # In a virtual environment Python itself looks at none.
    monkeypatch.setattr(site, "ENABLE_USER_SITE", False)
    assert not fast_start.own_packages(str(tmp_path))


def test_the_parent_gets_no_secret_of_the_hub(tmp_path, monkeypatch):
    monkeypatch.setenv("MADANG_SERVICE_TOKEN", "t0ken")
    monkeypatch.setenv("LANG", "C.UTF-8")
    spawner = SimpleNamespace(home=Home(tmp_path), env_keep=["LANG"], cmd=["python", "-m", "x"])
    parent = fast_start.parent_of(spawner)
    assert "t0ken" not in str(parent.env)
    assert parent.env["LANG"] == "C.UTF-8"
    assert fast_start.parent_of(spawner) is parent


def test_doing_without_is_told(tmp_path):
    home = Home(tmp_path)
    fast_start.do_without(home, "system users")
    known = warm.read_state(home.warm)
    assert (known.state, known.why, known.is_alive) == ("unwanted", "system users", False)


def test_what_acts_at_import_must_be_the_same():
    plan = Plan(command=("py", "-m", "x"), preload="x:p", entry="x:m")
    mine = plan.seen({"PYTHONPATH": "/a", "LANG": "C.UTF-8", "TOKEN": "t"})
    assert mine == {"PYTHONPATH": "/a", "LANG": "C.UTF-8"}
    assert plan.misfit(["py", "-m", "x", "--port"], {**mine, "TOKEN": "u"}, mine) == ""
    assert plan.misfit(["py", "-m", "y"], mine, mine) == "another command"
    assert plan.misfit(["py", "-m", "x"], {"LANG": "C.UTF-8"}, mine) == "another PYTHONPATH"
    assert Plan.from_json(plan.to_json()) == plan
