"""The local launcher with real processes: clusters over TLS, and faults in the middle."""

import asyncio
import json
import os
import signal
import socket
import stat
import time
from pathlib import Path

import httpx
import pytest
from distributed import Client
from distributed.security import Security
from engines_house import LocalHouse, marked, spec

from madang import shim
from madang.domain.cluster import ClusterEndpoint, scheduler_key
from madang.domain.lease import LeaseKind
from madang.engines.local import attempt_folder
from madang.engines.local.attempt_folder import AttemptFolder
from madang.engines.local.launcher import LocalLauncher
from madang.engines.ports import LaunchSpec
from madang.errors import ConflictError, LocalError
from madang.pki import issue_cluster
from madang.shim.record import start_ticks

KEY = ("lease-c", 1)


def cluster_spec(workers: int = 2) -> LaunchSpec:
    return spec(
        "lease-c",
        kind=LeaseKind.CLUSTER,
        device_ids=tuple(f"sim-h200-{n}" for n in range(workers)),
        workers=workers,
        gpus_per_worker=1,
    )


def security(endpoint: ClusterEndpoint, ca_pem: str = "") -> Security:
    return Security(
        tls_ca_file=ca_pem or endpoint.ca_pem,
        tls_client_cert=endpoint.cert_pem,
        tls_client_key=endpoint.key_pem,
        require_encryption=True,
    )


async def answering(local: LocalHouse) -> ClusterEndpoint:
    async def answers() -> bool:
        return await local.engine.launcher.endpoint(*KEY) is not None

    await local.until(answers)
    endpoint = await local.engine.launcher.endpoint(*KEY)
    assert endpoint is not None
    return endpoint


async def over(local: LocalHouse, key: tuple[str, int] = KEY) -> None:
    async def is_over() -> bool:
        return not (await local.engine.launcher.observe(*key)).is_alive

    await local.until(is_over)


async def test_a_cluster_computes_over_tls_and_stops(local: LocalHouse) -> None:
    launcher = local.engine.launcher
    await launcher.start(cluster_spec())
    endpoint = await answering(local)
    async with Client(endpoint.address, security=security(endpoint), asynchronous=True) as client:
        await client.wait_for_workers(2)
        assert await client.submit(sum, [1, 2, 3]) == 6
        seen = await client.run(lambda: dict(os.environ))
        assert sorted(env["MADANG_SIMULATED_GPUS"] for env in seen.values()) == [
            "sim-h200-0",
            "sim-h200-1",
        ]
        for env in seen.values():
            assert env["CUDA_VISIBLE_DEVICES"] == ""
            assert env["DASK_DATAFRAME__BACKEND"] == "pandas"
            assert env["MADANG_TOKEN"] == "attempt-token"
            assert "MADANG_SERVICE_TOKEN" not in env
    root = local.home.root
    check_listening_sockets(marked(root))
    check_secrets(root, endpoint)
    await launcher.stop(*KEY, 10_000)
    begin = asyncio.get_running_loop().time()
    await over(local)
    assert asyncio.get_running_loop().time() - begin < 8
    life = await launcher.observe(*KEY)
    assert life.is_sure
    assert life.exit_code == 0
    assert await launcher.endpoint(*KEY) is None
    log = await launcher.log_tail(*KEY, 100_000)
    assert "== scheduler ==" in log
    assert "== worker-1 ==" in log


def check_listening_sockets(pids: list[int]) -> None:
    """Nothing of a tenant listens beyond loopback."""
    inodes = set()
    for pid in pids:
        for fd in Path(f"/proc/{pid}/fd").iterdir():
            try:
                inodes.add(fd.readlink().name)
            except OSError:
                continue
    listening = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                listening.append(fields[1].split(":")[0])
    assert len(listening) >= 4
    assert set(listening) == {"0100007F"}


def check_secrets(root: Path, endpoint: ClusterEndpoint) -> None:
    folder = root / "attempts" / "lease-c.1"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in folder.rglob("*"):
        if path.is_file() and "scratch" not in path.parts:
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
            assert "attempt-token" not in path.read_text("utf-8", "replace"), path
    assert (folder / "key.pem").read_text() == endpoint.key_pem
    for pid in marked(root):
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        assert b"attempt-token" not in command
        assert b"PRIVATE" not in command


async def test_a_foreign_key_opens_nothing(local: LocalHouse) -> None:
    await local.engine.launcher.start(cluster_spec(1))
    endpoint = await answering(local)
    other = issue_cluster("other")
    foreign = Security(
        tls_ca_file=endpoint.ca_pem,
        tls_client_cert=other.cert_pem,
        tls_client_key=other.key_pem,
        require_encryption=True,
    )
    for wrong in (foreign, security(endpoint, other.ca_pem)):
        with pytest.raises(OSError, match=r"."):
            await Client(endpoint.address, security=wrong, asynchronous=True, timeout="2s")
    # And nothing answers without TLS.
    host, port = endpoint.address.removeprefix("tls://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"\0" * 64)
    try:
        answer = await asyncio.wait_for(reader.read(), 5)
    except ConnectionResetError:
        answer = b""
    # Nothing at all, or a TLS alert.
    assert answer[:1] in (b"", b"\x15")
    writer.close()


async def test_workers_do_not_outlive_their_scheduler(local: LocalHouse) -> None:
    await local.engine.launcher.start(cluster_spec())
    await answering(local)
    scheduler = shim.read(local.home.process(*KEY, "scheduler"))
    assert scheduler is not None
    os.kill(scheduler.pid, signal.SIGKILL)
    await over(local)
    assert (await local.engine.launcher.observe(*KEY)).exit_code == -signal.SIGKILL
    assert await local.engine.launcher.alive() == []


async def test_a_start_cut_short_is_finished_by_the_next(
    local: LocalHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the scheduler and its workers it does not pass for started."""
    launch = shim.launch

    def fails_at_worker_1(record: Path, *args: object, **more: object) -> shim.Record:
        if record.name == "worker-1":
            raise LocalError("process_not_started", record=str(record), why="killed here")
        return launch(record, *args, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(attempt_folder.shim, "launch", fails_at_worker_1)
        with pytest.raises(LocalError):
            await local.engine.launcher.start(cluster_spec())
    assert (await local.engine.launcher.observe(*KEY)).started_ms is None
    assert await local.engine.launcher.alive() == [KEY]
    files = (local.home.attempt(*KEY) / "cluster.json").read_text()
    fresh = LocalLauncher(local.home)
    await fresh.start(cluster_spec())
    assert (local.home.attempt(*KEY) / "cluster.json").read_text() == files
    assert (await fresh.observe(*KEY)).is_alive
    endpoint = await answering(local)
    async with Client(endpoint.address, security=security(endpoint), asynchronous=True) as client:
        await client.wait_for_workers(2)


async def test_a_stop_during_the_start_wins(local: LocalHouse) -> None:
    folder = local.home.attempt("lease-a", 1)
    folder.mkdir(parents=True)
    await local.engine.launcher.stop("lease-a", 1, 0)
    with pytest.raises(ConflictError) as caught:
        await local.engine.launcher.start(spec("lease-a"))
    assert caught.value.code == "attempt_stopped"
    assert (await local.engine.launcher.observe("lease-a", 1)).started_ms is None


async def test_a_stop_needs_no_room_on_the_disk(local: LocalHouse) -> None:
    record = local.home.process("lease-n", 1, "server")
    shim.launch(record, ["sleep", "600"], env={"PATH": os.environ["PATH"]}, cwd=local.home.root)
    # Neither the note of the attempt nor that of the keeper can be written.
    for note in (record.parent / attempt_folder.STOPPED, record / f".stop.json.{os.getpid()}"):
        note.symlink_to(record / "missing" / "note")
    await local.engine.launcher.stop("lease-n", 1, 1_000)
    await over(local, ("lease-n", 1))
    life = await local.engine.launcher.observe("lease-n", 1)
    assert life.was_told


async def test_a_stop_goes_on_after_its_caller_was_killed(local: LocalHouse) -> None:
    await local.engine.launcher.start(cluster_spec(1))
    await answering(local)
    # Only the first half of a stop: the workers, then the service was killed.
    assert AttemptFolder(local.home.attempt(*KEY)).stop(5_000)
    fresh = LocalLauncher(local.home)

    async def is_over() -> bool:
        return not (await fresh.observe(*KEY)).is_alive

    await local.until(is_over)
    assert (await fresh.observe(*KEY)).exit_code == 0


async def test_what_lost_its_keeper_is_found_and_ended(local: LocalHouse) -> None:
    launcher = local.engine.launcher
    await launcher.start(spec("lease-a"))
    record = shim.read(local.home.process("lease-a", 1, "worker"))
    assert record is not None
    stray = await asyncio.create_subprocess_exec(
        "sleep", "600", env={shim.MARKER: str(local.home.process("lease-a", 1, "worker"))}
    )
    os.kill(record.shim_pid, signal.SIGKILL)

    async def is_stray() -> bool:
        return shim.strays(local.home.root) != []

    await local.until(is_stray)
    assert await launcher.alive() == [("lease-a", 1)]
    life = await launcher.observe("lease-a", 1)
    assert (life.is_alive, life.is_sure, life.exit_code) == (False, False, None)
    assert await stray.wait() == -signal.SIGKILL
    assert await launcher.alive() == []


def environment(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


@pytest.mark.parametrize("forged", [{}, {"ended_ms": 5, "exit_code": 0}])
async def test_a_forged_record_hides_nothing_that_runs(
    local: LocalHouse, forged: dict[str, int]
) -> None:
    """Where all run as one user a tenant can write into the record of their own process."""
    launcher = local.engine.launcher
    await launcher.start(spec("lease-a"))
    path = local.home.process("lease-a", 1, "worker") / "record.json"
    before = json.loads(path.read_text())

    async def runs_code_of_its_own() -> bool:
        # A start answers once it is recorded, which is before the process is let go.
        return shim.MARKER.encode() in environment(before["pid"])

    await local.until(runs_code_of_its_own)
    path.write_text(json.dumps({**before, **forged} if forged else {}))
    assert not (await launcher.observe("lease-a", 1)).is_alive
    assert await launcher.alive() == [("lease-a", 1)]
    await launcher.stop("lease-a", 1, 0)

    async def is_gone() -> bool:
        return await launcher.alive() == []

    await local.until(is_gone)
    assert start_ticks(before["pid"]) is None


async def test_the_machine_says_since_when_it_is_up(local: LocalHouse) -> None:
    life = await local.engine.launcher.observe("lease-never", 1)
    assert life.machine_since_ms is not None
    assert 0 < life.machine_since_ms < time.time() * 1_000


async def test_a_notebook_of_the_hub_is_watched_too(local: LocalHouse) -> None:
    launcher = local.engine.launcher
    record = local.home.process("lease-n", 1, "server")
    shim.launch(record, ["sleep", "600"], env={"PATH": os.environ["PATH"]}, cwd=local.home.root)
    assert await launcher.alive() == [("lease-n", 1)]
    assert (await launcher.observe("lease-n", 1)).is_alive
    with pytest.raises(ConflictError) as caught:
        await launcher.start(spec("lease-m", kind=LeaseKind.NOTEBOOK))
    assert caught.value.code == "launch_by_hub"
    await launcher.stop("lease-n", 1, 1_000)
    await over(local, ("lease-n", 1))
    # The whole life is known to a launcher that was not there.
    assert await LocalLauncher(local.home).observe("lease-n", 1) == await launcher.observe(
        "lease-n", 1
    )


async def test_a_port_that_somebody_else_holds_is_no_scheduler(local: LocalHouse) -> None:
    await local.engine.launcher.start(cluster_spec(1))
    endpoint = await answering(local)
    fresh = LocalLauncher(local.home)
    scheduler = shim.read(local.home.process(*KEY, "scheduler"))
    assert scheduler is not None
    os.kill(scheduler.pid, signal.SIGSTOP)
    port = int(endpoint.address.rsplit(":", 1)[1])
    try:
        with socket.create_connection(("127.0.0.1", port)):
            # The port takes connections, but nobody with the key answers.
            assert await fresh.endpoint(*KEY) is None
    finally:
        os.kill(scheduler.pid, signal.SIGCONT)


async def only_who_knows_the_key_is_answered(endpoint: ClusterEndpoint) -> None:
    """Everybody on the machine reaches loopback; only owner and service may ask and retire."""
    async with httpx.AsyncClient(base_url=endpoint.dashboard_url, trust_env=False) as stranger:
        for headers in ({}, {"X-Madang-Key": "guessed"}):
            for ask in ("get_workers", "workers", "adaptive_target"):
                answer = await stranger.get(f"api/v1/{ask}", headers=headers)
                assert answer.status_code == 403
                assert b"worker-0" not in answer.content
            # The dashboard shows code and logs, so the same key stands before it.
            for page in (
                "",
                "status",
                "info/main/workers.html",
                "json/counts.json",
                "sitemap.json",
            ):
                answer = await stranger.get(page, headers=headers)
                assert answer.status_code == 403, page
            body = {"workers": ["tls://127.0.0.1:1"]}
            answer = await stranger.post("api/v1/retire_workers", json=body, headers=headers)
            assert answer.status_code == 403
        key = {"X-Madang-Key": scheduler_key(endpoint.key_pem)}
        assert (await stranger.get("api/v1/get_workers", headers=key)).json()["num_workers"] == 2
        found = (await stranger.get("api/v1/workers", headers=key)).json()["workers"]
        assert sorted(row["name"] for row in found) == ["lease-d-1-worker-0", "worker-0"]
        assert all(row["memory_bytes"] > 0 for row in found)
        assert (await stranger.get("info/main/workers.html", headers=key)).status_code == 200


async def test_workers_join_and_are_let_go_without_losing_data(local: LocalHouse) -> None:
    launcher = local.engine.launcher
    joining = spec(
        "lease-d",
        kind=LeaseKind.CLUSTER,
        device_ids=("sim-h200-3",),
        workers=1,
        gpus_per_worker=1,
        joins=KEY,
    )
    with pytest.raises(ConflictError, match="joined_cluster_gone"):
        await launcher.start(joining)
    await launcher.start(cluster_spec(1))
    endpoint = await answering(local)
    for _ in range(2):
        await launcher.start(joining)
    assert await launcher.endpoint("lease-d", 1) is None
    name = "lease-d-1-worker-0"
    async with Client(endpoint.address, security=security(endpoint), asynchronous=True) as client:
        await client.wait_for_workers(2)
        workers = {w["name"]: a for a, w in client.scheduler_info()["workers"].items()}
        assert set(workers) == {"worker-0", name}
        kept = client.submit(pow, 2, 100, workers=[name], allow_other_workers=True, pure=False)
        assert await kept == 2**100
        assert await launcher.wanted_workers(*KEY) is not None
        assert await launcher.wanted_workers("lease-d", 1) is None
        await only_who_knows_the_key_is_answered(endpoint)
        assert await launcher.retire(*KEY, [name])
        await launcher.stop("lease-d", 1, 5_000)
        await over(local, ("lease-d", 1))
        assert (await launcher.observe("lease-d", 1)).exit_code == 0
        # What it had computed has moved, and nothing was computed again.
        assert await kept == 2**100
        assert await client.who_has([kept]) == {kept.key: (workers["worker-0"],)}
    assert (await launcher.observe(*KEY)).is_alive
    await launcher.stop(*KEY, 5_000)
    await over(local)
    assert await launcher.wanted_workers(*KEY) is None
    assert not await launcher.retire(*KEY, [name])


async def test_a_folder_is_deleted_once_it_is_over_and_never_before(local: LocalHouse) -> None:
    launcher = local.engine.launcher
    await launcher.start(spec("lease-a"))
    await launcher.start(spec("lease-b"))
    await launcher.discard("lease-a", 1)
    assert (await launcher.observe("lease-a", 1)).is_alive
    assert await launcher.ended_before(10**15) == []
    await launcher.stop("lease-a", 1, 0)
    await over(local, ("lease-a", 1))
    assert await launcher.ended_before(1) == []
    assert await launcher.ended_before(10**15) == [("lease-a", 1)]
    await launcher.discard("lease-a", 1)
    assert not local.home.attempt("lease-a", 1).exists()
    await launcher.discard("lease-a", 1)
    assert (await launcher.observe("lease-b", 1)).is_alive
