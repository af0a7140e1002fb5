"""Small parts of the local engine: commands, announcements, artifacts, health, texts."""

import errno
import os
import re
import sys
from pathlib import Path

import pytest

from madang.domain.lease import LeaseClass, LeaseKind
from madang.domain.queue import QueueItem
from madang.engines.announcements import LONGEST_MS, REFUSALS_TOLD, Announcements
from madang.engines.local.admission import LocalAdmission
from madang.engines.local.artifacts import LocalArtifacts
from madang.engines.local.commands import Machine, base_env, cluster_commands, worker_commands
from madang.engines.local.devices import parse_gpus
from madang.engines.ports import Admitted, AskedBack, LaunchSpec, Refused
from madang.errors import NotFoundError, UnavailableError
from madang.i18n.words.engines import TEXTS


def spec(
    device_ids: tuple[str, ...],
    workers: int,
    gpus_per_worker: int,
    joins: tuple[str, int] | None = None,
) -> LaunchSpec:
    return LaunchSpec(
        lease_id="lease-c", attempt=2, kind=LeaseKind.CLUSTER, person_name="ada",
        project_name="vision", flavor="h200", device_ids=device_ids, limit_ms=1,
        service_url="http://127.0.0.1:1/s", token="t0ken", workers=workers,
        gpus_per_worker=gpus_per_worker, threads_per_worker=3, joins=joins,
        env={"EXTRA": "1", "MADANG_LEASE": "lease-other", "CUDA_VISIBLE_DEVICES": "all"},
    )  # fmt: skip


def commands(machine: Machine, wanted: LaunchSpec) -> list[tuple[str, list[str], dict[str, str]]]:
    env = base_env(wanted, machine, Path("/home/ada"))
    made = cluster_commands(wanted, machine, env, Path("/a"), (1, 2))
    return [(c.role, list(c.argv), dict(c.env)) for c in made]


def test_tenants_never_see_our_environment() -> None:
    secrets = {"MADANG_SERVICE_TOKEN": "x", "JUPYTERHUB_API_TOKEN": "x", "AWS_SECRET": "x"}
    settings = {"MADANG_WARM_GROWTH_MIB": "64"}
    machine = Machine(environ={"PATH": "/bin", "PYTHONPATH": "/lib", **settings, **secrets})
    env = base_env(spec((), 1, 0), machine, Path("/home/ada"))
    assert not set(secrets) & set(env)
    assert env["PATH"] == "/bin"
    assert env["MADANG_WARM_GROWTH_MIB"] == "64"
    assert env["EXTRA"] == "1"
    # What was asked for as extra cannot change who it is or what it sees.
    assert env["MADANG_LEASE"] == "lease-c"
    assert env["CUDA_VISIBLE_DEVICES"] == ""


def test_real_devices_get_one_cuda_worker_with_all_of_them() -> None:
    machine = Machine(environ={}, has_dask_cuda=True, has_cudf=True)
    roles = commands(machine, spec(("GPU-a", "GPU-b"), 2, 1))
    assert [role for role, _, _ in roles] == ["scheduler", "worker-0"]
    _, argv, env = roles[1]
    assert argv[1:4] == ["-m", "dask_cuda.cli", "tls://127.0.0.1:1"]
    assert env["CUDA_VISIBLE_DEVICES"] == "GPU-a,GPU-b"
    assert env["DASK_DATAFRAME__BACKEND"] == "cudf"
    assert roles[0][2]["CUDA_VISIBLE_DEVICES"] == ""


def test_without_dask_cuda_each_worker_sees_its_share() -> None:
    for has_dask_cuda, devices, per_worker in ((False, "ab", 1), (True, "abcd", 2)):
        machine = Machine(environ={}, has_dask_cuda=has_dask_cuda)
        roles = commands(machine, spec(tuple(f"GPU-{d}" for d in devices), 2, per_worker))
        assert [role for role, _, _ in roles] == ["scheduler", "worker-0", "worker-1"]
        shares = [env["CUDA_VISIBLE_DEVICES"].split(",") for _, _, env in roles[1:]]
        assert [len(share) for share in shares] == [per_worker, per_worker]
        assert roles[1][2]["DASK_DATAFRAME__BACKEND"] == "pandas"


def test_workers_that_join_have_names_of_their_own() -> None:
    env = {"A": "b"}
    for machine, devices, names in (
        (Machine(environ={}), ("GPU-a", "GPU-b"), ["lease-c-2-worker-0", "lease-c-2-worker-1"]),
        # Told to start several, dask-cuda numbers the names itself.
        (Machine(environ={}, has_dask_cuda=True), ("GPU-a", "GPU-b"), ["lease-c-2-worker"]),
        (Machine(environ={}, has_dask_cuda=True), ("GPU-a",), ["lease-c-2-worker-0"]),
    ):
        wanted = spec(devices, len(devices), 1, joins=("lease-b", 1))
        made = worker_commands(wanted, machine, env, Path("/a"), "tls://127.0.0.1:7")
        assert [c.argv[c.argv.index("--name") + 1] for c in made] == names
        assert all("tls://127.0.0.1:7" in c.argv for c in made)
        assert all(c.role.startswith("worker-") for c in made)


def test_every_process_binds_loopback_and_talks_tls() -> None:
    machine = Machine(environ={})
    for role, argv, env in commands(machine, spec(("sim-h200-0",), 1, 1)):
        assert argv[0] == sys.executable
        assert argv[argv.index("--host") + 1] == "127.0.0.1"
        assert argv[argv.index("--dashboard-address") + 1].startswith("127.0.0.1:")
        assert {"--tls-ca-file", "--tls-cert", "--tls-key"} <= set(argv), role
        assert env["DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION"] == "True"
        assert "t0ken" not in " ".join(argv)
        routes = env["DASK_DISTRIBUTED__SCHEDULER__HTTP__ROUTES"]
        # The JSON interface stands behind a key; Dask's own is open to the whole machine.
        assert "madang.client.scheduler_routes" in routes
        assert "distributed.http.scheduler.api" not in routes
        assert "proxy" not in routes


def test_what_stands_is_told_again_at_growing_distances() -> None:
    news = Announcements()
    admitted = Admitted(lease_id="lease-a", attempt=1, device_ids=("d",))
    news.add(admitted, 0)
    told = [now for now in range(0, 80_000, 1_000) if news.due(now)]
    assert told == [0, 5_000, 15_000, 35_000, 75_000]
    # Asked back it is still told that it was admitted: that may be what was lost.
    news.add(AskedBack(lease_id="lease-a", attempt=1, grace_ms=1, why="x"), 80_000)
    assert len(news.due(80_000 + LONGEST_MS)) == 2
    news.drop("lease-a", 2)
    news.drop("lease-a", 1)
    assert news.due(10**9) == []


def test_a_refusal_is_forgotten_in_the_end() -> None:
    news = Announcements()
    news.add(Refused(lease_id="lease-a", attempt=1, code="x"), 0)
    assert sum(len(news.due(now)) for now in range(0, 10**7, 1_000)) == REFUSALS_TOLD


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artifacts = LocalArtifacts(tmp_path / "artifacts")

    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(UnavailableError) as caught:
            artifacts._put(b"data")
    assert caught.value.code == "storage_full"
    assert caught.value.details["bytes"] == 4
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []
    name = artifacts._put(b"data")
    assert artifacts._get(name) == b"data"


def test_damaged_bytes_are_not_handed_out_and_can_be_stored_again(tmp_path: Path) -> None:
    artifacts = LocalArtifacts(tmp_path)
    name = artifacts._put(b"data")
    artifacts._path(name).write_bytes(b"dat")
    with pytest.raises(NotFoundError):
        artifacts._get(name)
    assert artifacts._put(b"data") == name
    assert artifacts._get(name) == b"data"


async def test_an_unhealthy_device_is_not_given_out() -> None:
    admission = LocalAdmission(parse_gpus("sim:3xh200"), clock=lambda: 1_000)
    await admission.set_drained({"sim-h200-0"})
    wanted = QueueItem(
        lease_id="lease-a", attempt=1, person="p", project="q", kind=LeaseKind.SLOT,
        lease_class=LeaseClass.BATCH, flavor="sim-h200", devices=2, submitted_ms=0, limit_ms=1000,
    )  # fmt: skip
    await admission.enqueue(wanted)
    (event,) = await admission.poll(1_000)
    assert isinstance(event, Admitted)
    assert event.device_ids == ("sim-h200-1", "sim-h200-2")
    (capacity, _) = await admission.capacity()
    assert (capacity.devices_total, capacity.devices_free) == (2, 0)
    assert not next(d for d in await admission.devices() if d.id == "sim-h200-0").is_healthy


def test_texts_have_the_same_fields_in_both_languages() -> None:
    for key, (english, korean) in TEXTS.items():
        fields = [set(re.findall(r"{(\w+)}", text)) for text in (english, korean)]
        assert fields[0] == fields[1], key
        partner = key.replace(".message", ".hint") if key.endswith("message") else key
        assert partner in TEXTS
