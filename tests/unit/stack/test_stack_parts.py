import dataclasses
import json
import os
import re
import socket
import textwrap
from pathlib import Path

import pytest

import madang.stack
from madang.errors import InvalidError, LocalError
from madang.i18n import catalogue
from madang.settings.config import ServiceSettings
from madang.settings.home import Home
from madang.stack import defaults, doctor, ports, proxy_program
from madang.stack.files import tail
from madang.stack.lock import HomeLock, is_held
from madang.stack.plan import MARKER, UpOptions, make_plan
from madang.stack.processes import Identity, end
from madang.stack.secret import Secrets, load_secrets
from madang.stack.state import State


@pytest.fixture
def home(tmp_path):
    made = Home(tmp_path / "data")
    made.root.mkdir(mode=0o700)
    return made


def test_secrets_are_made_once_and_private(home):
    first = load_secrets(home)
    assert load_secrets(home) == first
    assert home.secrets.stat().st_mode & 0o777 == 0o600
    assert len(first.user_password) >= 16
    assert len(first.admin_password) >= 32
    assert len(set(json.loads(home.secrets.read_text()).values())) == 6
    assert first.service_token not in repr(first)


def test_one_holder_of_a_data_folder(home):
    assert not is_held(home)
    with HomeLock(home):
        assert is_held(home)
        with pytest.raises(LocalError) as caught, HomeLock(home):
            pass
        assert caught.value.code == "already_up"
    assert not is_held(home)


def test_ports_of_last_time_are_taken_again():
    taken = set()
    first = ports.choose(None, taken)
    assert ports.choose(first, set()) == first
    assert ports.choose(first, taken) != first


def secrets():
    return Secrets(
        user_password="u" * 12,
        admin_password="a" * 40,
        service_token="svc" * 10,
        stack_token="stk" * 10,
        proxy_token="prx" * 10,
        metrics_token="mtr" * 10,
    )


def test_plan_gives_each_part_what_it_needs_and_no_secret_on_a_command_line(home):
    plan = make_plan(home, UpOptions(port=8123, gpus="sim:2xh200"), secrets(), State(), ["chp"])
    assert plan.public_url == "http://127.0.0.1:8123/"
    assert set(plan.parts) == {"service", "hub", "proxy"}
    everything = [word for part in plan.parts.values() for word in part.argv]
    for secret in dataclasses.asdict(secrets()).values():
        assert not any(secret in word for word in everything)
    assert "MADANG_SERVICE_TOKEN" not in plan.parts["proxy"].env
    assert all(part.env[MARKER] == str(home.root) for part in plan.parts.values())
    assert ServiceSettings.from_env(plan.parts["service"].env).gpus == "sim:2xh200"
    assert plan.hub.service_url == plan.service.service_url
    assert len(set(plan.ports.values())) == 5
    assert plan.service.dashboard_port == plan.ports["dashboards"]
    shown = plan.parts["proxy"].argv
    assert shown[shown.index("--error-path") + 1] == str(home.proxy_pages)


def test_only_the_service_hears_of_a_postgresql(home, monkeypatch):
    address = "postgresql://madang:secret@db.example/madang"
    monkeypatch.setenv("MADANG_DATABASE_URL", address)
    plan = make_plan(home, UpOptions(port=8123, gpus="sim:2xh200"), secrets(), State(), ["chp"])
    assert ServiceSettings.from_env(plan.parts["service"].env).database_url == address
    for name in ("hub", "proxy"):
        assert not any("secret" in value for value in plan.parts[name].env.values())


def test_a_file_that_is_not_there_is_named(home):
    with pytest.raises(InvalidError) as caught:
        defaults.config_file("policy.yaml", home.root / "mine.yaml")
    assert caught.value.code == "file_missing"
    assert defaults.config_file("policy.yaml", None).is_file()


def test_state_comes_back_and_a_broken_one_is_empty(home):
    me = Identity.of(os.getpid())
    State(public_url="u", ports={"hub": 1}, parts={"hub": me}).save(home)
    assert State.load(home).alive() == {"hub": me}
    home.state.write_text('{"ports": [1], "parts": {"hub": 7}}')
    assert State.load(home) == State()


def test_an_identity_is_one_process_only():
    me = Identity.of(os.getpid())
    assert me.is_alive
    assert Identity.from_json(me.to_json()) == me
    assert not dataclasses.replace(me, ticks=me.ticks + 1).is_alive
    assert not dataclasses.replace(me, boot="another").is_alive
    # A signal for somebody else who has our pid now does not arrive.
    end([dataclasses.replace(me, ticks=me.ticks + 1)], patience_s=0.1)


def test_the_lock_of_the_proxy_names_no_registry():
    folder = Path(proxy_program.__file__).parent / "proxy"
    lock = json.loads((folder / "package-lock.json").read_text())
    entries = [entry for name, entry in lock["packages"].items() if name]
    assert len(entries) > 20
    assert all("integrity" in entry and "resolved" not in entry for entry in entries)
    found = lock["packages"]["node_modules/configurable-http-proxy"]["version"]
    assert found == proxy_program.version()


def test_doctor_says_what_and_what_next(home):
    checks = {check.name: check for check in doctor(home, port=ports.choose(None, set()))}
    assert checks["python"].is_ok
    assert checks["folder"].is_ok
    assert {"disk", "port", "clock"} <= set(checks)
    for check in checks.values():
        for lang in ("ko", "en"):
            assert check.text(lang)
            assert "doctor." not in check.text(lang)
    bad = madang.stack.Check("port", False, {"port": 1, "holder": "x", "other": 2})
    assert "--port 2" in bad.next_step("en")


def test_every_text_that_is_named_exists():
    names = set()
    for folder in (
        Path(madang.stack.__file__).parent,
        Path(madang.stack.__file__).parents[1] / "hub",
    ):
        for path in folder.rglob("*.py"):
            source = path.read_text()
            names |= {f"error.{c}.message" for c in re.findall(r"Error\(\s*\"(\w+)\"", source)}
            failed = re.findall(r"server_failed\(\s*\"(\w+)\"", source)
            names |= {f"error.{code}.message" for code in failed}
            names |= set(re.findall(r"\"((?:stack|hub)\.[a-z_.]+)\"", source))
    form = Path(madang.stack.__file__).parents[1] / "hub/templates/madang/form.html"
    names |= set(re.findall(r't\("(hub\.[a-z_.]+)"\)', form.read_text()))
    names |= {f"{name.removesuffix('message')}hint" for name in names if name.endswith("message")}
    names = {name for name in names if not name.endswith((".log", ".sqlite"))}
    assert len(names) > 40
    missing = sorted(name for name in names if name not in catalogue())
    assert missing == []


def test_tail_of_a_log(tmp_path):
    log = tmp_path / "x.log"
    assert tail(log) == ""
    log.write_text(textwrap.dedent("a\nb\nc\n"))
    assert tail(log, lines=2) == "b\nc"


def test_dashboards_have_a_port_of_their_own_and_keep_it(home):
    first = make_plan(home, UpOptions(port=8123, gpus="sim:2xh200"), secrets(), State(), ["chp"])
    before = State(ports=dict(first.ports))
    again = make_plan(home, UpOptions(port=8123, gpus="sim:2xh200"), secrets(), before, ["chp"])
    assert again.ports["dashboards"] == first.ports["dashboards"]
    given = UpOptions(port=8123, gpus="sim:2xh200", dashboard_url="https://dash.lab.example/")
    plan = make_plan(home, given, secrets(), before, ["chp"])
    assert plan.service.dashboard_url == "https://dash.lab.example"
    kept = ServiceSettings.from_env(plan.parts["service"].env)
    assert (kept.dashboard_port, kept.dashboard_url) == (
        plan.ports["dashboards"],
        "https://dash.lab.example",
    )


def test_a_service_that_listens_everywhere_says_where_it_is_reached(home):
    plan = make_plan(home, UpOptions(port=8123, gpus="sim:2xh200"), secrets(), State(), ["chp"])
    env = dict(plan.parts["service"].env)
    assert ServiceSettings.from_env(env).service_url.startswith("http://127.0.0.1:")
    env["MADANG_SERVICE_URL"] = "http://service.madang:8090/services/madang/"
    found = ServiceSettings.from_env(env).service_url
    assert found == "http://service.madang:8090/services/madang"


@pytest.mark.parametrize("given", ["dash.lab", "ftp://dash", "https://dash/path", "https://"])
def test_an_address_of_dashboards_is_an_origin(home, given):
    with pytest.raises(InvalidError) as caught:
        make_plan(
            home,
            UpOptions(port=8123, gpus="sim:2xh200", dashboard_url=given),
            secrets(),
            State(),
            ["chp"],
        )
    assert caught.value.code == "dashboard_url_unusable"


def test_a_busy_port_for_dashboards_is_said_before_anything_starts(home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        options = UpOptions(
            port=8123, gpus="sim:2xh200", dashboard_port=int(taken.getsockname()[1])
        )
        with pytest.raises(LocalError) as caught:
            make_plan(home, options, secrets(), State(), ["chp"])
    assert caught.value.code == "dashboard_port_busy"
