"""What zero-to-jupyterhub's chart takes, as far as our example for it says something.

Its chart comes from no package registry, so helm cannot render the example with it here. What is
written down are facts, read in the repository jupyterhub/zero-to-jupyterhub-k8s; a key of the
example that is not among them has not been looked up, and fails.

- Keys and kinds: ``jupyterhub/values.schema.yaml`` at 02dd73df01bdbb6d602fed21b0be12565ab38080.
  Which release that was is not known. Objects above these keys refuse unknown ones; objects and
  lists that are kinds here take any.
- What a value of ``extraEnv`` may be: ``jupyterhub.extraEnv`` in ``templates/_helpers.tpl`` at
  001c0b1381054e0e15b5f20ccf9dd275c2f21f2e: a text, or an EnvVar; the render fails with anything
  else, a number too.
- ``NAMES`` with the default ``fullnameOverride: ""``: ``templates/_helpers-names.tpl`` at
  0133a61d129a7cf4b1559af3aebafc10b34f1287; ports: ``templates/proxy/service.yaml`` at
  05839d78d7deef075d950791bab65f6ebb75ecb1 and ``templates/hub/service.yaml`` at
  03fa8badd2e407cea29447e167ccce3179368723.
"""

from collections.abc import Iterator, Mapping
from typing import Any

TAKES: dict[str, type] = {
    "hub.image.name": str,
    "hub.image.tag": str,
    "hub.extraEnv": dict,
    "hub.extraConfig": dict,
    "hub.networkPolicy.ingress": list,
    "proxy.chp.networkPolicy.egress": list,
    "singleuser.cloudMetadata.blockWithIptables": bool,
    "cull.enabled": bool,
}
TOGETHER = {"hub.image": ("name", "tag")}
"""What has no default, or one that belongs to the other: who says one says all."""

ENV_VAR = {"name", "value", "valueFrom"}
NAMES = {"hub": "http://hub.{namespace}:8081", "proxy-api": "http://proxy-api:8001"}


def troubles(values: Mapping[str, Any]) -> list[str]:
    """Return what that chart would refuse of values, or nobody has looked up."""
    found = [f"{path}: not looked up" for path in _unknown(values, "")]
    for path, kind in TAKES.items():
        given = at(values, path)
        if given is not None and type(given) is not kind:
            found.append(f"{path}: {type(given).__name__} and not {kind.__name__}")
    for path, names in TOGETHER.items():
        there = at(values, path)
        found += [f"{path}.{name}: lacking" for name in names if there and name not in there]
    for name, value in (at(values, "hub.extraEnv") or {}).items():
        if not isinstance(value, str) and not (isinstance(value, dict) and set(value) <= ENV_VAR):
            found.append(f"hub.extraEnv.{name}: neither a text nor an EnvVar")
    for name, value in (at(values, "hub.extraConfig") or {}).items():
        if not isinstance(value, str):
            found.append(f"hub.extraConfig.{name}: no text")
    return found


def at(values: Mapping[str, Any], path: str) -> Any:
    """Return the value at a path with dots; None when there is none."""
    found: Any = values
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _unknown(values: Mapping[str, Any], above: str) -> Iterator[str]:
    for key, value in values.items():
        path = f"{above}{key}"
        if path in TAKES:
            continue
        is_above = any(known.startswith(f"{path}.") for known in TAKES)
        if is_above and isinstance(value, Mapping):
            yield from _unknown(value, f"{path}.")
        else:
            yield path
