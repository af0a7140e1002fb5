"""`up --login pam` with real accounts: what is theirs runs as them, and nothing else is open."""

import asyncio
import contextlib
import json
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from madang import shim
from madang.engines.local import tenant
from madang.errors import LocalError
from madang.settings.home import Home
from madang.stack import down, ports, up
from madang.stack.demo.kernel import Kernel
from madang.stack.demo.steps import CheckError
from madang.stack.demo.visitor import Visitor
from madang.stack.machine import closed_folder

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(300),
    pytest.mark.skipif(os.geteuid() != 0, reason="makes accounts, which only root may"),
]

PASSWORD = "Xy7-courtyard-q9"
# What a tenant can do with the data folder and with other people's things: nothing.
PRY = """
import json, os, pathlib, subprocess
def attempt(act):
    try:
        act()
    except OSError as error:
        return type(error).__name__
    return "allowed"
places = json.loads({places!r})
found = {{p: attempt(lambda: open(p).read()) for p in places}}
found["listing"] = attempt(lambda: os.listdir({home!r}))
found["attempts"] = attempt(lambda: os.listdir({home!r} + "/attempts"))
found["written"] = attempt(lambda: open({home!r} + "/attempts/x", "w"))
found["signal"] = attempt(lambda: os.kill({keeper}, 0))
found["root"] = attempt(lambda: os.setuid(0))
pathlib.Path.home().joinpath("mine.txt").write_text("mine")
print(json.dumps([os.getuid(), os.getgroups(), os.getcwd(), os.environ["HOME"], found]))
"""
NOTEBOOK = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {},
    "cells": [
        {
            "id": "a",
            "cell_type": "code",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
            "source": "import os, pathlib\n"
            "pathlib.Path.home().joinpath('run.txt').write_text(str(os.getuid()))\n"
            "print('uid', os.getuid())",
        }
    ],
}
CLUSTER = """
import madang, os
with madang.Cluster(workers=1) as cluster, cluster.get_client() as client:
    print("uid", client.submit(os.getuid).result(), client.run_on_scheduler(os.getuid))
"""


@pytest.fixture
def passable():
    """Let other accounts through to our interpreter, as at a proper installation, for this test."""
    opened = []
    for path in (Path(sys.executable).resolve(), Path(sys.executable)):
        while (folder := closed_folder(path)) is not None:
            opened.append((folder, stat.S_IMODE(folder.stat().st_mode)))
            folder.chmod(opened[-1][1] | stat.S_IXOTH)
    yield
    for folder, mode in reversed(opened):
        folder.chmod(mode)


@pytest.fixture
def accounts():
    homes = Path(tempfile.mkdtemp(prefix="madang-homes-"))
    homes.chmod(0o755)
    names = [f"mt{os.getpid()}{letter}" for letter in "ab"]
    try:
        for name in names:
            _run("useradd", "--create-home", "--home-dir", str(homes / name), name)
            (homes / name).chmod(0o700)
            _run("chpasswd", given=f"{name}:{PASSWORD}\n")
        yield [pwd.getpwnam(name) for name in names]
    finally:
        for name in names:
            subprocess.run(["userdel", name], check=False, capture_output=True)
        shutil.rmtree(homes)


def _run(*argv, given=""):
    subprocess.run(argv, input=given, text=True, check=True, capture_output=True)


@pytest.fixture
def home():
    # Not below pytest's own folder, which is closed to others already.
    parent = Path(tempfile.mkdtemp(prefix="madang-data-"))
    parent.chmod(0o755)
    made = Home(parent / "data")
    yield made
    down(made, tell=lambda _: None)
    shutil.rmtree(parent)


async def test_everything_of_a_person_runs_as_their_account(home, passable, accounts):
    port = ports.choose(None, set())
    await asyncio.to_thread(
        up, home, port=port, gpus="sim:2xh200", login="pam", detach=True, tell=lambda _: None
    )
    ada, bora = accounts
    visitors = [Visitor(f"http://127.0.0.1:{port}", one.pw_name, PASSWORD) for one in accounts]
    stranger = Visitor(f"http://127.0.0.1:{port}", ada.pw_name, "wrong")
    with pytest.raises(CheckError):
        await stranger.log_in()
    await stranger.close()
    kernels = []
    try:
        for visitor in visitors:
            await visitor.log_in()
            await visitor.spawn("open", "cpu")
            await visitor.until_ready(90)
            kernel = Kernel(visitor.url, visitor.name, await visitor.server_token())
            await kernel.start()
            kernels.append(kernel)
        await _notebooks(home, accounts, kernels)
        await _run_in_slot(visitors[0], ada)
        printed = await kernels[1].execute(CLUSTER)
        assert printed.strip() == f"uid {bora.pw_uid} {bora.pw_uid}"
        await _scratch_is_gone(home)
    finally:
        for kernel in kernels:
            kernel.close()
        for visitor in visitors:
            await visitor.close()
    await asyncio.to_thread(down, home, tell=lambda _: None)
    assert [pid for one in accounts for pid in _processes(one.pw_uid)] == []


async def _notebooks(home, accounts, kernels):
    records = {shim.read(r).meta["person"]: r for r in home.attempts.glob("*/server")}
    secret = [str(p) for p in (home.secrets, home.database, home.hub_database, home.cli_token)]
    for mine, other, kernel in zip(accounts, reversed(accounts), kernels, strict=True):
        record = records[mine.pw_name]
        known = shim.read(record)
        others = [
            *(str(records[other.pw_name] / "log"), str(records[other.pw_name] / "record.json")),
            *(str(record / "log"), str(record / "record.json"), f"{other.pw_dir}/mine.txt"),
            *(f"/proc/{shim.read(records[other.pw_name]).pid}/environ", "/etc/shadow"),
        ]
        code = PRY.format(
            places=json.dumps([*secret, *others]), home=str(home.root), keeper=known.shim_pid
        )
        _check(mine, record, json.loads(await kernel.execute(code)))


def _check(mine, record, printed):
    uid, groups, cwd, folder, found = printed
    known = shim.read(record)
    assert (uid, folder) == (mine.pw_uid, mine.pw_dir)
    assert cwd.startswith(mine.pw_dir)
    assert groups == os.getgrouplist(mine.pw_name, mine.pw_gid)
    assert set(found.values()) == {"PermissionError"}, found
    assert Path(mine.pw_dir, "mine.txt").stat().st_uid == mine.pw_uid
    assert Path(f"/proc/{known.pid}").stat().st_uid == mine.pw_uid
    assert Path(f"/proc/{known.shim_pid}").stat().st_uid == 0
    assert {p.stat().st_uid for p in record.parent.rglob("*")} == {0}
    assert (record / "log").stat().st_size > 0


async def _run_in_slot(visitor, account):
    body = {"project": "open", "name": "r", "notebook": json.dumps(NOTEBOOK), "limit_s": 120}
    run = await visitor.api("POST", "runs", json=body)
    deadline = time.monotonic() + 90
    while run["state"] in ("queued", "running") and time.monotonic() < deadline:
        await asyncio.sleep(0.2)
        run = await visitor.api("GET", f"runs/{run['id']}")
    assert run["state"] == "succeeded", run
    _check_file(Path(account.pw_dir, "run.txt"), account)


def _check_file(path, account):
    assert path.read_text() == str(account.pw_uid)
    assert path.stat().st_uid == account.pw_uid


async def _scratch_is_gone(home):
    clusters = [path.parent.name for path in home.attempts.glob("*/scheduler")]
    assert clusters
    deadline = time.monotonic() + 40
    while any(tenant.folder_of(name).exists() for name in clusters):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.2)


def _processes(uid):
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if entry.stat().st_uid == uid:
                found.append(entry.name)
    return found


INSIDE = """
import os, pathlib, sys
prefix = pathlib.Path(sys.prefix)
def attempt(act):
    try:
        act()
    except OSError as error:
        return type(error).__name__
    return "allowed"
print("INSIDE", os.getuid(), prefix.stat().st_uid, attempt(lambda: (prefix / "x").touch()),
      attempt(lambda: os.listdir(prefix.parent)), attempt(lambda: os.listdir(prefix.parents[2])))
"""


def _printed(artifacts):
    """Return the words of the line that the notebook printed."""
    kept = [path.read_text() for path in artifacts.rglob("*") if path.is_file()]
    texts = [out["text"] for text in kept if text.startswith("{") for out in _outputs(text)]
    texts = ["".join(text) for text in texts]
    return next(text for text in texts if text.startswith("INSIDE")).split()[1:]


def _outputs(notebook):
    cells = json.loads(notebook).get("cells", [])
    return [out for cell in cells for out in cell["outputs"] if "text" in out]


async def _until_over(visitor, path, over):
    deadline = time.monotonic() + 240
    view = await visitor.api("GET", path)
    while view["state"] not in over and time.monotonic() < deadline:
        await asyncio.sleep(0.3)
        view = await visitor.api("GET", path)
    return view


async def test_one_builds_an_environment_and_another_executes_with_it(home, passable, accounts):
    port = ports.choose(None, set())
    await asyncio.to_thread(
        up, home, port=port, gpus="sim:2xh200", login="pam", detach=True, tell=lambda _: None
    )
    ada, bora = (Visitor(f"http://127.0.0.1:{port}", one.pw_name, PASSWORD) for one in accounts)
    try:
        await ada.log_in()
        await bora.log_in()
        spec = {"project": "open", "name": "small", "spec": "iniconfig"}
        made = await ada.api("POST", "environments", json=spec)
        view = await _until_over(ada, f"environments/{made['id']}", ("ready", "failed"))
        assert view["state"] == "ready", view["latest"]
        cell = {**NOTEBOOK["cells"][0], "source": INSIDE}
        body = {"project": "open", "flavor": "cpu", "devices": 0, "environment": "small"}
        body["notebook"] = json.dumps({**NOTEBOOK, "cells": [cell]})
        run = await bora.api("POST", "runs", json=body)
        over = ("succeeded", "failed", "cancelled", "expired")
        done = await _until_over(bora, f"runs/{run['id']}", over)
        assert done["state"] == "succeeded", done
        said = _printed(home.artifacts)
    finally:
        await ada.close()
        await bora.close()
    # It runs as who uses it and belongs to who built it; nobody else writes there or looks around.
    denied = "PermissionError"
    uids = [str(one.pw_uid) for one in reversed(accounts)]
    assert said == [*uids, denied, denied, denied]


def test_a_user_that_is_none_or_root_starts_nothing(tmp_path):
    for name in ("nobody-of-this-name", "root"):
        record = tmp_path / name
        with pytest.raises(LocalError, match="process_not_started"):
            shim.launch(record, ["true"], env={}, cwd=tmp_path, user=name)
        assert shim.read(record) is None
