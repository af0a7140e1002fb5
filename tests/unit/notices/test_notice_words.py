"""Every notice has its words in both languages, and a mail can carry them."""

import re

import pytest

from madang.domain.lease import EndReason
from madang.domain.notice import CHOSEN_KINDS, Channel, Notice, NoticeKind
from madang.errors import InvalidError
from madang.i18n import catalogue
from madang.notices.mail import compose, is_address
from madang.notices.ports import Message
from madang.notices.webhook import body_of, signature
from madang.notices.words import path, words
from madang.policy.warnings import minutes_to_tell, retry_ms
from madang.settings.files import NoticePolicy, load_policy

AT = 1_790_000_000_000
MIN = 60_000
LEASE = {"lease": "lease-1", "lease_kind": "notebook", "name": "", "project": "비전"}
LEASE |= {"devices": 2, "flavor": "h200"}
DATA = {
    NoticeKind.TURN: [LEASE | {"claim_by_ms": AT}],
    NoticeKind.ENDED: [LEASE | {"reason": str(reason)} for reason in EndReason],
    NoticeKind.ENDING: [LEASE | {"minutes": 5, "expires_ms": AT}],
    NoticeKind.IDLE: [LEASE | {"since_ms": AT, "ends_ms": AT}],
    NoticeKind.RUN: [
        {"run": "run-1", "name": "lr", "project": "p", "state": state}
        for state in ("succeeded", "failed", "expired")
    ]
    + [
        {noun: "x", "name": "n", "project": "p", "why": "after_failed", "waited_for": "w"}
        for noun in ("run", "sweep")
    ],
    NoticeKind.BUDGET: [{"project": "p", "percent": 80, "left": "3.0"}],
    NoticeKind.SCHEDULE: [
        {"name": "n", "project": "p", "schedule": "s", "failures": 5, "why": why}
        for why in ("owner_gone", "failing")
    ],
    NoticeKind.TEST: [{}],
}


def notice(kind: NoticeKind, data: dict) -> Notice:
    return Notice(
        id="notice-1",
        person="person-1",
        kind=kind,
        channel=Channel.MAIL,
        dedupe="d",
        at_ms=AT,
        until_ms=AT,
        due_ms=AT,
        data=data,
    )


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("kind", list(NoticeKind))
def test_every_notice_has_words_without_holes(kind: NoticeKind, lang: str) -> None:
    for data in DATA[kind]:
        for said in words(notice(kind, data), lang, "Asia/Seoul"):
            assert said
            assert not said.startswith("notice.")
            assert "{" not in said
            assert "''" not in said
            assert bool(re.search("[가-힣]", said.replace("비전", ""))) is (lang == "ko")


def test_notices_lead_to_their_page() -> None:
    assert path(notice(NoticeKind.TURN, LEASE)) == ("wait", "lease-1")
    assert path(notice(NoticeKind.RUN, {"run": "run-1"})) == ("runs", "run-1")
    assert path(notice(NoticeKind.ENDING, LEASE)) == ()
    assert path(notice(NoticeKind.BUDGET, {})) == ("usage",)
    assert path(notice(NoticeKind.SCHEDULE, {"why": "failing"})) == ("schedules",)


def test_kinds_have_words_on_the_page_and_problems_too() -> None:
    known = catalogue()
    assert {f"pages.settings.kind.{kind}" for kind in CHOSEN_KINDS} <= set(known)
    codes = ("address", "recipient", "login", "server", "no_server", "name", "private", "slow")
    assert {f"notice.problem.{code}" for code in codes} <= set(known)


def message(**changes: object) -> Message:
    fields: dict = {"id": "notice-1", "kind": "turn", "at_ms": AT, "subject": "s", "body": "b"}
    return Message(**{**fields, "link": "https://lab/x", "to": "a@b.kr", **changes})


def test_a_name_cannot_add_a_header_to_a_mail() -> None:
    mail = compose(message(subject="차례\r\nBcc: all@b.kr"), "madang@lab.kr")
    assert mail["Bcc"] is None
    assert mail["Subject"] == "차례 Bcc: all@b.kr"
    assert mail["Message-ID"] == "<notice-1@lab.kr>"
    assert "https://lab/x" in mail.get_content()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a@",
        "@b",
        "a@b\n",
        "a@b, c@d",
        "a b@c",
        "A <a@b.kr>",
        "a@b@c",
        "a\r\nBcc:x@y",
        "a@-..b",
    ],
)
def test_what_is_no_single_plain_address_is_none(text: str) -> None:
    assert not is_address(text)


def test_addresses() -> None:
    assert is_address("ada.lovelace+gpu@lab.example.org")
    assert is_address("root@localhost")


def test_a_body_is_small_and_its_signature_depends_on_all_of_it() -> None:
    body = body_of(message(data={"name": "x" * 20_000}))
    assert len(body) < 8 * 1024
    one = signature("k", "1", body)
    assert one == signature("k", "1", body)
    assert len({one, signature("k", "2", body), signature("l", "1", body)}) == 3


@pytest.mark.parametrize(
    ("limit_min", "left_min", "told"),
    [
        (240, 16, None),
        (240, 15, 15),
        (240, 6, 15),
        (240, 5, 5),
        (240, 0, None),
        (10, 9, None),
        (10, 5, 5),
        (5, 4, None),
    ],
)
def test_warnings_before_the_end(limit_min: int, left_min: int, told: int | None) -> None:
    assert minutes_to_tell(limit_min * MIN, AT + left_min * MIN, AT) == told


def test_tries_come_less_often_and_go_on() -> None:
    pauses = [retry_ms(tries) for tries in range(1, 30)]
    assert pauses[0] == 5_000
    assert pauses == sorted(pauses)
    assert pauses[-1] == 3_600_000


def test_the_mail_server_stands_in_the_policy_and_its_password_does_not(tmp_path) -> None:
    file = tmp_path / "policy.yaml"
    server = "{host: m.lab.kr, from: madang@lab.kr, starttls: true, user: u, password_file: /x}"
    file.write_text(f"notices: {{smtp: {server}, mail_domains: [Lab.KR], webhook_loopback: true}}")
    found = load_policy(file).notices
    assert found.smtp is not None
    assert (found.smtp.host, found.smtp.port, found.smtp.password_file) == ("m.lab.kr", 587, "/x")
    assert (found.mail_domains, found.allows_loopback) == (("lab.kr",), True)
    file.write_text("notices: {smtp: {host: m, password: secret}}")
    with pytest.raises(InvalidError, match="policy_key"):
        load_policy(file)
    file.write_text("{}")
    assert load_policy(file).notices == NoticePolicy()
