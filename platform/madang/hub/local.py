"""The spawner of one machine: launches notebook servers through the shim.

``poll``, ``stop`` and the address come from the shim's record, never from a pid of the hub, so a
hub that was killed finds its servers again and never starts a second one.
"""

import asyncio
import contextlib
import os
import shutil
import sys
import time
from functools import cache, partial
from pathlib import Path
from typing import Any

import httpx
from jupyterhub.spawner import LocalProcessSpawner
from jupyterhub.utils import random_port
from tornado.web import HTTPError
from traitlets import Bool, Unicode, default

from madang import shim
from madang.domain.lease import deadline_ms
from madang.domain.profile import device_env
from madang.errors import RefusedError
from madang.hub import fast_start
from madang.hub.answering import answers
from madang.hub.kernels import first_kernel, kernel_env
from madang.hub.server_command import SERVER_ARGS
from madang.hub.spawner import LeasedMixin, server_failed
from madang.settings.environment_folders import EnvironmentFolders
from madang.settings.home import Home
from madang.settings.system_users import system_user

_READY_STEP_S = 0.05
_STOP_STEP_S = 0.1
_KILL_PATIENCE_S = 30.0
_LOG_TAIL_BYTES = 3000
_LOG_TAIL_LINES = 12

# Settings of JupyterLab that hold until a person changes them.
_LAB_SETTINGS = Path(__file__).parent / "jupyter"


@cache
def _node_roots() -> tuple[str, ...]:
    """Say where language servers may be installed; otherwise each server would ask npm anew."""
    prefix = Path(sys.prefix)
    roots = ["."]
    roots += [str(prefix / part) for part in ("share/jupyter/lab/staging", "lib", "")]
    node = shutil.which("node")
    if node is not None:
        # Where npm installs for all, unless it was told otherwise.
        shared = Path(node).resolve().parents[1]
        roots += [str(shared / "lib"), str(shared)]
    return tuple(f"--LanguageServerManager.node_roots={root}" for root in dict.fromkeys(roots))


class LeasedLocalSpawner(LeasedMixin, LocalProcessSpawner):  # type: ignore[misc]
    """Notebook servers of one machine, as this user or, with PAM, as the person's system user."""

    data_folder = Unicode(config=True, help="The installation's data folder (MADANG_HOME).")
    is_system_users = Bool(False, config=True, help="Run each server as its person's system user.")
    is_fast_start = Bool(
        True, config=True, help="Fork servers from a warm parent; never with system users."
    )
    tutorials = Unicode("", config=True, help="Folder copied once to each person; empty: none.")

    @default("cmd")  # type: ignore[untyped-decorator]
    def _cmd_default(self) -> list[str]:
        # -P: no module is taken from the person's folder before ours.
        return [sys.executable, "-P", "-m", "madang.hub.singleuser"]

    @default("env_keep")  # type: ignore[untyped-decorator]
    def _env_keep_default(self) -> list[str]:
        # Everything else of the hub's environment stays here; it holds secrets.
        return ["LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "TZ", "VIRTUAL_ENV"]

    # -- starting fast ----------------------------------------------------------------------------

    @property
    def _can_fork(self) -> bool:
        return self.is_fast_start and not self.is_system_users

    async def get_options_form(self) -> Any:
        """Use the time in which a person chooses to make the warm parent ready."""
        self._warm_up()
        return await super().get_options_form()

    async def start(self) -> str:
        """Make the warm parent ready while the lease waits."""
        self._warm_up()
        return await super().start()

    def _warm_up(self) -> None:
        if self._can_fork:
            fast_start.warm_up(self)
        else:
            why = "system users" if self.is_system_users else "switched off"
            fast_start.do_without(self.home, why)

    # -- launching --------------------------------------------------------------------------------

    async def launch(self, lease: dict[str, Any]) -> str:
        """Start the server, or adopt the one that this attempt already has."""
        record = self._record()
        known = await asyncio.to_thread(shim.read, record)
        if known is not None and not known.is_alive:
            raise self._died(record, known)
        if known is None:
            known = await self._launch_new(record, lease)
        else:
            self.log.info("Adopting the server of %s, attempt %s", lease["id"], self.attempt)
            self._take_token()
        self.port = int(known.meta["port"])
        await self._until_ready(record, str(known.meta["url"]))
        return str(known.meta["origin"])

    async def _launch_new(self, record: Path, lease: dict[str, Any]) -> shim.Record:
        self.ip = "127.0.0.1"
        self.port = random_port()
        cwd = await asyncio.to_thread(self._prepare_folder)
        env = {**self.get_env(), **self._lease_env(lease)}
        self._keep_token()
        origin = f"http://{self.ip}:{self.port}"
        meta: dict[str, Any] = {
            "origin": origin,
            "url": origin + str(self.server.base_url),
            "port": self.port,
            "person": self.person,
            "server": self.name,
        }
        argv = [*self._argv(), *first_kernel(self._environments, lease)]
        user = self.person if self.is_system_users else None
        warm = fast_start.parent_of(self) if self._can_fork else None
        if warm is not None and fast_start.own_packages(env.get("HOME", "")):
            warm, meta["start"], meta["start_why"] = None, "fresh", "packages of their own"
        start = partial(
            shim.launch, record, argv, env=env, cwd=cwd, meta=meta, user=user, warm=warm
        )
        if limit_ms := lease.get("limit_ms"):
            # Should hub and service be away by then, its keeper ends it.
            due_ms = deadline_ms(int(limit_ms), self.stop_grace_ms)
            start = partial(start, deadline_ms=due_ms, grace_ms=self.stop_grace_ms)
        work = asyncio.ensure_future(asyncio.to_thread(start))
        self._launching = work
        # A cancelled start does not stop the thread; stop() waits for it.
        return await asyncio.shield(work)

    _launching: "asyncio.Future[shim.Record] | None" = None

    def _argv(self) -> list[str]:
        command = list(self.cmd)
        root = ["--allow-root"] if os.geteuid() == 0 and not self.is_system_users else []
        return [*command, *SERVER_ARGS, *_node_roots(), *root, *self.get_args()]

    @property
    def _environments(self) -> EnvironmentFolders:
        return EnvironmentFolders(self.home.environments(system_users=self.is_system_users))

    def _lease_env(self, lease: dict[str, Any]) -> dict[str, str]:
        devices = tuple(str(device) for device in lease.get("device_ids") or ())
        return {
            "MADANG_URL": self.service_url,
            "MADANG_LEASE": str(lease["id"]),
            "MADANG_ATTEMPT": str(self.attempt),
            "MADANG_PROJECT": str(lease.get("project") or ""),
            "JUPYTERHUB_ACTIVITY_INTERVAL": "900",
            "JUPYTER_CONFIG_PATH": str(_LAB_SETTINGS),
            **kernel_env(self._environments, lease),
            **device_env(devices, bool(lease.get("is_simulated"))),
        }

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        """Give the person's own home, so that settings of one never reach another."""
        if self.is_system_users:
            found: dict[str, str] = super().user_env(env)
            return found
        env["USER"] = self.person
        env["HOME"] = str(self._folder())
        env["SHELL"] = "/bin/bash"
        return env

    def _folder(self) -> Path:
        return self.home.person(self.person)

    def _prepare_folder(self) -> Path:
        if self.is_system_users:
            # Before anything else is looked up for them: root, or nobody, is refused.
            return system_user(self.person).home
        folder = self._folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        notebooks = folder / "notebooks"
        if self.tutorials and not notebooks.exists() and Path(self.tutorials).is_dir():
            with contextlib.suppress(OSError):
                shutil.copytree(self.tutorials, notebooks)
        return folder

    async def _until_ready(self, record: Path, url: str) -> None:
        deadline = time.monotonic() + self.launch_timeout_s
        # Plain HTTP on loopback: the certificates of this machine need not be read.
        async with httpx.AsyncClient(trust_env=False, timeout=1.0, verify=False) as http:  # noqa: S501
            while time.monotonic() < deadline:
                # Many may start at once, and a refused connection costs least.
                if await _listens(self.port) and await answers(http, url):
                    return
                known = shim.read(record)
                if known is not None and not known.is_alive:
                    raise self._died(record, known)
                await asyncio.sleep(_READY_STEP_S)
        raise server_failed(
            "server_too_slow", self._log_tail(record), seconds=self.launch_timeout_s
        )

    def _died(self, record: Path, known: shim.Record) -> HTTPError:
        code = "?" if known.exit_code is None else str(known.exit_code)
        return server_failed("server_died", self._log_tail(record), exit_code=code)

    def _log_tail(self, record: Path) -> str:
        known = shim.read(record)
        if known is None or not known.log:
            return ""
        try:
            with Path(known.log).open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _LOG_TAIL_BYTES))
                lines = file.read().decode("utf-8", "replace").splitlines()
        except OSError:
            return ""
        return "\n".join(lines[-_LOG_TAIL_LINES:])

    # -- living and ending ------------------------------------------------------------------------

    async def poll_server(self) -> int | None:
        """Read the record; what cannot be read counts as alive."""
        record = self._record()
        try:
            known = shim.read(record)
            if known is None:
                return 0
            if known.is_alive:
                return None
            if not known.is_sure:
                # The keeper was killed; what it left is ended before we call it gone.
                await asyncio.to_thread(shim.sweep, record)
        except (OSError, ValueError, KeyError) as error:
            self.log.warning("Cannot read %s: %s; taken as alive", record, error)
            return None
        return 1 if known.exit_code is None else known.exit_code

    async def stop_server(self, grace_ms: int) -> None:
        """End the tree through its keeper and wait until the record says so."""
        if self._launching is not None:
            with contextlib.suppress(Exception):
                await asyncio.shield(self._launching)
            self._launching = None
        record = self._record()
        await asyncio.to_thread(shim.stop, record, grace_ms)
        deadline = time.monotonic() + grace_ms / 1000 + _KILL_PATIENCE_S
        while time.monotonic() < deadline:
            known = shim.read(record)
            if known is None or not known.is_alive:
                break
            await asyncio.sleep(_STOP_STEP_S)
        else:
            self.log.error("The server of %s did not end in time", record)
        self._token_file().unlink(missing_ok=True)

    async def get_url(self) -> str:
        """Return where the server listens; the hub asks after a restart."""
        known = shim.read(self._record())
        if known is None or "origin" not in known.meta:
            return str(self.server.url)
        self.port = int(known.meta["port"])
        return str(known.meta["url"])

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over the token too, so that the hub revokes it when this server ends."""
        super().load_state(state)
        if self.lease_id:
            with contextlib.suppress(OSError):
                self.api_token = self._token_file().read_text().strip()

    async def is_spent(self, lease: dict[str, Any]) -> bool:
        """Tell also by the record: one attempt never gets a second server."""
        if await super().is_spent(lease):
            return True
        known = shim.read(self._record())
        return known is not None and not known.is_alive

    # -- files ------------------------------------------------------------------------------------

    @property
    def home(self) -> Home:
        """The installation's data folder."""
        return Home(Path(self.data_folder))

    def _record(self) -> Path:
        return self.home.process(self.lease_id, self.attempt, "server")

    def _token_file(self) -> Path:
        return self.home.attempt(self.lease_id, self.attempt) / "server-token"

    def _keep_token(self) -> None:
        """Keep the server's token (0600): who adopts the server must speak with the same one."""
        path = self._token_file()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w") as file:
            file.write(self.api_token)

    def _take_token(self) -> None:
        try:
            self.api_token = self._token_file().read_text().strip()
        except FileNotFoundError as error:
            raise RefusedError("server_not_adoptable", lease=self.lease_id) from error


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
