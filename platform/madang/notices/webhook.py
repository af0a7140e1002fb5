"""A POST to a person's own web address, signed, to the address that was checked and no other.

Follows no redirect, reads no body, uses no proxy of the environment, and ends after five seconds.
"""

import asyncio
import hashlib
import hmac
import json
import ssl

import httpx

from madang.notices.address import Resolve, Target, find
from madang.notices.ports import Message, refused, undelivered
from madang.units import now_ms

TIMEOUT_S = 5.0
MAX_BODY_BYTES = 8 * 1024
ID_HEADER = "X-Madang-Notice"
TIME_HEADER = "X-Madang-Timestamp"
SIGNATURE_HEADER = "X-Madang-Signature"


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return what a receiver computes to know that a message is ours and fresh."""
    signed = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"sha256={signed.hexdigest()}"


def body_of(message: Message) -> bytes:
    """Return the JSON of a message; ``text`` is what chat services show."""
    whole = {
        "id": message.id,
        "kind": message.kind,
        "at_ms": message.at_ms,
        "subject": message.subject,
        "text": f"{message.subject}\n{message.body}\n{message.link}",
        "link": message.link,
        "data": dict(message.data),
    }
    body = json.dumps(whole, ensure_ascii=False).encode()
    return body if len(body) <= MAX_BODY_BYTES else json.dumps({**whole, "data": {}}).encode()


class WebhookNotifier:
    """Calls web addresses of people.

    Parameters
    ----------
    allows_loopback
        Whether a receiver on this machine may be called, and by plain http.
    resolve
        Finds the addresses of a name.
    context
        Whom to trust; the system's authorities when None.
    """

    def __init__(
        self,
        *,
        allows_loopback: bool = False,
        timeout_s: float = TIMEOUT_S,
        resolve: Resolve | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.timeout_s = timeout_s
        self._allows_loopback = allows_loopback
        self._resolve = resolve
        self._context = context

    async def send(self, message: Message) -> None:
        """Post a message once."""
        if not message.secret:
            raise refused("secret")
        try:
            async with asyncio.timeout(self.timeout_s):
                target = await find(
                    message.to, allows_loopback=self._allows_loopback, resolve=self._resolve
                )
                status = await self._post(target, message)
        except TimeoutError as error:
            raise undelivered("slow") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise undelivered("connection") from error
        if status in (404, 410):
            raise refused("gone")
        if not 200 <= status < 300:
            raise undelivered("status")

    async def _post(self, target: Target, message: Message) -> int:
        body = body_of(message)
        timestamp = str(now_ms())
        headers = {
            "Host": _host(target),
            "Content-Type": "application/json",
            "User-Agent": "madang",
            ID_HEADER: message.id,
            TIME_HEADER: timestamp,
            SIGNATURE_HEADER: signature(message.secret, timestamp, body),
        }
        if self._context is None:
            self._context = ssl.create_default_context()
        shown = f"[{target.ip}]" if ":" in target.ip else target.ip
        async with (
            httpx.AsyncClient(
                verify=self._context,
                trust_env=False,
                follow_redirects=False,
                timeout=self.timeout_s,
            ) as client,
            client.stream(
                "POST",
                f"{target.scheme}://{shown}:{target.port}{target.path}",
                content=body,
                headers=headers,
                # The certificate must be for the name, although the connection is to its address.
                extensions={"sni_hostname": target.host},
            ) as answer,
        ):
            return answer.status_code


def _host(target: Target) -> str:
    name = f"[{target.host}]" if ":" in target.host else target.host
    is_default = target.port == (443 if target.scheme == "https" else 80)
    return name if is_default else f"{name}:{target.port}"
