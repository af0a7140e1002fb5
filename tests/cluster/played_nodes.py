"""Nodes on a cluster of somebody else: played from here, so that nothing is installed there."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any

from api_server import ApiServer
from nodes import RESOURCE
from played_node import PlayedNode

from madang.engines.kubernetes.client import Api, connect

_CALL_S = 60


class PlayedNodes:
    """Has what :class:`nodes.Nodes` has, without kwok: a thread plays the kubelet of each."""

    def __init__(self, plane: ApiServer) -> None:
        self._plane = plane
        self._nodes: dict[str, PlayedNode] = {}

    def start(self) -> None:
        """Start the thread; there are no nodes yet."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="played-nodes")
        self._thread.start()
        self._api: Api = self._call(connect(self._plane.kubeconfig))

    def stop(self) -> None:
        """Take all nodes away and end the thread."""
        for name in list(self._nodes):
            self.remove(name)
        self._call(self._api.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CALL_S)
        self._loop.close()

    def add(self, name: str, devices: int, *, resource: str = RESOURCE, labels=None) -> None:
        """Make a node with devices of a kind."""
        node = PlayedNode(self._plane, self._api, name, {resource: devices}, labels)
        self._nodes[name] = node
        self._call(node.__aenter__())

    def remove(self, name: str) -> None:
        """Delete a node; one that is gone is gone."""
        if node := self._nodes.pop(name, None):
            self._call(node.__aexit__())

    def _call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_CALL_S)
