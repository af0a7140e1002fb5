"""Starts clusters and slots of this machine through the shim, and watches every attempt.

Attempts of notebooks are launched by the hub (role ``server``) in the same folders, so observing,
stopping and listing works for them too. All state is in the record folders: a launcher that starts
anew knows what the one before it knew. File work happens in threads, never on the event loop.
"""

import asyncio
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from madang import shim
from madang.domain.cluster import ClusterEndpoint
from madang.domain.environment import EnvironmentRef
from madang.domain.lease import LeaseKind
from madang.engines import scheduler_api
from madang.engines.local import cluster_files, tenant
from madang.engines.local.attempt_folder import AttemptFolder, all_attempts
from madang.engines.local.commands import (
    LOOPBACK,
    SLOT_ARGV,
    Command,
    Machine,
    base_env,
    cluster_commands,
    slot_command,
    worker_commands,
)
from madang.engines.local.ends import Ends
from madang.engines.local.environments import LocalEnvironments, environment_env
from madang.engines.local.machine import machine_since_ms
from madang.engines.ports import AttemptLife, LaunchSpec
from madang.errors import ConflictError, LocalError
from madang.settings.home import Home
from madang.settings.system_users import SystemUser, system_user

ANSWER_LIMIT_S = 2.0
STOP_LOOK_S = 0.1
_MS_PER_DAY = 86_400_000


class LocalLauncher:
    """The port ``Launcher`` on one machine.

    Parameters
    ----------
    home
        Where attempts and people's folders lie.
    environ
        Environment of the service, of which a few variables reach tenants; ours when None.
    slot_argv
        What a slot executes.
    system_users
        Whether processes run as the system user of their person.
    environments
        Where the interpreters of clusters are found that run with an environment.
    """

    def __init__(
        self,
        home: Home,
        environ: Mapping[str, str] | None = None,
        slot_argv: Sequence[str] = SLOT_ARGV,
        system_users: bool = False,
        environments: LocalEnvironments | None = None,
    ) -> None:
        self._home = home
        self._system_users = system_users
        # Read once: a clock that is set later would move it past leases that run.
        self._up_since_ms = machine_since_ms()
        self._slot_argv = tuple(slot_argv)
        self._environments = environments or LocalEnvironments(
            home.environments(system_users=system_users), system_users=system_users
        )
        self._machine = Machine(
            environ=dict(os.environ if environ is None else environ),
            has_dask_cuda=find_spec("dask_cuda") is not None,
            has_cudf=find_spec("cudf") is not None,
        )
        # Attempts of which nothing has a keeper any more: not to be read again and again.
        self._over: set[tuple[str, int]] = set()
        self._answered: set[tuple[str, int]] = set()
        self._ends = Ends()
        self._stopping: dict[tuple[str, int], asyncio.Task[None]] = {}

    def _folder(self, lease_id: str, attempt: int) -> AttemptFolder:
        return AttemptFolder(self._home.attempt(lease_id, attempt))

    async def start(self, spec: LaunchSpec) -> None:
        """Start an attempt; what runs already, or has run, is left as it is.

        Raises
        ------
        LocalError
            ``process_not_started``: this machine could not start a process.
        ConflictError
            ``attempt_stopped``: it was asked to stop before all of it had started;
            ``joined_cluster_gone``: there is no scheduler that its workers could join.
        RefusedError
            ``system_user_unknown``, ``system_user_is_root``.
        """
        await asyncio.to_thread(self._start, spec)

    def _start(self, spec: LaunchSpec) -> None:
        folder = self._folder(spec.lease_id, spec.attempt)
        user = system_user(spec.person_name) if self._system_users else None
        person_home = user.home if user else self._home.person(spec.person_name)
        try:
            folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if user is None:
                person_home.mkdir(mode=0o700, parents=True, exist_ok=True)
            commands = self._commands(spec, folder.path, person_home, user)
        except OSError as error:
            raise LocalError(
                "process_not_started", record=str(folder.path), why=str(error)
            ) from error
        self._over.discard((spec.lease_id, spec.attempt))
        folder.launch(
            commands,
            person_home,
            user.name if user else None,
            deadline_ms=spec.deadline_ms,
            grace_ms=spec.grace_ms,
        )

    def _commands(
        self, spec: LaunchSpec, folder: Path, person_home: Path, user: SystemUser | None
    ) -> tuple[Command, ...]:
        env = base_env(spec, self._machine, person_home)
        if user is not None:
            env.update(LOGNAME=user.name, SHELL=user.shell)
        if spec.kind is LeaseKind.SLOT:
            return (slot_command(self._slot_argv, env),)
        machine = self._machine
        if spec.environment is not None:
            machine = self._inside(spec.environment, env)
        if spec.joins is not None:
            joined = cluster_files.join(folder, self._folder(*spec.joins).path)
            if joined is None:
                raise ConflictError("joined_cluster_gone", lease=spec.joins[0])
            if user is not None:
                folder = tenant.prepare(folder.name, user, cluster_files.pem_texts(joined))
            return worker_commands(spec, machine, env, folder, joined.address)
        if spec.kind is LeaseKind.CLUSTER:
            days = spec.limit_ms // _MS_PER_DAY + 2
            files = cluster_files.prepare(folder, spec.lease_id, days)
            ports = (files.port, files.dashboard_port)
            env[scheduler_api.KEY_ENV] = files.api_key
            if user is not None:
                folder = tenant.prepare(folder.name, user, cluster_files.pem_texts(files))
            return cluster_commands(spec, machine, env, folder, ports)
        raise ConflictError("launch_by_hub", lease=spec.lease_id)

    def _inside(self, ref: EnvironmentRef, env: dict[str, str]) -> Machine:
        """Return the machine as an environment sees it, and put ``env`` inside of it."""
        prefix = self._environments.prefix(ref)
        built = self._environments.built(ref)
        packages = {} if built is None else built.packages
        env.update(environment_env(prefix, "", env["PATH"]))
        return replace(
            self._machine,
            has_dask_cuda="dask-cuda" in packages,
            has_cudf=any(name.split("-")[0] == "cudf" for name in packages),
            python=str(prefix / "bin" / "python"),
        )

    async def stop(self, lease_id: str, attempt: int, grace_ms: int) -> None:
        """Ask all processes of an attempt to save and end; harmless when they are gone."""
        key = (lease_id, attempt)
        is_open = await asyncio.to_thread(self._folder(*key).stop, grace_ms)
        if is_open and key not in self._stopping:
            task = asyncio.create_task(self._stop_rest(key, grace_ms))
            self._stopping[key] = task
            task.add_done_callback(lambda _: self._stopping.pop(key, None))

    async def _stop_rest(self, key: tuple[str, int], grace_ms: int) -> None:
        """Ask the scheduler as soon as its workers are gone; should we be killed, observe does."""
        # Other processes end them, so there is no event to wait for.
        while await asyncio.to_thread(self._folder(*key).stop, grace_ms):  # noqa: ASYNC110
            await asyncio.sleep(STOP_LOOK_S)

    async def set_deadline(self, lease_id: str, attempt: int, deadline_ms: int) -> None:
        """Move the deadline of what lives of an attempt; harmless when it is so already."""
        await asyncio.to_thread(self._folder(lease_id, attempt).set_deadline, deadline_ms)

    async def observe(self, lease_id: str, attempt: int) -> AttemptLife:
        """Return what is recorded of an attempt; ends what an ended main process left behind."""
        life, keepers = await asyncio.to_thread(self._folder(lease_id, attempt).observe)
        self._ends.follow(keepers)
        return replace(life, machine_since_ms=self._up_since_ms)

    async def living(self, keys: Collection[tuple[str, int]]) -> Collection[tuple[str, int]]:  # noqa: ARG002
        """Return none: a machine has a few, and their records are read one by one."""
        return ()

    def tell_ends(self, wake: Callable[[], None] | None) -> None:
        """Call ``wake`` as soon as a keeper that was seen alive has ended."""
        self._ends.tell(wake)

    async def alive(self) -> Sequence[tuple[str, int]]:
        """Return (lease, attempt) of everything that lives, also what lost its keeper."""
        return await asyncio.to_thread(self._alive)

    async def lives(self, lease_id: str, attempt: int) -> bool:
        """Tell whether anything of an attempt lives."""
        return (lease_id, attempt) in await self.alive()

    def _alive(self) -> list[tuple[str, int]]:
        found = set()
        for key, path in all_attempts(self._home.attempts):
            if key in self._over:
                continue
            lives = [shim.read(role) for role in AttemptFolder(path).roles()]
            if any(life is not None and life.is_alive for life in lives):
                found.add(key)
            elif lives:
                self._over.add(key)
                if self._system_users:
                    tenant.remove(path.name)
        roots = {path: key for key, path in all_attempts(self._home.attempts)}
        for _, record in shim.strays(self._home.attempts):
            if record.parent in roots:
                found.add(roots[record.parent])
        return sorted(found)

    async def ended_before(self, at_ms: int) -> Sequence[tuple[str, int]]:
        """Return what ended before a time and still has a folder."""
        return await asyncio.to_thread(
            lambda: [
                key
                for key, path in all_attempts(self._home.attempts)
                if AttemptFolder(path).is_over_since(at_ms)
            ]
        )

    async def discard(self, lease_id: str, attempt: int) -> None:
        """Delete the folder of an attempt unless something of it lives."""
        key = (lease_id, attempt)
        if key in await self.alive():
            return
        await asyncio.to_thread(self._folder(*key).delete)
        self._over.discard(key)
        self._answered.discard(key)

    async def endpoint(self, lease_id: str, attempt: int) -> ClusterEndpoint | None:
        """Return how to reach a cluster's scheduler; None until it has answered, and after it."""
        folder = self._folder(lease_id, attempt)
        files = await asyncio.to_thread(folder.cluster_if_alive)
        if files is None:
            return None
        key = (lease_id, attempt)
        if key not in self._answered:
            if not await _answers(folder.path, files.port):
                return None
            self._answered.add(key)
        return ClusterEndpoint(
            address=files.address,
            dashboard_url=files.dashboard_url,
            ca_pem=files.ca_pem,
            cert_pem=files.cert_pem,
            key_pem=files.key_pem,
        )

    async def wanted_workers(self, lease_id: str, attempt: int) -> int | None:
        """Return how many workers the scheduler could use now; None when it says nothing usable."""
        files = await asyncio.to_thread(self._folder(lease_id, attempt).cluster_if_alive)
        return (
            None
            if files is None
            else await scheduler_api.wanted_workers(files.dashboard_url, files.api_key)
        )

    async def retire(self, lease_id: str, attempt: int, names: Sequence[str]) -> bool:
        """Let the scheduler move the data of workers elsewhere; returns whether it has."""
        files = await asyncio.to_thread(self._folder(lease_id, attempt).cluster_if_alive)
        return files is not None and await scheduler_api.retire(
            files.dashboard_url, files.api_key, names
        )

    async def log_tail(self, lease_id: str, attempt: int, max_bytes: int) -> str:
        """Return the end of what the processes printed, by role when there are several."""
        return await asyncio.to_thread(self._folder(lease_id, attempt).log_tail, max_bytes)


async def _answers(folder: Path, port: int) -> bool:
    """Shake hands with the scheduler: the port may answer for somebody else, the key may not."""
    try:
        context = await asyncio.to_thread(cluster_files.tls_context, folder)
        async with asyncio.timeout(ANSWER_LIMIT_S):
            _, writer = await asyncio.open_connection(LOOPBACK, port, ssl=context)
            writer.transport.abort()
    except OSError:
        # Refused, timed out, or a certificate of another authority.
        return False
    return True
