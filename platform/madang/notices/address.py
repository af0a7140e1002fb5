"""Which web addresses of people may be called: public ones by https, and nothing else.

A person's webhook is asked for by the service, from inside its network. Without these rules it
could reach what only the service can reach: a database, a cloud's metadata, the hub.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from madang.errors import InvalidError
from madang.notices.detached import detached
from madang.notices.ports import refused, undelivered

MAX_URL_CHARS = 2_000
RESOLVE_S = 3.0
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Target:
    """A web address that may be called, and where it was found to lie.

    Attributes
    ----------
    ip
        The one address to connect to: the name is not asked for again.
    path
        With the query.
    """

    scheme: str
    host: str
    port: int
    path: str
    ip: str = ""


def parse(url: str, *, allows_loopback: bool) -> Target:
    """Read a web address and check what can be checked without asking anybody.

    Raises
    ------
    InvalidError
        ``webhook_unusable`` with the rule that it breaks.
    """
    if len(url) > MAX_URL_CHARS or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidError("webhook_unusable", rule="form")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidError("webhook_unusable", rule="form") from error
    host = (parts.hostname or "").rstrip(".")
    if not host or "@" in parts.netloc or "\\" in url or "%" in parts.netloc:
        raise InvalidError("webhook_unusable", rule="form")
    is_plain = parts.scheme == "http" and allows_loopback
    if parts.scheme != "https" and not is_plain:
        raise InvalidError("webhook_unusable", rule="https")
    query = f"?{parts.query}" if parts.query else ""
    default = 80 if is_plain else 443
    path = f"{parts.path or '/'}{query}"
    target = Target(parts.scheme, host, port or default, path)
    literal = _ip(host)
    if literal is not None and not _allowed(literal, parts.scheme, allows_loopback):
        raise InvalidError("webhook_unusable", rule="private")
    return target


async def find(url: str, *, allows_loopback: bool, resolve: Resolve | None = None) -> Target:
    """Read a web address and resolve its name, once.

    All addresses of the name must be allowed: a name with a public and a private one is a trick.

    Raises
    ------
    RefusedError
        ``notice_refused``: it may not be called.
    UnavailableError
        ``notice_undelivered``: the name is not known now.
    """
    try:
        target = parse(url, allows_loopback=allows_loopback)
    except InvalidError as error:
        raise refused("address") from error
    try:
        async with asyncio.timeout(RESOLVE_S):
            found = await (resolve or _resolve)(target.host, target.port)
    except (OSError, TimeoutError, UnicodeError) as error:
        raise undelivered("name") from error
    addresses = [ip for ip in map(_ip, found) if ip is not None]
    if not addresses or len(addresses) != len(found):
        raise undelivered("name")
    if not all(_allowed(ip, target.scheme, allows_loopback) for ip in addresses):
        raise refused("private")
    return Target(target.scheme, target.host, target.port, target.path, str(addresses[0]))


async def _resolve(host: str, port: int) -> Sequence[str]:
    found = await detached(
        lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM), OSError, UnicodeError
    )
    return list(dict.fromkeys(str(row[4][0]) for row in found))


_Ip = ipaddress.IPv4Address | ipaddress.IPv6Address


def _ip(text: str) -> _Ip | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _allowed(ip: _Ip, scheme: str, allows_loopback: bool) -> bool:
    if ip.is_loopback:
        return allows_loopback
    # Plain http is for a receiver on this machine only.
    return scheme == "https" and all(_is_public(one) for one in _inside(ip))


def _is_public(ip: _Ip) -> bool:
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def _inside(ip: _Ip) -> list[_Ip]:
    """Return an address with those that it carries inside: mapped, 6to4, Teredo, NAT64."""
    if isinstance(ip, ipaddress.IPv4Address):
        return [ip]
    if ip.ipv4_mapped:
        return [ip.ipv4_mapped]
    carried: list[_Ip] = [ip]
    if ip.sixtofour:
        carried.append(ip.sixtofour)
    if ip.teredo:
        carried.extend(ip.teredo)
    if ip in _NAT64:
        carried.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    return carried
