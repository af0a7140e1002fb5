"""From a notebook's parameters to a sweep that was tried first, with everything real."""

import json

import pytest

from madang.client import sweep
from madang.errors import MadangError

from .test_sweep import installation, notebook  # noqa: F401 - fixtures

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


def test_parameters_are_read_a_run_is_tried_and_the_rest_follows(
    installation,  # noqa: F811
    notebook,  # noqa: F811
    tmp_path,
):
    (tmp_path / "seed-3").write_text("so that no run fails")
    with installation.person("ada") as ada:
        text = notebook.read_text()
        found = ada.post("notebooks/parameters", {"notebook": text})
        assert [(row["name"], row["type"], row["default"]) for row in found["parameters"]] == [
            ("lr", "float", "1.0"),
            ("seed", "int", "0"),
            ("folder", "str", "''"),
        ]
        typed = {"lr": "0.5, 2.0", "seed": "1..2"}
        body = {"project": "lab", "notebook": text, "typed": typed, "flavor": "cpu", "devices": 0}
        plan = ada.post("sweep-plans", body)
        assert (plan["runs"], plan["first"][0]) == (4, {"lr": 0.5, "seed": 1})
        with pytest.raises(MadangError) as refused:
            ada.post("sweep-plans", body | {"typed": {"seed": "9..0"}})
        assert refused.value.details["parameter"] == "seed"
        plans = []
        job = sweep(
            notebook,
            {"lr": [0.5, 2.0], "seed": [1, 2]},
            parameters={"folder": str(tmp_path)},
            files=[tmp_path / "data.txt"],
            project="lab",
            flavor="cpu",
            devices=0,
            max_parallel=2,
            pilot=lambda plan: not plans.append(plan),
            client=ada,
        )
        assert plans[0]["measured_ms"] > 0
        assert plans[0]["expected_device_ms"] == 0  # no device was asked for
        (pilot,) = ada.get("runs")
        assert pilot["name"] == "train (pilot)"
        assert pilot["parameters"] == {"folder": str(tmp_path), "lr": 0.5, "seed": 1}
        output = json.loads(ada.request("GET", f"runs/{pilot['id']}/output").content)
        assert "RESULT data-of-all 0.5" in json.dumps(output)
        job.wait(120, progress=False).check()
        assert job.status()["succeeded"] == 4
