"""HTTP on the socket: the parser written in C, with a limit to what it may collect.

Used by :mod:`madang.api.serve`. ``httptools`` takes a fifth of the time that a parser in Python
does, but collects whatever a client sends: a header without an end, or trailers after a body that
nobody reads. What belongs to no body is counted here, and refused when it is too much.
"""

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 32 * 1024
"""Of one request: its address and headers together, as much as a browser's cookies may need."""


class HeadTooLargeError(Exception):
    """A request's address and headers are longer than :data:`MAX_HEAD_BYTES`."""


class LimitedProtocol(HttpToolsProtocol):
    """The parser, which refuses a head that is too large (status 400) and closes."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._head_bytes = 0
        self._has_progress = False
        self._unread_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Parse what came, unless it leads nowhere."""
        self._has_progress = False
        super().data_received(data)
        # Bytes of which the parser tells nothing are kept by it: a header that goes on and on.
        self._unread_bytes = 0 if self._has_progress else self._unread_bytes + len(data)
        if self._unread_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of this request is too long.")

    def on_message_begin(self) -> None:
        """Count from here."""
        self._head_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count the address, which may come in parts."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header, or a trailer after the body."""
        self._count(len(name) + len(value) + 4)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Go on with the request."""
        self._has_progress = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Hand on a part of the body, which the application counts."""
        self._has_progress = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Be ready for the next request."""
        self._has_progress = True
        super().on_message_complete()

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MAX_HEAD_BYTES:
            # The parser ends here, and its error is answered with 400.
            raise HeadTooLargeError
