"""Who is told what, once; and nothing of it is lost by kills, faults or slow servers."""

import asyncio
from typing import Any

import pytest
from test_sweep_life import submitted, workers

from madang.domain.notice import Channel, NoticeState
from madang.errors import InvalidError, RefusedError
from madang.notices.ports import Message, refused, undelivered
from madang.services.delivery import PLACES
from madang.services.requests import ExtendRequest, NoticeRequest, SweepRerun
from madang.settings.files import NoticePolicy, SmtpPolicy

MIN = 60_000
HOUR = 3_600_000
URL = "https://hook.example.org/x"
ALL = ("turn", "ended", "ending", "run", "budget")


class Recorder:
    """A channel that keeps what it was handed, and fails or hangs as it is told."""

    timeout_s = 0.05

    def __init__(self) -> None:
        self.got: list[Message] = []
        self.arrived = asyncio.Event()
        self.faults: list[Exception] = []
        self.hangs = False
        self.kill = False

    async def send(self, message: Message) -> None:
        if self.hangs:
            await asyncio.sleep(60)
        if self.faults:
            raise self.faults.pop(0)
        self.got.append(message)
        self.arrived.set()
        if self.kill:
            raise asyncio.CancelledError  # the service dies between handing over and marking


def plug(house: Any, **channels: Recorder) -> None:
    core = house.services.core
    core.notifiers = {Channel(name): made for name, made in channels.items()}
    core.public_url = "https://lab/"
    smtp = SmtpPolicy(host="mail.lab.kr")
    object.__setattr__(core.policy, "notices", NoticePolicy(smtp=smtp))


async def wants(house: Any, name: str, **how: Any) -> dict[str, Any]:
    request = NoticeRequest(**{"mail": f"{name}@lab.kr", "lang": "en", "kinds": ALL, **how})
    return await house.services.notices.save(await house.actor(name), request)


async def deliver(house: Any) -> None:
    await house.services.delivery.look()
    await house.services.delivery.settled()


async def rows(house: Any, name: str) -> list[dict[str, Any]]:
    return (await house.services.notices.get(await house.actor(name)))["recent"]


@pytest.fixture
def mail() -> Recorder:
    return Recorder()


async def absent(house: Any, devices: int = 4) -> str:
    """Let chan wait for what ada holds, and let ada go."""
    first = await house.ask("ada", profile="", devices=devices)
    await house.turn()
    lease = await house.ask("chan", project="language", profile="", devices=devices, name="train")
    await house.turn(11)
    await house.services.leases.end(await house.actor("ada"), first["id"])
    await house.turn(3)
    return str(lease["id"])


async def test_your_turn_is_told_with_the_way_to_take_it(house: Any, mail: Recorder) -> None:
    plug(house, mail=mail, page=Recorder())
    await wants(house, "chan")
    lease_id = await absent(house)
    for _ in range(3):
        await deliver(house)
    assert len(mail.got) == 1
    told = mail.got[0]
    assert (told.kind, told.to) == ("turn", "chan@lab.kr")
    assert told.link == f"https://lab/services/madang/wait/{lease_id}"
    assert "4 × sim-h200 for 'train' (language)" in told.body
    assert [row["kind"] for row in await rows(house, "chan")] == ["turn"]
    await house.turn(130)
    await deliver(house)
    assert [message.kind for message in mail.got] == ["turn", "turn"], "the second turn"
    await house.turn(270)
    await deliver(house)
    assert mail.got[-1].kind == "ended"
    assert "unclaimed" in str(mail.got[-1].data["reason"])


async def test_a_turn_that_was_taken_at_once_needs_no_notice(house: Any, mail: Recorder) -> None:
    plug(house, mail=mail)
    await wants(house, "ada")
    lease = await house.ask("ada")
    await house.turn(2)
    await house.launch(lease["id"])
    await house.turn(2)
    await house.services.leases.end(await house.actor("ada"), lease["id"])
    await house.turn(4)
    await deliver(house)
    assert mail.got == [], "what I did myself I know"


async def test_time_that_runs_out_is_told_twice_and_again_after_more_time(
    house: Any, mail: Recorder
) -> None:
    plug(house, mail=mail)
    await wants(house, "ada")
    lease = await house.ask("ada", profile="", devices=1, limit_ms=HOUR)
    await house.turn(2)
    await house.launch(lease["id"])

    async def pass_min(minutes: int) -> list[int]:
        before = len(mail.got)
        for _ in range(minutes):
            await house.turn(1, step_ms=MIN)
            await deliver(house)
        return [message.data.get("minutes", 0) for message in mail.got[before:]]

    assert await pass_min(58) == [15, 5]
    ada = await house.actor("ada")
    await house.services.changes.extend(ada, lease["id"], ExtendRequest(by_ms=HOUR))
    assert await pass_min(57) == [15, 5]
    assert await pass_min(8) == [0]
    assert mail.got[-1].data["reason"] == "expired"


async def test_budgets_are_told_to_who_manages_and_who_uses_them(house: Any) -> None:
    mail = Recorder()
    plug(house, mail=mail)
    for name in ("ada", "bora", "chan"):
        await wants(house, name)
    lease = await house.ask("ada", project="poor")
    await house.turn(2)
    await house.launch(lease["id"])
    for _ in range(40):
        await house.turn(1, step_ms=30_000)
        await deliver(house)
    told = [(m.to, m.kind, m.data.get("percent")) for m in mail.got]
    assert ("ada@lab.kr", "budget", 80) in told
    assert ("ada@lab.kr", "budget", 95) in told or ("ada@lab.kr", "budget", 100) in told
    assert ("ada@lab.kr", "ended", None) in told
    assert {to for to, _, _ in told} == {"ada@lab.kr"}
    assert len(told) == len(set(told))


async def test_a_run_is_told_when_it_ends(house: Any, mail: Recorder) -> None:
    plug(house, mail=mail)
    await wants(house, "bora")
    run = await house.submit("bora", name="sweep")
    await house.turn(3)
    slot = (await house.services.leases.list(await house.actor("root")))[0]
    worker = await house.slot_worker(slot["id"])
    await house.services.slots.next(worker, 0)
    for _ in range(2):
        await house.services.slots.finish(worker, run["id"], {"state": "failed"})
    await deliver(house)
    assert [(m.kind, m.subject) for m in mail.got] == [("run", "Run 'sweep' has failed")]
    assert mail.got[0].link.endswith(f"/runs/{run['id']}")


@pytest.mark.parametrize(
    ("kinds", "wish", "is_told"),
    [(ALL, None, True), (ALL, False, False), ((), None, False), ((), True, True)],
)
async def test_a_sweep_tells_its_end_as_was_said_of_it_or_else_as_the_settings_say(
    house: Any, kinds: tuple[str, ...], wish: bool | None, is_told: bool
) -> None:
    mail, hook = Recorder(), Recorder()
    plug(house, mail=mail, webhook=hook, page=Recorder())
    await wants(house, "ada", kinds=kinds, webhook_url=URL)
    ada, services = await house.actor("ada"), house.services
    view = await submitted(house, grid={"x": [1]}, max_parallel=1, notify=wish)
    again = await services.sweeps.rerun(ada, view["id"], SweepRerun())
    other = await services.sweeps.rerun(ada, view["id"], SweepRerun(notify=not is_told))
    assert (view["notify"], again["notify"], other["notify"]) == (wish, wish, not is_told)
    await services.sweeps.cancel(ada, other["id"])
    for worker in (await workers(house)).values():
        task = await services.slots.next(worker, 0)
        await services.slots.finish(worker, task["run"]["id"], {"state": "succeeded"})
    await house.turn(2)
    await deliver(house)
    told = {f"https://lab/services/madang/sweeps/{one['id']}" for one in (view, again)}
    for channel in (mail, hook):
        assert {message.link for message in channel.got} == (told if is_told else set())
    assert len(await rows(house, "ada")) == 2, "the list on the page has it either way"


@pytest.mark.parametrize("wish", [True, False])
async def test_a_sweep_that_waits_in_vain_is_told_as_was_said_of_it(
    house: Any, mail: Recorder, wish: bool
) -> None:
    plug(house, mail=mail)
    await wants(house, "ada", kinds=() if wish else ALL)
    ada = await house.actor("ada")
    first = await submitted(house, grid={"x": [1]})
    await submitted(house, grid={"x": [1]}, after=(first["id"],), notify=wish)
    await house.services.sweeps.cancel(ada, first["id"])
    await house.turn(4)
    await deliver(house)
    assert [message.data.get("why") for message in mail.got] == ["after_failed"] * wish


async def test_only_chosen_kinds_go_out_and_the_page_has_all(house: Any, mail: Recorder) -> None:
    plug(house, mail=mail, page=Recorder())
    await wants(house, "chan", kinds=("budget",))
    await absent(house)
    await deliver(house)
    assert mail.got == []
    assert [row["subject"][:17] for row in await rows(house, "chan")] == ["Your GPU is ready"]


async def test_a_kill_between_handing_over_and_marking_tells_again_with_the_same_id(
    house: Any, mail: Recorder
) -> None:
    plug(house, mail=mail)
    await wants(house, "chan")
    await absent(house)
    mail.kill = True
    await deliver(house)
    await house.restart()
    plug(house, mail=mail)
    mail.kill = False
    await deliver(house)
    await deliver(house)
    assert len(mail.got) == 2
    assert mail.got[0].id == mail.got[1].id


async def test_tries_go_on_until_it_makes_no_sense_any_more(house: Any, mail: Recorder) -> None:
    plug(house, mail=mail)
    await wants(house, "chan")
    mail.faults = [undelivered("server"), undelivered("server")]
    await absent(house)
    await deliver(house)
    await deliver(house)
    assert len(mail.faults) == 1, "tried again at once"
    view = await house.services.notices.get(await house.actor("chan"))
    assert view["latest"]["mail"]["problem_text"] == "the mail server does not answer"
    house.engine.advance(5_000)
    await deliver(house)
    house.engine.advance(10_000)
    await deliver(house)
    assert len(mail.got) == 1
    mail.faults = [undelivered("server")] * 99
    await house.turn(130)
    await deliver(house)
    house.engine.advance(3 * MIN)
    await deliver(house)
    latest = (await house.services.notices.get(await house.actor("chan")))["latest"]["mail"]
    assert (latest["state"], latest["problem"]) == ("given_up", "server")


async def test_what_is_refused_is_not_tried_again(house: Any, mail: Recorder) -> None:
    plug(house, mail=mail)
    await wants(house, "chan")
    mail.faults = [refused("recipient")]
    await absent(house)
    await deliver(house)
    house.engine.advance(HOUR)
    await deliver(house)
    assert mail.got == []


async def test_a_server_that_hangs_holds_up_only_its_own_channel(house: Any) -> None:
    mail, hook = Recorder(), Recorder()
    mail.hangs = True
    mail.timeout_s = 30.0
    plug(house, mail=mail, webhook=hook)
    await wants(house, "chan", webhook_url=URL)
    await absent(house)
    delivery = house.services.delivery
    async with asyncio.timeout(5):
        for _ in range(3):
            await delivery.look()
        await hook.arrived.wait()
        await delivery.stop()
    assert [message.to for message in hook.got] == [URL]
    assert hook.got[0].secret
    assert hook.got[0].secret not in repr(hook.got[0])


async def test_a_flood_leaves_few_on_their_way(house: Any) -> None:
    mail = Recorder()
    mail.hangs = True
    mail.timeout_s = 30.0
    plug(house, mail=mail)
    from madang.domain.notice import NoticeKind
    from madang.services import telling

    await wants(house, "ada")
    ada, now = await house.actor("ada"), house.engine.clock()

    def flood(tx: Any) -> None:
        for number in range(50):
            telling.tell(tx, ada.person.id, NoticeKind.BUDGET, f"d{number}", {}, now)

    await house.services.core.store.write(flood)
    for _ in range(5):
        await house.services.delivery.look()
    going = [channel for channel, _ in house.services.delivery._going.values()]
    assert going.count(Channel.MAIL) == PLACES[Channel.MAIL]
    await house.services.delivery.stop()


async def test_settings_are_checked_and_a_key_belongs_to_one_receiver(house: Any) -> None:
    plug(house)
    one = await wants(house, "ada", webhook_url=URL)
    same = await wants(house, "ada", webhook_url=URL, kinds=("turn",))
    other = await wants(house, "ada", webhook_url="https://other.example.org/")
    assert one["webhook_secret"] == same["webhook_secret"] != other["webhook_secret"]
    assert same["kinds"] == ["turn"]
    none = await wants(house, "ada", webhook_url="", mail="")
    assert (none["webhook_secret"], none["mail"]) == ("", "")
    foreign = await house.services.notices.get(await house.actor("bora"))
    assert (foreign["mail"], foreign["webhook_url"]) == ("", "")
    for broken, code in (
        ({"mail": "a@b\r\nBcc: c@d"}, "mail_unusable"),
        ({"webhook_url": "https://169.254.169.254/"}, "webhook_unusable"),
        ({"kinds": ("all",)}, "notice_kind_unknown"),
        ({"lang": "fr"}, "lang_unknown"),
    ):
        with pytest.raises(InvalidError, match=code):
            await wants(house, "ada", **broken)
    only = NoticePolicy(smtp=SmtpPolicy(host="m"), mail_domains=("lab.kr",))
    object.__setattr__(house.services.core.policy, "notices", only)
    with pytest.raises(RefusedError, match="mail_domain"):
        await wants(house, "ada", mail="ada@elsewhere.org")
    object.__setattr__(house.services.core.policy, "notices", NoticePolicy())
    with pytest.raises(RefusedError, match="mail_off"):
        await wants(house, "ada")


async def test_a_test_goes_everywhere_once_a_minute(house: Any, mail: Recorder) -> None:
    hook = Recorder()
    plug(house, mail=mail, webhook=hook)
    await wants(house, "ada", webhook_url=URL, kinds=())
    ada = await house.actor("ada")
    await house.services.notices.test(ada)
    with pytest.raises(RefusedError, match="test_too_soon"):
        await house.services.notices.test(ada)
    await deliver(house)
    assert [len(mail.got), len(hook.got)] == [1, 1]
    view = await house.services.notices.get(ada)
    assert view["latest"]["mail"]["state"] == str(NoticeState.SENT)
