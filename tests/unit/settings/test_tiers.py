"""What policy.yaml may say of a tier."""

from pathlib import Path

import pytest

from madang.domain.project import Internet
from madang.errors import InvalidError
from madang.settings.files import load_policy


def internet(folder: Path, text: str) -> Internet:
    path = folder / "policy.yaml"
    path.write_text(f"tiers: {{open: {{{text}}}}}\nopen_project: open\nprojects: {{open: {{}}}}")
    return load_policy(path).tiers["open"].internet


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
