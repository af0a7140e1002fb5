"""`up` with a certificate: https outside, Secure cookies, and a restart that keeps what runs."""

import asyncio
import datetime
import ipaddress
import json
import ssl
import time
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from madang import shim
from madang.client.http import MadangClient
from madang.errors import LocalError
from madang.settings.home import Home
from madang.stack import doctor, down, ports, status, up
from madang.stack.certificate import check_pair
from madang.stack.demo.visitor import Visitor

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]


def issue(folder, days):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lab")])
    now = datetime.datetime.now(datetime.UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=60))
        .not_valid_after(now + datetime.timedelta(days=days, hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / f"{days}.pem", folder / f"{days}.key"
    pem.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pem, secret


@pytest.fixture
def home(tmp_path):
    made = Home(tmp_path / "data")
    yield made
    down(made, tell=lambda _: None)


def test_a_pair_that_cannot_be_used_is_named(tmp_path):
    good, key = issue(tmp_path, 30)
    old, old_key = issue(tmp_path, -2)
    found = check_pair(good, key)
    assert (found.days_left, found.names) == (30, ("127.0.0.1",))
    with pytest.raises(LocalError, match="tls_expired"):
        check_pair(old, old_key)
    for pair in ((good, old_key), (key, good), (tmp_path / "none", key)):
        with pytest.raises(LocalError, match="tls_unusable"):
            check_pair(*pair)


async def test_https_secure_cookies_and_a_restart_that_keeps_leases(home, tmp_path, monkeypatch):
    cert, key = issue(tmp_path, 10)
    port = ports.choose(None, set())
    options = {"port": port, "gpus": "sim:1xh200", "tls_cert": cert, "tls_key": key}
    await asyncio.to_thread(_up, home, options)
    url = f"https://127.0.0.1:{port}"
    assert status(home)["address"] == f"{url}/"
    trusted = ssl.create_default_context(cafile=str(cert))
    visitor = Visitor(url, "ada", json.loads(home.secrets.read_text())["user_password"])
    visitor.http = httpx.AsyncClient(
        base_url=url, follow_redirects=True, timeout=60, verify=trusted, trust_env=False
    )
    visitor.http.headers["Accept"] = "text/html, */*"
    with pytest.raises(httpx.HTTPError):
        await visitor.http.get(f"http://127.0.0.1:{port}/hub/health")
    await visitor.log_in()
    cookies = {cookie.name: cookie.secure for cookie in visitor.http.cookies.jar}
    assert {"madang-session", "jupyterhub-session-id"} <= set(cookies)
    assert all(cookies.values()), cookies
    await visitor.spawn("open", "cpu")
    lease = await visitor.until_ready(90)

    # The command line goes straight to the service, whoever signed the certificate.
    monkeypatch.setenv("MADANG_HOME", str(home.root))
    for name in ("MADANG_URL", "MADANG_TOKEN", "JUPYTERHUB_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    await asyncio.to_thread(_ask, lease)
    checks = {check.name: check for check in doctor(home)}
    assert not checks["tls"].is_ok
    assert "10" in checks["tls"].text("ko")
    assert all(check.is_ok for check in doctor(home) if check.name == "part")

    (record,) = home.attempts.glob("*/server")
    before = shim.read(record)
    assert down(home, keep_leases=True, tell=lambda _: None)
    assert not status(home)["is_up"]
    assert shim.read(record).is_alive
    await asyncio.to_thread(_up, home, options)
    again = await visitor.until_ready(90)
    assert (again["id"], again["attempt"]) == (lease["id"], lease["attempt"])
    assert shim.read(record).pid == before.pid
    await visitor.close()
    down(home, tell=lambda _: None)
    assert not shim.read(record).is_alive


def _up(home, options):
    up(home, detach=True, tell=lambda _: None, **options)


def _ask(lease):
    deadline = time.monotonic() + 20
    with MadangClient() as client:
        assert Path(client.url).name == "madang"
        while client.get(f"leases/{lease['id']}")["state"] != "active":
            assert time.monotonic() < deadline
            time.sleep(0.1)
