"""What cannot start on the node is told, can be given up, leaves nothing, and is not charged."""

import asyncio
from html import unescape
from typing import Any

import pytest
from installed import DEVICES, PEOPLE, Installed
from people import Person, free_devices, in_turns

from madang.stack.demo.look import until

pytestmark = pytest.mark.timeout(600)
HOME = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "home-hal", "namespace": PEOPLE},
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        # A class that nobody serves: its volume never comes.
        "storageClassName": "nobody",
        "resources": {"requests": {"storage": "1Gi"}},
    },
}


async def begin(release: Installed, person: Person, profile: str) -> dict[str, Any]:
    """Log in and ask; return the lease once there is a pod for it."""
    await person.visitor.log_in()
    await person.visitor.spawn(person.project, profile)
    lease = await until(
        person.visitor.notebook_lease, lambda lease: lease.get("state") == "admitted"
    )

    async def pods() -> list[dict[str, Any]]:
        return await asyncio.to_thread(release.pods, kind="notebook", lease=lease["id"])

    await until(pods, bool)
    return lease


async def told(person: Person) -> str:
    """Wait until the hub's page says why there is no server; return its words."""

    async def page() -> str:
        found = await person.visitor.http.get(f"/hub/spawn-pending/{person.name}")
        return unescape(found.text)

    return await until(page, lambda text: "kubectl" in text or "registry" in text, timeout_s=120)


async def left_nothing(release: Installed, person: Person, lease: dict[str, Any]) -> None:
    """Its lease has ended, unpaid, with a reason; no pod and no Secret is left of it."""
    ended = await person.ended(lease["id"])
    assert ended["charged_microcredits"] == ended["held_device_ms"] == 0, ended
    assert ended["reason_text"], ended
    print(person.name, ended["reason"], ended["reason_text"], ended["why"])

    async def left() -> list[str]:
        words = ("-n", PEOPLE, "get", "pods,secrets", "-l", f"madang.dev/lease={lease['id']}")
        return (await asyncio.to_thread(release.kubectl, *words, "-o", "name")).split()

    await until(left, lambda names: not names, timeout_s=60)


async def test_what_cannot_start_is_told_given_up_and_not_charged(release, people):
    dana, gil, hal = (people(name, "vision-lab") for name in ("dana", "gil", "hal"))
    release.plane.apply(HOME)
    leases = await in_turns(
        [
            begin(release, dana, "no-image"),
            begin(release, gil, "no-image"),
            begin(release, hal, "gpu-1"),
        ]
    )
    # Gil does not wait for an answer.
    await gil.stop()
    await left_nothing(release, gil, leases[1])

    page = await told(hal)
    assert "waits for a volume that the cluster does not give" in page
    assert "unbound immediate PersistentVolumeClaims" in page
    page = await told(dana)
    assert "The image of the server could not be fetched: registry.invalid/nobody/nothing:1" in page
    assert "Pick another profile" in page
    for person, lease in ((dana, leases[0]), (hal, leases[2])):
        await left_nothing(release, person, lease)
    await until(lambda: free_devices(dana), DEVICES.__eq__)
    usage = await dana.visitor.api("GET", "usage", params={"project": "vision-lab"})
    assert usage["projects"][0]["reserved"] == 0, usage

    # The next step that they were told works.
    release.kubectl("-n", PEOPLE, "delete", "pvc", "home-hal")
    await in_turns([dana.start("cpu"), hal.start("cpu")], at_once=2)
    assert await hal.run("print(1 + 1)") == "2"
