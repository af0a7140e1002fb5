"""Values of secrets reach the kernel of their run, and nothing that the run leaves."""

import json
import subprocess

import nbformat
import pytest

from .conftest import notebook, python_env

pytestmark = pytest.mark.integration

VALUE = "sk-0123456789-abcdef"
PEM = "-----BEGIN KEY-----\nabcdefgh12345678\nijklmnop87654321\n-----END KEY-----"
FRESH = {"madang": {"kernel": "fresh"}}
LOOK = "import os\nprint(len(os.environ['HF_TOKEN']), len(os.environ['PEM']))"
SHOW = """
import base64, sys, time
value = os.environ["HF_TOKEN"]
print(value)
for letter in value:
    print(letter, end="", flush=True)
    print("e", end="", file=sys.stderr, flush=True)
    time.sleep(0.02)
print(os.environ["PEM"], base64.b64encode(value.encode()).decode(), {"x": value})
os.system("echo $HF_TOKEN")
from IPython.display import HTML, JSON, display
display(HTML(f"<b>{value}</b>"), JSON({"a": [value], value: 1}), {"data": value})
"""
RAISE = """
import madang
madang.record(token=value, fine=1)
raise ValueError(f"no access with {value}")
"""
NEXT = "import os\nprint(sorted(os.environ))\nprint(os.environ)"


@pytest.fixture
def start(service, tmp_path, python):
    started = []

    def start(**more):
        env = python_env(tmp_path, MADANG_URL=service.url, MADANG_TOKEN="slot-token", **more)
        with (tmp_path / "slot.log").open("wb") as log:
            started.append(
                subprocess.Popen(
                    [*python, "madang.runner.slot"], env=env, cwd=tmp_path, stdout=log, stderr=log
                )
            )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def add(service, run, data, **values):
    service.add(run, data)
    service.tasks[-1]["run"]["secrets"] = sorted(values)
    service.tasks[-1]["secrets"] = {
        name: {"version": 3, "value": value} for name, value in values.items()
    }


def text(service, run, cell=0):
    code = [one for one in service.outputs[run]["cells"] if one["cell_type"] == "code"]
    outputs = code[cell]["outputs"]
    return "".join("".join(out.get("text", "")) for out in outputs)


def everything_of(service):
    return json.dumps([service.outputs, service.reports, service.ends], ensure_ascii=False)


@pytest.mark.parametrize("metadata", [None, FRESH], ids=["forked", "fresh"])
def test_a_value_is_in_the_kernel_and_in_nothing_that_is_left(service, start, tmp_path, metadata):
    """The value is printed, also letter by letter, displayed, recorded, raised and echoed."""
    shared = (
        "import os\nprint(sorted(n for n in os.environ if n in ('HF_TOKEN', 'PEM')))",
        "shared",
    )
    add(service, "run-1", notebook(shared, LOOK, SHOW, RAISE, metadata=metadata),
        HF_TOKEN=VALUE, PEM=PEM)  # fmt: skip
    service.add("run-2", notebook(shared, NEXT, metadata=metadata))
    service.is_over = True
    assert start().wait(100) == 0
    kind = "fresh" if metadata else "forked"
    for run in ("run-1", "run-2"):
        assert service.outputs[run]["metadata"]["madang"]["kernel"] == kind
    assert text(service, "run-1", 1) == f"{len(VALUE)} {len(PEM)}\n"
    ended = service.ends["run-1"]
    assert ended["error"] == {
        "cell": 4, "name": "ValueError", "value": "no access with [secret HF_TOKEN]"
    }  # fmt: skip
    assert ended["recorded"] == {"token": "[secret HF_TOKEN]", "fine": 1}
    told = service.outputs["run-1"]["metadata"]["madang"]["provenance"]
    assert told["secrets"] == {"HF_TOKEN": 3, "PEM": 3}
    left = everything_of(service)
    log = "".join(report["log"] for report in service.reports)
    for value in (VALUE, *PEM.splitlines()):
        assert value not in left
        assert value not in log
    assert "[secret HF_TOKEN]" in log
    assert "'HF_TOKEN'" not in text(service, "run-2", 1)
    nbformat.validate(nbformat.from_dict(service.outputs["run-1"]))
    shown = "[]\n" if kind == "forked" else "['HF_TOKEN', 'PEM']\n"
    assert text(service, "run-1", 0) == shown
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert VALUE.encode() not in path.read_bytes(), path


def test_no_other_process_is_given_a_value(service, start):
    """Looked at from the kernel: the processes above it, as far as a person may look."""
    look = """
import os
pid, found = os.getppid(), []
while pid > 1:
    for what in ("environ", "cmdline"):
        try:
            with open(f"/proc/{pid}/{what}", "rb") as file:
                found.append(os.environ["HF_TOKEN"].encode() in file.read())
        except OSError:
            pass
    pid = int(open(f"/proc/{pid}/stat").read().rsplit(")")[1].split()[1])
print(len(found) > 2, any(found))
"""
    for run, metadata in (("run-1", None), ("run-2", FRESH)):
        add(service, run, notebook(look, metadata=metadata), HF_TOKEN=VALUE)
    service.is_over = True
    assert start().wait(100) == 0
    for run in ("run-1", "run-2"):
        assert text(service, run) == "True False\n"


def test_a_run_without_a_warm_process_gets_it_too(service, start, tmp_path):
    """Its process is a new program, which takes the value from memory and not from arguments."""
    add(service, "run-1", notebook(LOOK, SHOW), HF_TOKEN=VALUE, PEM=PEM)
    service.is_over = True
    kill = tmp_path / "broken" / "sitecustomize.py"
    kill.parent.mkdir()
    kill.write_text("import sys\nif 'nursery' in ' '.join(sys.orig_argv): sys.exit(1)\n")
    env = python_env(tmp_path)
    assert start(PYTHONPATH=f"{env['PYTHONPATH']}:{kill.parent}").wait(100) == 0
    assert service.outputs["run-1"]["metadata"]["madang"]["reason"] == "no_parent"
    assert text(service, "run-1") == f"{len(VALUE)} {len(PEM)}\n"
    assert VALUE not in everything_of(service)


def test_a_run_whose_secret_is_not_handed_over_does_not_begin(service, start):
    service.add("run-1", notebook("print('begun')"))
    service.tasks[-1]["run"]["secrets"] = ["HF_TOKEN"]
    service.is_over = True
    assert start().wait(60) == 0
    assert (service.ends["run-1"]["state"], service.ends["run-1"]["reason"]) == (
        "failed",
        "secret_gone",
    )
    assert "run-1" not in service.outputs


def test_a_checkpoint_holds_no_value(service, start, tmp_path):
    """A name that holds one is told, and the save after it is gone is made."""
    cells = (
        "import os, time\nkeep = {'a': [os.environ['HF_TOKEN']]}\ntime.sleep(1.1)\nprint(keep)",
        "del keep\nx = 1\ntime.sleep(1.1)",
        "1 / 0",
    )
    data = notebook(*cells, metadata={"madang": {"checkpoint": 1}})
    add(service, "run-1", data, HF_TOKEN=VALUE)
    service.is_over = True
    assert start().wait(100) == 0
    log = "".join(report["log"] for report in service.reports)
    assert "Cell 1: `keep` (dict)" in log
    assert service.reports[-1]["kept_cell"] == 2
    kept = tmp_path / "home" / ".local" / "state" / "madang" / "checkpoints" / "run-1"
    files = [path for path in kept.rglob("*") if path.is_file()]
    assert any(b"[secret HF_TOKEN]" in path.read_bytes() for path in files)
    assert not any(VALUE.encode() in path.read_bytes() for path in files)
