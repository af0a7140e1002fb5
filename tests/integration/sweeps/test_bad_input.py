"""Bad input through the real command to a real installation: refused and told, nothing kept."""

import json
import os
import re
import subprocess
import sys

import pytest

from madang.i18n import text
from madang.stack import ports

from .bad_inputs import CASES, notebook
from .command import Command

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

POLICY = """
tiers: {open: {max_hours: 8}}
projects: {lab: {tier: open, grant: 10, members: {admin: owner}}}
admins: [admin]
"""
SIZE = ("--project", "lab", "--flavor", "cpu", "--devices", "0")


@pytest.fixture(scope="module")
def madang(tmp_path_factory):
    root = tmp_path_factory.mktemp("up")
    (root / "policy.yaml").write_text(POLICY)
    command = Command(root / "data", root)
    options = ("--port", str(ports.choose(None, set())), "--gpus", "sim:1xh200")
    command.good("up", "--detach", *options, "--policy", str(root / "policy.yaml"))
    try:
        with command.forks():
            yield command
    finally:
        command.good("down")


def laid_out(folder, files):
    folder.mkdir()
    (folder / "train.ipynb").write_bytes(notebook())
    for name, content in files.items():
        if callable(content):
            content(folder / name)
        else:
            (folder / name).write_bytes(content)
    return folder


def fixed_part(key, lang):
    """Return the longest piece of a text of the catalogue that no value fills."""
    return max(re.split(r"\{\w+\}", text(key, lang)), key=len).strip()


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_is_refused_and_told(madang, tmp_path, name):
    case = CASES[name]
    folder = laid_out(tmp_path / "here", case.files)
    words = [word.replace("@", "train.ipynb") for word in case.typed]
    for lang in ("en", "ko"):
        status, out, err = madang.quick(*words, *SIZE, lang=lang, cwd=folder)
        assert (status, out) == (2, ""), err
        assert "Traceback" not in err
        for said in case.says:
            assert said in err, (lang, err)
        own = "".join(case.says)
        assert {x for x in err if "가" <= x <= "힣"} <= {*own} or lang == "ko", err
        for part in ("message", "hint") if case.code != "*" else ():
            assert fixed_part(f"error.{case.code}.{part}", lang) in err, (lang, err)
        assert len(err.strip().splitlines()) == 2, err
        assert max(map(len, err.splitlines())) < 600


def test_a_process_of_its_own_says_the_same(madang, tmp_path):
    folder = laid_out(tmp_path / "here", {})
    words = ("run", "train.ipynb", "-p", "seed=글", *SIZE)
    for lang in ("en", "ko"):
        asked = {"lang": lang, "cwd": folder}
        assert madang.real(*words, **asked) == madang.quick(*words, **asked)


def test_nothing_of_it_was_submitted(madang):
    """Stands behind the others: what they gave left no run and no sweep."""
    assert madang.submitted() == [[], []]


NAMES = (
    "two  words",
    "학습 노트북",
    "🚀👩‍💻",
    "a'b\"c",
    "-rf",
    "a\nb",
    "x" * 200,
    "${HOME}`id`",
    "%2e",
)


def test_any_name_of_a_notebook_and_a_table_is_a_name(madang, tmp_path):
    here = laid_out(tmp_path / "여기 here", {})
    first = madang.good("run", "train.ipynb", "-p", "seed=1", *SIZE, cwd=here).split()[0]
    later = (*SIZE, "--after", first)
    wanted = []
    for stem in NAMES:
        (here / f"{stem}.ipynb").write_bytes(notebook())
        (here / f"{stem}.csv").write_text("seed\n1\n2\n")
        given = ("-p", "seed=1", *later, "--", f"{stem}.ipynb")
        madang.good("run", *given, quick=True, cwd=here)
        wanted.append("".join(x if x.isprintable() else " " for x in stem).strip()[:80])
        plan = ("--params", f"{stem}.csv", "--dry-run", "--json", *SIZE, "--", f"{stem}.ipynb")
        assert json.loads(madang.good("sweep", *plan, quick=True, cwd=here))["runs"] == 2
    # Up and down, through a link, in bytes that are no UTF-8: a place is no name.
    (tmp_path / "link.ipynb").symlink_to(here / "train.ipynb")
    (here / "sub").mkdir()
    odd = os.fsdecode(b"\xb0\xa1.ipynb")
    (here / odd).write_bytes(notebook())
    for path in ("../train.ipynb", "../../link.ipynb", f"../{odd}"):
        madang.good("run", path, "-p", "seed=1", *later, quick=True, cwd=here / "sub")
    wanted += ["train", "link", "notebook"]
    runs, sweeps = madang.submitted()
    assert [run["name"] for run in reversed(runs)] == ["train", *wanted]
    assert sweeps == []
    madang.good("runs", "cancel", first)


def test_papermill_itself_takes_what_is_refused_here(tmp_path):
    """Holds the table of differences in parameters.md against the papermill that is installed."""
    here = laid_out(tmp_path / "here", {})
    (here / "short.ipynb").write_bytes(
        notebook().replace(b"time.sleep(600)", b"print(name, lr, flush=True)\\nseed")
    )
    given = ("-p", "sed", "1", "-p", "lr", "nan", "-p", "name", "5")
    command = (sys.executable, "-m", "papermill", "--no-progress-bar")
    done = subprocess.run(
        [*command, "short.ipynb", "o.ipynb", *given],
        cwd=here,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "Passed unknown parameter: sed" in done.stderr
    assert "5 nan" in (here / "o.ipynb").read_text()
    assert "NameError: name 'seed' is not defined" in done.stderr
    assert done.returncode == 1
