"""Puts one notice into the outbox (once), and delivers until it has arrived. Killed by the test."""

import asyncio
import sys
from pathlib import Path

from madang import notices
from madang.domain.notice import Channel, NoticeKind, NoticeSettings, NoticeState
from madang.engines.hostile import HostileEngine
from madang.pki.seal import Seal
from madang.services import telling
from madang.services.core import Core
from madang.services.delivery import Delivery
from madang.settings.files import load_policy
from madang.store import Store, Tx
from madang.units import now_ms


async def main(folder: Path, port: str) -> None:
    path = folder / "policy.yaml"
    path.write_text(f"notices: {{smtp: {{host: 127.0.0.1, port: {port}, from: m@lab.kr}}}}\n")
    policy = load_policy(path)
    core = Core(
        store=Store(f"sqlite:///{folder / 'madang.sqlite'}"),
        engine=HostileEngine(1).engine(),
        policy=policy,
        profiles=(),
        flavors={},
        devices_total={},
        service_url="",
        login_is_shared=True,
        seal=Seal("s" * 40),
        public_url="http://127.0.0.1:1/",
        notifiers=notices.build(policy.notices, "", lambda: None),
    )
    core.store.migrate()

    def put(tx: Tx) -> str:
        person = tx.people.ensure("ada", now_ms())
        tx.notices.save_settings(NoticeSettings(person=person.id, mail="ada@lab.kr"))
        telling.tell(tx, person.id, NoticeKind.TEST, "once", {}, now_ms())
        return person.id

    person = await core.store.write(put)
    delivery = Delivery(core)
    await delivery.start()
    async with asyncio.timeout(50):
        while True:
            found = await core.store.read(lambda tx: tx.notices.latest(person, Channel.MAIL))
            if found is not None and found.state is NoticeState.SENT:
                break
            await asyncio.sleep(0.05)
    await delivery.stop()
    core.store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
