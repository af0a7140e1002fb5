"""What policy.yaml says under ``kubernetes``: the flavors of a cluster and where people run.

Called by :mod:`madang.settings.files`. Everything here ends up in objects of a cluster, so what
Kubernetes or Kueue would refuse later is refused here, with the place in the file.
"""

from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from itertools import combinations
from typing import Any

from madang.domain.cluster_flavor import ClusterFlavor, ClusterPolicy
from madang.domain.cluster_names import (
    MAX_LABEL,
    is_dns_label,
    is_dns_subdomain,
    is_extended_resource,
    is_label_value,
    is_qualified_name,
)
from madang.domain.gpu_presets import MIG_PREFIX, PRESETS, WHOLE_GPU
from madang.errors import InvalidError

MAX_PREFIX = 20
"""With a project's name behind it, it must still be a name."""

MAX_DEVICES = 1_000_000
MAX_MEMORY_GIB = 65_536
SHARINGS = ("time-slicing", "mps")
NO_DEVICE = "cpu"

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_OPERATORS = ("Equal", "Exists")
_FLAVOR_KEYS = {"preset", "resource", "node_labels", "tolerations", "devices", "memory_gib"}
_SHOWN = 80


def cluster_policy(body: Any) -> ClusterPolicy:
    """Return what stands under ``kubernetes``; the defaults where nothing does.

    Raises
    ------
    InvalidError
        A key is not known, a name could not be one in a cluster, a number is out of bounds, a
        shared flavor is open to more than one project, or two flavors cannot be told apart.
    """
    where = "kubernetes"
    data = _table(body, where, {"namespace", "prefix", "flavors", "queues"})
    flavors = tuple(
        _flavor(str(name), one)
        for name, one in _table(data.get("flavors"), f"{where}.flavors").items()
    )
    for one, other in combinations(flavors, 2):
        _tell_apart(one, other)
    prefix = _dns_label(data.get("prefix", ClusterPolicy().prefix), f"{where}.prefix", MAX_PREFIX)
    queues = _table(data.get("queues"), f"{where}.queues")
    return ClusterPolicy(
        namespace=_namespace(data.get("namespace", ClusterPolicy().namespace)),
        prefix=prefix,
        flavors=flavors,
        queues={
            _dns_label(project, f"{where}.queues"): _dns_label(queue, f"{where}.queues.{project}")
            for project, queue in queues.items()
        },
    )


def nearest(given: str, known: Iterable[str]) -> list[str]:
    """Return the known words, those that look most like what was given first."""
    return sorted(
        known, key=lambda one: (-SequenceMatcher(None, given.lower(), one.lower()).ratio(), one)
    )


def _table(body: Any, where: str, known: set[str] | None = None) -> Mapping[str, Any]:
    if body is None:
        # A key with nothing behind it, such as `h200:`.
        return {}
    if not isinstance(body, Mapping):
        raise InvalidError("policy_shape", where=where, given=type(body).__name__)
    for key in body:
        if known is not None and key not in known:
            given = str(key)[:_SHOWN]
            raise InvalidError("policy_key", where=where, given=given, known=nearest(given, known))
    return body


def _flavor(name: str, body: Any) -> ClusterFlavor:
    where = f"kubernetes.flavors.{name[:_SHOWN]}"
    if not is_dns_subdomain(name, MAX_LABEL):
        raise _bad_name("kubernetes.flavors", name)
    if name == NO_DEVICE:
        raise InvalidError("kubernetes_cpu_is_there", where=where)
    data = _table(body, where, _FLAVOR_KEYS | {"sharing", "project"})
    resource, memory_gib = _preset(data, where) if "preset" in data else (WHOLE_GPU, 0)
    resource = _resource(data.get("resource", resource), where)
    devices = data.get("devices")
    flavor = ClusterFlavor(
        name=name,
        resource=resource,
        node_labels=_labels(data.get("node_labels"), f"{where}.node_labels"),
        tolerations=_tolerations(data.get("tolerations"), f"{where}.tolerations"),
        devices_total=None
        if devices is None
        else int(_number(devices, f"{where}.devices", MAX_DEVICES, is_whole=True)),
        memory_bytes=round(
            _number(data.get("memory_gib", memory_gib), f"{where}.memory_gib", MAX_MEMORY_GIB)
            * 1024**3
        ),
        sharing=_sharing(data.get("sharing"), where),
        project=_dns_label(data["project"], f"{where}.project") if data.get("project") else "",
    )
    _keep_apart(flavor, where)
    return flavor


def _preset(data: Mapping[str, Any], where: str) -> tuple[str, int]:
    given = str(data["preset"])
    if given not in PRESETS:
        near = nearest(given, PRESETS)
        raise InvalidError(
            "kubernetes_preset", where=where, given=given[:_SHOWN], nearest=near[0], known=near
        )
    if "resource" in data and data["resource"] != PRESETS[given].resource:
        raise InvalidError(
            "kubernetes_preset_resource",
            where=where,
            preset=given,
            resource=PRESETS[given].resource,
            given=str(data["resource"])[:_SHOWN],
        )
    return PRESETS[given].resource, PRESETS[given].memory_gib


def _resource(given: Any, where: str) -> str:
    if not isinstance(given, str) or not is_extended_resource(given):
        raise InvalidError("kubernetes_resource", where=where, given=str(given)[:_SHOWN])
    return given


def _labels(body: Any, where: str) -> dict[str, str]:
    labels = {}
    for key, value in _table(body, where).items():
        # `true` and `1` are no texts in YAML, and people write them here.
        if not isinstance(value, str) or not is_label_value(value):
            raise InvalidError(
                "kubernetes_label", where=where, given=f"{str(key)[:_SHOWN]}: {_yaml_of(value)}"
            )
        labels[_qualified(key, where)] = value
    return labels


def _yaml_of(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)[:_SHOWN]


def _qualified(key: Any, where: str) -> str:
    if not isinstance(key, str) or not is_qualified_name(key):
        raise InvalidError("kubernetes_label", where=where, given=str(key)[:_SHOWN])
    return key


def _tolerations(body: Any, where: str) -> tuple[Mapping[str, str], ...]:
    if body is None:
        return ()
    if not isinstance(body, list):
        raise InvalidError("kubernetes_toleration", where=where, given=str(body)[:_SHOWN])
    return tuple(_toleration(one, f"{where}[{number}]") for number, one in enumerate(body))


def _toleration(body: Any, where: str) -> Mapping[str, str]:
    data = _table(body, where, {"key", "operator", "value", "effect"})
    operator, effect = data.get("operator", "Equal"), data.get("effect")
    value = data.get("value", "")
    is_sound = (
        operator in _OPERATORS
        and (effect is None or effect in _EFFECTS)
        and isinstance(value, str)
        and is_label_value(value)
        # Without a key everything is tolerated, the control plane's taint too.
        and "key" in data
        and not (operator == "Exists" and value)
    )
    if not is_sound:
        raise InvalidError("kubernetes_toleration", where=where, given=str(dict(data))[:_SHOWN])
    _qualified(data["key"], where)
    return {key: str(text) for key, text in {**data, "operator": operator}.items()}


def _number(given: Any, where: str, limit: int, *, is_whole: bool = False) -> float:
    is_number = isinstance(given, int if is_whole else (int, float)) and not isinstance(given, bool)
    # Not-a-number is in no range.
    if not is_number or not 0 <= given <= limit:
        raise InvalidError("kubernetes_number", where=where, given=str(given)[:_SHOWN], limit=limit)
    return float(given)


def _sharing(given: Any, where: str) -> str:
    if given is None or given == "":
        return ""
    if given not in SHARINGS:
        known = nearest(str(given), SHARINGS)
        raise InvalidError(
            "kubernetes_sharing", where=where, given=str(given)[:_SHOWN], known=known
        )
    return str(given)


def _keep_apart(flavor: ClusterFlavor, where: str) -> None:
    """Refuse parts of a device for people who need not trust each other, and MPS on a slice."""
    if flavor.sharing and not flavor.project:
        raise InvalidError("kubernetes_shared_by_all", where=where, given=flavor.sharing)
    if flavor.sharing == "mps" and flavor.resource.startswith(MIG_PREFIX):
        raise InvalidError("kubernetes_mps_on_mig", where=where, given=flavor.resource)


def _tell_apart(one: ClusterFlavor, other: ClusterFlavor) -> None:
    """Refuse two flavors that one node could have both of: its devices would count twice."""
    if one.resource != other.resource:
        return
    wide, narrow = sorted((one, other), key=lambda flavor: len(flavor.node_labels))
    if wide.node_labels.items() <= narrow.node_labels.items():
        raise InvalidError(
            "kubernetes_flavors_alike",
            given=wide.name,
            other=narrow.name,
            resource=one.resource,
            labels=[f"{key}={value}" for key, value in wide.node_labels.items()] or ["-"],
        )


def _bad_name(where: str, given: Any, limit: int = MAX_LABEL) -> InvalidError:
    return InvalidError(
        "kubernetes_name", where=where[:_SHOWN], given=str(given)[:_SHOWN], limit=limit
    )


def _dns_label(given: Any, where: str, limit: int = MAX_LABEL) -> str:
    if not isinstance(given, str) or not is_dns_label(given) or len(given) > limit:
        raise _bad_name(where, given, limit)
    return given


def _namespace(given: Any) -> str:
    name = _dns_label(given, "kubernetes.namespace")
    if name in ("default", "kueue-system") or name.startswith("kube-"):
        raise InvalidError("kubernetes_namespace", given=name)
    return name
