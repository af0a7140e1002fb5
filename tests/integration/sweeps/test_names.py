"""Names as people give them go through everything as text, and reach no path."""

import json

import nbformat
import pytest

from madang.client import run, sweep
from madang.errors import InvalidError

from .test_sweep import installation  # noqa: F401 - a fixture

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

NAMES = ("two words", "학습 🚀", "../../../etc/passwd", "a/b\\c", "-rf", "%2e%2e%2f{x}", "'\"<b>")


def written(folder, stem):
    given = nbformat.v4.new_code_cell("값 = 0\nfolder = ''")
    given.metadata["tags"] = ["parameters"]
    says = nbformat.v4.new_code_cell("print('RESULT', 값)\nopen('낱말 목록.txt').read()")
    path = folder / f"{stem}.ipynb"
    path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=[given, says])))
    return path


def test_names_are_text_wherever_they_go(installation, tmp_path):  # noqa: F811
    folder = tmp_path / "내 노트북 (1)"
    folder.mkdir()
    path = written(folder, "학습 노트북 v1.0")
    (folder / "낱말 목록.txt").write_text("하나")
    before = {entry.name for entry in tmp_path.parent.iterdir()}
    lab = {"project": "lab", "flavor": "cpu", "devices": 0}
    with installation.person("ada") as ada:
        files = [folder / "낱말 목록.txt"]
        jobs = [run(path, {"값": n}, name=n, files=files, client=ada, **lab) for n in NAMES]
        unnamed = sweep(path, {"값": list(NAMES)}, files=files, client=ada, **lab)
        named = sweep(path, {"값": [1]}, name="../이름", files=files, client=ada, **lab)
        assert [job.name for job in jobs] == list(NAMES)
        assert (unnamed.name, named.name) == ("학습 노트북 v1.0", "../이름")
        for job, name in zip(jobs, NAMES, strict=True):
            job.wait(200)
            answer = ada.request("GET", f"runs/{job.id}/output")
            assert (
                f"RESULT {name}" in json.loads(answer.content)["cells"][2]["outputs"][0]["text"][0]
            )
            assert answer.headers["content-disposition"].isascii()
            assert ".." not in answer.headers["content-disposition"]
        frame = unnamed.wait(200, progress=False).check().to_frame()
        assert list(frame["값"]) == list(NAMES)
        for wrong in ("a b", "../x", "x;y", "class", ""):
            with pytest.raises(InvalidError, match="parameter"):
                sweep(path, {wrong: [1]}, files=files, client=ada, **lab)
        for place in ("../x", "/etc/x", "a/../../x", "x\0y"):
            with pytest.raises(InvalidError):
                sweep(path, {"값": [1]}, files={place: files[0]}, client=ada, **lab)
    assert {entry.name for entry in tmp_path.parent.iterdir()} == before
