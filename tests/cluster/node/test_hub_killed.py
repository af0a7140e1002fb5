"""Parts of the platform are killed on the node while people wait and work."""

import asyncio
import time
from typing import Any

import httpx
import pytest
from installed import PLATFORM, URL, Installed
from people import Person, in_turns, quietly
from release import CROWD

from madang.stack.demo.look import until

pytestmark = pytest.mark.timeout(900)
ROUTES_BACK_S = 15
LIVING = ("Pending", "Running")


async def kill(release: Installed, part: str) -> None:
    """Delete the pod of a part without any time to say goodbye; returns when another is there."""
    label = f"app.kubernetes.io/component={part}"

    async def names() -> set[str]:
        said = await asyncio.to_thread(
            release.kubectl, "-n", PLATFORM, "get", "pods", "-l", label, "-o", "name"
        )
        return set(said.split())

    before = await names()
    await asyncio.to_thread(
        release.kubectl, "-n", PLATFORM, "delete", *before, "--grace-period=0", "--force"
    )
    await until(names, lambda now: bool(now - before))


async def answers(path: str) -> int:
    """Return the status of an address of ours; 0 when nobody answers."""
    try:
        async with httpx.AsyncClient(timeout=5) as http:
            return (await http.get(f"{URL}{path}")).status_code
    except httpx.HTTPError:
        return 0


async def places(crowd: list[Person]) -> dict[str, int]:
    """Return the place of each who waits."""

    async def place(person: Person) -> tuple[str, int] | None:
        lease = await person.visitor.notebook_lease()
        if lease.get("state") != "queued" or not lease["standing"]:
            return None
        return person.name, lease["standing"]["position"]

    return dict(filter(None, await in_turns([place(person) for person in crowd])))


async def queue_up(person: Person) -> None:
    await person.visitor.log_in()
    await person.visitor.spawn(person.project, "gpu-1")
    await until(person.visitor.notebook_lease, bool)


def notebooks(release: Installed) -> list[tuple[str, str]]:
    """Return (lease, pod) of all notebook pods that have not ended."""
    living = [p for p in release.pods(kind="notebook") if p["status"]["phase"] in LIVING]
    found = [pod["metadata"] for pod in living]
    return sorted((meta["labels"]["madang.dev/lease"], meta["name"]) for meta in found)


async def settled_places(crowd: list[Person], wanted: dict[str, int]) -> None:
    """Wait until everybody is told the same places again."""
    await until(lambda: quietly(lambda: places(crowd)), wanted.__eq__, timeout_s=60)


async def test_who_waits_and_who_works_survives_every_part(release, people):
    ada = people("ada", "vision-lab")
    lease = await ada.start("gpu-4")
    await ada.run("x = 41")
    crowd = [people(name, "crowd") for name in CROWD]
    await in_turns([queue_up(person) for person in crowd])
    before = await places(crowd)
    assert sorted(before.values()) == list(range(1, len(CROWD) + 1)), before
    pods = notebooks(release)
    assert len(pods) == 1, pods

    await kill(release, "hub")
    assert await ada.run("x += 1; print(x)") == "42"
    await until(lambda: answers("/hub/api/"), (200).__eq__)
    await settled_places(crowd, before)
    assert notebooks(release) == pods
    assert (await ada.visitor.server())["ready"]

    await kill(release, "service")
    assert await ada.run("x += 1; print(x)") == "43"
    await until(lambda: answers("/services/madang/healthz"), (200).__eq__)
    await settled_places(crowd, before)
    assert (await ada.visitor.notebook_lease())["id"] == lease["id"]

    began = time.monotonic()
    await kill(release, "proxy")
    # Who is not logged in is sent to the hub by the server itself, and by nobody else.
    await until(lambda: answers(f"/user/{ada.name}/api/status"), (403).__eq__, timeout_s=60)
    await until(lambda: answers("/services/madang/healthz"), (200).__eq__, timeout_s=60)
    back_s = time.monotonic() - began
    print(f"routes back {back_s:.1f} s after the proxy was killed")
    assert back_s < ROUTES_BACK_S, back_s
    await ada.kernel.connect()
    assert await ada.run("x += 1; print(x)") == "44"
    assert notebooks(release) == pods
    await served_in_order(release, ada, crowd, before)


async def served_in_order(
    release: Installed, ada: Person, crowd: list[Person], before: dict[str, int]
) -> None:
    """Give four devices back: the first four get them, each in one pod; the others move up."""
    await ada.stop()
    line = sorted(crowd, key=lambda person: before[person.name])
    first, others = line[:4], line[4:]
    leases: list[dict[str, Any]] = await asyncio.gather(
        *(person.visitor.until_ready(180) for person in first)
    )
    now = notebooks(release)
    assert sorted(lease for lease, _ in now) == sorted(lease["id"] for lease in leases), now
    assert len({pod for _, pod in now}) == 4
    moved = {person.name: before[person.name] - 4 for person in others}
    await settled_places(others, moved)
