"""Kernels forked beside a forked server: they do all that kernels do, and end with their lease."""

import asyncio
import contextlib
import importlib.util
import json
import os
import signal
import time
from pathlib import Path

import pytest

from madang import shim
from madang.shim import warm

pytestmark = pytest.mark.integration

_spec = importlib.util.spec_from_file_location(
    "madang_notebook_client", Path(__file__).with_name("notebook_client.py")
)
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
Notebook = _module.Notebook

CELLS = {
    "print('a'); 1 + 1": "a\n2",
    "%env MADANG_PROJECT": "'open'",
    "!echo $((6 * 7))": "42",
    "%%bash\necho from bash": "from bash",
    "import subprocess; subprocess.run(['echo', 'x'], capture_output=True).stdout": "b'x\\n'",
    "import asyncio; await asyncio.sleep(0.01, 'awaited')": "'awaited'",
    "import threading; t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()": (
        "thread"
    ),
    "import multiprocessing as m\nwith m.Pool(2) as p: print(p.map(abs, [-1]))": "[1]",
    "import concurrent.futures as f\nf.ProcessPoolExecutor(1).submit(pow, 2, 5).result()": "32",
    "import sys; sys.argv[0].endswith('ipykernel_launcher.py'), sys.argv[1], __name__": (
        "(True, '-f', '__main__')"
    ),
    "import sys; [n for n in ('jupyterhub', 'jupyterlab', 'jsonschema') if n in sys.modules]": "[]",
    "import jsonschema, jinja2; jsonschema.validate(1, {'type': 'integer'})": "",
    "import os; os.getcwd() == os.environ['HOME']": "True",
    "len(In) > 10 and _ is True": "True",
    "%%writefile m.py\nx = 7": "Writing m.py",
    "import m; m.x": "7",
}


def wait_for(check, what, patience_s=60.0):
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if found := check():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {patience_s} s: {what}")


@pytest.fixture
def server(running, service):
    """A forked server, its address and token, and its record folder."""
    service.admits = True
    for person in ("ada", "bora"):
        running.add_user(person)
    running.spawn("ada")
    running.ready_server("ada")
    state = wait_for(
        lambda: (s := warm.read_state(running.home.warm)).state in ("on", "off") and s, "parent"
    )
    assert state.state == "on", state.why
    running.spawn("bora")
    address = running.ready_server("bora")["url"]
    token = running.http.post("/users/bora/tokens", json={}).json()["token"]
    lease = service.of("bora")[0]
    record = next(running.home.attempts.glob(f"{lease['id']}.*/server"))
    known = shim.read(record)
    assert known.meta.get("start") == "forked", known.meta
    return f"http://127.0.0.1:{running.port}{address}", token, record


def note(record):
    return json.loads((record / "kernels.json").read_text())


def shown(pid, what):
    """What others see of a process."""
    return Path(f"/proc/{pid}/{what}").read_bytes()


def is_there(pid):
    return Path(f"/proc/{pid}").exists()


async def pid_of(notebook):
    return int((await notebook.run("import os; os.getpid()"))[0])


async def pid_after_restart(notebook):
    """Ask until there is an answer: what comes before the server has connected anew is lost."""
    deadline = time.monotonic() + 60
    while True:
        await notebook.disconnect()
        await notebook.connect()
        try:
            return await asyncio.wait_for(pid_of(notebook), 5)
        except TimeoutError:
            assert time.monotonic() < deadline


def tree(pid):
    """All processes below one."""
    found = [pid]
    for parent in found:
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    stat = (entry / "stat").read_bytes().rpartition(b")")[2].split()
                except OSError:
                    continue
                if int(stat[1]) == parent:
                    found.append(int(entry.name))
    return found


async def test_a_forked_kernel_does_what_kernels_do(running, server):
    base, token, record = server
    async with Notebook(base, token) as notebook:
        for code, wanted in CELLS.items():
            text, _, error = await notebook.run(code)
            assert (text, error) == (wanted, ""), code
        # What a program writes to the descriptor itself is read by a thread of the kernel: it
        # may come before or after the cell's own value, as in a kernel that nobody forked.
        raw, _, error = await notebook.run("import os; os.system('echo raw')", until="raw")
        assert (raw in ("raw\n0", "0raw"), error) == (True, ""), raw
        assert note(record) == {"start": "forked", "why": ""}
        # Counted and ended by the keeper of the lease, and found by its record should that die.
        pid = await pid_of(notebook)
        assert pid in tree(shim.read(record).shim_pid)
        environment = shown(pid, "environ").split(b"\0")
        assert f"{shim.MARKER}={record}".encode() in environment
        assert b"ipykernel_launcher" in shown(pid, "cmdline")

        asked = await notebook.run("input('name? ')", answer="bora")
        assert asked == ("'bora'", {"text/plain"}, "")
        _, mimes, error = await notebook.run("from IPython.display import HTML; HTML('<b>x</b>')")
        assert "text/html" in mimes, error

        def interrupt():
            tasks.append(asyncio.ensure_future(notebook.act("interrupt")))

        tasks = []
        for code in ("import time; time.sleep(60)", "while True: pass"):
            assert (await notebook.run(code, on_start=interrupt))[2] == "KeyboardInterrupt"
        slow = "import subprocess; subprocess.run(['sleep', '60'])"
        assert (await notebook.run(slow, on_start=interrupt))[2] == "KeyboardInterrupt"
        await asyncio.gather(*tasks)

        async with Notebook(base, token) as other:
            assert await pid_of(other) != pid
            random = "import random, uuid; random.random(), uuid.uuid4()"
            assert (await other.run(random))[0] != (await notebook.run(random))[0]
        await notebook.act("restart")
        assert not is_there(pid)
        assert (await notebook.run("m"))[2] == "NameError"
        assert note(record) == {"start": "forked", "why": ""}
        again = await pid_of(notebook)
    wait_for(lambda: not is_there(again), "the kernel's end")


async def test_the_debugger_stops_in_a_forked_kernel(running, server):
    base, token, record = server
    code = "def f(x):\n    y = x + 1\n    return y\nprint(f(41))"
    async with Notebook(base, token) as notebook:
        assert (await notebook.run("import os; os.environ['PYDEVD_USE_FRAME_EVAL']"))[0] == "'NO'"
        assert note(record) == {"start": "forked", "why": ""}
        await notebook.debug("initialize", clientID="t", adapterID="", pathFormat="path")
        await notebook.debug("attach")
        path = (await notebook.debug("dumpCell", code=code))["sourcePath"]
        marks = [{"line": 3}]
        await notebook.debug("setBreakpoints", source={"path": path}, breakpoints=marks)
        await notebook.debug("configurationDone")
        notebook.send("execute_request", {"code": code, "silent": False})
        thread = await notebook.until_stopped()
        frames = (await notebook.debug("stackTrace", threadId=thread))["stackFrames"]
        assert (frames[0]["name"], frames[0]["line"]) == ("f", 3)
        found = await notebook.debug("evaluate", expression="y", frameId=frames[0]["id"])
        assert found["result"] == "42"
        await notebook.debug("continue", threadId=thread)
        assert (await notebook.run("'after'"))[0].endswith("'after'")


def kernels(record):
    """Processes of kernels below a server."""
    found = []
    for pid in tree(shim.read(record).pid):
        with contextlib.suppress(OSError):
            if b"ipykernel_launcher" in shown(pid, "cmdline"):
                found.append(pid)
    return found


async def test_what_must_not_be_forked_starts_as_ever(running, server):
    base, token, record = server
    async with Notebook(base, token) as notebook:
        assert (await notebook.run("1"))[0] == "1"
        # Two kernels that die by themselves right away, and the next is started as ever.
        for start in ("forked", "fresh"):
            before = await pid_of(notebook)
            notebook.send("execute_request", {"code": "import os; os._exit(3)", "silent": False})
            wait_for(lambda p=before: set(kernels(record)) - {p}, "the next kernel")
            assert await pid_after_restart(notebook) != before
            assert note(record)["start"] == start
        assert "ended at once, with 3" in note(record)["why"]


async def test_all_of_it_ends_with_the_server(running, server):
    base, token, record = server
    async with Notebook(base, token) as notebook:
        pid = await pid_of(notebook)
        known = shim.read(record)
        below = tree(known.shim_pid)
        assert pid in below
        os.kill(known.pid, signal.SIGKILL)
        ended = wait_for(lambda: not (r := shim.read(record)).is_alive and r, "the end")
        assert ended.is_sure
        for one in below:
            wait_for(lambda p=one: not is_there(p), f"the end of {one}")
        assert shim.strays(running.home.attempts) == []
