"""Checks what goes into the pod of a notebook; from lease view and site to a plan. Pure.

Everything here came from somewhere else: names from people, sizes, environment and nodes from the
service, images from profiles. What passes is of the form that Kubernetes takes, an image that the
site allows, and no variable that would change who the server is. :mod:`madang.hub.kube_pods` makes
manifests of a plan and of nothing else.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from madang.domain.lease import deadline_ms
from madang.domain.pod_labels import pod_labels
from madang.domain.project import Internet
from madang.errors import InvalidError, RefusedError
from madang.units import LEAST_CPU_MILLIS, MOST_CPU_MILLIS

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?")
_VALUE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
# Who the server is, where it reports, and which devices it sees is not for a profile to say.
_RESERVED = re.compile(
    r"JUPYTERHUB_.*|JPY_.*|MADANG_.*|NVIDIA_.*|CUDA_VISIBLE_DEVICES|LD_.*|PYTHON(PATH|HOME|STARTUP)"
)
_TOLERATION = {
    "key": re.compile(r".{0,317}", re.S),
    "operator": re.compile(r"Exists|Equal"),
    "value": re.compile(rf"({_VALUE.pattern})?"),
    "effect": re.compile(r"NoSchedule|PreferNoSchedule|NoExecute|"),
    "tolerationSeconds": re.compile(r"[0-9]{1,9}"),
}
_LIMIT_DEVICES = 1024
_LEAST_MEMORY_BYTES = 32 * 1024**2
_LIMIT_MEMORY_BYTES = 2**50
_LIMIT_VARIABLE_BYTES = 32 * 1024
_LIMIT_DEADLINE_S = 10 * 365 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class PodSite:
    """What a site decides for all notebook pods.

    Attributes
    ----------
    image, gpu_image
        For servers without and with devices whose profile names none.
    images
        What profiles may name beside these two.
    home_path
        Home folder in the image; the person's volume is mounted there.
    project_path
        Where the volume of the project is mounted; empty for no such volumes.
    grace_ms
        Time that a server has to save.
    """

    image: str
    gpu_image: str = ""
    images: tuple[str, ...] = ()
    home_path: str = "/home/jovyan"
    project_path: str = ""
    grace_ms: int = 20_000

    @property
    def allowed_images(self) -> frozenset[str]:
        """Every image that a notebook may run."""
        return frozenset({self.image, self.gpu_image, *self.images} - {""})


@dataclass(frozen=True, slots=True, kw_only=True)
class PodPlan:
    """What one attempt of a notebook's lease gets; every value has been checked.

    Attributes
    ----------
    name
        Of the pod and of its Secret; a hub that looks for what it may have made finds it by this.
    resource, devices
        Extended resource and how many; 0 for none.
    home_claim, project_claim
        Volume claims; empty for none.
    is_project_writable
        Whether the person may write to the volume of the project.
    deadline_s
        How long the pod lives even if hub and service are both away.
    """

    name: str
    labels: Mapping[str, str]
    image: str
    cpu_millis: int
    memory_bytes: int
    devices: int
    resource: str
    is_simulated: bool
    device_names: tuple[str, ...]
    node_labels: Mapping[str, str]
    tolerations: tuple[Mapping[str, Any], ...]
    env: Mapping[str, str]
    grace_s: int
    deadline_s: int
    home_path: str
    home_claim: str = ""
    project_path: str = ""
    project_claim: str = ""
    is_project_writable: bool = False
    token_variables: tuple[str, ...] = field(default=("JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN"))


def plan_pod(lease: Mapping[str, Any], site: PodSite, home_claim: str = "") -> PodPlan:
    """Return what the pod of a ready lease gets.

    Raises
    ------
    InvalidError
        ``pod_setting`` names what no pod can carry; ``placement_missing`` when the service tells
        this hub nothing of pods.
    RefusedError
        ``image_not_allowed``.
    """
    place = lease.get("placement")
    if not isinstance(place, Mapping):
        raise InvalidError("placement_missing", lease=_shown(lease.get("id")))
    devices = _whole(lease.get("devices", 0), "devices", 0, _LIMIT_DEVICES)
    is_simulated = bool(lease.get("is_simulated"))
    resource = _resource(place.get("resource", ""))
    longest_ms = _whole(place.get("longest_ms"), "longest_ms", 1, _LIMIT_DEADLINE_S * 1000)
    project = _text(lease.get("project_id"), "project_id", _NAME)
    return PodPlan(
        name=pod_name(lease),
        labels=pod_labels(
            lease=_text(lease.get("id"), "lease", _NAME),
            attempt=_attempt(lease),
            person=_text(place.get("person_id"), "person_id", _VALUE),
            project=project,
            kind="notebook",
            internet=_internet(place.get("internet", "off")),
        ),
        image=_image(place.get("image", ""), site, devices),
        cpu_millis=_whole(place.get("cpu_millis"), "cpu_millis", LEAST_CPU_MILLIS, MOST_CPU_MILLIS),
        memory_bytes=_whole(
            place.get("memory_bytes"), "memory_bytes", _LEAST_MEMORY_BYTES, _LIMIT_MEMORY_BYTES
        ),
        devices=devices if resource else 0,
        resource=resource if devices else "",
        is_simulated=is_simulated,
        device_names=_device_names(lease, devices) if is_simulated else (),
        node_labels=_node_labels(place.get("node_labels") or {}),
        tolerations=tuple(_toleration(one) for one in _list(place.get("tolerations"))),
        env=_env(place.get("env") or {}),
        grace_s=max(1, site.grace_ms // 1000),
        deadline_s=deadline_ms(longest_ms, site.grace_ms) // 1000,
        home_path=site.home_path,
        home_claim=home_claim,
        project_path=site.project_path,
        project_claim=project_claim(project) if site.project_path else "",
        is_project_writable=place.get("may_write") is True,
    )


def _internet(given: Any) -> Internet:
    try:
        return Internet(given)
    except ValueError as error:
        raise _unusable("internet", given) from error


def pod_name(lease: Mapping[str, Any]) -> str:
    """Return the name of the pod of a lease's present attempt, the same whoever asks."""
    return f"nb-{_text(lease.get('id'), 'lease', _NAME)}-{_attempt(lease)}"


def project_claim(project_id: str) -> str:
    """Return the name of the volume claim of a project."""
    return project_id if project_id.startswith("project-") else f"project-{project_id}"


def _attempt(lease: Mapping[str, Any]) -> int:
    return _whole(lease.get("attempt"), "attempt", 1, 10**6)


def _image(given: Any, site: PodSite, devices: int) -> str:
    usual = (site.gpu_image if devices else "") or site.image
    image = given or usual
    if not isinstance(image, str) or image not in site.allowed_images:
        raise RefusedError(
            "image_not_allowed", image=_shown(image), known=sorted(site.allowed_images)
        )
    return image


def _device_names(lease: Mapping[str, Any], devices: int) -> tuple[str, ...]:
    """Return the names of simulated devices; where the cluster gives none, as many as there are."""
    given = _list(lease.get("device_ids"))
    if given:
        return tuple(_text(one, "device_ids", _VALUE) for one in given)
    return tuple(f"sim-{number}" for number in range(devices))


def _resource(given: Any) -> str:
    if given == "":
        return ""
    domain, sign, name = given.partition("/") if isinstance(given, str) else ("", "", "")
    is_theirs = f".{domain}".endswith(".kubernetes.io") or domain.startswith("requests.")
    if not sign or is_theirs or not _DOMAIN.fullmatch(domain) or not _VALUE.fullmatch(name):
        raise _unusable("resource", given)
    return str(given)


def _node_labels(given: Any) -> dict[str, str]:
    if not isinstance(given, Mapping):
        raise _unusable("node_labels", given)
    for key, value in given.items():
        domain, sign, name = key.rpartition("/") if isinstance(key, str) else ("", "", "")
        is_key = bool(_VALUE.fullmatch(name)) and bool(not sign or _DOMAIN.fullmatch(domain))
        if not is_key or not isinstance(value, str) or (value and not _VALUE.fullmatch(value)):
            raise _unusable("node_labels", {key: value})
    return dict(given)


def _toleration(given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping) or not set(given) <= set(_TOLERATION):
        raise _unusable("tolerations", given)
    for key, value in given.items():
        is_number = isinstance(value, int) and not isinstance(value, bool)
        wanted = int if key == "tolerationSeconds" else str
        is_kind = is_number if wanted is int else isinstance(value, str)
        if not is_kind or not _TOLERATION[key].fullmatch(str(value)):
            raise _unusable("tolerations", given)
    if given.get("key"):
        _node_labels({given["key"]: ""})
    elif given.get("operator") != "Exists":
        raise _unusable("tolerations", given)
    if given.get("operator") == "Exists" and given.get("value"):
        raise _unusable("tolerations", given)
    if "tolerationSeconds" in given and given.get("effect") != "NoExecute":
        raise _unusable("tolerations", given)
    return dict(given)


def _env(given: Any) -> dict[str, str]:
    if not isinstance(given, Mapping):
        raise _unusable("env", given)
    for name, value in given.items():
        is_name = isinstance(name, str) and _VARIABLE.fullmatch(name)
        if not is_name or _RESERVED.fullmatch(name):
            raise _unusable("env", name)
        is_text = isinstance(value, str) and "\0" not in value and value.isprintable()
        if not is_text or len(value.encode()) > _LIMIT_VARIABLE_BYTES:
            # A value may be something that nobody else should read.
            raise InvalidError("pod_setting", setting=f"env.{name}", given="…")
    return dict(given)


def _text(given: Any, setting: str, form: re.Pattern[str]) -> str:
    if not isinstance(given, str) or not form.fullmatch(given):
        raise _unusable(setting, given)
    return given


def _whole(given: Any, setting: str, least: int, most: int) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not least <= given <= most:
        raise _unusable(setting, given)
    return given


def _list(given: Any) -> list[Any]:
    if given is None:
        return []
    if not isinstance(given, (list, tuple)):
        raise _unusable("list", given)
    return list(given)


def _unusable(setting: str, given: Any) -> InvalidError:
    return InvalidError("pod_setting", setting=setting, given=_shown(given))


def _shown(value: Any) -> str:
    return ascii(value)[:80]
