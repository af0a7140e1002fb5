"""The chart as a release of its own on the cluster of the tests, with the least values."""

import json
import os
import subprocess
from pathlib import Path

from binaries import helm
from pod_people import UNPLACED

CHART = Path(__file__).parents[2] / "helm" / "madang"
CORE = "/api/v1/namespaces"


class Release:
    """The chart with the least values, in namespaces that no other release of the session has."""

    def __init__(self, cluster, what: str = "platform") -> None:
        self.plane = cluster.plane
        self.namespace, self.people = cluster.name(what), cluster.name(f"{what}-people")
        self._helm = str(helm())

    def helm(self, *arguments: str, given: str = "") -> str:
        """Run helm on the release; return what it printed."""
        made = self._run(*arguments, given=given)
        assert made.returncode == 0, made.stderr
        return made.stdout

    def _run(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._helm, *arguments, "--namespace", self.namespace],
            env={**os.environ, "KUBECONFIG": str(self.plane.kubeconfig)},
            input=given,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    def put(self, verb: str, *more: str) -> str:
        """Install or upgrade."""
        arguments, given = self._putting(verb, more)
        return self.helm(*arguments, given=given)

    def refused(self, verb: str, *more: str) -> str:
        """Try to install or upgrade; return why it is refused."""
        arguments, given = self._putting(verb, more)
        made = self._run(*arguments, given=given)
        assert made.returncode != 0, "it was not refused"
        return made.stderr

    def _putting(self, verb: str, more: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
        files = ("--values", str(CHART / "ci" / "min.yaml"), "--values", "-")
        values = {"people": {"namespace": self.people}}
        # Its images are nowhere: where there are nodes, none of them is to look for those.
        values |= {part: {"nodeSelector": UNPLACED} for part in ("hub", "proxy", "service")}
        values["prepull"] = {"nodeSelector": UNPLACED}
        return (verb, "madang", str(CHART), *files, *more), json.dumps(values)

    def remove(self) -> None:
        """Uninstall; on a cluster without nodes no Job could take queues away."""
        self.helm("uninstall", "madang", "--no-hooks", "--ignore-not-found", "--wait")

    def forget(self) -> None:
        """Uninstall, and delete what that leaves behind."""
        self.remove()
        for namespace in (self.namespace, self.people):
            self.plane.delete(f"{CORE}/{namespace}")

    def secret(self) -> dict:
        """Return what the generated Secret holds."""
        return self.plane.ask(f"{CORE}/{self.namespace}/secrets/madang-secrets")["data"]

    def kept(self) -> dict:
        """Return what the generated Secret says of itself."""
        return self.plane.ask(f"{CORE}/{self.namespace}/secrets/madang-secrets")["metadata"]

    def image(self) -> str:
        """Return the image of the service."""
        path = f"/apis/apps/v1/namespaces/{self.namespace}/deployments/madang-service"
        return self.plane.ask(path)["spec"]["template"]["spec"]["containers"][0]["image"]

    def names(self, path: str) -> set[str]:
        """Return the names of what is there, without what Kubernetes makes itself."""
        found = self.plane.ask(path)["items"]
        own = {"kube-root-ca.crt", "default"}
        return {one["metadata"]["name"] for one in found} - own
