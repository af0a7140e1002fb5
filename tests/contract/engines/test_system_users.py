"""Where people are system users, what they wrote runs as them and never as the service's root."""

import os
from pathlib import Path

import pytest
from distributed import Client
from distributed.security import Security
from engines_house import LocalHouse, spec

from madang import shim
from madang.domain.lease import LeaseKind
from madang.engines.local.commands import Command
from madang.engines.local.commands import as_user as as_user_command
from madang.engines.local.launcher import LocalLauncher
from madang.shim import as_user

PERSON = "nobody"
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture
def launcher(local: LocalHouse) -> LocalLauncher:
    return LocalLauncher(local.home, dict(os.environ), ("sleep", "600"), system_users=True)


def owner(pid: int) -> list[str]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return []
    return next(line.split()[1:] for line in lines if line.startswith("Uid:"))


async def test_a_slot_runs_as_its_person(local: LocalHouse, launcher: LocalLauncher) -> None:
    await launcher.start(spec("lease-a", person_name=PERSON))
    record = shim.read(local.home.process("lease-a", 1, "worker"))
    assert record is not None

    async def is_theirs() -> bool:
        return set(owner(record.pid)) == {"65534"}

    await local.until(is_theirs)
    await launcher.stop("lease-a", 1, 0)

    async def is_gone() -> bool:
        return await launcher.alive() == []

    await local.until(is_gone)


async def test_a_cluster_needs_no_file_of_the_service_to_compute(
    local: LocalHouse, launcher: LocalLauncher, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[Command] = []

    def keep(command: Command, person: str) -> Command:
        # The interpreter of the tests may lie where another user cannot reach it.
        assert as_user_command(command, person).argv[-len(command.argv) :] == command.argv
        commands.append(command)
        return command

    monkeypatch.setattr("madang.engines.local.launcher.as_user", keep)
    cluster = spec(
        "lease-c",
        kind=LeaseKind.CLUSTER,
        person_name=PERSON,
        device_ids=(),
        workers=1,
        gpus_per_worker=0,
    )
    await launcher.start(cluster)

    async def answers() -> bool:
        return await launcher.endpoint("lease-c", 1) is not None

    await local.until(answers)
    endpoint = await launcher.endpoint("lease-c", 1)
    assert endpoint is not None
    keys = Security(
        tls_ca_file=endpoint.ca_pem,
        tls_client_cert=endpoint.cert_pem,
        tls_client_key=endpoint.key_pem,
        require_encryption=True,
    )
    async with Client(endpoint.address, security=keys, asynchronous=True) as client:
        assert await client.submit(sum, [1, 2]) == 3
    assert len(commands) == 2
    for command in commands:
        assert str(local.home.root) not in " ".join(command.argv)
        assert "PRIVATE" not in " ".join(command.argv)


async def test_nobody_becomes_root() -> None:
    with pytest.raises(PermissionError):
        as_user.become("root")
    with pytest.raises(KeyError):
        as_user.become("no-such-person")
