"""``python -m madang.api.serve``: the service as a process, beside hub and proxy.

Started by ``madang up`` or a container with the settings in its environment. Where the database may
be shared it stands by first (:mod:`madang.api.standby`). A stop closes event streams and long polls
at once, lets short requests finish, and then stops the use-cases.
"""

import asyncio
import errno
import gc
import signal
import socket
import sys
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn
from fastapi import FastAPI

from madang.api.app import create_app
from madang.api.house import House
from madang.api.logs import set_up_logs
from madang.api.protocol import LimitedProtocol
from madang.api.standby import Standby
from madang.errors import LocalError, MadangError
from madang.i18n import problem
from madang.settings.config import ServiceSettings

if TYPE_CHECKING:
    from madang.services import Services

GRACE_S = 5
BACKLOG = 512


class Server(uvicorn.Server):
    """A server that rings the closing bell before it waits for open requests."""

    def __init__(self, config: uvicorn.Config, house: House) -> None:
        super().__init__(config)
        self._house = house

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End streams and long polls, then shut down."""
        self._house.closing.set()
        await super().shutdown(sockets)


def main() -> None:
    """Serve until told to stop; exit status 1 when the service cannot start."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        settings = _settings()
        set_up_logs([settings.api_token, settings.metrics_token])
        listener = bind(settings.bind_host, settings.bind_port)
        from madang import wiring

        services = wiring.build(settings)
        app = create_app(services, settings)
        # What is there by now stays: to look through it for garbage held up everybody for a tenth
        # of a second, every two or three seconds.
        gc.collect()
        gc.freeze()
        # Last of all, so that whoever takes over is there at once.
        if not _leads(services, settings, listener):
            sys.exit(0)
        is_started = serve(app, listener)
    except MadangError as error:
        shape = problem(error)
        sys.stderr.write(f"{shape['message']} {shape['hint']}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(0)
    sys.exit(0 if is_started else 1)


def _leads(services: "Services", settings: ServiceSettings, listener: socket.socket) -> bool:
    """Wait until this process may be the service; False when it was told to stop before."""
    core = services.core
    if core.leading is None:
        return True
    standby = Standby(core.store, core.leading, settings, listener)
    leads = asyncio.run(standby.run())
    if leads and not standby.is_told:
        core.leading.keep()
        return True
    if leads:
        core.leading.give_back()
    core.store.close()
    return False


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises
    ------
    LocalError
        ``service_port_busy`` when something else listens there, else ``service_port_unusable``.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named, or asyncio leaves Nagle on: each second write of an answer would wait 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        is_busy = error.errno == errno.EADDRINUSE
        code = "service_port_busy" if is_busy else "service_port_unusable"
        raise LocalError(code, host=host, port=port, given=error.strerror) from error
    return listener


def serve(app: FastAPI, listener: socket.socket) -> bool:
    """Serve on a socket until a signal comes; tell whether the service had started."""
    server = make_server(app)
    server.run(sockets=[listener])
    return server.started


def make_server(app: FastAPI) -> Server:
    """Return the server for an application."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=LimitedProtocol,
        ws="none",
        log_config=None,
        # Addresses can hold what a person typed; the hub and the proxy keep access logs.
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    return Server(config, app.state.house)


def _settings() -> ServiceSettings:
    try:
        return ServiceSettings.from_env()
    except KeyError as error:
        raise LocalError("service_setting_missing", given=str(error.args[0])) from error
    except ValueError as error:
        raise LocalError("service_setting_missing", given=str(error)[:80]) from error


def _stop(_signal: int, _frame: FrameType | None) -> None:
    # Also reached after a graceful stop, when the server hands the signal on.
    sys.exit(0)


if __name__ == "__main__":
    main()
