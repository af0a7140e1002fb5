"""The service as a process: it starts, answers, streams, and stops quickly and cleanly."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from madang.api.events import MAX_STREAMS
from madang.api.serve import bind
from madang.settings.config import ServiceSettings
from madang.settings.home import Home
from madang.stack.demo.look import free_port

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
TOKEN = "integration-service-token"


def settings_in(home: Path, port: int) -> ServiceSettings:
    home_ = Home(home)
    return ServiceSettings(
        home=home_,
        database_url=home_.database_url,
        bind_host="127.0.0.1",
        bind_port=port,
        public_url="http://127.0.0.1:1/",
        hub_api_url="http://127.0.0.1:1/hub/api",
        api_token=TOKEN,
        policy_path=ROOT / "hub_config" / "policy.yaml",
        profiles_path=ROOT / "hub_config" / "profiles.yaml",
        gpus="sim:2xh200",
    )


def start(settings: ServiceSettings) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "madang.api.serve"],
        env={**os.environ, **settings.to_env()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def service(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], ServiceSettings]]:
    settings = settings_in(tmp_path, free_port())
    process = start(settings)
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                if httpx.get(f"{settings.service_url}/healthz").status_code == 200:
                    break
            except httpx.TransportError:
                pass
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                pytest.fail(f"the service did not start: {process.communicate()[0]}")
            time.sleep(0.05)
        yield process, settings
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_it_answers_streams_and_stops(
    service: tuple[subprocess.Popen[str], ServiceSettings],
) -> None:
    process, settings = service
    headers = {"Authorization": f"token {TOKEN}", "X-Madang-Person": "ada"}
    base = f"{settings.service_url}/api/v1/"
    seen: list[str] = []
    is_open, has_changed = threading.Event(), threading.Event()

    def follow(client: httpx.Client) -> None:
        with client.stream("GET", "events", timeout=20) as answer:
            for line in answer.iter_lines():
                seen.append(line)
                is_open.set()
                if line.startswith("data:"):
                    has_changed.set()

    with httpx.Client(base_url=base, headers=headers) as client:
        me = client.get("me").json()
        assert me["person"] == "ada"
        follower = threading.Thread(target=follow, args=(client,))
        follower.start()
        assert is_open.wait(10)
        key = {"Idempotency-Key": "one"}
        body = {"project": "vision-lab", "flavor": "gpu", "devices": 1}
        first = client.post("leases", json=body, headers=key)
        again = client.post("leases", json=body, headers=key)
        assert first.status_code == again.status_code == 201, first.text
        assert first.json()["id"] == again.json()["id"]
        assert has_changed.wait(10)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        output = process.communicate(timeout=10)[0]
        took_s = time.monotonic() - began
        follower.join(5)
    assert process.returncode == 0, output
    assert took_s < 4, f"an open stream held the stop up for {took_s:.1f} s"
    assert not follower.is_alive()
    assert TOKEN not in output
    assert "Traceback" not in output


def test_streams_end_with_their_client(
    service: tuple[subprocess.Popen[str], ServiceSettings],
) -> None:
    _, settings = service
    headers = {"Authorization": f"token {TOKEN}", "X-Madang-Person": "ada"}
    url = f"{settings.service_url}/api/v1/events"
    deadline = time.monotonic() + 20
    opened = 0
    while opened < MAX_STREAMS + 5:
        with httpx.stream("GET", url, headers=headers) as answer:
            if answer.status_code == 200:
                assert next(answer.iter_lines()).startswith("retry:")
                opened += 1
        assert time.monotonic() < deadline, "streams of clients that left stay open"


async def test_what_is_written_is_sent_at_once() -> None:
    """Else the second write of an answer waits until the client acknowledges the first."""
    sent_at_once: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted = writer.get_extra_info("socket")
        sent_at_once.set_result(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listener = bind("127.0.0.1", 0)
    async with await asyncio.start_server(connected, sock=listener):
        _, writer = await asyncio.open_connection(*listener.getsockname())
        assert await asyncio.wait_for(sent_at_once, 10)
        writer.close()


def test_a_busy_port_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = start(settings_in(tmp_path, taken.getsockname()[1]))
        output = process.communicate(timeout=30)[0]
    assert process.returncode == 1
    assert "something else listens on 127.0.0.1:" in output
    assert "Traceback" not in output


def test_a_missing_setting_is_said() -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("MADANG_")}
    done = subprocess.run(
        [sys.executable, "-m", "madang.api.serve"], env=env, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "MADANG_BIND_PORT is missing" in done.stderr
    assert "Traceback" not in done.stderr
