"""Papermill with our engine: one warm process, a kernel of its own for each notebook."""

import os
import signal
import subprocess
import sys
import time

import nbformat
import papermill
import pytest

from madang.runner.forked import hang
from madang.runner.forked.parents import parents

from .conftest import notebook, run, texts

pytestmark = pytest.mark.integration


def wait_until_gone(pids, timeout_s=20):
    deadline = time.monotonic() + timeout_s
    while left := [pid for pid in pids if is_alive(pid)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_command_needs_no_service(tmp_path):
    path = notebook(tmp_path / "in.ipynb", ("a = 0", "parameters"), "print(a + 1)")
    env = {n: v for n, v in os.environ.items() if not n.startswith(("MADANG", "PYTEST"))}
    subprocess.run(
        [
            *(sys.executable, "-m", "papermill", "--engine", "madang", "--no-progress-bar"),
            *(path, tmp_path / "out.ipynb", "-p", "a", "1"),
        ],
        check=True,
        env=env,
        timeout=60,
    )
    executed = nbformat.read(tmp_path / "out.ipynb", 4)
    assert texts(executed) == ["2\n"]
    assert executed.metadata.madang == {"kernel": "forked"}


def test_runs_have_a_process_each_and_share_a_parent(tmp_path):
    path = notebook(
        tmp_path / "in.ipynb",
        "import os\nprint('left' in globals())\nleft = 1\nprint(os.getpid())\nprint(os.getppid())",
    )
    first, second = (texts(run(path))[0].split() for _ in range(2))
    assert (first[0], second[0]) == ("False", "False")
    assert first[1] != second[1]
    assert first[2] == second[2]
    wait_until_gone([int(first[1]), int(second[1])])


def test_unseeded_numbers_differ_between_runs(tmp_path):
    path = notebook(
        tmp_path / "in.ipynb",
        "import random\nimport numpy as np\nimport uuid\n"
        "print(random.random(), np.random.rand(), np.random.default_rng().random(), uuid.uuid4())",
    )
    first, second = (texts(run(path))[0].split() for _ in range(2))
    assert not set(first) & set(second)


def test_variables_and_folder_are_those_of_the_caller(tmp_path, monkeypatch):
    path = notebook(tmp_path / "in.ipynb", "import os\nprint(os.environ.get('LATE'), os.getcwd())")
    assert texts(run(path)) == [f"None {tmp_path}\n"]
    monkeypatch.setenv("LATE", "yes")
    assert texts(run(path)) == [f"yes {tmp_path}\n"]


def test_a_killed_parent_is_replaced(tmp_path):
    path = notebook(tmp_path / "in.ipynb", "import os\nprint(os.getppid())")
    first = int(texts(run(path))[0])
    os.kill(first, signal.SIGKILL)
    again = run(path)
    assert again.metadata.madang == {"kernel": "forked"}
    assert int(texts(again)[0]) != first


def test_nothing_outlives_a_killed_papermill(tmp_path):
    path = notebook(
        tmp_path / "in.ipynb",
        "import os, time\nprint(os.getpid(), os.getppid(), flush=True)\n"
        "open('pids.part', 'w').write(f'{os.getpid()} {os.getppid()}')\n"
        "os.rename('pids.part', 'pids')\ntime.sleep(600)",
    )
    process = subprocess.Popen(
        [*(sys.executable, "-m", "papermill", "--engine", "madang"), path, tmp_path / "out.ipynb"],
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "pids").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    pids = [int(p) for p in (tmp_path / "pids").read_text().split()]
    process.kill()
    process.wait()
    wait_until_gone(pids)


def test_a_local_module_wins_over_a_library(tmp_path):
    (tmp_path / "pandas.py").write_text("print('local')")
    (tmp_path / "cycler.py").write_text("def cycler(*a, **k): raise ValueError('local cycler')")
    path = notebook(tmp_path / "in.ipynb", "import pandas")
    assert texts(run(path)) == ["local\n"]
    path = notebook(
        tmp_path / "in.ipynb", "try:\n    import matplotlib\nexcept Exception as e:\n    print(e)"
    )
    stock = texts(run(path, engine=None))
    assert stock == texts(run(path))
    path = notebook(tmp_path / "in.ipynb", "import matplotlib")
    with pytest.raises(papermill.PapermillExecutionError, match="ImportError"):
        run(path)
    executed = nbformat.read(tmp_path / "in.out.ipynb", 4)
    assert executed.metadata.madang["reason"] == "module_shadowed"


def test_asked_for_a_fresh_kernel(tmp_path):
    path = notebook(tmp_path / "in.ipynb", "print(1)", madang={"kernel": "fresh"})
    executed = run(path)
    assert texts(executed) == ["1\n"]
    assert executed.metadata.madang == {"kernel": "fresh", "reason": "asked"}


def test_a_profile_with_startup_files_gets_fresh_kernels(tmp_path):
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00-mine.py").write_text("mine = 5")
    executed = run(notebook(tmp_path / "in.ipynb", "print(mine)"))
    assert texts(executed) == ["5\n"]
    assert executed.metadata.madang["reason"] == "startup_files"


def test_a_fork_that_hangs_is_tried_once_with_a_fresh_kernel(tmp_path, monkeypatch):
    monkeypatch.setattr(hang, "HANG_S", 3.0)
    path = notebook(
        tmp_path / "in.ipynb",
        ("import os, threading\nl = threading.Lock()\nl.acquire()\nowner = os.getpid()", "shared"),
        ("a = 1", "parameters"),
        "print('begun')\nif os.getpid() != owner:\n    l.acquire()\nprint('through')",
    )
    executed = run(path)
    assert texts(executed) == ["begun\nthrough\n"]
    assert executed.metadata.madang == {"kernel": "fresh", "reason": "fork_hung"}
    assert [cell.execution_count for cell in executed.cells] == [1, 2, 3]


def test_a_cell_that_only_waits_is_no_hang(tmp_path, monkeypatch):
    monkeypatch.setattr(hang, "HANG_S", 1.0)
    path = notebook(
        tmp_path / "in.ipynb",
        "import threading, time\ntime.sleep(4)\nprint(threading.Event().wait(4))",
    )
    executed = run(path)
    assert texts(executed) == ["False\n"]
    assert executed.metadata.madang == {"kernel": "forked"}


def test_parents_are_recycled(tmp_path, monkeypatch):
    monkeypatch.setattr("madang.runner.forked.parents.MAX_FORKS", 2)
    path = notebook(tmp_path / "in.ipynb", "import os\nprint(os.getppid())")
    pids = [int(texts(run(path))[0]) for _ in range(3)]
    assert pids[0] == pids[1] != pids[2]
    wait_until_gone(pids[:1])
    parents.close()
    wait_until_gone(pids)
