"""Which web addresses may be called: whatever a person writes, only public ones by https."""

from collections.abc import Sequence

import pytest

from madang.errors import InvalidError, RefusedError, UnavailableError
from madang.notices.address import find, parse

PUBLIC = "93.184.216.34"


def resolver(*found: str):
    calls: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        calls.append(f"{host}:{port}")
        return found

    resolve.calls = calls
    return resolve


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("http://example.org/", "https"),
        ("ftp://example.org/", "https"),
        ("file:///etc/passwd", "form"),
        ("gopher://example.org/", "https"),
        ("https://", "form"),
        ("https://user:pw@example.org/", "form"),
        ("https://example.org@127.0.0.1/", "form"),
        ("https://example.org\\@127.0.0.1/", "form"),
        ("https://exa mple.org/", "form"),
        ("https://example.org/\r\nX: y", "form"),
        ("https://ex%61mple.org/", "form"),
        ("https://example.org:99999/", "form"),
        ("https://마당.kr/", "form"),
        ("https://127.0.0.1/", "private"),
        ("https://10.0.0.1/", "private"),
        ("https://169.254.169.254/latest/meta-data", "private"),
        ("https://[::1]/", "private"),
        ("https://[fe80::1]/", "private"),
        ("https://[fd00:ec2::254]/", "private"),
        ("https://[::ffff:10.0.0.1]/", "private"),
        ("https://[64:ff9b::7f00:1]/", "private"),
        ("https://[2002:7f00:1::]/", "private"),
        ("https://0.0.0.0/", "private"),
        ("https://224.0.0.1/", "private"),
        ("https://100.64.0.1/", "private"),
        ("https://" + "a" * 2_000, "form"),
    ],
)
def test_what_may_never_be_called_is_refused_when_it_is_written(url: str, rule: str) -> None:
    with pytest.raises(InvalidError, match="webhook_unusable") as refused:
        parse(url, allows_loopback=False)
    assert refused.value.details["rule"] == rule


@pytest.mark.parametrize(
    "found",
    [
        ("127.0.0.1",),
        ("10.1.2.3",),
        ("192.168.0.9",),
        ("169.254.169.254",),
        ("::1",),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:127.0.0.1",),
        (PUBLIC, "10.0.0.1"),
        ("0.0.0.0",),
        ("64:ff9b::a00:1",),
    ],
)
@pytest.mark.parametrize("written", ["hook.example.org", "2130706433", "0x7f.1", "localhost"])
async def test_a_name_that_leads_inside_is_refused_whatever_else_it_leads_to(
    found: tuple[str, ...], written: str
) -> None:
    with pytest.raises((RefusedError, UnavailableError)):
        await find(f"https://{written}/", allows_loopback=False, resolve=resolver(*found))


async def test_the_address_that_was_checked_is_the_one_that_is_used() -> None:
    resolve = resolver(PUBLIC)
    target = await find(
        "https://Hook.example.org:8443/a/b?c=d#e", allows_loopback=False, resolve=resolve
    )
    assert (target.ip, target.host, target.port) == (PUBLIC, "hook.example.org", 8443)
    assert target.path == "/a/b?c=d"
    assert resolve.calls == ["hook.example.org:8443"]


async def test_this_machine_only_where_the_policy_says_so_and_plain_http_nowhere_else() -> None:
    target = await find(
        "http://localhost:9/", allows_loopback=True, resolve=resolver("127.0.0.1", "::1")
    )
    assert target.ip == "127.0.0.1"
    with pytest.raises(RefusedError, match="private"):
        await find("http://example.org/", allows_loopback=True, resolve=resolver(PUBLIC))
    with pytest.raises(RefusedError, match="private"):
        await find("https://example.org/", allows_loopback=True, resolve=resolver("10.0.0.1"))


async def test_an_unknown_name_may_be_known_later() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        raise OSError("no such name")

    with pytest.raises(UnavailableError, match="name"):
        await find("https://example.org/", allows_loopback=False, resolve=resolve)
    with pytest.raises(UnavailableError, match="name"):
        await find("https://example.org/", allows_loopback=False, resolve=resolver())
