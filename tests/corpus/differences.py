"""What differs from stock papermill, each shown by cells that see it in both.

A function here is a row of the table in platform/docs/forked-kernels.md, which names it.
"""

import os
import time

from ways import RAISES, code, shown

PARAMETERS = ("a = 0", "parameters")

# Counts how often the output's file is saved, as the kernel hears of it.
WATCH = """
import ctypes, os, struct
libc = ctypes.CDLL(None)
watch = libc.inotify_init1(os.O_NONBLOCK)
place = os.getcwd() if os.path.exists("out.ipynb") else os.path.dirname(os.getcwd())
# Written and closed, moved to; and opened, since of equal events in a row one alone is told.
libc.inotify_add_watch(watch, place.encode(), 0x8 | 0x80 | 0x20)
def saves():
    found = 0
    try:
        data = os.read(watch, 65536)
    except BlockingIOError:
        return 0
    while data:
        _, kind, _, size = struct.unpack_from("iIII", data)
        name = data[16:16 + size].rstrip(b"\\0")
        found += name in (b"out.ipynb", b"output.ipynb") and bool(kind & 0x88)
        data = data[16 + size:]
    return found
"""


def both(ways, *cells):
    return ways.stock(*cells), ways.ours(*cells)


def metadata(ways):
    stock, ours = both(ways, "1")
    assert "madang" not in stock.metadata
    assert ours.metadata.madang == {"kernel": "forked"}


def classes(ways):
    stock, ours = both(
        ways,
        "from ipykernel.ipkernel import IPythonKernel\n"
        "from ipykernel.kernelapp import IPKernelApp\n"
        "kernel = get_ipython().kernel\napp = get_ipython().parent.parent\n"
        "print(type(kernel) is IPythonKernel, type(app) is IPKernelApp)",
        "print(type(kernel), type(app))",
        "%config",
    )
    assert (shown(stock, 0), shown(ours, 0)) == ("True True", "False False")
    assert [shown(ours, n) for n in (1, 2)] == [shown(stock, n) for n in (1, 2)]


def threads(ways):
    stock, ours = both(
        ways, "import threading\nprint(*sorted(t.name for t in threading.enumerate()))"
    )
    for name in ("Control", "Heartbeat"):
        assert name in shown(stock, 0)
        assert name not in shown(ours, 0)
    assert "IOPub" in shown(ours, 0)


def frames(ways):
    stock, ours = both(ways, "import inspect\nprint(len(inspect.stack()))")
    assert 0 < int(shown(ours, 0)) - int(shown(stock, 0)) < 20


def modules(ways):
    cells = ["import sys\nprint('pandas' in sys.modules)", ("pandas", RAISES), "import pandas"]
    stock, ours = both(ways, *cells)
    assert (shown(stock, 0), shown(ours, 0)) == ("False", "True")
    assert shown(stock, 1) == shown(ours, 1) == "NameError"


def process(ways):
    stock, ours = both(
        ways,
        "import os, sys\nfile = sys.argv[sys.argv.index('-f') + 1]\n"
        "print(os.getppid(), os.path.exists(file))\nprint(sys.orig_argv)",
    )
    assert shown(stock, 0).startswith(f"{os.getpid()} True")
    assert "ipykernel_launcher" in shown(stock, 0)
    assert "False" in shown(ours, 0)
    assert not shown(ours, 0).startswith(f"{os.getpid()} ")
    assert "ipykernel_launcher" not in shown(ours, 0)


def history(ways):
    stock, ours = both(ways, "print(get_ipython().history_manager.enabled)", "%history")
    assert (shown(stock, 0), shown(ours, 0)) == ("True", "False")
    assert shown(stock, 1) == shown(ours, 1)


def hashes(ways):
    cell = "print(hash('text'))"
    assert shown(ways.stock(cell), 0) != shown(ways.stock(cell), 0)
    assert shown(ways.ours(cell), 0) == shown(ways.ours(cell), 0)


def interrupt(ways):
    """Stock gives no answer, or does: nothing to hold it to."""
    began = time.monotonic()
    ours = ways.ours(
        "import asyncio, os, signal, threading",
        (
            "threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
            "await asyncio.sleep(100)",
            RAISES,
        ),
        "print('alive')",
    )
    assert shown(ours, 1) in ("CancelledError", "KeyboardInterrupt")
    assert shown(ours, 2) == "alive"
    assert time.monotonic() - began < 80


def chunks(ways):
    stock, ours = both(ways, "print('x' * 30_000_000)")
    assert len(code(stock, 0).outputs) == 1 < len(code(ours, 0).outputs)
    assert shown(stock, 0) == shown(ours, 0)


def slot_room(ways):
    cells = ["print('x' * 25_000_000)", ("raise ValueError('y' * 300_000)", RAISES)]
    stock = ways.stock(*cells)
    _, log, slot = ways.slot(*cells)
    assert len(shown(stock, 0)) == 25_000_000
    assert len(shown(slot, 0)) < 22 * 1024**2
    assert "22" in shown(slot, 0)
    assert len(code(stock, 1).outputs[0].evalue) == 300_000
    assert len(code(slot, 1).outputs[0].evalue) <= 100_100
    assert "22" in log


def slot_late(ways):
    cells = (
        "import sys, time\nsys.stdout.flush_timeout = sys.stderr.flush_timeout = 0.1\n"
        "loop = get_ipython().kernel.iopub_thread.io_loop\nprint('said')\n"
        "loop.add_callback(time.sleep, 7)",
        "print('next')",
    )
    ways.stock(*cells)
    assert "IOPub" in str(ways.error) or "Timeout" in type(ways.error).__name__
    result, _, slot = ways.slot(*cells)
    assert (result["state"], shown(slot, 1)) == ("succeeded", "next")


def openmp_variables(ways):
    seen = "print(sorted(k for k in os.environ if k[:4] == 'KMP_'))"
    stock, ours = both(ways, f"import os\n{seen}", "import sklearn", seen)
    names = "['KMP_DUPLICATE_LIB_OK', 'KMP_INIT_AT_FORK']"
    assert (shown(stock, 0), shown(ours, 0)) == ("[]", names)
    assert shown(stock, 2) == shown(ours, 2) == names


def shared_refused(ways):
    cells = [
        ("open('log.txt', 'a').write('x')", "shared"),
        PARAMETERS,
        "print(open('log.txt').read())",
    ]
    stock, ours = both(ways, *cells)
    assert (shown(stock, 2), shown(ours, 2)) == ("x", "xx")
    assert ours.metadata.madang.reason == "shared_wrote_file"


def shared_repeats(ways):
    cells = [
        (
            "import os, time\nimport numpy as np\nnow, pid = time.time(), os.getpid()\n"
            "made = np.random.default_rng()",
            "shared",
        ),
        PARAMETERS,
        "print(now, pid, made.random())",
    ]
    folder = ways.folder()
    ours = [shown(ways.ours(*cells, folder=folder), 2) for _ in range(2)]
    stock = [shown(ways.stock(*cells, folder=folder), 2) for _ in range(2)]
    assert ours[0] == ours[1]
    assert not {*stock[0].split()} & {*stock[1].split()}


def slot_saves(ways):
    cells = [WATCH, "saves()", *["pass"] * 5, "print(saves())"]
    stock, slot = ways.stock(*cells), ways.slot(*cells)[2]
    # Six starts and six ends of cells lie between the two looks.
    assert int(shown(stock, 7)) == 12
    assert int(shown(slot, 7)) == 6


def package_edited(ways):
    folder = ways.folder()
    module = folder / "corpus_edited.py"
    cells = ["import corpus_edited\nprint(corpus_edited.value)"]
    ways.patch.setenv("PYTHONPATH", str(folder))
    ways.patch.setattr("madang.runner.forked.engine.find_imports", lambda *_: ["corpus_edited"])
    module.write_text("value = 1\n")
    assert shown(ways.ours(*cells), 0) == shown(ways.stock(*cells), 0) == "1"
    module.write_text("value = 22\n")
    assert (shown(ways.ours(*cells), 0), shown(ways.stock(*cells), 0)) == ("1", "22")
    ways.close()
    assert shown(ways.ours(*cells), 0) == "22"


def connection_warning(ways):
    _, stock, _ = ways.command(cells=["1"])
    _, ours, _ = ways.command("--engine", "madang", cells=["1"])
    assert "encrypt" in stock
    assert "encrypt" not in ours


def slot_died(ways):
    cells = ["import os, signal, time\ntime.sleep(0.5)\nos.kill(os.getpid(), signal.SIGKILL)"]
    stock, (result, _, slot) = ways.stock(*cells), ways.slot(*cells)
    told = code(stock, 0).metadata.papermill
    assert (told.status, bool(told.exception), code(stock, 0).outputs) == ("completed", False, [])
    told = code(slot, 0).metadata.papermill
    assert (told.status, told.exception, result["state"]) == ("failed", True, "failed")


def slot_sigterm(ways):
    cells = ["print('begun', flush=True)\nopen('mark', 'w')\nimport time\ntime.sleep(100)"]
    status, _, stock = ways.command(cells=cells, until="mark")
    assert (status, code(stock, 0).outputs) == (-15, [])
    assert code(stock, 0).metadata.papermill.status == "running"
    result, _, slot = ways.slot(*cells, until="mark")
    assert result["state"] == "cancelled"
    assert shown(slot, 0).startswith("begun\n")
    assert code(slot, 0).metadata.papermill.status == "failed"


DIFFERENCES = {
    case.__name__: case
    for case in (
        *(metadata, classes, threads, frames, modules, process, history, hashes, interrupt),
        *(chunks, slot_room, slot_late, openmp_variables, shared_refused, shared_repeats),
        *(slot_saves, slot_died, slot_sigterm, package_edited, connection_warning),
    )
}
