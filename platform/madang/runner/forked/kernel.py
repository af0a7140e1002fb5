"""ipykernel's own objects in a process that has one thread and no ZeroMQ.

Built once by :mod:`nursery`, finished by :mod:`child` in each fork. Only what moves messages is
replaced: application, kernel, shell, display hook, publisher and streams are ipykernel's. Private
names are used, so :func:`missing_names` is asked first, and whoever finds one takes another path.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ipykernel.iostream import BackgroundSocket, IOPubThread, OutStream
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel as BaseKernel
from ipykernel.thread import make_selector_io_loop
from traitlets import Any as AnyTrait

from madang.runner.forked.wire import IOPUB, SHELL, packets

PIECE_CHARACTERS = 8 * 1024**2
"""Of what is printed, in one message; far more than a cell prints at a time."""

_NEEDED = (
    (IOPubThread, ("schedule", "_really_send", "_check_mp_mode", "send_multipart")),
    (OutStream, ("_setup_stream_redirects", "_watch_pipe_fd", "_schedule_flush", "_flush")),
    (OutStream, ("_flush_buffers",)),
    (BaseKernel, ("shell_main", "start", "_supports_kernel_subshells", "shutdown_request")),
    (BaseKernel, ("_process_children",)),
    (IPythonKernel, ("shell_channel_thread", "debugpy_stream", "do_execute")),
    (IPKernelApp, ("init_poller", "init_sockets", "init_heartbeat", "init_connection_file")),
    (IPKernelApp, ("write_connection_file", "init_io", "init_signal", "log_connection_info")),
)


def missing_names() -> list[str]:
    """Return the private names of ipykernel that this version lacks."""
    return [
        f"{place.__name__}.{name}"
        for place, names in _NEEDED
        for name in names
        if not hasattr(place, name)
    ]


class Link:
    """Where a kernel's messages go: a socket, a list while recording, or nowhere."""

    def __init__(self) -> None:
        self.socket: Any = None
        self.recorded: list[tuple[int, list[bytes]]] | None = None

    def send(self, frames: Sequence[Any], channel: int) -> None:
        """Send one message."""
        if self.socket is not None:
            for packet in packets(frames, channel):
                self.socket.send(packet)
        elif self.recorded is not None:
            self.recorded.append((channel, [bytes(memoryview(frame)) for frame in frames]))


class Stream:
    """One channel of a link, with the few methods of a ZeroMQ stream that a kernel calls."""

    def __init__(self, link: Link, channel: int) -> None:
        self._link = link
        self._channel = channel
        self.io_loop: Any = None
        self.callback: Callable[[Any], Any] | None = None

    def send_multipart(self, frames: Sequence[Any], *_: Any, **__: Any) -> None:
        """Send one message."""
        self._link.send(frames, self._channel)

    def on_recv(self, callback: Callable[[Any], Any], copy: bool = True) -> None:  # noqa: ARG002
        """Remember who takes requests."""
        self.callback = callback

    def flush(self, *_: Any) -> None:
        """Nothing waits: messages are written when they are sent."""


class NoThread:
    """Stands for the threads that a kernel names before they run, or never has."""

    ident = None
    name = "none"

    def __init__(self) -> None:
        self.parent_thread = threading.main_thread()

    def __bool__(self) -> bool:
        """Be absent where a kernel only asks whether there is such a thread."""
        return False

    def is_alive(self) -> bool:
        """Tell that it does not run."""
        return False


class NoLoop:
    """Takes timers while no thread runs; what they would flush is flushed at the end of a cell."""

    def call_later(self, *_: Any) -> None:
        """Forget it."""

    add_callback = call_later


class IOPub(IOPubThread):  # type: ignore[misc]
    """The thread that publishes, built before it may run; its queue needs no socket."""

    def __init__(self, stream: Stream) -> None:  # no ZeroMQ socket, unlike what is overridden
        self.socket = stream
        self.session = None
        self.background_socket = BackgroundSocket(self)
        self._master_pid = os.getpid()
        self._pipe_flag = False
        self._stopped = False
        self.io_loop: Any = NoLoop()
        self.thread: Any = NoThread()

    def schedule(self, f: Callable[[], Any]) -> None:
        """Call in the thread; at once before it runs, and in children that the notebook forks."""
        if self.thread.is_alive() and os.getpid() == self._master_pid:
            self.io_loop.add_callback(f)
        else:
            f()

    def start(self) -> None:
        """Run the thread; in a fork, once."""
        self._master_pid = os.getpid()
        self.io_loop = make_selector_io_loop()
        self.thread = threading.Thread(target=self.io_loop.start, name="IOPub", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Nothing: the process ends with it."""


class Pieces(OutStream):  # type: ignore[misc]
    """A standard stream that publishes a very long text as several messages.

    Whoever reads them can then leave out what is too much without having held all of it.
    """

    def _flush_buffers(self) -> Iterator[tuple[dict[str, Any], str]]:
        for parent, data in super()._flush_buffers():
            for start in range(0, len(data), PIECE_CHARACTERS):
                yield parent, data[start : start + PIECE_CHARACTERS]


class ForkedKernel(IPythonKernel):  # type: ignore[misc]
    """ipykernel's kernel over a link; cells see it under the name of what it is."""

    shell_stream = AnyTrait()
    control_stream = AnyTrait()
    debugpy_stream = AnyTrait()
    _supports_kernel_subshells = False

    def _process_children(self) -> list[Any]:
        """Return what the original does, without its look at every process of the machine.

        Most kernels have no children at all, and the operating system knows that of each thread.
        """
        return super()._process_children() if _has_children() else []


def _has_children() -> bool:
    """Tell whether this process has started another one that is still there, or may have."""
    try:
        for thread in Path("/proc/self/task").iterdir():
            if (thread / "children").read_text():
                return True
    except OSError:  # a thread just ended, or this system keeps no such lists
        return True
    return False


class ForkedApp(IPKernelApp):  # type: ignore[misc]
    """ipykernel's application without sockets, files, heartbeat and signals."""

    kernel_class = ForkedKernel

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.link = Link()

    def init_poller(self) -> None:
        """Have none: the kernel dies with who forked it, by the operating system."""

    init_connection_file = write_connection_file = log_connection_info = init_poller
    init_heartbeat = init_signal = init_poller

    def init_sockets(self) -> None:
        """Make streams of the link in the place of sockets."""
        self.session.auth = None  # nobody else has the socket: nothing needs to be signed
        self.shell_socket = Stream(self.link, SHELL)
        self.iopub_thread = IOPub(Stream(self.link, IOPUB))
        self.iopub_socket = self.iopub_thread.background_socket
        self.configure_tornado_logger()

    def init_io(self) -> None:
        """Replace the standard streams; descriptors are watched by threads, in forks only."""
        self.capture_fd_output = False
        super().init_io()
        for stream in (sys.stdout, sys.stderr):
            stream.__class__ = Pieces

    def init_kernel(self) -> None:
        """Make the kernel, as the original does, of what there is."""
        self.kernel = ForkedKernel.instance(
            parent=self,
            session=self.session,
            shell_stream=self.shell_socket,
            iopub_thread=self.iopub_thread,
            iopub_socket=self.iopub_socket,
            log=self.log,
            profile_dir=self.profile_dir,
            user_ns=self.user_ns,
        )
        self.displayhook.get_execution_count = lambda: self.kernel.execution_count


for _ours, _theirs in (
    (ForkedKernel, IPythonKernel),
    (ForkedApp, IPKernelApp),
    (Pieces, OutStream),
):
    # Cells that print what runs them, and `%config`, show what stock shows.
    _ours.__name__, _ours.__qualname__ = _theirs.__name__, _theirs.__qualname__
    _ours.__module__ = _theirs.__module__


def build() -> ForkedApp:
    """Build everything that a kernel is before it has a client."""
    if sys.path[0] == "" or os.path.realpath(sys.path[0]) == os.path.realpath(os.getcwd()):  # noqa: PTH109
        del sys.path[0]  # as ipykernel's launcher does; the shell puts its own entry in
    app: ForkedApp = ForkedApp.instance()
    # The saver of the history is a thread, and what it saves belongs to the person's sessions.
    app.initialize(["--HistoryManager.enabled=False"])
    return app
