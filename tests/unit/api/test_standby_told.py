"""A replica that is told to stop in the very moment in which it comes to lead does not lead."""

import os
import signal
import socket
from types import SimpleNamespace

import pytest

from madang.api import serve
from madang.domain.leadership import Leader


class Leading:
    """Nobody leads; whoever asks for a term gets it, and the signal with it."""

    replica = "here"

    def __init__(self, is_told: bool) -> None:
        self._is_told = is_told
        self.acts: list[str] = []

    def look(self) -> Leader:
        return Leader(term=1, replica="gone", address="", left_ms=0)

    def take(self, _on_lost) -> bool:
        self.acts.append("take")
        if self._is_told:
            os.kill(os.getpid(), signal.SIGTERM)
        return True

    def keep(self) -> None:
        self.acts.append("keep")

    def give_back(self) -> None:
        self.acts.append("give back")


@pytest.mark.parametrize("is_told", [True, False])
def test_a_signal_that_comes_with_the_term_is_not_lost(is_told):
    leading = Leading(is_told)
    store = SimpleNamespace(migrate=lambda: None, close=lambda: leading.acts.append("close"))
    services = SimpleNamespace(core=SimpleNamespace(leading=leading, store=store))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        leads = serve._leads(services, SimpleNamespace(dashboard_port=0), listener)
    assert leads is not is_told
    assert leading.acts == (["take", "give back", "close"] if is_told else ["take", "keep"])
