"""What a parent may hold when it forks: each state, what runs must do then, and by when.

The rows were measured before the engine was written (``platform/docs/forked-kernels.md`` tells the
rules that follow). Each was a hang, a repeated value or a lost file without its rule, so each test
has a time limit of its own: a hang must not be found out by waiting for it.
"""

import signal

import pytest

from . import conftest
from .conftest import notebook, run, texts

PARAMETERS = ("a = 1", "parameters")
LIMIT_S = 40
"""Of one cell; an engine that had to find out by hanging would take longer twice."""

BOOST = (
    "from sklearn.ensemble import HistGradientBoostingClassifier\n"
    "import numpy as np\n"
    "X = np.random.default_rng(1).random((400, 6))\n"
    "y = X[:, 0] > 0.5\n"
    "def fit():\n"
    "    return HistGradientBoostingClassifier(max_iter=5).fit(X, y).score(X, y) > 0.9\n"
)

pytestmark = [pytest.mark.timeout(180), pytest.mark.usefixtures("_limit_cells")]


@pytest.fixture
def _limit_cells(monkeypatch):
    """Let a cell that hangs fail soon and say which."""
    monkeypatch.setattr(conftest, "EXECUTION_TIMEOUT_S", LIMIT_S)


def executed(tmp_path, shared, cell, runs=1):
    """Return what runs printed last, and the last one's way."""
    path = notebook(tmp_path / "in.ipynb", (shared, "shared"), PARAMETERS, cell)
    found = [run(path) for _ in range(runs)]
    return [texts(each)[-1] for each in found], found[-1].metadata.madang


@pytest.mark.parametrize(
    ("shared", "cell"),
    [
        (
            "import numpy as np\nm = np.ones((400, 400))\nt = (m @ m).sum()",
            "print((m @ m).sum() == t)",
        ),
        (
            "import pyarrow as pa, pyarrow.parquet as pq, io\n"
            "table = pa.table({'a': list(range(100_000))})\nbuffer = io.BytesIO()\n"
            "pq.write_table(table, buffer)\n"
            "t = pq.read_table(io.BytesIO(buffer.getvalue())).group_by('a').aggregate([])",
            "import pyarrow.csv as pc\n"
            "r = pq.read_table(io.BytesIO(buffer.getvalue())).group_by('a').aggregate([])\n"
            "out = io.BytesIO()\npc.write_csv(r, out)\nprint(r.num_rows == t.num_rows)",
        ),
        ("import sklearn.cluster", BOOST + "print(fit())"),
        (BOOST + "fit()", "print(fit())"),
        (
            BOOST + "fit()",
            "from sklearn.cluster import KMeans\n"
            "print(len(KMeans(3, n_init=2).fit(X).cluster_centers_) == 3 and fit())",
        ),
        (
            "import dask.array as da\nx = da.ones((300, 300), chunks=50)\nx.sum().compute()",
            "print(float(x.sum().compute()) == 90000)",
        ),
        (
            "import distributed",
            "from distributed import Client\n"
            "with Client(processes=False, n_workers=1, dashboard_address=None) as c:\n"
            "    print(c.submit(sum, [1, 2]).result() == 3)",
        ),
        (
            "import joblib, math",
            "print(joblib.Parallel(2)(joblib.delayed(math.sqrt)(n) for n in [1, 4]) == [1, 2])",
        ),
        (
            "import logging, sys\nlogging.basicConfig(stream=sys.stdout, force=True)",
            "logging.getLogger().handlers[0].acquire()\nprint(True)",
        ),
    ],
    ids=[
        "blas",
        "arrow",
        "openmp loaded",
        "openmp used",
        "openmp used, then again",
        "dask threads used",
        "distributed imported",
        "joblib imported",
        "logging",
    ],
)
def test_what_may_be_forked_works_in_each_run(tmp_path, shared, cell):
    said, way = executed(tmp_path, shared, cell, runs=2)
    assert said == ["True\n", "True\n"]
    assert way == {"kernel": "forked"}


@pytest.mark.parametrize(
    ("shared", "cell", "reason"),
    [
        (
            "import threading\nlock = threading.Lock()\ngo = threading.Event()\n"
            "def hold():\n    with lock:\n        go.wait()\n"
            "t = threading.Thread(target=hold, daemon=True)\nt.start()",
            "go.set()\nprint(lock.acquire(timeout=5))",
            "threads",
        ),
        (
            "from concurrent.futures import ThreadPoolExecutor\n"
            "pool = ThreadPoolExecutor(1)\npool.submit(int).result()",
            "print(pool.submit(int, 1).result() == 1)",
            "threads",
        ),
        (
            "from dask.distributed import Client\n"
            "c = Client(processes=False, n_workers=1, dashboard_address=None)",
            "print(c.submit(sum, [1, 2]).result() == 3)\nc.close()",
            None,
        ),
        (
            "f = open('notes.txt', 'w')\nf.write('once\\n')",
            "f.flush()\nprint(open('notes.txt').read() == 'once\\n')",
            None,
        ),
        (
            "import socket\none, two = socket.socketpair()",
            "one.send(b'x')\nprint(two.recv(1) == b'x')",
            "shared_left_open",
        ),
        (
            "import sqlite3\ndb = sqlite3.connect('rows.db')\n"
            "db.execute('create table if not exists t (a)')",
            "print(db.execute('select count(*) from t').fetchone() == (0,))",
            None,
        ),
    ],
    ids=["lock held by a thread", "thread pool", "cluster", "file written", "socket", "database"],
)
def test_what_must_not_be_forked_gets_a_fresh_kernel(tmp_path, shared, cell, reason):
    (said,), way = executed(tmp_path, shared, cell)
    assert said == "True\n"
    assert way["kernel"] == "fresh"
    if reason:
        assert way["reason"] == reason


def test_random_sources_differ_between_runs(tmp_path):
    said, way = executed(
        tmp_path,
        "import numpy as np, random, uuid, secrets, tempfile, os",
        "print(random.random(), np.random.random(), np.random.default_rng().random(), uuid.uuid1(),"
        " uuid.uuid4(), secrets.token_hex(), os.urandom(8).hex(), tempfile.mktemp())",
        runs=3,
    )
    assert way == {"kernel": "forked"}
    for column in zip(*(line.split() for line in said), strict=True):
        assert len(set(column)) == 3, column


def test_seeds_of_shared_cells_are_kept_as_in_papermill(tmp_path):
    shared = "import random, numpy as np\nrandom.seed(7)\nnp.random.seed(7)\nrandom.random()"
    cell = "print(random.random(), np.random.random())"
    said, way = executed(tmp_path, shared, cell, runs=2)
    assert way == {"kernel": "forked"}
    path = notebook(tmp_path / "stock.ipynb", (shared, "shared"), PARAMETERS, cell)
    assert set(said) == {texts(run(path, engine=None))[-1]}


def test_a_temporary_folder_of_the_parent_outlives_its_runs(tmp_path):
    said, way = executed(
        tmp_path,
        "import tempfile, os\nkept = tempfile.TemporaryDirectory()",
        "mine = tempfile.TemporaryDirectory()\nprint(os.path.isdir(kept.name))",
        runs=3,
    )
    assert said == ["True\n"] * 3
    assert way == {"kernel": "forked"}


def test_exit_functions_of_shared_cells_are_not_run_by_each_run(tmp_path):
    said, way = executed(
        tmp_path,
        "import atexit, os\n"
        "def note(name):\n    open(name, 'a').write('x')\n"
        "atexit.register(note, os.path.abspath('parents'))",
        "atexit.register(note, os.path.abspath('own'))\nprint('in')",
        runs=3,
    )
    assert said == ["in\n"] * 3
    assert way == {"kernel": "forked"}
    assert (tmp_path / "own").read_text() == "xxx"
    assert not (tmp_path / "parents").exists()


@pytest.fixture(params=["default", "ignored"])
def hang_up(request):
    """Start everything as a shell does, or as ``nohup``."""
    how = signal.SIG_IGN if request.param == "ignored" else signal.SIG_DFL
    before = signal.signal(signal.SIGHUP, how)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("hang_up")
def test_handlers_of_signals_are_those_of_a_new_kernel(tmp_path):
    cell = (
        "import signal\n"
        "names = ('SIGTERM', 'SIGUSR1', 'SIGCHLD', 'SIGHUP', 'SIGINT')\n"
        "print([str(signal.getsignal(getattr(signal, n)))[:40].split(' at ')[0] for n in names])"
    )
    (ours,), way = executed(tmp_path, "import os", cell)
    path = notebook(tmp_path / "stock.ipynb", ("import os", "shared"), PARAMETERS, cell)
    assert ours == texts(run(path, engine=None))[-1]
    assert way == {"kernel": "forked"}


def test_each_run_has_a_resource_tracker_of_its_own(tmp_path):
    said, way = executed(
        tmp_path,
        "import multiprocessing.resource_tracker as rt",
        "from multiprocessing import shared_memory\n"
        "m = shared_memory.SharedMemory(create=True, size=8)\nm.close()\nm.unlink()\n"
        "print(rt._resource_tracker._pid)",
        runs=2,
    )
    assert len(set(said)) == 2
    assert way == {"kernel": "forked"}
