"""What the command line sends, prints and returns."""

import json
import subprocess
import sys
import types

import pytest

from madang.cli.runs import parameter
from madang.errors import InvalidError

from ..client.conftest import problem


def lease(**more):
    return {
        "id": "lease-1",
        "kind": "notebook",
        "project": "비전 연구실",
        "person": "에이다",
        "devices": 2,
        "flavor": "sim-h200",
        "state": "queued",
        "standing": {"position": 1, "waiting": 3, "expected_ms": None},
        "charged_microcredits": 1_500_000,
        "limit_ms": 7_200_000,
    } | more


def run_view(state="queued", done=0, **more):
    return {
        "id": "run-1",
        "name": "train",
        "project": "lab",
        "person": "ada",
        "state": state,
        "reason": "",
        "reason_text": "",
        "cells_done": done,
        "cells_total": 4,
        "charged_microcredits": 0,
        "error": None,
        "standing": None,
        "has_output": True,
        "version": f"{state}{done}",
    } | more


@pytest.fixture
def notebook(tmp_path):
    cell = {
        "cell_type": "code",
        "metadata": {"tags": ["parameters"]},
        "source": "lr = seed = a = 1",
    }
    path = tmp_path / "train.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "cells": [cell]}))
    return str(path)


def test_a_noun_alone_lists(service, madang):
    service.on("GET", "leases", (200, [lease(), lease(id="lease-22", project="x")]))
    status, out, _ = madang("leases")
    head, first, second = out.splitlines()
    assert status == 0
    assert first.split()[0] == "lease-1"
    # Korean letters are two columns wide: what follows them stands below its head all the same.
    assert head.index("person") == second.index("에이다")
    assert "1/3 unknown" in first
    assert "1.500" in first
    assert madang("leases", "list", "--json")[1] == madang("leases", "--json")[1]
    assert json.loads(madang("leases", "--json")[1])[0]["id"] == "lease-1"


def test_one_lease(service, madang):
    service.on("GET", "leases/lease-1", (200, lease()))
    _, out, _ = madang("leases", "show", "lease-1")
    assert "120 min" in out
    service.on("DELETE", "leases/lease-1", (200, {}))
    assert madang("leases", "stop", "lease-1") == (0, "lease-1 is stopping.\n", "")


def test_a_waiting_lease_shows_what_could_start_and_is_changed(service, madang):
    offers = [
        {"text": "1 GPU: starts right away", "profile": "gpu-1", "flavor": "h", "devices": 1},
        {"text": "3 × h: in about 5 min", "profile": "", "flavor": "h", "devices": 3},
    ]
    service.on("GET", "leases/lease-1", (200, lease(alternatives=offers)))
    _, out, _ = madang("leases", "show", "lease-1")
    assert "1 GPU: starts right away\n  madang leases change lease-1 --profile gpu-1" in out
    assert "madang leases change lease-1 --flavor h --devices 3" in out
    seen = {"keeps_place": False, "starts_now": False, "standing_after": lease()["standing"]}
    service.on("POST", "leases/lease-1/change", (200, seen), (200, lease(kept_place=True)))
    _, out, _ = madang(
        "leases", "change", "lease-1", "--devices", "3", "--limit", "2h", "--dry-run"
    )
    assert "would go to the end of the line" in out
    assert "1/3" in out
    assert service.calls[-1]["body"] == {"devices": 3, "limit_s": 7200, "dry_run": True}
    _, out, _ = madang("leases", "change", "lease-1", "--profile", "cpu", "--start-without-me")
    assert out == "lease-1 is changed and keeps its place.\n"
    assert service.calls[-1]["body"] == {"profile": "cpu", "start_without_me": True}


def test_more_time(service, madang):
    longer = lease(state="active", expires_ms=1_700_000_000_000, limit_ms=10_800_000)
    service.on("POST", "leases/lease-1/extend", (200, longer))
    _, out, _ = madang("leases", "extend", "lease-1", "--by", "90m", "--reason", "nearly done")
    assert "180 min in all" in out
    assert service.calls[-1]["body"] == {"by_s": 5400, "reason": "nearly done"}


def test_nothing_to_list(service, madang):
    service.on("GET", "clusters", (200, []))
    assert madang("clusters") == (0, "", "Nothing to show.\n")


def test_clusters_and_projects(service, madang):
    cluster = {"id": "cluster-1", "name": "", "project": "lab", "person": "ada", "workers": 2}
    cluster |= {"gpus_per_worker": 1, "state": "active", "lease": lease(standing=None)}
    service.on("GET", "clusters", (200, [cluster | {"dashboard_url": "http://d"}]))
    assert "2x1" in madang("clusters")[1]
    project = {"name": "lab", "title": "Lab", "role": "owner", "tier": "open"}
    project |= {"left_microcredits": 2_000_000, "granted_microcredits": 3_000_000}
    service.on("GET", "projects", (200, [project]))
    assert madang("projects")[1].split()[-2:] == ["2.000", "3.000"]


def test_parameters_are_json_or_text():
    assert parameter("lr=0.1") == ("lr", 0.1)
    assert parameter('a={"b": [1, null]}') == ("a", {"b": [1, None]})
    assert parameter("name=vision=lab") == ("name", "vision=lab")
    assert parameter("x=") == ("x", "")
    # What is no JSON has the type that papermill gives it: the text "False" would be true.
    assert parameter("x=False") == ("x", False)
    assert [parameter(f"x={text}")[1] for text in ("None", "True", "007")] == [None, True, 7]
    for text in ("NaN", "nan", "-inf", "Infinity", "[1, NaN]"):
        with pytest.raises(InvalidError, match="grid_value_not_finite"):
            parameter(f"x={text}")


def test_run_watches_until_the_end(service, madang, notebook, tmp_path):
    standing = {"position": 1, "waiting": 1, "expected_ms": None, "reason_text": "busy"}
    service.on("POST", "runs", (200, run_view(standing=standing)))
    service.on("GET", "runs/run-1", (200, run_view("running", 2)), (200, run_view("succeeded", 4)))
    service.on("GET", "runs/run-1/output", (200, b"{}"))
    target = tmp_path / "out.ipynb"
    status, out, err = madang(
        *("run", notebook, "-p", "lr=0.1", "-p", "seed=3", "--project", "lab"),
        *("--watch", "-o", str(target)),
    )
    assert (status, out) == (0, "run-1 succeeded\n")
    assert service.calls[0]["body"]["parameters"] == {"lr": 0.1, "seed": 3}
    lines = err.splitlines()
    assert lines[0] == "train · queued · 1/1 unknown · busy"
    assert lines[1] == "train [############............] 2/4 running · cell 3"
    assert target.read_bytes() == b"{}"


def test_a_run_that_failed_is_status_1(service, madang, notebook):
    error = {"cell": 3, "name": "ValueError", "value": "bad"}
    service.on("POST", "runs", (200, run_view()))
    service.on("GET", "runs/run-1", (200, run_view("failed", 2, error=error)))
    status, out, err = madang("run", notebook, "--watch", "--json")
    assert status == 1
    assert json.loads(out)["state"] == "failed"
    assert "ValueError: bad (In cell 3)" in err
    assert "Traceback" not in err


def test_runs(service, madang, tmp_path):
    service.on("GET", "runs", (200, [run_view("running", 2)]))
    service.on("GET", "runs/run-1", (200, run_view("succeeded", 4)))
    service.on("GET", "runs/run-1/log", (200, b"hello\n"))
    service.on("GET", "runs/run-1/output", (200, b"{}"))
    service.on("DELETE", "runs/run-1", (200, {}))
    assert "2/4" in madang("runs", "--project", "lab")[1]
    assert service.calls[0]["query"] == {"project": "lab"}
    assert "succeeded" in madang("runs", "show", "run-1")[1]
    assert madang("runs", "log", "run-1")[1] == "hello\n"
    assert madang("runs", "cancel", "run-1")[0] == 0
    path = str(tmp_path / "x.ipynb")
    assert madang("runs", "output", "run-1", "-o", path)[1] == f"{path}\n"
    assert madang("runs", "watch", "run-1")[0] == 0


@pytest.mark.parametrize(("ok", "status"), [(True, 0), (False, 1)])
def test_ledger_verify(service, madang, ok, status):
    result = {
        "ok": ok,
        "entries": 7,
        "head_hash": "abc",
        "problems": [] if ok else [{"seq": 3, "what": "was edited"}],
        "balances": [{"project": "lab", "ok": ok}],
    }
    service.on("GET", "ledger/verify", (200, result))
    code, out, err = madang("ledger", "verify")
    assert code == status
    assert "7 entries, head abc" in out
    assert ("3: was edited" in err) is not ok
    assert ("lab" in err) is not ok
    assert madang("ledger", "verify", "--json")[0] == status


def test_ledger_and_usage(service, madang):
    entry = {"seq": 1, "kind": "charge", "project": "p", "lease": "l", "device_ms": 3_600_000}
    service.on("GET", "ledger", (200, [entry | {"microcredits": 5, "hash": "f" * 64}]))
    assert "1.000" in madang("ledger")[1]
    madang("ledger", "show", "--after", "5", "--limit", "2")
    assert service.calls[-1]["query"] == {"after_seq": "5", "limit": "2"}
    service.on("GET", "usage", (200, {"projects": [], "head_seq": 0, "head_hash": "0"}))
    assert madang("usage", "--since", "2026-11-01")[0] == 0
    assert service.calls[-1]["query"]["from_ms"] == "1793491200000"
    assert madang("usage", "--since", "soon")[0] == 2


def test_errors_have_a_status_and_a_next_step(service, madang, notebook, monkeypatch):
    service.on("POST", "runs", (403, problem("budget_too_small", 403)))
    assert madang("run", notebook) == (1, "", "budget_too_small said\ndo this\n")
    status, _, err = madang("run", notebook, "-p", "lt=1")
    assert status == 2
    assert "It declares: lr, seed, a." in err
    assert madang("run", "https://x/y.ipynb")[0] == 2
    assert madang("no-such-verb")[0] == 2
    monkeypatch.delenv("MADANG_URL")
    monkeypatch.setenv("MADANG_LANG", "ko")
    status, _, err = madang("runs")
    assert status == 3
    assert "마당을 찾을 수 없습니다" in err
    assert "madang up" in err


def test_debug_shows_where_it_comes_from(service, madang, monkeypatch):
    from madang.cli.main import run
    from madang.errors import NotFoundError

    monkeypatch.setenv("MADANG_DEBUG", "")
    with pytest.raises(NotFoundError):
        run(["--debug", "runs"])


def test_verbs_of_the_house(madang, monkeypatch, tmp_path):
    calls = []
    check = types.SimpleNamespace(
        name="disk",
        is_ok=False,
        status="bad",
        text=lambda lang: "disk full",
        why=lambda lang: "nothing starts",
        next_step=lambda lang: "free some",
    )
    hint = types.SimpleNamespace(**{**vars(check), "status": "warn"})
    part = {"name": "hub", "pid": 7, "is_alive": True, "since_ms": None, "log": "x.log"}
    fake = types.ModuleType("madang.stack")
    fake.up = lambda home, **given: calls.append((home.root, given["gpus"], given["detach"]))
    fake.down = lambda home, keep_leases: keep_leases
    kernels = {"forked": 2, "fresh": 1, "why": "another kernel"}
    fast = {"is_on": False, "why": "not used yet", "kernels": kernels}
    fake.status = lambda home: {
        "is_up": True,
        "address": "http://h/",
        "parts": [part],
        "fast_start": fast,
    }
    fake.doctor = lambda home: [check]
    monkeypatch.setitem(sys.modules, "madang.stack", fake)
    monkeypatch.setattr("madang.stack", fake, raising=False)
    home = ("--home", str(tmp_path))
    assert madang("up", *home, "--gpus", "sim:8xh200", "--detach")[0] == 0
    assert calls == [(tmp_path, "sim:8xh200", True)]
    assert "Nothing is up" in madang("down", *home)[2]
    status, out, _ = madang("status", *home)
    assert (status, out.splitlines()[0]) == (0, "http://h/")
    assert "2 forked, 1 started the ordinary way (another kernel)" in out
    said = "disk full\n      nothing starts\n      free some\n"
    assert madang("doctor", *home) == (1, f"BAD   {said}", "")
    assert json.loads(madang("doctor", *home, "--json")[1])[0]["why"] == "nothing starts"
    # What is only worth knowing is no failure.
    fake.doctor = lambda home: [hint]
    assert madang("doctor", *home) == (0, f"note  {said}", "")


def test_help_needs_nothing_heavy():
    heavy = ("httpx", "distributed", "dask", "pandas", "rich", "sqlalchemy", "madang.stack")
    code = (
        "import sys\n"
        "from madang.cli.main import run\n"
        "try:\n    run(['--help'])\n"
        f"finally:\n    print([n for n in {heavy} if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    for verb in ("up", "down", "serve", "status", "doctor", "demo", "run", "runs", "leases"):
        assert f"\n  {verb} " in done.stdout


def commands(group=None, path=()):
    """Every command as (words, click command), groups that list on their own among them."""
    import typer

    from madang.cli.main import app

    group = group or typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield (*path, name), command
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


def test_every_noun_speaks_json():
    # What goes on until it is stopped, or only tells a story, has nothing to say to a program.
    without = {("up",), ("down",), ("serve",), ("demo",)}
    missing = {
        words
        for words, command in commands()
        if not any("--json" in param.opts for param in command.params)
    }
    assert missing == without
    assert len(list(commands())) > 30


def test_pool_queue_and_me(service, madang):
    flavor = {"name": "sim-h200", "title": "H200", "devices_total": 8, "devices_free": 3}
    flavor |= {"waiting": 2, "rate_microcredits": 1_000_000}
    service.on("GET", "pool", (200, {"flavors": [flavor]}))
    assert madang("pool")[1].splitlines()[1] == "sim-h200  H200         8     3        2      1.000"
    assert json.loads(madang("pool", "--json")[1])["flavors"] == [flavor]
    waiting = {"position": 1, "mine": True, "person": "ada", "project": "lab", "devices": 2}
    waiting |= {"kind": "notebook", "reason_text": "all busy", "expected_ms": None}
    running = {"project": "", "person": "", "devices": 6, "kind": "cluster", "mine": False}
    running |= {"started_ms": 1, "expires_ms": 1_800_000}
    both = [
        {"name": "sim-h200", "waiting": [waiting], "waiting_total": 8, "running": [running]},
        {"name": "cpu", "waiting": [], "waiting_total": 0, "running": []},
    ]
    for lane in both:
        lane["running_total"] = len(lane["running"])
    service.on("GET", "queue", (200, {"flavors": both, "now_ms": 0}))
    lines = madang("queue")[1].splitlines()
    assert "ada*" in lines[1]
    assert "all busy" in lines[1]
    assert "in 30 min" in lines[2]
    assert lines[3:] == ["sim-h200: 7 more wait; see them with --lines."]
    assert madang("queue", "cpu") == (0, "", "Nothing to show.\n")
    assert len(json.loads(madang("queue", "cpu", "--json")[1])["flavors"]) == 1
    project = {"name": "lab", "role": "owner", "left_microcredits": 1, "granted_microcredits": 2}
    me = {"person": "ada", "is_admin": True, "projects": [project]}
    service.on("GET", "me", (200, me))
    assert madang("me")[1].startswith("You are ada, an administrator.\n")
    assert json.loads(madang("me", "--json")[1]) == me


def test_clusters_are_scaled_and_leases_held(service, madang, monkeypatch):
    cluster = {"id": "c", "name": "", "project": "lab", "person": "ada", "state": "active"}
    cluster |= {"workers": 1, "workers_asked": 3, "workers_held": 1, "gpus_per_worker": 2}
    cluster |= {"lease": {"standing": None}, "adapt": None, "address": "tls://h:1"}
    service.on("GET", "clusters", (200, [cluster]))
    service.on("GET", "clusters/c", (200, cluster))
    service.on("POST", "clusters/c/scale", (200, cluster))
    service.on("POST", "clusters/c/adapt", (200, cluster | {"adapt": {"minimum": 0}}))
    service.on("GET", "clusters/c/log", (200, b"hello\n"))
    service.on("DELETE", "clusters/c", (200, cluster))
    assert "1/3x2" in madang("clusters")[1]
    assert "1/3x2" in madang("clusters", "show", "c")[1]
    assert madang("clusters", "scale", "c", "3") == (0, "c: 3 workers are asked for.\n", "")
    assert service.calls[-1]["body"] == {"workers": 3}
    assert "between 0 and 5" in madang("clusters", "adapt", "c", "0", "5")[1]
    assert madang("clusters", "log", "c")[1] == "hello\n"
    assert json.loads(madang("clusters", "log", "c", "--json")[1]) == {"log": "hello\n"}
    assert json.loads(madang("clusters", "stop", "c", "--json")[1])["id"] == "c"
    assert madang("clusters", "scale", "c", "-1")[0] == 2
    service.on("POST", "leases/x/hold", (200, lease()), (409, problem("hold_not_now", 409)))
    assert "madang leases go x" in madang("leases", "hold", "x")[1]
    assert service.calls[-1]["body"] == {"held_back": True}
    monkeypatch.setenv("MADANG_LANG", "ko")
    status, out, _ = madang("leases", "go", "x")
    assert (status, out) == (1, "")
    assert service.calls[-1]["body"] == {"held_back": False}
    assert "사용 중" in madang("clusters")[1]


def test_the_time_that_is_left_is_guessed_from_the_cells_before():
    from madang.cli.runs import _left

    view = run_view("running", 1, started_ms=0)
    assert _left(view, 30_000) == "cell 2, about 2 min left"
    assert _left(view | {"cells_done": 3}, 30_000) == "cell 4, about 10 s left"
    assert _left(view | {"cells_done": 3}, 3_000) == "cell 4"
    # A clock that is behind the service's guesses nothing.
    assert _left(view, -5) == "cell 2"
    assert _left(view | {"cells_done": 0}, 30_000) == "cell 1"
    assert _left(run_view("succeeded", 4), 1) == ""


def test_ctrl_c_says_that_the_run_goes_on(service, madang, monkeypatch):
    from madang.client.runs import Run

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Run, "next_change", interrupted)
    service.on("GET", "runs/run-1", (200, run_view("running", 1)))
    status, _, err = madang("runs", "watch", "run-1")
    assert status == 130
    assert "The run goes on" in err
    assert "madang runs cancel run-1" in err
    assert not service.called("DELETE", "runs/run-1")
