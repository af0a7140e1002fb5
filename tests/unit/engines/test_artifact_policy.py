"""What policy.yaml may say of artifacts; secrets in it are refused and not repeated."""

from pathlib import Path

import pytest

from madang.errors import InvalidError
from madang.settings.files import ArtifactPolicy, load_policy


def _load(folder: Path, text: str) -> ArtifactPolicy:
    path = folder / "policy.yaml"
    path.write_text(f"artifacts: {text}\n")
    return load_policy(path).artifacts


def test_what_may_be_said(tmp_path: Path) -> None:
    assert _load(tmp_path, "{}") == ArtifactPolicy()
    said = _load(tmp_path, "{url: s3://b/p, endpoint: 'http://x:9000', keep_days: 90}")
    assert said == ArtifactPolicy(url="s3://b/p", endpoint="http://x:9000", keep_days=90)


@pytest.mark.parametrize("days", ["-1", "1.5", "true", "ninety", "40000"])
def test_days_are_whole_and_bounded(tmp_path: Path, days: str) -> None:
    with pytest.raises(InvalidError, match="keep_days_unusable"):
        _load(tmp_path, f"{{keep_days: {days}}}")


@pytest.mark.parametrize(
    "text", ["{url: 's3://key:s3cret@b/p'}", "{endpoint: 'http://h/?s3cret=1'}", "{key: s3cret}"]
)
def test_secrets_do_not_stand_here(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidError) as caught:
        _load(tmp_path, text)
    assert "s3cret" not in f"{caught.value}{caught.value.details}"
