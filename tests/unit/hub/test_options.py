import pytest

from madang.errors import InvalidError
from madang.hub import options


def test_form_of_first_values():
    form = {
        "project": ["vision-lab"],
        "choice": ["vision-lab/gpu-2"],
        "hours": [" 1.5 "],
        "start_without_me": ["1"],
        "upload_file": [{"filename": "x", "body": b"x"}],
    }
    assert options.from_form(form) == {
        "project": "vision-lab",
        "profile": "gpu-2",
        "hours": "1.5",
        "start_without_me": "1",
    }


def test_choice_alone_names_the_project():
    assert options.from_form({"choice": ["open/cpu"]}) == {"project": "open", "profile": "cpu"}


def test_body_from_form_and_from_json():
    form = {"project": "open", "profile": "gpu-1", "hours": "1.5", "start_without_me": "on"}
    assert options.lease_body(form, "") == {
        "kind": "notebook",
        "name": "",
        "project": "open",
        "profile": "gpu-1",
        "limit_s": 5400,
        "start_without_me": True,
    }
    given = {"project": "open", "flavor": "sim-h200", "devices": 0, "limit_s": 60, "image": "x"}
    assert options.lease_body(given, "lab") == {
        "kind": "notebook",
        "name": "lab",
        "project": "open",
        "flavor": "sim-h200",
        "devices": 0,
        "limit_s": 60,
    }


@pytest.mark.parametrize(
    ("given", "option"),
    [
        ({"project": ["open"]}, "project"),
        ({"profile": "x" * 101}, "profile"),
        ({"devices": -1}, "devices"),
        ({"devices": True}, "devices"),
        ({"devices": 1.5}, "devices"),
        ({"limit_s": "soon"}, "limit_s"),
        ({"hours": {"a": 1}}, "hours"),
        ({"hours": "0"}, "hours"),
        ({"hours": "1e9"}, "hours"),
        ({"hours": True}, "hours"),
    ],
)
def test_unreadable_option_is_named(given, option):
    with pytest.raises(InvalidError) as caught:
        options.lease_body(given, "")
    assert caught.value.code == "spawn_option"
    assert caught.value.details["option"] == option


def test_first_choice_skips_what_is_not_allowed():
    view = {
        "projects": [
            {"name": "a", "profiles": [{"name": "gpu", "allowed": False}]},
            {"name": "b", "profiles": [{"name": "cpu", "allowed": True}]},
        ]
    }
    assert options.first_choice(view) == ("b", "cpu")
    assert options.first_choice(view, "a") == ("a", "")
    assert options.first_choice({"projects": []}) == ("", "")
