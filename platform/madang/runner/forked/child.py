"""Makes a fresh fork of a nursery into the kernel of one run, and ends it.

:func:`be_kernel` is entered right after the fork and never returns. From then on the process is
ipykernel with another transport: the same dispatch, lock, streams and descriptors' watchers.
"""

import asyncio
import atexit
import contextvars
import gc
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NoReturn

from ipykernel.kernelbase import Kernel as BaseKernel
from jupyter_client.session import new_id
from tornado.ioloop import IOLoop
from zmq import Frame

from madang.runner.forked import rebirth
from madang.runner.forked.kernel import ForkedApp, NoThread
from madang.runner.forked.wire import RECEIVE_BYTES, Assembler


def be_kernel(
    app: ForkedApp,
    connection: socket.socket,
    task: Mapping[str, Any],
    ready: Callable[[], Mapping[str, Any]] | None = None,
    *,
    context: contextvars.Context | None = None,
    states: dict[str, Any] | None = None,
    inherited: Mapping[str, Any] | None = None,
    files: Sequence[int] = (),
    variables: Mapping[str, str] = MappingProxyType({}),
) -> NoReturn:
    """Serve one client until it goes away or says shutdown, then leave.

    Parameters
    ----------
    connection
        Our end of the connection; every other descriptor of the nursery is closed already.
    task
        ``env``, ``cwd``, ``argv`` and ``is_seeded``; only the last without the others where the
        kernel was forked ahead.
    ready
        Waits for the whole task, once all is done that needs nothing of it.
    context, states, inherited, files
        What shared cells left: context variables, generators' states, their names, and files that
        they read.
    variables
        What libraries set when they were imported ahead, and would not set again.
    """
    status = 1
    try:
        rebirth.reopen(files)
        if states is None or task["is_seeded"]:
            rebirth.reseed(states)
        else:
            rebirth.reseed(None)
        rebirth.forget_exits_of_parent(keep=inherited is None)
        rebirth.renew_libraries()
        place(ready() if ready is not None else task)
        for name, value in variables.items():
            os.environ.setdefault(name, value)
        loop = _prepare(app, connection)
        (context or contextvars.copy_context()).run(BaseKernel.start, app.kernel)
        app.kernel.shell_channel_thread = NoThread()
        _listen(loop, app.kernel, connection)
        loop.run_forever()
        status = 0
    except BaseException:  # the edge of the process: nothing may run on in the nursery's code
        traceback.print_exc(file=sys.__stderr__)
    leave(app, status, inherited)


def place(task: Mapping[str, Any]) -> None:
    """Stand where the client stands: a session, a folder, variables and arguments of its own."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.chdir(task["cwd"])
    os.environ.clear()
    os.environ.update(task["env"])
    sys.argv = list(task["argv"])


def _prepare(app: ForkedApp, connection: socket.socket) -> asyncio.AbstractEventLoop:
    """Give what is bound to a process or to threads its place in this one."""
    kernel = app.kernel
    kernel.shell.init_environment()
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    kernel.session.pid = os.getpid()
    kernel.session.session = new_id()
    kernel._control_lock = asyncio.Lock()
    kernel._main_asyncio_lock = asyncio.Lock()
    asyncio._set_running_loop(None)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    app.io_loop = kernel.io_loop = kernel.shell_stream.io_loop = IOLoop.current()
    app.link.recorded = None
    app.link.socket = connection
    app.iopub_thread.start()
    for name in ("stdout", "stderr"):
        _watch_descriptor(app, name)
    return loop


def _watch_descriptor(app: ForkedApp, name: str) -> None:
    """Let a stream take what is written to its descriptor, as it does from its birth in stock."""
    stream = getattr(sys, name)
    stream._master_pid = os.getpid()
    stream._buffer_lock = threading.RLock()
    stream._io_loop = app.iopub_thread.io_loop
    stream._flush_pending = stream._subprocess_flush_pending = False
    stream._should_watch = True
    original = getattr(sys, f"__{name}__")
    setattr(sys, name, original)  # the stream asks by name for the descriptor to replace
    try:
        stream._setup_stream_redirects(name)
    finally:
        setattr(sys, name, stream)


def _listen(loop: asyncio.AbstractEventLoop, kernel: Any, connection: socket.socket) -> None:
    """Hand each request to the kernel as its stream would; stop when the client is gone."""
    assembler = Assembler()
    tasks = set()

    async def take(frames: list[bytes]) -> None:
        await kernel.shell_stream.callback([Frame(frame) for frame in frames])

    def readable() -> None:
        try:
            packet = connection.recv(RECEIVE_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except ConnectionError:
            packet = b""
        if not packet:
            loop.remove_reader(connection)
            loop.stop()
        elif message := assembler.feed(packet):
            task = loop.create_task(take(message[1]))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    loop.add_reader(connection, readable)
    # An interrupt must wake the loop that sleeps in an awaiting cell; stock's sleeps on.
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    loop.add_reader(reader, lambda: reader.recv(4096))
    loop.alarm = (reader, writer)  # type: ignore[attr-defined]


def leave(app: ForkedApp, status: int, inherited: Mapping[str, Any] | None) -> NoReturn:
    """End as an interpreter does: threads, exit functions, the notebook's own objects, flush."""
    try:
        if inherited is not None:
            _keep_inherited(app, inherited)
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        gc.collect()
        for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
            if stream is not None:
                stream.flush()
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(status)


def _keep_inherited(app: ForkedApp, inherited: Mapping[str, Any]) -> None:
    """Drop what the run made, and nothing that it shares: that would copy all of it first."""
    atexit.unregister(app.shell.atexit_operations)
    names = app.shell.user_ns
    for name in [n for n in names if n not in inherited or names[n] is not inherited[n]]:
        if not name.startswith("__"):
            del names[name]
