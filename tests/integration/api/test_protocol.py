"""What the parser of the service may collect: heads without an end are refused, bodies are not."""

import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from madang.api.protocol import MAX_HEAD_BYTES, LimitedProtocol
from madang.api.serve import bind

pytestmark = pytest.mark.integration


async def measured(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the length of the body."""
    body = await Request(scope, receive).body()
    await PlainTextResponse(str(len(body)))(scope, receive, send)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    listener = bind("127.0.0.1", 0)
    config = uvicorn.Config(measured, http=LimitedProtocol, loop="uvloop", log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()


def sent(port: int, *parts: bytes, endless: bytes = b"") -> bytes:
    """Send parts, then the same again and again until the server has enough; return its answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        for part in parts:
            client.sendall(part)
        left = 2000 * MAX_HEAD_BYTES
        try:
            while endless and left > 0:
                client.sendall(endless)
                left -= len(endless)
        except (ConnectionResetError, BrokenPipeError):
            return b"refused"
        assert left > 0 or not endless, "everything was taken"
        answer = b""
        try:
            while part := client.recv(65536):
                answer += part
        except ConnectionResetError:
            return answer or b"refused"
        return answer


BEGUN = b"GET / HTTP/1.1\r\nHost: madang\r\nConnection: close\r\n"


def test_a_usual_request_is_answered(port: int) -> None:
    cookie = b"Cookie: " + b"c" * (MAX_HEAD_BYTES // 2)
    assert sent(port, BEGUN + cookie + b"\r\n\r\n").startswith(b"HTTP/1.1 200")


def test_a_head_in_many_small_parts_is_answered(port: int) -> None:
    parts = [b"X-%d: %s\r\n" % (number, b"v" * 100) for number in range(100)]
    assert sent(port, BEGUN, *parts, b"\r\n").startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "begun",
    [BEGUN + b"X: ", BEGUN, b"GET /"],
    ids=["a header", "many headers", "an address"],
)
def test_a_head_without_an_end_is_refused(port: int, begun: bytes) -> None:
    endless = b"X: y\r\n" * 1000 if begun == BEGUN else b"v" * 4096
    answer = sent(port, begun, endless=endless)
    assert answer == b"refused" or answer.startswith(b"HTTP/1.1 400")


def test_a_long_head_in_one_piece_is_refused(port: int) -> None:
    answer = sent(port, BEGUN + b"X: " + b"v" * MAX_HEAD_BYTES + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400")


def test_a_large_body_is_no_long_head(port: int) -> None:
    size = 40 * MAX_HEAD_BYTES
    head = b"POST / HTTP/1.1\r\nHost: madang\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    answer = sent(port, head % size, b"b" * size)
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"%d" % size)


@pytest.mark.parametrize("line", [b"X: ", b"X: y\r\n"], ids=["one", "many"])
def test_trailers_without_an_end_are_refused(port: int, line: bytes) -> None:
    head = b"POST / HTTP/1.1\r\nHost: madang\r\nTransfer-Encoding: chunked\r\n\r\n"
    endless = b"v" * 4096 if line == b"X: " else line * 1000
    answer = sent(port, head, b"1\r\nb\r\n0\r\n" + line, endless=endless)
    assert answer == b"refused" or answer.startswith(b"HTTP/1.1 400")


def test_two_requests_at_once_are_both_answered(port: int) -> None:
    one = b"GET / HTTP/1.1\r\nHost: madang\r\n\r\n"
    assert sent(port, one + BEGUN + b"\r\n").count(b"HTTP/1.1 200") == 2


def test_a_body_of_two_lengths_is_refused(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: m\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert sent(port, head + b"0\r\n\r\n").startswith(b"HTTP/1.1 400")
