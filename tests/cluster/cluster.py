"""The test cluster as tests see it: control plane, Kueue and kwok, started in seconds.

With ``KUBECONFIG`` it is a cluster that somebody else made; see :mod:`given_cluster`.
"""

import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import leftovers
import pytest
from binaries import NoGoError
from control_plane import ControlPlane
from given_cluster import GivenCluster, given, new_run
from given_kubeconfig import NotUsableError
from kueue import Kueue
from nodes import TAINT, Nodes


class Cluster:
    """A running control plane with Kueue and kwok.

    Parameters
    ----------
    has_pods
        Whether Kueue's own pod integration is on.
    taints
        Of the nodes that kwok plays.
    usage_sampling
        How often Kueue writes down what each member used: seconds for a test that waits for it,
        minutes as a site has it for a benchmark.
    """

    is_ours = True

    def __init__(
        self,
        folder: Path,
        *,
        has_pods: bool = False,
        taints: tuple[dict, ...] = (),
        usage_sampling: str = "1s",
    ) -> None:
        self.run = new_run()
        self.plane = ControlPlane(folder)
        self.kueue = Kueue(self.plane, has_pods=has_pods, usage_sampling=usage_sampling)
        self.nodes = Nodes(self.plane, taints)

    def start(self) -> None:
        """Start everything."""
        self.plane.start()
        self.kueue.install()
        self.nodes.start()

    def stop(self) -> None:
        """End everything."""
        self.plane.stop()

    def name(self, what: str) -> str:
        """Return a name that no other run has."""
        return f"{self.run}-{what}"

    @property
    def kubeconfig(self) -> Path:
        """An administrator's."""
        return self.plane.kubeconfig


@pytest.fixture(scope="session")
def running_cluster() -> Iterator[Cluster | GivenCluster]:
    """Start a cluster for the session; a machine that cannot build one fails and says why."""
    folder = Path(tempfile.mkdtemp(prefix="madang-cluster-"))
    made = None
    try:
        try:
            # As on a cluster of others, so that what tests forget is noticed here too.
            made = GivenCluster(folder) if given() else Cluster(folder, taints=(TAINT,))
            made.start()
        except NoGoError as error:
            pytest.fail(str(error), pytrace=False)
        except NotUsableError as error:
            # Said once, and not by each test.
            pytest.exit(str(error), returncode=1)
        yield made
    finally:
        if made is not None:
            made.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def cluster(running_cluster: Cluster) -> Iterator[Cluster]:
    """Lend the cluster to a module of tests, which leaves nothing there that others would see."""
    plane = running_cluster.plane
    before = leftovers.shared(plane, plane.prefix)
    yield running_cluster
    leftovers.check(plane, before, plane.prefix)


def main() -> None:
    """Start a cluster, say how long it took and how to reach it, and keep it until Ctrl+C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix="madang-cluster-"))
    began = time.monotonic()
    made = Cluster(folder)
    try:
        made.start()
        took_s = time.monotonic() - began
        print(f"up after {took_s:.1f} s: KUBECONFIG={made.kubeconfig}", flush=True)
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        pass
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
