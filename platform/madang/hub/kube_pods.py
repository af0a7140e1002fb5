"""Manifests of a notebook's pod, its Secret and its project's volume: data in, data out. Pure.

A pod begins as what KubeSpawner makes of a site's own settings. :func:`hardened` then lays our part
over it, last of all, so that no setting and no hook leaves a container with a security context that
Pod Security ``restricted`` refuses, or a token where everybody who may list pods can read it. What
else a site adds (a host path, say) the API server judges; nothing of a person's gets there.
"""

import base64
import copy
from collections.abc import Mapping
from typing import Any

from madang.domain.pod_labels import PROJECT
from madang.hub.kube_plan import PodPlan
from madang.units import cpu_text

_HOME = "madang-home"
_PROJECT = "madang-project"
_TOKEN_KEY = "token"  # noqa: S105 - the name of a key, no secret

CONTAINER = "notebook"
"""Name of the container that the server runs in, as KubeSpawner has it."""


def hardened(pod: Mapping[str, Any], plan: PodPlan) -> dict[str, Any]:
    """Return the pod of a plan, made of what KubeSpawner and the site's hooks gave."""
    made = copy.deepcopy(dict(pod))
    meta = made.setdefault("metadata", {})
    meta["name"] = plan.name
    meta["labels"] = {**(meta.get("labels") or {}), **plan.labels}
    spec = made["spec"]
    spec["restartPolicy"] = "Never"
    spec["automountServiceAccountToken"] = False
    # Names and addresses of everybody's services are nothing that a notebook needs to inherit.
    spec["enableServiceLinks"] = False
    spec["terminationGracePeriodSeconds"] = plan.grace_s
    spec["activeDeadlineSeconds"] = plan.deadline_s
    spec["nodeSelector"] = {**(spec.get("nodeSelector") or {}), **plan.node_labels}
    spec["tolerations"] = [*(spec.get("tolerations") or []), *map(dict, plan.tolerations)]
    spec["securityContext"] = _pod_security(spec.get("securityContext") or {})
    for kind in ("containers", "initContainers", "ephemeralContainers"):
        for container in spec.get(kind) or []:
            container["securityContext"] = _security(container.get("securityContext") or {})
    notebook = _notebook(spec)
    notebook["image"] = plan.image
    notebook["resources"] = _resources(notebook.get("resources") or {}, plan)
    notebook["env"] = _env(notebook.get("env") or [], plan)
    # What a server wrote last before it died is then told with its end; nobody needs its log.
    notebook["terminationMessagePolicy"] = "FallbackToLogsOnError"
    _mount(spec, notebook, plan)
    return made


def _notebook(spec: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in spec["containers"] if one["name"] == CONTAINER)
    return found


def _pod_security(given: Mapping[str, Any]) -> dict[str, Any]:
    kept = {
        "fsGroup",
        "fsGroupChangePolicy",
        "runAsGroup",
        "runAsUser",
        "supplementalGroups",
        "supplementalGroupsPolicy",
    }
    seccomp = {"type": "RuntimeDefault"}
    return {**_chosen(given, kept), "runAsNonRoot": True, "seccompProfile": seccomp}


def _security(given: Mapping[str, Any]) -> dict[str, Any]:
    # A container's own word overrides the pod's, so it keeps none about root and seccomp.
    kept = _chosen(given, {"runAsGroup", "runAsUser", "readOnlyRootFilesystem"})
    return {**kept, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def _chosen(given: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    is_root = given.get("runAsUser") == 0
    return {
        key: value
        for key, value in given.items()
        if key in names and not (is_root and key == "runAsUser")
    }


def _resources(given: Mapping[str, Any], plan: PodPlan) -> dict[str, Any]:
    size = {"cpu": cpu_text(plan.cpu_millis), "memory": str(plan.memory_bytes)}
    if plan.resource:
        size[plan.resource] = str(plan.devices)
    return {
        **given,
        "limits": {**(given.get("limits") or {}), **size},
        "requests": {**(given.get("requests") or {}), **size},
    }


def _env(given: list[dict[str, Any]], plan: PodPlan) -> list[dict[str, Any]]:
    ours = {**{name: _literal(value) for name, value in plan.env.items()}, **_device_env(plan)}
    taken = {*plan.token_variables, *ours}
    kept = [
        {**one, "value": _literal(one["value"])}
        if one["name"].startswith(("JUPYTERHUB_", "MADANG_")) and one.get("value")
        else one
        for one in given
        if one["name"] not in taken
    ]
    tokens = [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": plan.name, "key": _TOKEN_KEY}}}
        for name in plan.token_variables
    ]
    return [*kept, *({"name": name, "value": value} for name, value in ours.items()), *tokens]


def _literal(value: str) -> str:
    """Return a text that Kubernetes takes as it stands: ``$(NAME)`` is another value to it."""
    return value.replace("$(", "$$(")


def _device_env(plan: PodPlan) -> dict[str, str]:
    if plan.resource and not plan.is_simulated:
        # The device plugin says which; what we said would be in its way.
        return {"MADANG_SIMULATED_GPUS": ""}
    return {
        "MADANG_SIMULATED_GPUS": ",".join(plan.device_names),
        "CUDA_VISIBLE_DEVICES": "",
        # On a node whose runtime is NVIDIA's, an image that says "all" would see all of them.
        "NVIDIA_VISIBLE_DEVICES": "void",
    }


def _mount(spec: dict[str, Any], notebook: dict[str, Any], plan: PodPlan) -> None:
    mounts = list(notebook.get("volumeMounts") or [])
    volumes = list(spec.get("volumes") or [])
    taken = {str(mount["mountPath"]).rstrip("/") for mount in mounts}
    wanted = [
        (_HOME, plan.home_claim, plan.home_path, False),
        (_PROJECT, plan.project_claim, plan.project_path, not plan.is_project_writable),
    ]
    for name, claim, path, is_read_only in wanted:
        # A site that mounts something of its own there has chosen.
        if not claim or not path or path.rstrip("/") in taken:
            continue
        source = {"claimName": claim, "readOnly": is_read_only}
        volumes.append({"name": name, "persistentVolumeClaim": source})
        mounts.append({"name": name, "mountPath": path, "readOnly": is_read_only})
    spec["volumes"] = volumes
    notebook["volumeMounts"] = mounts


def token_secret(plan: PodPlan, token: str, pod_uid: str) -> dict[str, Any]:
    """Return the Secret of a pod; it goes when the pod goes."""
    owner = {"apiVersion": "v1", "kind": "Pod", "name": plan.name, "uid": pod_uid}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": plan.name,
            "labels": dict(plan.labels),
            "ownerReferences": [owner],
        },
        "immutable": True,
        "type": "Opaque",
        "stringData": {_TOKEN_KEY: token},
    }


def token_of(secret: Mapping[str, Any]) -> str:
    """Return the token in a Secret of :func:`token_secret`; empty when there is none."""
    return base64.b64decode((secret.get("data") or {}).get(_TOKEN_KEY, "")).decode()


def project_volume(plan: PodPlan, storage: str, storage_class: str) -> dict[str, Any]:
    """Return the volume claim that all servers of a project share, on whatever nodes they are."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": plan.project_claim,
            "labels": {PROJECT: plan.labels[PROJECT]},
        },
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "resources": {"requests": {"storage": storage}},
            **({"storageClassName": storage_class} if storage_class else {}),
        },
    }


def is_pod_of(pod: Mapping[str, Any], plan_labels: Mapping[str, str]) -> bool:
    """Tell whether a pod is the one of this lease and this attempt."""
    labels = pod.get("metadata", {}).get("labels") or {}
    return all(labels.get(key) == value for key, value in plan_labels.items())
