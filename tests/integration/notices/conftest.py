"""A mail server and a web server that do what they are told, on loopback and in this process."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def make_contexts(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return (server's, client's) context over a certificate for one name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))


class Server:
    """One TCP server of a test."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, context: ssl.SSLContext | None = None) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self.talk(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()


class MailServer(Server):
    """Speaks as much SMTP as a client needs to hand over a mail."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[EmailMessage] = []
        self.logins: list[str] = []
        self.hangs_at = ""
        self.drips = False
        self.answers: dict[str, bytes] = {}
        self.context: ssl.SSLContext | None = None
        self.on_mail: Callable[[], None] = lambda: None

    async def _say(self, writer: asyncio.StreamWriter, verb: str, line: bytes) -> None:
        if verb == self.hangs_at:
            await asyncio.Event().wait()
        if self.drips:
            while True:
                writer.write(b"250-x\r\n")
                await writer.drain()
                await asyncio.sleep(0.05)
        writer.write(self.answers.get(verb, line))
        await writer.drain()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._say(writer, "hello", b"220 test\r\n")
        while line := await reader.readline():
            verb = line.split()[0].upper().decode()
            if verb == "EHLO":
                secure = writer.get_extra_info("ssl_object") is not None
                offer = b"" if secure or self.context is None else b"250-STARTTLS\r\n"
                await self._say(writer, verb, b"250-test\r\n" + offer + b"250 AUTH PLAIN\r\n")
            elif verb == "STARTTLS" and self.context is not None:
                await self._say(writer, verb, b"220 go\r\n")
                await writer.start_tls(self.context)
            elif verb == "AUTH":
                self.logins.append(line.decode().split()[2])
                await self._say(writer, verb, b"235 ok\r\n")
            elif verb == "DATA":
                await self._say(writer, verb, b"354 go\r\n")
                data = await reader.readuntil(b"\r\n.\r\n")
                mail = message_from_bytes(data[:-5], policy=policy.default)
                assert isinstance(mail, EmailMessage)
                self.mails.append(mail)
                self.on_mail()
                await self._say(writer, "end", b"250 ok\r\n")
            elif verb == "QUIT":
                await self._say(writer, verb, b"221 bye\r\n")
                return
            else:
                await self._say(writer, verb, b"250 ok\r\n")


class WebServer(Server):
    """Answers each POST with one status, and keeps what came."""

    def __init__(self) -> None:
        super().__init__()
        self.status = 204
        self.location = ""
        self.hangs = False
        self.floods = False
        self.got: list[tuple[str, dict[str, str], bytes]] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (x.partition(":") for x in head[1:]) if k}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.got.append((head[0], headers, body))
        if self.hangs:
            await asyncio.Event().wait()
        extra = f"Location: {self.location}\r\n" if self.location else ""
        length = 10**12 if self.floods else 0
        writer.write(
            f"HTTP/1.1 {self.status} X\r\n{extra}Content-Length: {length}\r\n\r\n".encode()
        )
        await writer.drain()
        while self.floods:
            writer.write(b"x" * 65_536)
            await writer.drain()


@pytest.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    server = MailServer()
    await server.open()
    yield server
    await server.close()


@pytest.fixture
async def web_server() -> AsyncIterator[WebServer]:
    server = WebServer()
    await server.open()
    yield server
    await server.close()


@pytest.fixture
def contexts(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    return make_contexts(tmp_path, "hook.example.org")


@pytest.fixture
def local_contexts(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    return make_contexts(tmp_path, "localhost")


@pytest.fixture
def web_class() -> type[WebServer]:
    return WebServer
