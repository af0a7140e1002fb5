"""A cluster that somebody else made, named by ``KUBECONFIG``: used by the same tests, and spared.

Nothing is started or installed there. All that a run makes is called by the run's name, lies on
nodes of its own that are played from here, and is taken away at the end. A run that was killed is
cleared by hand: ``KUBECONFIG=… python tests/cluster/given_cluster.py RUN``.
"""

import asyncio
import os
import re
import secrets
import sys
import tempfile
from pathlib import Path

import leftovers
from api_server import ApiServer
from given_kubeconfig import NotUsableError, current_context
from nodes import RUN
from played_nodes import PlayedNodes

from madang.domain.cluster_flavor import ClusterPolicy
from madang.engines.kubernetes.client import connect
from madang.engines.kubernetes.reading import read_cluster
from madang.errors import MadangError
from madang.stack.checks import Check
from madang.stack.checks.cluster import kueue, surroundings

BESIDE = "MADANG_TEST_BESIDE_RELEASE"
_NEEDED = {"kubernetes_old", "visibility", "visibility_silent"}
_OURS = "app.kubernetes.io/name%3Dmadang"


def given() -> str:
    """Return what ``KUBECONFIG`` says; empty where tests start a cluster of their own."""
    return os.environ.get("KUBECONFIG", "")


def new_run() -> str:
    """Return a name for a run, which begins the names of all that it makes."""
    return f"{RUN}{secrets.token_hex(2)}"


class GivenCluster:
    """Has what :class:`cluster.Cluster` has, without programs of which any could be killed."""

    is_ours = False

    def __init__(self, folder: Path) -> None:
        self.run = new_run()
        self.context, kubeconfig = current_context(given(), folder)
        self.plane = ApiServer(folder, kubeconfig)
        self.plane.prefix = f"{self.run}-"
        self.nodes = PlayedNodes(self.plane)
        self._is_started = False

    def start(self) -> None:
        """Look whether tests can run there, and start what plays their nodes.

        Raises
        ------
        NotUsableError
            They cannot; nothing was changed.
        """
        self._examine()
        self._is_started = True
        self.nodes.start()

    def stop(self) -> None:
        """Take away what is left of this run."""
        if not self._is_started:
            return
        try:
            self.nodes.stop()
        finally:
            leftovers.clear(self.plane, self.plane.prefix)

    def name(self, what: str) -> str:
        """Return a name that no other run and nobody else there has."""
        return f"{self.run}-{what}"

    @property
    def kubeconfig(self) -> Path:
        """Of whoever runs the tests."""
        return self.plane.kubeconfig

    def _examine(self) -> None:
        where = f"the context {self.context!r} of KUBECONFIG ({self.plane.url})"
        try:
            facts = asyncio.run(_read(self.plane.kubeconfig, self.run))
        except MadangError as error:
            said = error.details.get("said") or error.details.get("given") or error.code
            raise NotUsableError(f"Tests cannot run in {where}, which says: {said}") from error
        policy = ClusterPolicy(namespace=self.run)
        checks = [*surroundings.checks(facts, policy), *kueue.checks(facts, policy)]
        troubles = [_told(one) for one in checks if _is_in_the_way(one)]
        if not self._may_do_all():
            how = "Take a context with the rights of cluster-admin"
            troubles.append(f"its user may not do everything there. {how}.")
        if (found := self._releases()) and not os.environ.get(BESIDE):
            how = f"Take a cluster for tests, or set {BESIDE}=1 to run beside"
            troubles.append(f"Madang itself is installed there ({', '.join(found)}). {how}.")
        if troubles:
            raise NotUsableError("\n- ".join([f"Tests cannot run in {where}:", *troubles]))

    def _may_do_all(self) -> bool:
        every = {"verb": "*", "group": "*", "resource": "*"}
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
        body |= {"spec": {"resourceAttributes": every}}  # type: ignore[dict-item]
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        answer = self.plane.ask(path, body)
        return bool(answer and answer["status"]["allowed"])

    def _releases(self) -> list[str]:
        """Return where the chart was installed, without what an earlier run left."""
        paths = {
            "/apis/apps/v1/deployments": "namespace",
            "/api/v1/namespaces": "name",
        }
        found = set()
        for path, key in paths.items():
            listed = self.plane.ask(f"{path}?labelSelector={_OURS}")
            found |= {each["metadata"][key] for each in (listed or {"items": ()})["items"]}
        return sorted(one for one in found if not one.startswith(RUN))


async def _read(kubeconfig: Path, namespace: str):
    api = await connect(kubeconfig)
    try:
        return await read_cluster(api, ClusterPolicy(namespace=namespace))
    finally:
        await api.close()


def _is_in_the_way(check: Check) -> bool:
    is_kueue = check.name.startswith("kueue") and check.status == "bad"
    return not check.is_ok and (is_kueue or check.name in _NEEDED)


def _told(check: Check) -> str:
    return f"{check.text('en')}. {check.next_step('en')}"


def main() -> int:
    """Take away what a run that was killed has left."""
    run = sys.argv[-1]
    if not re.fullmatch(f"{RUN}[0-9a-f]{{4}}", run) or not given():
        print(f"usage: KUBECONFIG=FILE {sys.argv[0]} {RUN}1a2b", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        context, kubeconfig = current_context(given(), Path(folder))
        leftovers.clear(ApiServer(Path(folder), kubeconfig), f"{run}-")
    print(f"nothing of {run} is left in {context}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
