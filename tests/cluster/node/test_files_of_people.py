"""Files on the node: a project's folder by role, a home that outlives its server, a time limit."""

import asyncio

import pytest
from people import Person, in_turns

from madang.stack.demo.look import until

pytestmark = pytest.mark.timeout(600)
TRY = """
import pathlib
try:
    {code}
    print("done")
except OSError as error:
    print(type(error).__name__, error.strerror)
"""


async def write(person: Person, path: str, text: str) -> str:
    """Try to write a file; return what came of it."""
    code = f"pathlib.Path('{path}').expanduser().write_text('{text}')"
    return await person.run(TRY.format(code=code))


async def read(person: Person, path: str) -> str:
    """Return what is in a file, or why it cannot be read."""
    code = f"print(pathlib.Path('{path}').expanduser().read_text(), end='; ')"
    return await person.run(TRY.format(code=code))


async def set_role(owner: Person, name: str, role: str) -> None:
    """Give a member another role, as the project's page does."""
    body = {"person": name, "role": role, "reason": "for the test"}
    await owner.visitor.api("POST", f"projects/{owner.project}/members", json=body)


async def dozes_off(noa: Person) -> None:
    """Write a file and do nothing more: told twice, ended as idle; the file is there again."""
    lease = await noa.visitor.notebook_lease()
    assert await write(noa, "~/mine", "of noa") == "done"
    ended = await noa.ended(lease["id"])
    assert ended["reason"] == "reclaimed", ended
    assert "idle" in ended["reason_text"], ended
    told = (await noa.visitor.api("GET", "me/notices"))["recent"]
    assert [notice["kind"] for notice in told].count("idle") == 2, told
    await noa.start("gpu-1")
    assert await read(noa, "~/mine") == "of noa; done"


async def test_a_project_shares_files_by_role_and_homes_outlive_their_servers(release, people):
    ada, dana = people("ada", "vision-lab"), people("dana", "vision-lab")
    vera, chan = people("vera", "vision-lab"), people("chan", "language-lab")
    noa = people("noa", "nap-lab")
    # Dana's server has a short limit: it is asked to save, and ended, while the others work.
    _, short = await asyncio.gather(ada.start("gpu-4"), dana.start("cpu", hours="0.02"))
    assert await write(ada, "~/project/note", "of ada") == "done"
    assert await read(dana, "~/project/note") == "of ada; done"
    assert await write(dana, "~/project/answer", "of dana") == "done"
    assert await write(ada, "~/mine", "at home") == "done"
    assert await read(ada, "~/project/answer") == "of dana; done"

    # Vera asked while she was a member, and has become a viewer when her turn comes.
    await set_role(ada, "vera", "member")
    await vera.visitor.log_in()
    await vera.visitor.spawn("vision-lab", "gpu-1")
    waiting = await until(vera.visitor.notebook_lease, bool)
    assert waiting["state"] == "queued", waiting
    await set_role(ada, "vera", "viewer")
    await ada.stop()
    starts = [noa.start("gpu-1"), vera.enter(), chan.start("cpu"), ada.start("cpu")]
    await in_turns(starts, at_once=2)
    dozing = asyncio.create_task(dozes_off(noa))
    assert await read(ada, "~/mine") == "at home; done"
    assert await read(vera, "~/project/note") == "of ada; done"
    assert (await write(vera, "~/project/note", "of vera")).startswith("OSError Read-only")
    assert await read(ada, "~/project/note") == "of ada; done"
    assert (await read(chan, "~/project/note")).startswith("FileNotFoundError")
    assert (await read(chan, "~/mine")).startswith("FileNotFoundError")

    ended = await dana.ended(short["id"])
    assert ended["reason"] == "expired", ended
    assert "time limit" in ended["reason_text"], ended
    assert ended["reason_hint"], ended
    await dozing
