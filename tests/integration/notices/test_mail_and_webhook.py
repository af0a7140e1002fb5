"""Mail to a real SMTP server and webhooks to a real receiver, good, bad and hanging."""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from madang.errors import RefusedError, UnavailableError
from madang.notices.mail import MailNotifier
from madang.notices.ports import Message
from madang.notices.webhook import WebhookNotifier
from madang.settings.files import SmtpPolicy

pytestmark = pytest.mark.integration

PLATFORM = Path(__file__).parents[3] / "platform"
SECRET = "a-secret-of-this-receiver"


def message(**changes: Any) -> Message:
    fields: dict[str, Any] = {
        "id": "notice-1",
        "kind": "turn",
        "at_ms": 1_790_000_000_000,
        "subject": "GPU가 준비되었습니다",
        "body": "차례가 왔습니다.",
        "link": "https://lab/services/madang/wait/lease-1",
        "secret": SECRET,
    }
    return Message(**{**fields, **changes})


def mailer(server: Any, password: str = "", **more: Any) -> MailNotifier:
    options = {k: more.pop(k) for k in ("timeout_s", "context") if k in more}
    smtp = SmtpPolicy(**{"host": "localhost", "port": server.port, "sender": "m@lab.kr", **more})
    return MailNotifier(smtp, password, **options)


async def test_a_mail_arrives_with_its_words(mail_server: Any) -> None:
    await mailer(mail_server).send(message(to="ada@lab.kr"))
    mail = mail_server.mails[0]
    assert (mail["Subject"], mail["To"], mail["From"]) == (
        "GPU가 준비되었습니다",
        "ada@lab.kr",
        "m@lab.kr",
    )
    assert mail["Message-ID"] == "<notice-1@lab.kr>"
    assert mail["Auto-Submitted"] == "auto-generated"
    text = mail.get_content()
    assert "차례가 왔습니다." in text
    assert "/wait/lease-1" in text


async def test_a_login_goes_through_a_secured_connection(
    mail_server: Any, local_contexts: Any
) -> None:
    mail_server.context, trusted = local_contexts
    secure = {"starttls": True, "user": "madang", "context": trusted}
    await mailer(mail_server, "p4ss w0rd!", **secure).send(message(to="ada@lab.kr"))
    assert base64.b64decode(mail_server.logins[0]).decode() == "\0madang\0p4ss w0rd!"
    # A certificate that nobody vouches for gets no password.
    with pytest.raises(UnavailableError, match="server"):
        await mailer(mail_server, "pw", starttls=True, user="madang").send(message(to="a@lab.kr"))
    # Nor does a server that offers no encryption.
    mail_server.context = None
    with pytest.raises(UnavailableError, match="server"):
        await mailer(mail_server, "pw", **secure).send(message(to="a@lab.kr"))
    assert len(mail_server.logins) == 1


@pytest.mark.parametrize(
    ("verb", "answer", "error"),
    [
        ("RCPT", b"550 nobody\r\n", RefusedError),
        ("RCPT", b"450 later\r\n", UnavailableError),
        ("MAIL", b"421 busy\r\n", UnavailableError),
        ("end", b"554 spam\r\n", RefusedError),
        ("end", b"451 later\r\n", UnavailableError),
        ("hello", b"nonsense\r\n", UnavailableError),
    ],
)
async def test_answers_of_a_mail_server(
    mail_server: Any, verb: str, answer: bytes, error: type[Exception]
) -> None:
    mail_server.answers[verb] = answer
    with pytest.raises(error):
        await mailer(mail_server).send(message(to="ada@lab.kr"))


@pytest.mark.parametrize("verb", ["hello", "EHLO", "RCPT", "DATA", "end", "drip"])
async def test_a_mail_server_that_hangs_costs_its_time_and_nothing_else(
    mail_server: Any, verb: str
) -> None:
    mail_server.hangs_at, mail_server.drips = verb, verb == "drip"
    notifier = mailer(mail_server, timeout_s=0.5)
    began = time.monotonic()
    ticks = 0
    task = asyncio.create_task(_limited(notifier, message(to="ada@lab.kr")))
    while not task.done():
        await asyncio.sleep(0.01)
        ticks += 1
    with pytest.raises((UnavailableError, TimeoutError)):
        await task
    assert time.monotonic() - began < 5
    assert ticks > 5, "the loop was held up"


async def _limited(notifier: Any, what: Message) -> None:
    async with asyncio.timeout(notifier.timeout_s):
        await notifier.send(what)


async def test_no_mail_server_at_all(mail_server: Any) -> None:
    port = mail_server.port
    await mail_server.close()
    mail_server.port = port
    with pytest.raises(UnavailableError):
        await mailer(mail_server).send(message(to="ada@lab.kr"))


def hook(server: Any, **more: Any) -> tuple[WebhookNotifier, Message]:
    url = more.pop("url", f"http://127.0.0.1:{server.port}/in?room=1")
    notifier = WebhookNotifier(**{"allows_loopback": True, **more})
    return notifier, message(to=url, data={"lease": "lease-1"})


async def test_a_receiver_can_tell_that_it_is_us(web_server: Any) -> None:
    notifier, what = hook(web_server)
    await notifier.send(what)
    line, headers, body = web_server.got[0]
    assert line == "POST /in?room=1 HTTP/1.1"
    assert headers["x-madang-notice"] == "notice-1"
    signed = headers["x-madang-timestamp"].encode() + b"." + body
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["x-madang-signature"] == f"sha256={expected}"
    assert abs(int(headers["x-madang-timestamp"]) / 1000 - time.time()) < 60
    data = json.loads(body)
    assert data["data"] == {"lease": "lease-1"}
    assert "차례가 왔습니다." in data["text"]
    assert SECRET not in body.decode()


async def test_a_redirect_is_not_followed_and_errors_are_told_apart(web_server: Any) -> None:
    notifier, what = hook(web_server)
    web_server.location = f"http://127.0.0.1:{web_server.port}/elsewhere"
    for status, error in (
        (302, UnavailableError),
        (307, UnavailableError),
        (500, UnavailableError),
        (404, RefusedError),
        (410, RefusedError),
    ):
        web_server.status = status
        with pytest.raises(error):
            await notifier.send(what)
    assert [line for line, _, _ in web_server.got] == ["POST /in?room=1 HTTP/1.1"] * 5


async def test_a_receiver_that_hangs_or_floods_is_left(web_server: Any) -> None:
    notifier, what = hook(web_server, timeout_s=0.5)
    web_server.hangs = True
    with pytest.raises(UnavailableError, match="slow"):
        await notifier.send(what)
    web_server.hangs, web_server.floods, web_server.status = False, True, 200
    await notifier.send(what)


async def test_nothing_inside_is_called(web_server: Any) -> None:
    for url in (
        f"http://127.0.0.1:{web_server.port}/",
        f"https://127.0.0.1:{web_server.port}/",
        f"https://localhost:{web_server.port}/",
        f"https://[::ffff:127.0.0.1]:{web_server.port}/",
        f"https://2130706433:{web_server.port}/",
    ):
        notifier, what = hook(web_server, url=url, allows_loopback=False)
        with pytest.raises((RefusedError, UnavailableError)):
            await notifier.send(what)
    assert web_server.connections == 0


async def test_the_certificate_is_checked_for_the_name_and_the_address_is_pinned(
    web_class: Any, contexts: Any
) -> None:
    server = web_class()
    await server.open(contexts[0])
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        # A name that leads elsewhere when it is asked for a second time.
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    options = {"context": contexts[1], "resolve": resolve}
    url = f"https://hook.example.org:{server.port}/in"
    notifier, what = hook(server, url=url, **options)
    await notifier.send(what)
    assert asked == ["hook.example.org"]
    assert server.got[0][1]["host"] == f"hook.example.org:{server.port}"
    asked.clear()
    notifier, what = hook(server, url=url.replace("hook", "other"), **options)
    with pytest.raises(UnavailableError, match="connection"):
        await notifier.send(what)
    asked.clear()
    notifier, what = hook(server, url=url, resolve=resolve)
    with pytest.raises(UnavailableError, match="connection"):
        await notifier.send(what)
    await server.close()


async def test_a_proxy_of_the_environment_sees_nothing(
    web_server: Any, web_class: Any, monkeypatch: Any
) -> None:
    proxy = web_class()
    await proxy.open()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    notifier, what = hook(web_server)
    await notifier.send(what)
    assert (proxy.connections, len(web_server.got)) == (0, 1)
    await proxy.close()


async def test_killed_between_the_server_taking_a_mail_and_the_mark_it_is_sent_again(
    mail_server: Any, tmp_path: Path
) -> None:
    async def run() -> asyncio.subprocess.Process:
        script = Path(__file__).with_name("deliver_process.py")
        return await asyncio.create_subprocess_exec(
            *(sys.executable, str(script), str(tmp_path), str(mail_server.port)),
            env={**os.environ, "PYTHONPATH": str(PLATFORM)},
        )

    child = await run()
    mail_server.on_mail = lambda: os.kill(child.pid, signal.SIGKILL)
    assert await asyncio.wait_for(child.wait(), 60) == -signal.SIGKILL
    assert len(mail_server.mails) == 1
    mail_server.on_mail = lambda: None
    again = await run()
    assert await asyncio.wait_for(again.wait(), 60) == 0
    assert len({mail["Message-ID"] for mail in mail_server.mails}) == 1
    assert len(mail_server.mails) == 2
    last = await run()
    assert await asyncio.wait_for(last.wait(), 60) == 0
    assert len(mail_server.mails) == 2, "what was marked is sent no more"
