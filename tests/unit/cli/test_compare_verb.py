"""What `madang sweeps compare` asks, and how it prints two sweeps side by side."""

import csv
import io
import json

import pytest

from .test_sweep_verbs import whole

PATH = "sweeps/sweep-1/compare/sweep-2"
GROUP = {"count": 2, "least": 1_000, "median": 2_000, "most": 3_000}


def pair(position, first, second):
    parameters = {"lr": 0.1, "layers": [64, position], "name": "=1+1"}
    positions = [position, position + 4]
    return {"parameters": parameters, "positions": positions, "values": [first, second]}


@pytest.fixture
def found(service):
    both = [whole("succeeded", succeeded=2) | {"held_device_ms": 3_600_000} for _ in range(2)]
    view = {
        "sweeps": both,
        "names": ["loss"],
        "medians": [[GROUP, GROUP | {"median": 5_000}], [GROUP | {"median": 0.5}, None]],
        "matched": 2,
        "only_first": 1,
        "only_second": 0,
        "offset": 0,
        "pairs": [pair(0, [2_000, 0.5], [3_000, None])],
    }
    more = view | {"offset": 1, "pairs": [pair(1, [1_000, 0.25], [1_000, 1])]}
    service.on("GET", PATH, lambda call: (200, more if call["query"].get("offset") else view))
    return view


def test_both_stand_side_by_side_with_the_difference(found, madang):
    status, out, said = madang("sweeps", "compare", "sweep-1", "sweep-2")
    assert status == 0
    assert "median duration_s" in out
    line = next(line for line in out.splitlines() if "duration_s" in line)
    assert line.split()[-3:] == ["2", "5", "+3"]
    line = next(line for line in out.splitlines() if "median loss" in line)
    assert line.split()[-3:] == ["0.5", "-", "-"]
    assert "2 pairs; 1 only in the first, 0 only in the second" in said


def test_all_pairs_are_printed_as_values_that_a_spreadsheet_computes_nothing_of(found, madang):
    status, out, _ = madang("sweeps", "compare", "sweep-1", "sweep-2", "--csv")
    assert status == 0
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["position.1"] for row in rows] == ["0", "1"]
    assert (rows[0]["duration_s.1"], rows[0]["duration_s.2"]) == ("2.0", "3.0")
    assert (rows[0]["loss.1"], rows[0]["loss.2"]) == ("0.5", "")
    assert (rows[1]["layers"], rows[1]["name"]) == ("[64, 1]", "'=1+1")


def test_json_has_all_pairs_and_one_format_is_given(found, madang):
    out = json.loads(madang("sweeps", "compare", "sweep-1", "sweep-2", "--json")[1])
    assert [one["positions"] for one in out["pairs"]] == [[0, 4], [1, 5]]
    assert madang("sweeps", "compare", "sweep-1", "sweep-2", "--json", "--csv")[0] == 2
