"""Puts the engine of a cluster together; nothing is asked of the cluster before it is opened."""

from collections.abc import Callable, Iterator, Mapping

from madang.domain.cluster_flavor import ClusterPolicy
from madang.domain.profile import Flavor
from madang.engines import stored_artifacts
from madang.engines.kubernetes.admission import KubernetesAdmission
from madang.engines.kubernetes.client import Api
from madang.engines.kubernetes.environment import is_simulated
from madang.engines.kubernetes.environments import NoEnvironments
from madang.engines.kubernetes.launcher import KubernetesLauncher
from madang.engines.kubernetes.meter import KubernetesMeter
from madang.engines.kubernetes.nodes import CPU
from madang.engines.local.artifacts import LocalArtifacts
from madang.engines.ports import Engine
from madang.errors import InvalidError
from madang.settings.config import ServiceSettings
from madang.settings.files import Policy
from madang.settings.pods import PodSettings


def build(
    settings: ServiceSettings, policy: Policy, check: Callable[[], None] = lambda: None
) -> tuple[Engine, list[Flavor], Mapping[str, int]]:
    """Return the engine, its flavors with their prices, and the number of devices by flavor.

    Parameters
    ----------
    check
        Raises where nothing on the cluster may be changed now.

    Raises
    ------
    InvalidError
        ``prometheus_unusable``, or what :meth:`PodSettings.from_env` cannot read.
    """
    api = Api(settings.kubeconfig, check=check)
    admission = KubernetesAdmission(
        api, policy.cluster, half_life_ms=policy.half_life_ms, grace_ms=policy.stop_grace_ms
    )

    async def begin() -> None:
        await api.open()
        await admission.open()

    launcher = KubernetesLauncher(api, policy.cluster, PodSettings.from_env())

    async def end() -> None:
        await launcher.close()
        await admission.close()
        await api.close()

    engine = Engine(
        name="kubernetes",
        admission=admission,
        launcher=launcher,
        meter=KubernetesMeter(_prometheus(settings.prometheus_url), policy.cluster.namespace),
        artifacts=stored_artifacts.build(
            policy.artifacts, lambda: LocalArtifacts(settings.home.artifacts)
        ),
        environments=NoEnvironments(),
        open=begin,
        close=end,
        offers_environments=False,
    )
    return engine, _flavors(policy), Totals(policy.cluster, admission)


class Totals(Mapping[str, int]):
    """Devices by flavor, as many as there ever were since the start: nodes come and go."""

    def __init__(self, policy: ClusterPolicy, admission: KubernetesAdmission) -> None:
        self._names = [*(flavor.name for flavor in policy.flavors), CPU]
        self._admission = admission

    def __getitem__(self, flavor: str) -> int:
        if flavor not in self._names:
            raise KeyError(flavor)
        return self._admission.most(flavor)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _flavors(policy: Policy) -> list[Flavor]:
    return [
        *(
            Flavor(
                name=each.name,
                title=each.name,
                rate_microcredits=policy.rate(each.name),
                memory_bytes=each.memory_bytes,
                is_simulated=is_simulated(each.name),
            )
            for each in policy.cluster.flavors
        ),
        Flavor(name=CPU, title="CPU", rate_microcredits=policy.rate(CPU)),
    ]


def _prometheus(url: str) -> str:
    if url and (not url.startswith(("http://", "https://")) or "@" in url):
        raise InvalidError("prometheus_unusable", given=url.rpartition("@")[2][:60])
    return url
