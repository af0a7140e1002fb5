"""A secret from the command line's request to a kernel, with everything real, and found nowhere."""

import json

import nbformat
import pytest

from madang.client import run
from madang.errors import MadangError

from .test_sweep import installation  # noqa: F401 - fixture

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

VALUE = "hf_0123456789abcdefXYZ"
WORK = """
import os
value = os.environ["HF_TOKEN"]
print(len(value), value)
raise ValueError(value)
"""


def test_a_value_reaches_one_kernel_and_is_left_nowhere(
    installation,  # noqa: F811
    tmp_path,
):
    path = tmp_path / "work.ipynb"
    path.write_text(
        nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(WORK)]))
    )
    size = {"project": "lab", "flavor": "cpu", "devices": 0}
    with installation.person("ada") as ada:
        with pytest.raises(MadangError, match="HF_TOKEN"):
            run(path, secrets=["HF_TOKEN"], client=ada, **size)
        ada.put("projects/lab/secrets/HF_TOKEN", {"value": VALUE})
        job = run(path, secrets=["HF_TOKEN"], client=ada, **size).wait(120)
        view = job.view
        assert view["error"]["value"] == "[secret HF_TOKEN]"
        output = ada.request("GET", f"runs/{job.id}/output").text
        assert "22 [secret HF_TOKEN]" in output
        provenance = json.loads(output)["metadata"]["madang"]["provenance"]
        assert provenance["secrets"] == {"HF_TOKEN": 1}
        assert "[secret HF_TOKEN]" in job.log()
        answers = [
            view,
            ada.get("projects/lab/secrets"),
            ada.get("projects/lab"),
            ada.get("leases"),
        ]
        assert VALUE not in json.dumps(answers) + output + job.log()
    files = [found for found in tmp_path.rglob("*") if found.is_file()]
    assert any(found.name.startswith("madang.sqlite") for found in files)
    assert [str(found) for found in files if VALUE.encode() in found.read_bytes()] == []
