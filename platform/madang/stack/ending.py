"""Closes the house: ends all leases, then every process that is left of one.

Only ``down`` and a deliberate end of ``up`` come here; the death of a part never does.
"""

import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from madang import shim
from madang.settings.home import Home

_ASK_LIMIT_S = 20.0
_SETTLE_LIMIT_S = 15.0
_STEP_S = 0.1
_WAITING = ("queued",)


def end_leases(service_url: str, token: str, admin: str) -> int:
    """Ask the service to end all leases; returns how many were asked for, 0 when it is away.

    Those that wait go first, so that nothing is admitted to the devices that the others free.
    """
    headers = {"Authorization": f"token {token}", "X-Madang-Person": admin}
    ended = 0
    with httpx.Client(trust_env=False, timeout=5, headers=headers) as http:
        deadline = time.monotonic() + _ASK_LIMIT_S
        try:
            leases = _open_leases(http, service_url)
            leases.sort(key=lambda lease: lease.get("state") not in _WAITING)
            for lease in leases:
                if time.monotonic() > deadline:
                    break
                answer = http.delete(f"{service_url}/api/v1/leases/{quote(str(lease['id']))}")
                ended += answer.status_code < 400
        except (httpx.HTTPError, ValueError):
            return ended
    return ended


def wait_settled(service_url: str, token: str, admin: str) -> bool:
    """Wait until the service has settled what ended, so that the ledger is complete at the end.

    Returns
    -------
    bool
        Whether it has; one that is away settles at its next start.
    """
    headers = {"Authorization": f"token {token}", "X-Madang-Person": admin}
    deadline = time.monotonic() + _SETTLE_LIMIT_S
    with httpx.Client(trust_env=False, timeout=5, headers=headers) as http:
        while time.monotonic() < deadline:
            try:
                if not _open_leases(http, service_url):
                    return True
            except (httpx.HTTPError, ValueError):
                return False
            time.sleep(_STEP_S)
    return False


def _open_leases(http: httpx.Client, service_url: str) -> list[dict[str, Any]]:
    answer = http.get(f"{service_url}/api/v1/leases")
    answer.raise_for_status()
    data = answer.json()
    found = data.get("leases") or [] if isinstance(data, dict) else data
    return [lease for lease in found if lease.get("state") != "ended"]


def live_records(home: Home) -> list[Path]:
    """Return the record folders of processes that run now."""
    if not home.attempts.is_dir():
        return []
    found = []
    for record in home.attempts.glob("*/*"):
        known = shim.read(record) if record.is_dir() else None
        if known is not None and known.is_alive:
            found.append(record)
    return found


def end_attempts(home: Home, grace_ms: int) -> int:
    """End every process of every lease through its keeper, and wait; returns how many there were.

    What outlived its keeper is found by its marker and ended too.
    """
    records = live_records(home)
    for record in records:
        shim.stop(record, grace_ms)
    deadline = time.monotonic() + grace_ms / 1000 + 15
    left = records
    while left and time.monotonic() < deadline:
        left = [record for record in left if (known := shim.read(record)) and known.is_alive]
        if left:
            time.sleep(_STEP_S)
    strays = {record for _, record in shim.strays(home.attempts)}
    return len(records) + sum(shim.sweep(record) for record in strays)
