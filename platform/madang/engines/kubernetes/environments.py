"""Environments of a cluster: there are none, since pods share no folder that people may build in.

A site gives packages by images. Nothing of ours is ever built, so nothing is kept or deleted.
"""

from collections.abc import Sequence

from madang.domain.environment import Built, EnvironmentRef
from madang.engines.ports import Kernel
from madang.errors import ConflictError, RefusedError


class NoEnvironments:
    """The port ``Environments`` where images hold the packages."""

    async def prepare(self, ref: EnvironmentRef, person_name: str) -> str:
        """Refuse; nobody gets so far, for the request was refused."""
        del ref, person_name
        raise RefusedError("environments_not_offered", engine="kubernetes")

    async def inspect(self, ref: EnvironmentRef) -> Built | None:
        """Return None: nothing was built."""
        del ref
        return None

    async def python(self, ref: EnvironmentRef) -> str:
        """Raise: there is no such interpreter."""
        del ref
        raise ConflictError("environment_gone")

    async def publish(self, project: str, kernels: Sequence[Kernel]) -> None:
        """Offer nothing beside the kernels of the image."""

    async def remove(self, ref: EnvironmentRef) -> None:
        """Do nothing: it is gone."""

    async def kept(self) -> Sequence[EnvironmentRef]:
        """Return no folders."""
        return ()
