"""Folders of environments in memory, for tests: a build is a word of the test."""

import json
from collections.abc import Mapping, Sequence

from madang.domain.environment import Built, EnvironmentRef, read_built
from madang.engines.hostile.faults import World
from madang.engines.ports import Kernel
from madang.errors import LocalError


class MemoryEnvironments:
    """The port ``Environments`` as a table.

    Attributes
    ----------
    folders
        What each folder holds: None for nothing yet, else the record of a finished build.
    owners
        For whom a folder was made.
    kernels
        What notebook servers offer, by project.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.folders: dict[EnvironmentRef, bytes | None] = {}
        self.owners: dict[EnvironmentRef, str] = {}
        self.kernels: dict[str, tuple[Kernel, ...]] = {}

    async def prepare(self, ref: EnvironmentRef, person_name: str) -> str:
        """Make an empty folder; at times it cannot."""
        if self._world.happens(self._world.faults.start_refused):
            raise LocalError("environment_folder", why="refused")
        self.folders[ref] = None
        self.owners[ref] = person_name
        return f"/environments/{ref.environment}/{ref.revision}"

    async def inspect(self, ref: EnvironmentRef) -> Built | None:
        """Return what the test wrote with :meth:`finish`."""
        data = self.folders.get(ref)
        return None if data is None else read_built(json.loads(data), data)

    async def python(self, ref: EnvironmentRef) -> str:
        """Return a path; nothing is there."""
        return f"/environments/{ref.environment}/{ref.revision}/bin/python"

    async def publish(self, project: str, kernels: Sequence[Kernel]) -> None:
        """Take note."""
        self.kernels[project] = tuple(kernels)

    async def remove(self, ref: EnvironmentRef) -> None:
        """Forget a folder."""
        self.folders.pop(ref, None)

    async def kept(self) -> Sequence[EnvironmentRef]:
        """Return every folder."""
        return list(self.folders)

    def finish(self, ref: EnvironmentRef, run: str, packages: Mapping[str, str]) -> None:
        """Do what the last step of a build does."""
        listed = [{"name": name, "version": version} for name, version in packages.items()]
        record = {"run": run, "python": "3.12.1", "size_bytes": 1_000, "packages": listed}
        self.folders[ref] = json.dumps(record).encode()
