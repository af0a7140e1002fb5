"""What devices of a cluster do, as NVIDIA's DCGM exporter tells Prometheus.

A pod is known by its name, which begins with lease and attempt. Devices here are numbers of their
flavor, so the readings of an attempt's pods go to its numbers in one order. Without Prometheus, or
for a device that it does not know, a reading is None: unmetered, never zero.

Metrics (DCGM exporter 4.8): ``DCGM_FI_PROF_GR_ENGINE_ACTIVE``, a share from 0 to 1 that is right
for slices too, and ``DCGM_FI_DEV_FB_USED`` in MiB.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from madang.engines.ports import Sample

ACTIVE = "DCGM_FI_PROF_GR_ENGINE_ACTIVE"
MEMORY = "DCGM_FI_DEV_FB_USED"
MIB = 1024**2
ASK_S = 5.0
MAX_BYTES = 64 * MIB

_POD = re.compile(r"(lease-[0-9a-z]+)-(\d+)(?:-.*)?", re.ASCII)
# An exporter that Prometheus reads by way of its own pod has the names of the users' pods moved.
_POD_LABELS = ("exported_pod", "pod")
_SPACE_LABELS = ("exported_namespace", "namespace")

_Key = tuple[str, int]
_Reading = tuple[int | None, int | None]


class KubernetesMeter:
    """The port ``Meter`` over Prometheus.

    Parameters
    ----------
    url
        Address of Prometheus; empty where there is none.
    namespace
        Where people's pods are.
    """

    def __init__(self, url: str, namespace: str) -> None:
        self._url, self._namespace = url.rstrip("/"), namespace

    async def read(
        self, holders: Mapping[str, _Key], busy: Mapping[str, bool], now_ms: int
    ) -> Sequence[Sample]:
        """Read each held device; what is not known is unmetered."""
        del busy
        if not self._url:
            # Unmetered as well, without a reading of nothing for each of all devices.
            return []
        found = await self._readings() if holders else {}
        samples = []
        for device_id, key in sorted(holders.items()):
            left = found.get(key)
            utilisation, memory = left.pop(0) if left else (None, None)
            samples.append(
                Sample(
                    lease_id=key[0],
                    attempt=key[1],
                    device_id=device_id,
                    at_ms=now_ms,
                    utilisation_percent=utilisation,
                    memory_bytes=memory,
                )
            )
        return samples

    async def _readings(self) -> dict[_Key, list[_Reading]]:
        query = f'{{__name__=~"{ACTIVE}|{MEMORY}"}}'
        try:
            async with httpx.AsyncClient(timeout=ASK_S, follow_redirects=False) as client:
                answer = await client.get(f"{self._url}/api/v1/query", params={"query": query})
            answer.raise_for_status()
            if len(answer.content) > MAX_BYTES:
                return {}
            rows = answer.json()["data"]["result"]
            return readings(rows, self._namespace)
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return {}


def readings(rows: Sequence[Mapping[str, Any]], namespace: str) -> dict[_Key, list[_Reading]]:
    """Return (utilisation in percent, memory in bytes) of each device, by attempt.

    Parameters
    ----------
    rows
        ``result`` of an instant query: ``{"metric": {labels}, "value": [time, "text"]}``.
    """
    devices: dict[_Key, dict[tuple[str, ...], dict[str, float]]] = defaultdict(dict)
    for row in rows:
        labels = row["metric"]
        pod = _POD.fullmatch(_first(labels, _POD_LABELS))
        value = float(row["value"][1])
        if pod is None or _first(labels, _SPACE_LABELS) != namespace or value != value:
            continue
        device = tuple(str(labels.get(name, "")) for name in ("UUID", "GPU_I_ID", "Hostname"))
        of_attempt = devices[(pod[1], int(pod[2]))]
        of_attempt.setdefault(device, {})[str(labels.get("__name__"))] = value
    return {
        key: [_reading(values) for _, values in sorted(found.items())]
        for key, found in devices.items()
    }


def _reading(values: Mapping[str, float]) -> _Reading:
    active, used = values.get(ACTIVE), values.get(MEMORY)
    percent = None if active is None else round(100 * min(max(active, 0.0), 1.0))
    return percent, None if used is None else max(0, int(used * MIB))


def _first(labels: Mapping[str, Any], names: Sequence[str]) -> str:
    return next((str(labels[name]) for name in names if labels.get(name)), "")
