"""Every refusal says what failed, what was given, the limit and the next step; nothing is lost.

One installation lives through all tests of this file, in their order. Where the machine allows it,
its data folder is a small file system of its own, which a test fills up.
"""

import asyncio
import contextlib
import json
import re
import sqlite3
import subprocess
from types import SimpleNamespace

import pytest
import pytest_asyncio

pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),  # for a machine that is busy with other things
]

API = "/services/madang/api/v1/"
DISK_BYTES = 64 * 1024**2
MAX_BYTES = 10 * 1024**2
FINAL = ("succeeded", "failed", "cancelled", "expired")


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """Return a folder on a small file system, or None where none can be mounted."""
    folder = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "madang-test", str(folder)]
    try:
        is_mounted = subprocess.run(mount, capture_output=True).returncode == 0
    except OSError:
        is_mounted = False
    yield folder if is_mounted else None
    if is_mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(disk, build_house, notebook, tmp_path_factory):
    house = build_house(4, disk)
    await asyncio.to_thread(house.up)
    w = SimpleNamespace(house=house, disk=disk, folder=tmp_path_factory.mktemp("own"))
    w.notebook = notebook("print(x)", parameters="x = 1")
    w.people = {name: await house.visitor(name) for name in ("ada", "zoe", "admin")}
    w.ada, w.runs = w.people["ada"], {}
    (w.folder / "good.ipynb").write_text(w.notebook)
    (w.folder / "bad.ipynb").write_text("no notebook")
    (w.folder / "big.ipynb").write_text(" " * (MAX_BYTES + 1))
    w.kernel = None
    yield w
    if w.kernel is not None:
        await w.kernel.leave()
    for visitor in w.people.values():
        await visitor.close()


async def state(w):
    """Return all that a refusal must leave as it was."""
    admin = w.people["admin"]
    leases = [(x["id"], x["state"]) for x in await admin.api("GET", "leases")]
    runs = [(x["id"], x["state"]) for x in await admin.api("GET", "runs")]
    usage = await admin.api("GET", "usage")
    money = [(x["name"], x["granted"], x["used"], x["reserved"]) for x in usage["projects"]]
    free = [x["devices_free"] for x in (await admin.api("GET", "pool"))["flavors"]]
    return leases, runs, money, free, usage["head_hash"]


async def ask(w, who, path, *, lang="en", **options):
    visitor = w.people[who]
    headers = {
        "X-Madang-CSRF": visitor._csrf,
        "Accept": "application/json",
        "Accept-Language": lang,
        **options.pop("headers", {}),
    }
    return await visitor.http.post(API + path, headers=headers, **options)


def check_words(problem, said, lang):
    """A message is a sentence that names what was given and the limit; a hint is another."""
    assert set(problem) == {"code", "message", "hint", "details", "status"}
    for text in (problem["message"], problem["hint"]):
        assert " " in text
        assert "{" not in text
        assert "['" not in text
        assert problem["code"] not in text
        assert bool(re.search("[가-힣]", text)) == (lang == "ko"), text
    for word in said:
        assert word in problem["message"], problem


def lease(**more):
    return "leases", {"project": "vision-lab", **more}


def run(**more):
    return "runs", {"project": "vision-lab", **more}


REFUSED = [
    # who, where and what, status, code, what the message must name: what was given and the limit
    (
        "ada",
        lease(project="nowhere", profile="gpu-1"),
        404,
        "project_unknown",
        "nowhere vision-lab",
    ),
    ("ada", lease(project="language-lab", profile="gpu-1"), 404, "project_unknown", "vision-lab"),
    ("ada", lease(profile="gpu-9"), 422, "unknown_profile", "gpu-9 gpu-1"),
    ("ada", lease(flavor="b300"), 422, "unknown_flavor", "b300 sim-h200"),
    ("ada", lease(flavor="gpu", devices=5), 403, "more_devices_than_pool", "5 4 sim-h200"),
    ("zoe", lease(project="open", devices=3), 403, "more_devices_than_cap", "3 2 sim-h200"),
    ("zoe", lease(project="open", profile="gpu-4"), 403, "profile_not_for_tier", "gpu-4 research"),
    ("ada", lease(project="poor", profile="gpu-1"), 403, "budget_too_small", "poor 0.01 0.25"),
    ("ada", lease(profile="gpu-1", limit_s=180_000), 403, "limit_too_long", "50 48"),
    ("ada", lease(profile="gpu-1", limit_s=5), 422, "limit_too_short", "5 60"),
    ("ada", lease(profile="gpu-1", devices=-1), 422, "body_invalid", "devices -1 0"),
    ("ada", lease(profile="gpu-1", nonsense=1), 422, "body_invalid", "nonsense"),
    (
        "ada",
        ("clusters", {"project": "vision-lab", "workers": 5, "gpus_per_worker": 1}),
        *(403, "more_devices_than_pool", "5 4"),
    ),
    ("ada", run(devices=5), 403, "more_devices_than_pool", "5 4"),
    ("ada", run(project=""), 422, "project_missing", "vision-lab"),
    ("ada", run(project="poor"), 403, "budget_too_small", "poor 0.01"),
    ("ada", run(notebook="no notebook"), 422, "notebook_not_json", "JSON"),
    ("ada", run(notebook='{"cells": []}'), 422, "notebook_not_notebook", "nbformat"),
    (
        "ada",
        run(notebook=" " * (MAX_BYTES + 1)),
        *(422, "notebook_too_large", f"{MAX_BYTES + 1} {MAX_BYTES}"),
    ),
    ("ada", run(parameters={"y": 1}), 422, "parameters_undeclared", "y x"),
    ("ada", run(parameters={"x": "a" * 70_000}), 422, "parameters_too_large", "70009 65536"),
    ("ada", run(parameters={"x": nested(16)}), 422, "parameters_too_deep", "x 16"),
    ("ada", run(parameters={"x": nested(900)}), 422, "body_too_deep", "18"),
    ("ada", run(parameters={"x-y": 1}), 422, "parameter_name_invalid", "x-y"),
    ("ada", run(files={"../out": "YQ=="}), 422, "path_outside", "../out"),
    ("ada", run(files={"/etc/out": "YQ=="}), 422, "path_outside", "/etc/out"),
    ("ada", run(files={"%2e%2e/out": "YQ=="}), 422, "path_outside", "%2e%2e/out"),
    ("ada", run(files={"http://a/b": "YQ=="}), 422, "path_is_url", "http://a/b"),
    ("ada", run(files={"a.csv": "%%"}), 422, "file_not_base64", "a.csv"),
]


@pytest.mark.parametrize(
    ("who", "request_", "status", "code", "said"), REFUSED, ids=[f"{r[3]}-{r[4]}" for r in REFUSED]
)
async def test_a_request_is_refused_in_words(world, who, request_, status, code, said):
    path, body = request_
    if path == "runs":
        body = {"notebook": world.notebook, **body}
    before = await state(world)
    for lang in ("en", "ko"):
        answer = await ask(world, who, path, lang=lang, json=body)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (status, code), problem
        assert problem["status"] == status
        check_words(problem, said.split(), lang)
    assert await state(world) == before


async def test_numbers_that_json_does_not_have(world):
    before = await state(world)
    for number, said in (("NaN", "NaN"), ("-Infinity", "-Infinity"), ("1e999", "too large")):
        body = {"project": "vision-lab", "notebook": world.notebook, "parameters": {"x": 0}}
        text = json.dumps(body).replace('{"x": 0}', f'{{"x": {number}}}')
        headers = {"Content-Type": "application/json"}
        answer = await ask(world, "ada", "runs", content=text, headers=headers)
        assert answer.status_code == 422
        check_words(answer.json(), [said], "en")
    assert await state(world) == before


DIES = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
ENDS = {
    # name: reason, state, limit in seconds, the second cell
    "dies": ("kernel_died", "failed", 600, DIES),
    "fails": ("cell_failed", "failed", 600, "1 / 0"),
    "sleeps": ("time_limit", "expired", 6, "import time; time.sleep(99)"),
}


def run_body(notebook, name):
    _, _, limit_s, cell = ENDS[name]
    cells = ("print('before')", cell, "print('after')")
    return {
        "name": name,
        "project": "vision-lab",
        "notebook": notebook(*cells, parameters="x = 1"),
        "parameters": {"x": 7},
        "limit_s": limit_s,
    }


async def test_one_key_makes_one_run(world, notebook):
    body = run_body(notebook, "dies")
    headers = {"Idempotency-Key": "one-key-for-both"}
    both = await asyncio.gather(
        *(ask(world, "ada", "runs", json=body, headers=headers) for _ in range(2))
    )
    assert [answer.status_code for answer in both] == [201, 201]
    assert len({answer.json()["id"] for answer in both}) == 1
    assert len(await world.ada.api("GET", "runs")) == 1
    other = await ask(world, "ada", "runs", json={**body, "parameters": {"x": 8}}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "key_reused")
    check_words(other.json(), [], "en")
    world.runs["dies"] = both[0].json()["id"]


async def ended(w, run_id):
    async def look():
        return await w.ada.api("GET", f"runs/{run_id}")

    return await w.house.until(look, lambda found: found["state"] in FINAL, 60)


async def unfinished(w):
    return [x for x in await w.ada.api("GET", "leases") if x["state"] != "ended"]


async def test_runs_that_end_badly_say_why(world, notebook):
    """A dead kernel, a cell that fails, and the time limit; each keeps what was executed."""
    for name in ("fails", "sleeps"):
        asked = await world.ada.api("POST", "runs", json=run_body(notebook, name))
        world.runs[name] = asked["id"]
    for name, (reason, state_, _, _) in ENDS.items():
        found = await ended(world, world.runs[name])
        assert (found["reason"], found["state"]) == (reason, state_)
        assert " " in found["reason_text"]
        if state_ == "failed":
            assert found["error"]["cell"] == 3
            assert found["error"]["name"] in ("DeadKernelError", "ZeroDivisionError")
        output = await world.ada.api("GET", f"runs/{found['id']}/output")
        printed = json.dumps([x.get("outputs") for x in output["cells"]])
        assert "before" in printed or found["cells_done"] < 2
        assert "after" not in printed
    for slot in await unfinished(world):
        await world.ada.api("DELETE", f"leases/{slot['id']}")
    await world.house.until(lambda: unfinished(world), lambda found: not found, 30)


COMMANDS = [
    # arguments, exit status, what is said on standard error
    ("run good.ipynb --project nowhere", 1, "nowhere"),
    ("run good.ipynb", 2, "--project"),
    ("run good.ipynb --project open --flavor b300", 2, "sim-h200"),
    ("run good.ipynb --project open --devices 3", 1, "2"),
    ("run bad.ipynb --project open", 2, "JSON"),
    ("run big.ipynb --project open", 2, str(MAX_BYTES)),
    ("run good.ipynb --project open -p y=1", 2, "y"),
    ("run http://a/b.ipynb --project open", 2, "http://a/b.ipynb"),
    ("run good.ipynb --project open -f http://a/b", 2, "http://a/b"),
    ("run missing.ipynb", 2, "missing.ipynb"),
    ("run good.ipynb --limit soon", 2, "soon"),
    ("runs show run-0", 1, "run-0"),
    ("nonsense", 2, "nonsense"),
]


async def test_the_command_line_refuses_in_words(world):
    before = await state(world)
    for line, status, said in COMMANDS:
        arguments = [
            str(world.folder / part) if (world.folder / part).is_file() else part
            for part in line.split()
        ]
        found, out, err = await asyncio.to_thread(world.house.cli, *arguments)
        assert found == status, (line, err)
        assert out == "", line
        assert said in err, line
        assert len(err.strip().splitlines()) >= 2, (line, err)
        assert "Traceback" not in err
    assert await state(world) == before


async def test_the_command_line_says_when_nobody_answers(world):
    nobody = {"MADANG_HOME": str(world.folder / "none")}
    for arguments, more in ((("runs",), nobody), (("ledger", "verify"), nobody)):
        status, out, err = await asyncio.to_thread(world.house.cli, *arguments, **more)
        assert (status, out) == (3, "")
        assert "madang up" in err


async def test_a_second_up_and_a_busy_port(world):
    house = world.house
    parts = {name: house.part(name) for name in ("hub", "service", "proxy")}
    up = ("up", "--detach", "--gpus", "sim:1xh200")
    status, _, err = await asyncio.to_thread(house.cli, *up, "--port", "1")
    assert status == 1
    assert house.url in err
    assert "madang down" in err
    other = world.folder / "other"
    status, _, err = await asyncio.to_thread(
        house.cli, *up, "--port", house.port, MADANG_HOME=str(other)
    )
    assert status == 1
    assert f"{house.port} on 127.0.0.1" in err
    assert "node (pid" in err
    assert f"--port {house.port + 1}" in err
    status, _, err = await asyncio.to_thread(
        house.cli, "up", "--gpus", "8", "--port", house.port + 1, MADANG_HOME=str(other)
    )
    assert status == 2
    assert "sim:8xh200" in err
    assert {name: house.part(name) for name in parts} == parts


async def test_a_refused_form_keeps_what_was_filled_in(world):
    before = await state(world)
    ada = world.ada
    await ada.http.get("/hub/spawn")
    for choice, hours, said in (
        ("vision-lab/gpu-4", "99", "48"),
        ("open/gpu-2", "soon", "soon"),
    ):
        form = {"choice": choice, "hours": hours, "start_without_me": "1", "_xsrf": ada._xsrf()}
        page = await ada.http.post(
            "/hub/spawn", data=form, headers={"Referer": f"{ada.url}/hub/spawn"}
        )
        assert page.status_code in (400, 403, 422)
        reason = re.search(r'spawn-error-msg[^>]*role="alert">(.*?)</p>', page.text, re.DOTALL)
        assert reason, page.text[-3000:]
        assert said in reason[1]
        assert len(reason[1]) > 60
        assert f'value="{hours}"' in page.text
        chosen = re.search(rf'value="{choice}"[^>]*>', page.text, re.DOTALL)
        assert chosen
        assert "checked" in chosen[0]
        assert re.search(r'name="start_without_me"[^>]*checked', page.text)
    assert await state(world) == before


async def test_a_full_disk_is_said_and_survived(world, notebook):
    if world.disk is None:
        pytest.skip("this account may not mount a small file system")
    house, ada = world.house, world.ada
    marks = world.folder / "cells"
    waits = "from pathlib import Path; import time\nopen(marks, 'w').write('1')"
    told = "while not Path(marks + '.go').exists(): time.sleep(0.1)\nPath(marks + '.told').touch()"
    body = {
        "project": "vision-lab",
        "notebook": notebook(waits, told, parameters="marks = ''"),
        "parameters": {"marks": str(marks)},
    }
    await ada.spawn("vision-lab", "gpu-1")
    mine = await ada.until_ready(60)
    kernel = world.kernel = await house.kernel(ada)
    await kernel.execute("kept = 4711")
    asked = await ada.api("POST", "runs", json=body)

    async def is_marked():
        return marks.exists()

    async def is_told():
        return (world.folder / "cells.told").exists()

    await house.until(is_marked, bool, 40)
    with _full(world.disk):
        for path, more in (lease(profile="gpu-1", name="second"), run(notebook=world.notebook)):
            answer = await ask(world, "ada", path, json=more)
            assert answer.status_code == 503, answer.text
            check_words(answer.json(), [], "en")
            assert "full" in answer.json()["message"]
        # The kernel may add that it cannot keep its history.
        assert (await kernel.execute("print(kept)")).startswith("4711")
        running = await ada.api("GET", f"runs/{asked['id']}")
        assert (running["state"], running["attempt"]) == ("running", 1)
        assert (await ada.notebook_lease())["state"] == "active"
        await house.kill("service")
        (world.folder / "cells.go").touch()
        await house.until(is_told, bool, 20)
    assert (await ended(world, asked["id"]))["state"] == "succeeded"
    after = await ada.notebook_lease()
    assert (after["id"], after["attempt"]) == (mine["id"], mine["attempt"])
    await house.until_server_answers("ada")
    await ada.stop_server()
    assert (await ada.api("GET", "ledger/verify"))["ok"]


@contextlib.contextmanager
def _full(disk):
    """Fill a file system to its last byte for a while."""
    ballast = disk / "ballast"
    try:
        with ballast.open("wb", buffering=0) as file:
            for size in (1024**2, 4096):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(b"\0" * size)
        yield
    finally:
        ballast.unlink()


async def test_a_changed_entry_of_the_ledger_is_named(world):
    house = world.house
    status, out, _ = await asyncio.to_thread(house.cli, "ledger", "verify")
    assert status == 0, out
    await asyncio.to_thread(house.down)
    database = house.home.root / "madang.sqlite"
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        seq, amount = connection.execute(
            "SELECT seq, amount_microcredits FROM entries WHERE device_ms > 0 ORDER BY seq LIMIT 1"
        ).fetchone()
    _set_amount(database, seq, amount + 1_000_000)
    await asyncio.to_thread(house.up)
    status, _, err = await asyncio.to_thread(house.cli, "ledger", "verify")
    assert status == 1
    assert re.search(rf"^\s+{seq}: ", err, re.MULTILINE), err
    status, out, _ = await asyncio.to_thread(house.cli, "ledger", "verify", "--json")
    assert status == 1
    assert {problem["seq"] for problem in json.loads(out)["problems"]} == {seq}
    _set_amount(database, seq, amount)
    status, out, _ = await asyncio.to_thread(house.cli, "ledger", "verify")
    assert status == 0, out


def _set_amount(database, seq, amount):
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "UPDATE entries SET amount_microcredits = ? WHERE seq = ?", (amount, seq)
        )


async def test_down_ends_everything_on_a_full_disk(world):
    if world.disk is None:
        pytest.skip("this account may not mount a small file system")
    house = world.house
    # The hub refuses a start while the server before is still stopping.
    await house.until(world.ada.server, lambda found: not found, 30)
    await world.ada.spawn("vision-lab", "gpu-1")
    lease_id = (await world.ada.until_ready(60))["id"]

    async def servers():
        return house.servers(lease_id)

    assert await servers()
    with _full(world.disk):
        ending = asyncio.create_task(asyncio.to_thread(house.down))
        await house.until(servers, lambda found: not found, 30)
    await ending
    assert house.processes() == []
    with _full(world.disk):
        up = ("up", "--detach", "--gpus", "sim:1xh200", "--port", house.port)
        status, _, err = await asyncio.to_thread(house.cli, *up)
        assert status == 1
        assert "Cannot write" in err
        assert "space" in err
    assert house.processes() == []
