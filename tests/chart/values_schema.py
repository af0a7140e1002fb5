"""Makes values.schema.json of values.yaml: types by the defaults, descriptions by the comments.

values.yaml is the only place where a value is written down. What its default cannot tell (allowed
words, forms, which maps are free) stands in ``RULES`` here. Run it as a program to write the file;
a test compares it with what is committed, so that values, comments and schema say the same.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parent))

import policy_schema

CHART = Path(__file__).parents[2] / "helm" / "madang"
VALUES, SCHEMA = CHART / "values.yaml", CHART / "values.schema.json"

_ADDRESS = r"^(https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?/)?$"
_ENDPOINT = r"^(https?://[^\s]+)?$"
_NAME = r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$"
_NAMESPACE = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
_CIDR = r"^[0-9a-fA-F.:]+/[0-9]{1,3}$"
_IMAGE = r"^[a-z0-9]([a-z0-9._/:-]*[a-z0-9])?$"
_TAG = r"^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$"
_PINNED = r"^[a-z0-9][a-z0-9._/:-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*|@sha256:[0-9a-f]{64})$"
_QUANTITY = r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$"

_TEXTS: dict[str, Any] = {"additionalProperties": {"type": "string"}}
_AMOUNTS: dict[str, Any] = {"additionalProperties": {"type": ["string", "integer"]}}
_CIDRS: dict[str, Any] = {"items": {"type": "string", "pattern": _CIDR}}
_WORDS: dict[str, Any] = {"items": {"type": "string", "minLength": 1}}
_OPTIONAL_NAME: dict[str, Any] = {"pattern": f"^$|{_NAME}"}

RULES: dict[str, dict[str, Any]] = {
    "publicUrl": {"pattern": _ADDRESS},
    "dashboards.url": {"pattern": _ADDRESS},
    "existingHub.url": {"pattern": r"^(https?://[a-z0-9][a-z0-9.-]*:[0-9]{1,5})?$"},
    "existingHub.serviceAccount": {"pattern": _NAME},
    "images.registry": {"pattern": f"^$|{_IMAGE}"},
    "images.pullPolicy": {"enum": ["Always", "IfNotPresent", "Never"]},
    "images.*.repository": {"pattern": _IMAGE},
    "images.tag": {"pattern": _TAG, "not": {"const": "latest"}},
    "images.*.tag": {"pattern": _TAG, "minLength": 1, "not": {"const": "latest"}},
    "images.*.digest": {"pattern": r"^(sha256:[0-9a-f]{64})?$"},
    "login.kind": {"enum": ["shared", "oidc"]},
    "login.oidc.authorizeUrl": {"pattern": _ENDPOINT},
    "login.oidc.tokenUrl": {"pattern": _ENDPOINT},
    "login.oidc.userdataUrl": {"pattern": _ENDPOINT},
    "proxy.service.type": {"enum": ["ClusterIP", "NodePort", "LoadBalancer"]},
    "service.replicas": {"minimum": 1, "maximum": 9},
    "service.storage.accessMode": {"enum": ["ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany"]},
    "people.namespace": {"pattern": _NAMESPACE},
    "people.images": {"items": {"type": "string", "pattern": _PINNED}},
    "metrics.prometheusUrl": {"pattern": r"^(https?://[a-z0-9][a-z0-9.-]*(:[0-9]{1,5})?(/\S*)?)?$"},
    "metrics.serviceMonitor.interval": {"pattern": r"^[1-9][0-9]*(s|m)$"},
    "people.pods.clusterIdle": {"pattern": r"^[1-9][0-9]*(s|m|h|d)$"},
    "people.pods.checkpoints.accessMode": {"enum": ["ReadWriteOnce", "ReadWriteMany"]},
    "people.pods.cpuCount": {"type": "number", "minimum": 0.05, "maximum": 1024},
    **{
        f"people.pods.{name}": {"minimum": 1, "maximum": 4096}
        for name in ("memoryGib", "sharedMemoryGib", "scratchGib")
    },
    "network.database.port": {"minimum": 1, "maximum": 65535},
    # Files of ours, and Kubernetes' own kinds.
    "policy": policy_schema.policy(),
    "profiles": policy_schema.profiles(),
    "hub.config": {"additionalProperties": {"type": "object"}},
    "people.limits.default": _AMOUNTS,
    "people.limits.defaultRequest": _AMOUNTS,
    "people.quota": _AMOUNTS,
    "*.resources": {
        "additionalProperties": False,
        "properties": {name: {"type": "object", **_AMOUNTS} for name in ("requests", "limits")},
    },
    "*.annotations": _TEXTS,
    "*.labels": _TEXTS,
    "*.podLabels": _TEXTS,
    "*.proxyPodLabels": _TEXTS,
    "*.nodeSelector": _TEXTS,
    "*.tolerations": {
        "items": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                **{name: {"type": "string"} for name in ("key", "operator", "value", "effect")},
                "tolerationSeconds": {"type": "integer"},
            },
        }
    },
    "*.size": {"pattern": _QUANTITY},
    "people.project.size": {"pattern": f"^$|{_QUANTITY}"},
    "people.pods.checkpoints.size": {"pattern": f"^$|{_QUANTITY}"},
    "*.cidrs": _CIDRS,
    "*.except": _CIDRS,
    "*.allowList": _CIDRS,
    "*.ports": {"items": {"type": "integer", "minimum": 1, "maximum": 65535}},
    "*.pullSecrets": _WORDS,
    "*.scope": _WORDS,
    "*.allowedGroups": _WORDS,
    "*.adminGroups": _WORDS,
    **{
        path: _OPTIONAL_NAME
        for path in (
            "*.className", "*.existingSecret", "*.tlsSecret", "*.clientSecretName",
            "*.environmentSecret", "*.ingressNamespace", "*.metricsNamespace",
        )
    },
}  # fmt: skip

_KEY = re.compile(r"^(?P<indent> *)(?P<name>[A-Za-z][A-Za-z0-9-]*):")


def rule(path: str) -> dict[str, Any]:
    """Return what ``RULES`` says of a path: of itself, of its like, or of its last word."""
    middle = re.sub(r"^([^.]+)\.[^.]+\.", r"\1.*.", path)
    for name in (path, middle, f"*.{path.rpartition('.')[2]}"):
        if name in RULES:
            return RULES[name]
    return {}


def is_free(path: str) -> bool:
    """Tell whether the keys below a path are not ours to list."""
    return "additionalProperties" in rule(path)


def comments(text: str) -> dict[str, str]:
    """Return the comment right above each key, by path; keys of free maps have none."""
    found: dict[str, str] = {}
    above: list[str] = []
    parents: list[tuple[int, str]] = []
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("#"):
            above.append(stripped.lstrip("# ").strip())
            continue
        if match := _KEY.match(line):
            indent = len(match["indent"])
            parents = [(depth, name) for depth, name in parents if depth < indent]
            path = ".".join([*(name for _, name in parents), match["name"]])
            parents.append((indent, match["name"]))
            if not any(is_free(parent) for parent in _parents(path)):
                found[path] = " ".join(above)
        above = []
    return found


def _parents(path: str) -> list[str]:
    words = path.split(".")
    return [".".join(words[:count]) for count in range(1, len(words))]


def schema(text: str) -> dict[str, Any]:
    """Return the schema of a values file."""
    made = _of(yaml.safe_load(text), "", comments(text))
    # Helm gives it to every chart.
    made["properties"]["global"] = {"type": "object", "description": "Not used."}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def _of(value: Any, path: str, told: dict[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = {"description": told[path]} if path else {"title": "Values of madang"}
    if isinstance(value, dict) and not (path and is_free(path)):
        keys = {key: _of(one, f"{path}.{key}".lstrip("."), told) for key, one in value.items()}
        return {**made, "type": "object", "additionalProperties": False, "properties": keys}
    kinds = {bool: "boolean", int: "integer", str: "string", list: "array", dict: "object"}
    return {**made, "type": kinds[type(value)], **rule(path)}


def written(made: dict[str, Any]) -> str:
    """Return the schema as its file holds it."""
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(written(schema(VALUES.read_text("utf-8"))), "utf-8")
    sys.stdout.write(f"{SCHEMA}\n")
