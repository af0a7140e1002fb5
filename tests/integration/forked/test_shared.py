"""Cells that run once for all runs, and what makes that unsound."""

import pytest

from madang.runner.forked.parents import parents

from .conftest import notebook, run, texts

pytestmark = pytest.mark.integration
PARAMETERS = ("a = 0", "parameters")


@pytest.fixture(autouse=True, scope="module")
def _alone(tmp_path_factory):
    """One warm process for all; each notebook grows its own from it, which none of these ends."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        yield
        parents.close()


def test_they_run_once_and_every_run_has_what_they_made(tmp_path):
    path = notebook(
        tmp_path / "in.ipynb",
        ("import os\npid = os.getpid()\nprint('loaded')\ndata = [1, 2]\n'shown'", "shared"),
        ("data.append(3)", "shared"),
        PARAMETERS,
        "print(a, data, pid != os.getpid())\ndata.append(a)\npid",
        "print(_1, In[1][:9], data)",
    )
    first, second = (run(path, parameters={"a": a}) for a in (7, 8))
    assert first.cells[0].outputs == second.cells[0].outputs
    assert texts(first)[:2] == ["loaded\n", None]
    assert first.cells[4].outputs[0].text == "7 [1, 2, 3] True\n"
    assert second.cells[4].outputs[0].text == "8 [1, 2, 3] True\n"
    assert first.cells[4].outputs[1] == second.cells[4].outputs[1]
    assert first.cells[5].outputs[0].text == "shown import os [1, 2, 3, 7]\n"
    assert [cell.execution_count for cell in second.cells] == [1, 2, 3, 4, 5, 6]
    assert second.metadata.madang == {"kernel": "forked"}


def test_what_stock_papermill_gives(tmp_path):
    path = notebook(
        tmp_path / "in.ipynb",
        (
            "import decimal, random\nimport numpy as np\nimport pandas as pd\n"
            "import matplotlib.pyplot as plt\nrandom.seed(1); np.random.seed(2)\n"
            "decimal.getcontext().prec = 3\nframe = pd.DataFrame({'x': range(3)})\nframe",
            "shared",
        ),
        (
            "random.random(), np.random.rand()\nplt.figure(figsize=(1, 1))\nplt.plot([1, 2])",
            "shared",
        ),
        PARAMETERS,
        "print(random.random(), np.random.rand(), decimal.Decimal(1) / 3, frame.x.sum())",
        "x = await __import__('asyncio').sleep(0, 'awaited')\nx",
        "plt.figure(figsize=(1, 1))\nplt.plot([2, 1])",
        "!echo from a command",
    )
    ours, stock = run(path), run(path, engine=None)
    for mine, theirs in zip(ours.cells, stock.cells, strict=True):
        assert mine.execution_count == theirs.execution_count
        plain = [{**o, "data": {**o.get("data", {}), "text/plain": ""}} for o in mine.outputs]
        assert plain == [
            {**o, "data": {**o.get("data", {}), "text/plain": ""}} for o in theirs.outputs
        ]
    assert ours.metadata.madang == {"kernel": "forked"}


def test_numbers_differ_when_no_shared_cell_seeds(tmp_path):
    path = notebook(
        tmp_path / "in.ipynb",
        ("import random\nimport numpy as np\nnp.random.rand(); random.random()", "shared"),
        PARAMETERS,
        "print(random.random(), np.random.rand())",
    )
    first, second = (texts(run(path))[-1].split() for _ in range(2))
    assert not set(first) & set(second)


def test_a_temporary_folder_of_a_shared_cell_outlives_runs(tmp_path):
    path = notebook(
        tmp_path / "in.ipynb",
        ("import os, tempfile\nheld = tempfile.TemporaryDirectory()", "shared"),
        PARAMETERS,
        "own = tempfile.TemporaryDirectory()\nprint(os.path.isdir(held.name), own.name)",
    )
    first, second = (texts(run(path))[-1].split() for _ in range(2))
    assert (first[0], second[0]) == ("True", "True")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            "import threading\nt = threading.Timer(600, print)\nt.daemon = True\nt.start()",
            "threads",
        ),
        (
            "from concurrent.futures import ThreadPoolExecutor\np = ThreadPoolExecutor(1)\n"
            "p.submit(int).result()",
            "threads",
        ),
        ("import tempfile\nf = tempfile.TemporaryFile()", "shared_left_open"),
        ("import sqlite3\nc = sqlite3.connect('/tmp/x.db')", "shared_left_open"),
        ("import socket\ns = socket.socket()", "shared_left_open"),
        ("import subprocess\np = subprocess.Popen(['sleep', '30'])", "shared_left_process"),
        ("open('made.txt', 'w').close()", "shared_wrote_file"),
        ("import os\nos.system('echo past Python')", "shared_wrote_descriptor"),
        ("import asyncio\nt = asyncio.create_task(asyncio.sleep(600))", "shared_left_task"),
        ("import os, time\nos._exit(1) if os.getppid() != 0 and not getattr(os, 'x', 0) and"
         " 'JPY_PARENT_PID' in os.environ and os.getpgid(0) != os.getsid(0) else None",
         "growing_died"),
    ],
)  # fmt: skip
def test_what_runs_could_not_each_have_means_fresh_kernels(tmp_path, source, reason):
    path = notebook(tmp_path / "in.ipynb", (source, "shared"), PARAMETERS, "print(a)")
    for _ in range(2):
        executed = run(path, parameters={"a": 5})
        assert texts(executed)[-1] == "5\n"
        assert executed.metadata.madang["kernel"] == "fresh"
        assert executed.metadata.madang["reason"] == reason


def test_a_file_that_is_read_has_a_place_in_each_run(tmp_path):
    (tmp_path / "lines.txt").write_text("one\ntwo\nthree\n")
    path = notebook(
        tmp_path / "in.ipynb",
        ("f = open('lines.txt', 'rb', buffering=0)\nf.read(4)", "shared"),
        PARAMETERS,
        "print(f.read(4))",
    )
    for _ in range(2):
        executed = run(path)
        assert texts(executed)[-1] == "b'two\\n'\n"
        assert executed.metadata.madang == {"kernel": "forked"}


def test_a_failing_shared_cell_fails_as_it_would_alone(tmp_path):
    path = notebook(tmp_path / "in.ipynb", ("print(1)\n1 / 0", "shared"), PARAMETERS, "print(2)")
    with pytest.raises(Exception, match="ZeroDivisionError"):
        run(path)


def test_dask_and_native_pools_used_by_shared_cells_work_in_runs(tmp_path):
    path = notebook(
        tmp_path / "in.ipynb",
        (
            "import dask\nimport dask.array as da\nimport numpy as np\n"
            "x = da.ones((400, 400), chunks=100)\nprint(x.sum().compute())\n"
            "m = np.ones((400, 400))\nprint((m @ m).sum())",
            "shared",
        ),
        PARAMETERS,
        "print(x.sum().compute(), (m @ m).sum())",
    )
    executed = run(path)
    assert texts(executed)[-1] == "160000.0 64000000.0\n"
    assert executed.metadata.madang == {"kernel": "forked"}


def test_a_distributed_client_of_a_shared_cell_means_fresh_kernels(tmp_path):
    path = notebook(
        tmp_path / "in.ipynb",
        (
            "from dask.distributed import Client\n"
            "c = Client(processes=False, n_workers=1, dashboard_address=None)\nc.close()",
            "shared",
        ),
        PARAMETERS,
        "c = Client(processes=False, n_workers=1, dashboard_address=None)\n"
        "print(c.submit(sum, [1, 2]).result())\nc.close()",
    )
    executed = run(path)
    assert texts(executed)[-1] == "3\n"
    assert executed.metadata.madang["kernel"] == "fresh"
