"""A token whose use cannot be noted is known all the same, and one that is unknown stays so."""

import logging
from types import SimpleNamespace

import pytest
from jupyterhub.handlers.base import BaseHandler, SQLAlchemyError

from madang.hub import knowing


class Handler:
    """Asks as JupyterHub does: first the note, then the name; a failure is an answer too."""

    log = logging.getLogger("hub")

    def __init__(self, owner, is_full=False, is_lost=False):
        self.owner, self.is_full, self.is_lost = owner, is_full, is_lost
        self.db = SimpleNamespace(rollback=self.roll_back)
        self.rolled_back = 0

    def roll_back(self):
        self.rolled_back += 1

    def _record_activity(self, _token, _now):
        return True

    async def get_current_user(self):
        if not hasattr(self, "_jupyterhub_user"):
            try:
                if self.is_lost or (self._record_activity("t", 0) and self.is_full):
                    raise SQLAlchemyError("database or disk is full")
                self._jupyterhub_user = self.owner
            except SQLAlchemyError:
                self._jupyterhub_user = None
                raise
        return self._jupyterhub_user


ask = knowing.knowing(Handler.get_current_user)


@pytest.mark.parametrize("owner", ["ada", None])
@pytest.mark.parametrize("is_full", [False, True])
async def test_a_full_disk_changes_nothing_in_the_answer(owner, is_full):
    handler = Handler(owner, is_full)
    assert await ask(handler) == owner
    assert handler.rolled_back == is_full
    assert await ask(handler) == owner


async def test_a_database_that_cannot_be_read_is_no_answer():
    with pytest.raises(SQLAlchemyError):
        await ask(Handler("ada", is_lost=True))


async def test_the_hub_asks_like_that_once(monkeypatch):
    monkeypatch.setattr(BaseHandler, "get_current_user", Handler.get_current_user)
    knowing.install()
    knowing.install()
    assert BaseHandler.get_current_user.__wrapped__ is Handler.get_current_user
