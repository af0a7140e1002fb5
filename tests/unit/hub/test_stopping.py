"""A stop whose clean-up the hub's database refuses is repeated; every other error is raised."""

import logging
from types import SimpleNamespace

import pytest
from jupyterhub.user import User

from madang.hub import stopping


class FakeUser:
    """Stops as JupyterHub does: the mark goes with the last commit."""

    def __init__(self, refusals=0, error=None):
        self.spawners = {"": SimpleNamespace(_stop_pending=False)}
        self.refusals, self.error = refusals, error
        self.log = logging.getLogger("hub")
        self.db = SimpleNamespace(rollback=self.roll_back)
        self.is_broken = False
        self.stops = 0

    def roll_back(self):
        self.is_broken = False

    async def stop(self, server_name=""):
        spawner = self.spawners[server_name]
        spawner._stop_pending = True
        self.stops += 1
        try:
            if self.error:
                raise self.error
        finally:
            if self.is_broken or self.refusals:
                self.is_broken, self.refusals = True, max(0, self.refusals - 1)
                raise OSError("database or disk is full")
            spawner._stop_pending = False


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(stopping, "AGAIN_S", 0.0)


async def test_a_stop_goes_on_when_the_database_takes_it_again():
    user = FakeUser(refusals=3)
    await stopping.insisting(FakeUser.stop)(user)
    assert user.stops == 4
    assert not user.spawners[""]._stop_pending


async def test_what_a_server_says_is_raised_once_the_stop_is_done():
    user = FakeUser(refusals=1, error=ValueError("no such process"))
    with pytest.raises(ValueError, match="no such process"):
        await stopping.insisting(FakeUser.stop)(user)
    assert user.stops == 2
    assert not user.spawners[""]._stop_pending


async def test_the_hub_stops_like_that_once(monkeypatch):
    monkeypatch.setattr(User, "stop", FakeUser.stop)
    stopping.install()
    stopping.install()
    assert User.stop.__wrapped__ is FakeUser.stop
