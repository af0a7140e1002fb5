"""A run goes on from its last good cell, and ends as one that nothing has interrupted."""

import json
import sys

import pytest

from madang.runner.checkpoints.place import held, sweep_old

from .attempts import Attempts

pytestmark = pytest.mark.integration


@pytest.fixture(params=["forked", "fresh"])
def attempts(tmp_path, request):
    made = Attempts(tmp_path, request.param)
    yield made
    made.close()


@pytest.fixture
def fresh(tmp_path):
    made = Attempts(tmp_path, "fresh")
    yield made
    made.close()


CELLS = (
    "import random, os, xml.dom\nimport numpy as np\nrandom.seed(3)\nnp.random.seed(4)\n"
    "scale = 3\nseen = []\nprint(random.random())",
    (
        "def f(q): return q * scale\n"
        "class Model:\n"
        "    count = 0\n"
        "    def ask(self, q):\n"
        "        Model.count += 1\n"
        "        return q * scale\n"
        "def outer():\n"
        "    def inner(q): return q * scale\n"
        "    return inner\n"
        "model, inner, packed = Model(), outer(), {'f': lambda q: q * scale}\n"
        "rng = np.random.default_rng(5)\nalias = seen\n"
        "open('made.txt', 'w').write('made')\nos.remove('given.txt')\nos.mkdir('deep')\n"
        "os.chdir('deep')\nmodel.ask(1)"
    ),
    "random.random(), np.random.rand(), rng.random(), model.ask(2)",
    "open('../here', 'w').close()\nimport time\nif HANGS: time.sleep(60)",
    "scale = 10\nalias.append(1)",
    (
        "print(f(2), model.ask(2), inner(2), packed['f'](2), seen, Model.count)\n"
        "print(open('../made.txt').read(), os.path.exists('../given.txt'))\n"
        "print(os.path.basename(os.getcwd()), xml.dom.Node.ELEMENT_NODE, In[2][:5])"
    ),
    "random.random(), np.random.rand(), rng.random(), isinstance(model, Model)",
)


def cells(hangs):
    """Return the cells; only what the fourth sleeps for differs, which no variable keeps."""
    made = list(CELLS)
    made[3] = made[3].replace("HANGS", "not os.path.exists('/proc/self/x')" if hangs else "False")
    return made


def shown(output):
    """Return what the author sees of each cell."""
    return [(c.execution_count, merged(c.outputs)) for c in output.cells]


def merged(outputs):
    """Return outputs without metadata; how a text was cut on its way is a matter of time."""
    seen = []
    for output in ({k: v for k, v in o.items() if k != "metadata"} for o in outputs):
        if seen and output.get("name") and output["name"] == seen[-1].get("name"):
            seen[-1]["text"] += output["text"]
        else:
            seen.append(output)
    return seen


def test_a_killed_run_ends_as_an_undisturbed_one(attempts):
    result, _, log = attempts.run(cells(hangs=True), kill_when="here")
    assert result is None
    assert "Saved after cell 3" in log
    assert "셀 3까지" in log
    assert "Saved after cell 4" not in log
    result, resumed, log = attempts.run(cells(hangs=False))
    assert result["state"] == "succeeded"
    assert "Resumed after cell 3" in log
    marks = [cell.metadata.get("madang") for cell in resumed.cells]
    assert marks == [{"resumed": True}] * 3 + [None] * 4
    statuses = [cell.metadata.papermill.status for cell in resumed.cells]
    assert statuses == ["completed"] * 7
    for path in attempts.kept.iterdir():
        path.unlink() if path.is_file() else None
    _, straight, log = attempts.run(cells(hangs=False), after_s=1000)
    assert "Resumed" not in log
    assert "Saved" not in log
    assert shown(resumed) == shown(straight)
    assert "20 20 20 20 [1]" in json.dumps(shown(resumed))


def test_a_retry_goes_on_at_the_cell_that_failed(attempts):
    made = ["x = [1]\nprint('once')", "x.append(2)", "import os\nopen('t', 'w')\nassert FLAG, x"]
    made += ["print(x)"]
    result, _, _ = attempts.run([c.replace("FLAG", "False") for c in made])
    assert result["error"]["cell"] == 3
    result, output, log = attempts.run([c.replace("FLAG", "True") for c in made])
    assert result["state"] == "succeeded"
    assert "Resumed after cell 2" in log
    assert output.cells[0].outputs[0].text == "once\n"
    assert output.cells[3].outputs[0].text == "[1, 2]\n"


def test_other_inputs_start_from_the_beginning(fresh):
    fresh.run(["x = 1", "1 / 0", "2"])
    result, output, log = fresh.run(["x = 2", "print(x)", "2"], key="other")
    assert result["state"] == "succeeded"
    assert output.cells[1].outputs[0].text == "2\n"
    assert "Starting from the beginning" in log


def test_what_cannot_be_saved_is_named(attempts):
    made = [
        "a = 1",
        "b = 2",
        "import sqlite3\nconn = sqlite3.connect(':memory:')",
        "c = 3",
        "1 / 0",
    ]
    result, _, log = attempts.run(made)
    assert result["error"]["cell"] == 5
    assert "Cell 3: `conn` (sqlite3.Connection) can't be saved" in log
    assert "Resume starts after cell 2." in log
    assert log.count("`conn` (sqlite3.Connection) can't") == 1
    result, output, log = attempts.run([*made[:2], *made[2:4], "print(a, b, c, conn)"])
    assert "Resumed after cell 2" in log
    assert result["state"] == "succeeded"
    assert output.cells[4].outputs[0].text.startswith("1 2 3 <sqlite3")


def test_what_cannot_be_loaded_is_named(attempts):
    made = [
        "a = 1",
        "import functools\n@functools.lru_cache\ndef cached(x): return x",
        "2",
        "1 / 0",
    ]
    _, _, log = attempts.run(made)
    assert "`cached` (functools._lru_cache_wrapper) can't be saved" in log


def test_too_large_and_full_disk_do_not_fail_the_run(attempts):
    made = ["a = 1", "b = bytes(300_000)", "print(len(b))", "print(a)"]
    result, _, log = attempts.run(made, limit_bytes=100_000)
    assert result["state"] == "succeeded"
    assert "Cell 2: variables and files are larger" in log
    assert "Resume starts after cell 1." in log
    full = "import resource, signal\nresource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))"
    result, _, log = attempts.run([made[0], full, "b = bytes(9000)", "print(len(b))"], key="disk")
    assert result["state"] == "succeeded"
    assert "the state could not be written (File too large)" in log


def test_a_broken_checkpoint_falls_back_to_the_beginning(attempts):
    made = ["x = open('given.txt').read()\nopen('given.txt', 'w').write('x')", "1 / 0", "2"]
    attempts.run(made)
    for names in attempts.kept.glob("*/names.pickle"):
        names.write_bytes(names.read_bytes()[:-20])
    result, output, log = attempts.run([made[0], "print(x)", "2"])
    assert result["state"] == "succeeded"
    assert output.cells[1].outputs[0].text == "given\n"
    assert "the saved state could not be loaded" in log
    assert [cell.execution_count for cell in output.cells] == [1, 2, 3]


@pytest.mark.parametrize("asked", [False, "off"])
def test_a_notebook_that_wants_none_has_none(fresh, asked):
    _, _, log = fresh.run(["a = 1", "1 / 0", "2"], metadata={"madang": {"checkpoint": asked}})
    assert "Saved" not in log
    assert not list(fresh.kept.glob("after-*"))


def test_a_tagged_cell_is_no_point_to_go_on_from(fresh):
    _, _, log = fresh.run(["a = 1", ("b = 1", "no-checkpoint"), "1 / 0", "2"])
    assert "Saved after cell 1" in log
    assert "Saved after cell 2" not in log


def test_shared_memory_and_old_paths_are_told(fresh):
    made = ["import numpy, os\na = numpy.arange(6)\nb = a[2:]\nhere = os.getcwd()", "1 / 0", "2"]
    fresh.run(made)
    _, _, log = fresh.run(made)
    assert "a, b shared memory before" in log
    assert "`here` names the working folder" in log


def test_a_kernel_of_another_environment_goes_on_too(fresh):
    made = ["import sys\nx = 1\nprint(sys.prefix == sys.base_prefix)", "1 / 0", "2"]
    fresh.run(made, python=sys.executable)
    result, output, log = fresh.run([made[0], "print(x)", "2"], python=sys.executable)
    assert result["state"] == "succeeded"
    assert "Resumed after cell 1" in log
    assert output.cells[1].outputs[0].text == "1\n"


def test_without_cloudpickle_it_is_told_what_to_do(fresh):
    made = ["import sys\nsys.modules['cloudpickle'] = None", "x = 2", "print(x)"]
    result, _, log = fresh.run(made)
    assert result["state"] == "succeeded"
    assert "Add cloudpickle to its packages" in log
    assert "cloudpickle을 추가해" in log
    assert log.count("Add cloudpickle") == 1


def test_a_retry_that_runs_beside_another_has_a_folder_of_its_own(tmp_path):
    with held(tmp_path / "kept", ("run-1", "run-1")) as first:
        with held(tmp_path / "kept", ("run-1", "run-2")) as second:
            assert (first.name, second.name) == ("run-1", "run-2")
        assert sweep_old(tmp_path / "kept", days=-1) == [second]
    with held(tmp_path / "kept", ("../out", "run-1")) as again:
        assert again == first
    with held(None, ("run-1",)) as nowhere:
        assert nowhere is None
