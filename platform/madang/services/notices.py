"""Use-cases of a person about notices: how they want to be told, what they were told, a test."""

import secrets
from typing import Any

from madang.domain.notice import (
    CHOSEN_KINDS,
    Channel,
    Notice,
    NoticeKind,
    NoticeSettings,
)
from madang.errors import InvalidError, RefusedError
from madang.i18n import LANGUAGES, text
from madang.notices.address import parse
from madang.notices.mail import is_address
from madang.notices.words import path, words
from madang.services import access, telling
from madang.services.core import Core
from madang.services.requests import Actor, NoticeRequest
from madang.store import Tx

SHOWN = 30
TEST_EVERY_MS = 60_000


class Notices:
    """What people say about how they want to be told."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def get(self, actor: Actor) -> dict[str, Any]:
        """Return a person's settings, what they were told, and whether it arrived."""
        access.require_person(actor)
        return await self._core.store.read(lambda tx: self._view(tx, actor))

    async def save(self, actor: Actor, request: NoticeRequest) -> dict[str, Any]:
        """Keep a person's settings; a webhook gets a key for its signature.

        Raises
        ------
        InvalidError
            ``mail_unusable``, ``webhook_unusable``, ``notice_kind_unknown``, ``lang_unknown``.
        RefusedError
            ``mail_domain``, ``mail_off``.
        """
        access.require_person(actor)
        self._check(request)
        core = self._core

        def work(tx: Tx) -> dict[str, Any]:
            before = tx.notices.settings(actor.person.id)
            sealed = before.webhook_secret_sealed if before else b""
            is_same = before is not None and before.webhook_url == request.webhook_url
            if request.webhook_url and not (is_same and core.seal.open(sealed)):
                # Another receiver must not know what the one before knew.
                sealed = core.seal.close(secrets.token_urlsafe(32))
            settings = NoticeSettings(
                person=actor.person.id,
                mail=request.mail,
                webhook_url=request.webhook_url,
                webhook_secret_sealed=sealed if request.webhook_url else b"",
                lang=request.lang or (before.lang if before else actor.lang),
                kinds=tuple(str(kind) for kind in CHOSEN_KINDS if kind in request.kinds),
            )
            tx.notices.save_settings(settings)
            return self._view(tx, actor)

        return await core.store.write(work)

    def _check(self, request: NoticeRequest) -> None:
        policy = self._core.policy.notices
        if request.mail:
            if policy.smtp is None:
                raise RefusedError("mail_off")
            if not is_address(request.mail):
                raise InvalidError("mail_unusable", given=request.mail[:60])
            domain = request.mail.rpartition("@")[2].lower()
            if policy.mail_domains and domain not in policy.mail_domains:
                known = ", ".join(policy.mail_domains)
                raise RefusedError("mail_domain", given=domain, known=known)
        if request.webhook_url:
            parse(request.webhook_url, allows_loopback=policy.allows_loopback)
        for kind in request.kinds:
            if kind not in set(CHOSEN_KINDS):
                known = ", ".join(CHOSEN_KINDS)
                raise InvalidError("notice_kind_unknown", given=kind[:40], known=known)
        if request.lang and request.lang not in LANGUAGES:
            raise InvalidError("lang_unknown", given=request.lang[:10])

    async def test(self, actor: Actor) -> dict[str, Any]:
        """Send a test on every channel, at most once a minute."""
        access.require_person(actor)
        core, now = self._core, self._core.clock()

        def work(tx: Tx) -> dict[str, Any]:
            # A name in the data would let people write mails to strangers in our name.
            dedupe = f"test:{now // TEST_EVERY_MS}"
            if not telling.tell(
                tx, actor.person.id, NoticeKind.TEST, dedupe, {}, now, now + TEST_EVERY_MS
            ):
                raise RefusedError("test_too_soon")
            return self._view(tx, actor)

        view = await core.store.write(work)
        core.bus.publish("notices")
        return view

    def _view(self, tx: Tx, actor: Actor) -> dict[str, Any]:
        core = self._core
        known = tx.notices.settings(actor.person.id)
        settings = known or NoticeSettings(person=actor.person.id, lang=actor.lang)
        secret = core.seal.open(settings.webhook_secret_sealed) if settings.webhook_url else ""
        return {
            "mail": settings.mail,
            "webhook_url": settings.webhook_url,
            "webhook_secret": secret or "",
            "lang": settings.lang,
            "kinds": list(settings.kinds),
            "known_kinds": [str(kind) for kind in CHOSEN_KINDS],
            "mail_possible": core.policy.notices.smtp is not None,
            "latest": {
                str(channel): _latest(tx.notices.latest(actor.person.id, channel), actor.lang)
                for channel in (Channel.MAIL, Channel.WEBHOOK)
            },
            "recent": [
                _told(notice, actor.lang, core.policy.zone)
                for notice in tx.notices.recent(actor.person.id, SHOWN)
            ],
        }


def _latest(notice: Notice | None, lang: str) -> dict[str, Any] | None:
    if notice is None:
        return None
    problem = text(f"notice.problem.{notice.problem}", lang) if notice.problem else ""
    return {
        "state": str(notice.state),
        "at_ms": notice.at_ms,
        "sent_ms": notice.sent_ms,
        "tries": notice.tries,
        "problem": notice.problem,
        "problem_text": problem,
    }


def _told(notice: Notice, lang: str, zone: str) -> dict[str, Any]:
    subject, body = words(notice, lang, zone)
    return {
        "id": notice.id,
        "kind": str(notice.kind),
        "at_ms": notice.at_ms,
        "subject": subject,
        "body": body,
        "path": list(path(notice)),
    }
