"""What policy.yaml may say of a tier."""

from pathlib import Path

import pytest

from madang.domain.project import Internet, Tier
from madang.errors import InvalidError
from madang.settings.files import load_policy


def tier(folder: Path, text: str) -> Tier:
    path = folder / "policy.yaml"
    path.write_text(f"tiers: {{open: {{{text}}}}}\nopen_project: open\nprojects: {{open: {{}}}}")
    return load_policy(path).tiers["open"]


def internet(folder: Path, text: str) -> Internet:
    return tier(folder, text).internet


@pytest.mark.parametrize(("text", "idle_ms"), [("", None), ("idle: 2h", 7_200_000)])
def test_idle_notebooks_are_left_alone_unless_it_says_a_time(
    tmp_path: Path, text: str, idle_ms: int | None
) -> None:
    assert tier(tmp_path, text).idle_ms == idle_ms


def test_a_time_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidError):
        tier(tmp_path, "idle: soon")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Internet.OFF),
        ("internet: off", Internet.OFF),
        ("internet: on", Internet.ON),
        ("internet: 'on'", Internet.ON),
        ("internet: allow-list", Internet.ALLOW_LIST),
    ],
)
def test_a_bare_on_or_off_is_the_word_that_was_written(
    tmp_path: Path, text: str, expected: Internet
) -> None:
    assert internet(tmp_path, text) is expected


@pytest.mark.parametrize("text", ["everything", "1", "[on]", "{}", "ON!"])
def test_another_word_opens_nothing_and_says_the_choices(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidError) as caught:
        internet(tmp_path, f"internet: {text}")
    assert caught.value.code == "policy_internet"
    assert caught.value.details["where"] == "tiers.open"
