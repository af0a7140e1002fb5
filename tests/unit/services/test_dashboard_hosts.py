"""Which addresses a dashboard is handed on from."""

import pytest

from madang.services.dashboards import is_ours


@pytest.mark.parametrize(
    ("url", "is_wanted"),
    [
        ("http://127.0.0.1:8787/", True),
        ("http://lease-a-1.madang-people.svc:8787/", True),
        ("http://169.254.169.254/", False),
        ("http://evil.example.org/.svc", False),
        ("http://x.svc@evil.example.org/", False),
        ("", False),
    ],
)
def test_only_our_own_schedulers_are_asked(url: str, is_wanted: bool) -> None:
    assert is_ours(url) is is_wanted
