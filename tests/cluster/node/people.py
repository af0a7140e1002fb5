"""People of an installed release, each with a browser and a kernel, and what they see."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from installed import URL, Installed

from madang.stack.demo.kernel import Kernel
from madang.stack.demo.look import until
from madang.stack.demo.visitor import Visitor


class Person:
    """A person with a browser and a kernel."""

    def __init__(self, installed: Installed, name: str, project: str) -> None:
        self._installed, self.name, self.project = installed, name, project
        self.visitor = Visitor(URL, name, installed.secret("password"))
        self.kernel: Kernel | None = None

    async def start(self, profile: str, **asked: str) -> dict[str, Any]:
        """Log in, start a server by the form, and a kernel in it."""
        await self.visitor.log_in()
        await self.visitor.spawn(self.project, profile, **asked)
        return await self.enter()

    async def enter(self) -> dict[str, Any]:
        """Wait for the server that was asked for, and start a kernel in it."""
        try:
            lease = await self.visitor.until_ready(180)
        except TimeoutError as error:
            raise AssertionError(f"{error}\n{self._installed.story()}") from error
        self.kernel = Kernel(URL, self.name, await self.visitor.server_token())
        await self.kernel.start("")
        return lease

    async def run(self, code: str) -> str:
        """Run a cell; return what it printed."""
        assert self.kernel is not None
        return (await self.kernel.execute(code)).strip()

    async def stop(self) -> None:
        """Stop the server and wait until the lease has ended."""
        if self.kernel is not None:
            await self.kernel.leave()
            self.kernel = None
        await self.visitor.stop_server()
        await until(self.visitor.notebook_lease, lambda found: not found, timeout_s=60)

    async def ended(self, lease_id: str) -> dict[str, Any]:
        """Return a lease once it has ended."""
        return await until(
            lambda: self.visitor.api("GET", f"leases/{lease_id}"),
            lambda lease: lease["state"] == "ended",
            timeout_s=120,
        )

    async def leave(self) -> None:
        """End all that the person has, and close the browser."""
        if self.kernel is not None:
            await self.kernel.leave()
        # The hub first: it ends its server and the lease together. Then what it did not know of.
        await quietly(self.visitor.stop_server)
        for lease in await quietly(lambda: self.visitor.api("GET", "leases")) or []:
            if lease.get("person") == self.name and lease["state"] not in ("ending", "ended"):
                end = ("DELETE", f"leases/{lease['id']}")
                await quietly(lambda end=end: self.visitor.api(*end))
        await self.visitor.close()


async def quietly(ask: Callable[[], Awaitable[Any]]) -> Any:
    """Ask; while the pages are away for a moment there is no answer."""
    try:
        return await ask()
    except Exception:
        return None


async def free_devices(person: Person) -> int:
    """Return how many devices nobody has."""
    pool = await person.visitor.api("GET", "pool")
    return sum(flavor["devices_free"] for flavor in pool["flavors"] if flavor["devices_total"])


async def in_turns(jobs: list[Awaitable[Any]], at_once: int = 5) -> list[Any]:
    """Do all, a few at a time: the machine of the tests is small."""
    gate = asyncio.Semaphore(at_once)

    async def one(job: Awaitable[Any]) -> Any:
        async with gate:
            return await job

    return await asyncio.gather(*map(one, jobs))
