"""Views as the services return them, for tests of the pages."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from madang.units import MS_PER_HOUR, now_ms

CREDIT = 1_000_000
MINUTE = 60_000


def standing(now: int, position: int = 3, waiting: int = 7, **changes: Any) -> dict[str, Any]:
    return {
        "position": position,
        "waiting": waiting,
        "reason": "devices_busy",
        "reason_text": "All H200 are in use; the next is expected back in 25 minutes.",
        "expected_ms": now + 25 * MINUTE,
        "earliest_ms": now + 10 * MINUTE,
        "latest_ms": now + 50 * MINUTE,
        "devices_free": 0,
    } | changes


def lease(now: int, number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"lease-{number:026d}",
        "kind": "notebook",
        "class": "interactive",
        "name": "",
        "project": "vision",
        "project_id": "project-1",
        "person": "jimin",
        "flavor": "sim-h200",
        "devices": 1,
        "profile": "one",
        "state": "active",
        "target": "run",
        "reason": None,
        "reason_text": "",
        "reason_hint": "",
        "why": "",
        "attempt": 1,
        "submitted_ms": now - 90 * MINUTE,
        "admitted_ms": now - 80 * MINUTE,
        "started_ms": now - 78 * MINUTE,
        "ended_ms": None,
        "limit_ms": 4 * MS_PER_HOUR,
        "expires_ms": now + 162 * MINUTE,
        "claim_by_ms": None,
        "claimed": True,
        "held_back": False,
        "turns_missed": 0,
        "rate_microcredits": CREDIT,
        "device_ids": ["sim-0"],
        "is_simulated": True,
        "reserved_microcredits": CREDIT // 4,
        "held_device_ms": 78 * MINUTE,
        "charged_microcredits": 1_300_000,
        "samples": [
            {"at_ms": now - (20 - n) * 15_000, "percent": None if n == 7 else 40 + n}
            for n in range(20)
        ],
        "standing": None,
        "cluster": "",
        "environment": None,
        "utilisation_percent": 72,
        "can_manage": True,
        "ready": True,
        "start_without_me": False,
        "asked_before": None,
        "alternatives": [],
        "version": "7",
    } | changes


def queued(now: int, number: int, **changes: Any) -> dict[str, Any]:
    fresh = {
        "state": "queued",
        "attempt": 0,
        "admitted_ms": None,
        "started_ms": None,
        "expires_ms": None,
        "claimed": False,
        "held_device_ms": 0,
        "charged_microcredits": 0,
        "utilisation_percent": None,
        "ready": False,
        "standing": standing(now),
    }
    return lease(now, number, **(fresh | changes))


def run(now: int, number: int, **changes: Any) -> dict[str, Any]:
    return {
        "version": "v1",
        "id": f"run-{number:026d}",
        "name": f"lr-sweep {number}",
        "project": "vision",
        "person": "jimin",
        "state": "running",
        "reason": "",
        "reason_text": "",
        "parameters": {"learning_rate": 0.01, "epochs": 20, "seed": number, "data": "cifar10"},
        "recorded": {"loss": 0.25, "<b>note</b>": "<i>hi</i>"},
        "flavor": "sim-h200",
        "devices": 1,
        "limit_ms": MS_PER_HOUR,
        "notebook_sha256": "5ca1ab1e" * 8,
        "submitted_ms": now - 30 * MINUTE,
        "started_ms": now - 12 * MINUTE,
        "ended_ms": None,
        "cells_done": 7,
        "cells_total": 18,
        "resumed_after": 3,
        "kept_cell": 6,
        "error": None,
        "lease": "lease-1",
        "sweep": "",
        "origin": "",
        "reused_from": "",
        "priority": 0,
        "after": [{"id": "run-9", "name": "prepare", "state": "running"}],
        "attempt": 1,
        "has_output": False,
        "output_deleted_ms": None,
        "output_deleted_text": "",
        "held_device_ms": 12 * MINUTE,
        "charged_microcredits": 200_000,
        "standing": None,
        "waits_for": None,
        "environment": None,
        "can_manage": True,
    } | changes


def sweep(now: int, number: int, **changes: Any) -> dict[str, Any]:
    counts = {"queued": 60, "running": 2, "succeeded": 35, "failed": 2, "cancelled": 0}
    return {
        "version": "v1",
        "id": f"sweep-{number:026d}",
        "name": f"grid {number}",
        "project": "vision",
        "person": "jimin",
        "state": "running",
        "is_paused": False,
        "counts": counts | {"expired": 1},
        "runs": 100,
        "runs_done": 38,
        "max_parallel": 4,
        "runs_per_device": 1,
        "priority": 2,
        "origin": f"sweep-{number + 1:026d}",
        "reused": 12,
        "after": [{"id": "sweep-9", "name": "", "state": "queued"}],
        "flavor": "sim-h200",
        "devices": 1,
        "limit_ms": MS_PER_HOUR,
        "notebook_sha256": "5ca1ab1e" * 8,
        "environment": None,
        "submitted_ms": now - 30 * MINUTE,
        "ended_ms": None,
        "expected_end_ms": now + 25 * MINUTE,
        "held_device_ms": 38 * MINUTE,
        "charged_microcredits": 700_000,
        "shared": {"runs": 30, "times": 2, "saved_ms": 56 * MINUTE},
        "fresh": [{"reason": "threads", "reason_text": "threads were running.", "runs": 8}],
        "standing": None,
        "waits_for": None,
        "can_manage": True,
        "is_mine": True,
        "notify": None,
    } | changes


def sweep_page(now: int) -> dict[str, Any]:
    keys = ("id", "state", "reason", "reason_text", "parameters", "cells_done", "cells_total")
    more = ("attempt", "started_ms", "ended_ms", "charged_microcredits", "error", "has_output")
    more = (*more, "reused_from", "recorded")
    error = {"cell": 8, "name": "ValueError", "value": "batch must be > 0"}
    runs = [run(now, 1), run(now, 2, state="failed", error=error), run(now, 3, state="queued")]
    rows = [{key: row[key] for key in (*keys, *more)} | {"fresh_text": ""} for row in runs]
    took = (12 * MINUTE, 3 * MINUTE, None)
    return {
        "total": 120,
        "offset": 0,
        "parameter_names": ["learning_rate"],
        "recorded_names": ["loss", "<b>note</b>"],
        "rows": [row | {"position": n, "duration_ms": took[n]} for n, row in enumerate(rows)],
    }


def schedule(now: int, number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"schedule-{number:026d}",
        "name": f"nightly <{number}>",
        "project": "vision",
        "person": "jimin",
        "kind": "sweep",
        "cron": "0 2 * * *",
        "when_text": "every day at 02:00",
        "timezone": "Asia/Seoul",
        "overlap": False,
        "paused_for": "",
        "paused_text": "",
        "next_ms": [now + 60 * MINUTE],
        "next_text": ["Tue 2026-09-22 02:00 KST"],
        "failures": 0,
        "last_ms": now - 60 * MINUTE,
        "last_id": f"sweep-{1:026d}",
        "last_state": "succeeded",
        "last_problem": "",
        "last_problem_text": "",
        "was_late": False,
        "is_mine": True,
    } | changes


def middle(least: float, median: float, most: float) -> dict[str, Any]:
    return {"count": 2, "least": least, "median": median, "most": most}


def compared() -> dict[str, Any]:
    return {
        "names": ["<loss>"],
        "medians": [[middle(1_000, 2_000, 3_000), None], [middle(0.5, 1, 2)] * 2],
        "offset": 0,
        "matched": 60,
        "only_first": 3,
        "only_second": 0,
        "pairs": [
            {
                "parameters": {"lr": "<0.1>"},
                "positions": [0, 4],
                "values": [[2_000, 1.5], [1_000, None]],
            }
        ],
    }


def pool(**changes: Any) -> dict[str, Any]:
    return {
        "flavors": [
            flavor("sim-h200", "NVIDIA H200 (simulated)", 8, 2, 3, CREDIT),
            flavor("cpu", "CPU only", 0, 0, 0, 0),
        ],
        "strategy": "madang",
        "active": 3,
        "waiting": 3,
        "now_ms": now_ms(),
        "login_is_shared": True,
        "isolation_is_unproved": False,
    } | changes


def flavor(name: str, title: str, total: int, free: int, waiting: int, rate: int) -> dict[str, Any]:
    return {
        "name": name,
        "title": title,
        "devices_total": total,
        "devices_free": free,
        "waiting": waiting,
        "rate_microcredits": rate,
        "is_simulated": name.startswith("sim"),
    }


def queue(now: int) -> dict[str, Any]:
    def waiting(position: int, **changes: Any) -> dict[str, Any]:
        return {
            "position": position,
            "mine": False,
            "lease_id": "",
            "project": "climate",
            "person": "",
            "devices": 2,
            "kind": "cluster",
            "class": "interactive",
            "reason": "devices_busy",
            "reason_text": "Waits until 2 GPUs are free together.",
            "submitted_ms": now - position * 9 * MINUTE,
            "expected_ms": now + position * 22 * MINUTE,
            "earliest_ms": now + position * 12 * MINUTE,
            "latest_ms": now + position * 48 * MINUTE,
        } | changes

    def running(person: str, hours: float, **changes: Any) -> dict[str, Any]:
        return {
            "project": "vision",
            "person": person,
            "devices": 1,
            "kind": "notebook",
            "started_ms": now - 40 * MINUTE,
            "expires_ms": now + int(hours * MS_PER_HOUR),
            "mine": person == "jimin",
        } | changes

    return {
        "flavors": [
            {
                "name": "sim-h200",
                "title": "NVIDIA H200 (simulated)",
                "devices_total": 8,
                "devices_free": 2,
                "waiting_total": 3,
                "running_total": 3,
                "waiting": [
                    waiting(1),
                    waiting(
                        2,
                        mine=True,
                        lease_id=f"lease-{2:026d}",
                        project="vision",
                        person="jimin",
                        kind="notebook",
                        devices=4,
                    ),
                    waiting(3, kind="slot", **{"class": "batch"}, expected_ms=None),
                ],
                "running": [
                    running("jimin", 2.7),
                    running("seoyeon", 0.4),
                    running("", 1.5, project="climate", kind="cluster", devices=4),
                ],
            },
            {
                "name": "cpu",
                "title": "CPU only",
                "devices_total": 0,
                "devices_free": 0,
                "waiting_total": 0,
                "running_total": 0,
                "waiting": [],
                "running": [],
            },
        ],
        "strategy": "madang",
        "now_ms": now,
    }


def usage(now: int) -> dict[str, Any]:
    hour = MS_PER_HOUR
    shape = [3, 6, 0, 9, 14, 11, 2, 1, 12, 16, 18, 9, 13, 4]
    days = [
        {
            "day": _day(now, len(shape) - 1 - index),
            "held_device_ms": hours * hour,
            "used_device_ms": int(hours * hour * (0.35 + 0.04 * (index % 9))),
            "microcredits": hours * CREDIT,
        }
        for index, hours in enumerate(shape)
        if hours
    ]
    held = sum(row["held_device_ms"] for row in days)
    used = sum(row["used_device_ms"] for row in days)
    return {
        "from_ms": now - 13 * 24 * hour,
        "to_ms": now,
        "projects": [
            {
                "id": "project-1",
                "name": "vision",
                "title": "Vision Lab",
                "granted": 200 * CREDIT,
                "used": 118 * CREDIT,
                "reserved": 9_250_000,
                "left": 72_750_000,
                "overrun": 0,
                "held_device_ms": held,
                "used_device_ms": used,
                "unmetered_device_ms": 3 * hour,
                "by_person": [
                    {
                        "person": person,
                        "held_device_ms": held * share // 100,
                        "used_device_ms": used * share // 100,
                        "microcredits": 118 * CREDIT * share // 100,
                    }
                    for person, share in (("seoyeon", 31), ("jimin", 55), ("minjun", 14))
                ],
                "by_kind": [
                    {"kind": "notebook", "held_device_ms": held // 2, "microcredits": 59 * CREDIT},
                    {"kind": "cluster", "held_device_ms": held // 3, "microcredits": 40 * CREDIT},
                    {"kind": "slot", "held_device_ms": held // 6, "microcredits": 19 * CREDIT},
                ],
                "by_day": days,
                "by_person_day": [
                    {
                        "person": person,
                        "days": {row["day"]: row["held_device_ms"] // 2 for row in days},
                    }
                    for person in ("jimin", "seoyeon")
                ],
            },
            {
                "id": "project-2",
                "name": "open",
                "title": "",
                "granted": 10 * CREDIT,
                "used": 0,
                "reserved": 0,
                "left": 10 * CREDIT,
                "overrun": 0,
                "held_device_ms": 0,
                "used_device_ms": 0,
                "unmetered_device_ms": 0,
                "by_person": [],
                "by_kind": [],
                "by_day": [],
                "by_person_day": [],
            },
        ],
        "head_hash": "9f2c4e1ab7d05836e1f09c7714ad2bb35ce06cf2b6b40b0ce0d4a1790d6c8aa1",
        "head_seq": 1482,
        "zone": "Asia/Seoul",
        "login_is_shared": True,
    }


def _day(now: int, ago: int) -> str:
    today = datetime.fromtimestamp(now / 1000, ZoneInfo("Asia/Seoul")).date()
    return (today - timedelta(days=ago)).isoformat()


def me() -> dict[str, Any]:
    def project(name: str, title: str, role: str, left: int, granted: int) -> dict[str, Any]:
        return {
            "name": name,
            "title": title,
            "role": role,
            "tier": "research",
            "left_microcredits": left,
            "granted_microcredits": granted,
        }

    return {
        "person": "jimin",
        "is_admin": False,
        "projects": [
            project("vision", "Vision Lab", "member", 72_750_000, 200 * CREDIT),
            project("audit", "Audit", "auditor", 400_000, 10 * CREDIT),
        ],
    }


def waits(now: int) -> dict[str, Any]:
    days = [
        {"day": f"2026-11-{n:02d}", "count": n % 3, "median_ms": None, "long_ms": None}
        if n % 3 == 0
        else {
            "day": f"2026-11-{n:02d}",
            "count": n % 3,
            "median_ms": n * 9_000,
            "long_ms": n * 40_000,
        }
        for n in range(1, 15)
    ]
    return {
        "days": days,
        "count": 14,
        "median_ms": 60_000,
        "long_ms": 400_000,
        "zone": "Asia/Seoul",
    }


def project(now: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": "project-1",
        "name": "vision",
        "title": "Computer vision",
        "role": "owner",
        "tier": "research",
        "quota": {"sim-h200": 2},
        "left_microcredits": 40 * CREDIT,
        "granted_microcredits": 50 * CREDIT,
        "used_microcredits": 9 * CREDIT,
        "reserved_microcredits": CREDIT,
        "overrun_microcredits": 0,
        "weight": 1,
        "is_open": True,
        "zone": "Asia/Seoul",
        "max_hours": 48,
        "max_devices_person": None,
        "max_devices_project": 4,
        "members": [
            {"person": "jimin", "role": "owner", "is_me": True},
            {"person": "bora", "role": "viewer", "is_me": False},
        ],
        "grants": [
            {
                "id": "grant-1",
                "amount_microcredits": 50 * CREDIT,
                "from_ms": now - MS_PER_HOUR,
                "until_ms": now + 900 * MS_PER_HOUR,
                "note": "first year",
                "is_current": True,
            }
        ],
        "can_manage": True,
        "can_grant": True,
    } | changes


def cluster(now: int, **changes: Any) -> dict[str, Any]:
    held = lease(now, 9, kind="cluster", name="etl", cluster="cluster-1", devices=2)
    return {
        "id": "cluster-1",
        "name": "etl",
        "project": "vision",
        "person": "jimin",
        "lease": held,
        "workers": 2,
        "gpus_per_worker": 1,
        "threads_per_worker": 1,
        "state": "active",
        "dashboard_url": "http://127.0.0.1:1/",
        "address": "tls://127.0.0.1:2",
        "created_ms": now - MS_PER_HOUR,
        "ready": True,
        "facts": {
            "workers": 2,
            "cores": 2,
            "tasks": 30,
            "processing": 4,
            "waiting": 6,
            "memory": 12,
            "erred": 1,
            "bytes": 123_456_789,
            "named": [
                {
                    "name": "worker-0",
                    "address": "tls://127.0.0.1:3",
                    "threads": 2,
                    "memory_bytes": 3 * 2**30,
                    "limit_bytes": 4 * 2**30,
                    "cpu_percent": 97,
                    "processing": 4,
                }
            ],
        },
    } | changes


def overview(now: int) -> dict[str, Any]:
    device = {"id": "sim-0", "is_healthy": True, "lease": "lease-1", "person": "jimin"}
    device |= {"project": "vision", "kind": "notebook", "since_ms": now - MS_PER_HOUR}
    device |= {"utilisation_percent": 80, "memory_bytes": 30 * 2**30}
    device |= {"is_out": False, "out_reason": "", "out_by": "", "out_since_ms": None}
    free = dict.fromkeys(device, "") | {"id": "sim-1", "is_healthy": False, "is_out": True}
    free |= {"out_reason": "fan is loud", "out_by": "root", "out_since_ms": now - MS_PER_HOUR}
    free |= {"since_ms": None, "utilisation_percent": None, "memory_bytes": None}
    flavor = {"name": "sim-h200", "title": "H200", "is_simulated": True, "devices": [device, free]}
    leases = [lease(now, 1), queued(now, 2)]
    gone = [{**free, "id": "GPU-pulled", "out_reason": "broken"}]
    trouble = {"kind": "edited", "target": "clusterqueues/madang-vision", "said": "conflict"}
    trouble |= {"text": "Changed by hand.", "next_step": "Delete it."}
    shown = {"flavors": [flavor], "gone": gone, "leases": leases, "troubles": [trouble]}
    return shown | {"now_ms": now}


def people(now: int) -> list[dict[str, Any]]:
    row = {"id": "person-2", "person": "bora", "is_admin": False, "left_ms": None}
    row |= {"projects": [{"name": "vision", "role": "viewer"}], "devices_held": 1, "waiting": 0}
    gone = {**row, "id": "person-3", "person": "chan", "left_ms": now, "projects": []}
    return [row, gone]


def audit(now: int) -> dict[str, Any]:
    row = {"id": "act-1", "at_ms": now - MS_PER_HOUR, "person": "root", "act": "member.set"}
    row |= {"target": "project-1", "target_name": "vision", "reason": "joins the lab"}
    row |= {"details": {"person": "bora", "to": "viewer"}}
    return {"acts": ["member.set", "newer.act"], "total": 1, "rows": [row]}


def public(now: int) -> dict[str, Any]:
    flavor = {"name": "h200", "title": "H200", "devices_total": 8, "devices_free": 3}
    flavor |= {"is_simulated": False, "waiting": 2, "median_wait_ms": 90_000}
    few = {**flavor, "name": "mig", "title": "MIG", "median_wait_ms": None}
    return {"flavors": [flavor, few], "days": 7, "now_ms": now}


def notices(now: int, **changes: Any) -> dict[str, Any]:
    return {
        "mail": "jimin@lab.kr",
        "webhook_url": "https://hook.example.org/x",
        "webhook_secret": "key-of-the-signature",
        "lang": "ko",
        "kinds": ["turn", "run"],
        "known_kinds": ["turn", "ended", "ending", "run", "budget"],
        "mail_possible": True,
        "latest": {
            "mail": {"state": "sent", "problem_text": ""},
            "webhook": {"state": "waiting", "problem_text": "no answer in time"},
        },
        "recent": [
            {
                "id": "notice-1",
                "kind": "turn",
                "at_ms": now - MINUTE,
                "subject": "Your <GPU> is ready",
                "body": "It is your turn.",
                "path": ["wait", "lease-1"],
            }
        ],
    } | changes


def environment(now: int, state: str = "ready", **more: Any) -> dict[str, Any]:
    """Return an environment of the project as the API shows it."""
    latest = {
        "n": 2,
        "state": state,
        "state_text": state,
        "reason": "",
        "reason_text": "A step failed." if state == "failed" else "",
        "person": "ada",
        "run": "run-1",
        "python": "3.12.4",
        "steps_done": 3,
        "steps_total": 7,
        "asked_ms": now - MINUTE,
        "ended_ms": None,
    }
    return {
        "id": f"environment-{state}",
        "name": f"torch-{state}",
        "title": "PyTorch",
        "kind": "uv",
        "project": "vision",
        "person": "ada",
        "state": state,
        "is_ready": True,
        "revision": 1,
        "size_bytes": 3 * 1024**3,
        "packages": 92,
        "spec": "torch==2.13.*",
        "python": "3.12",
        "latest": latest,
        "can_manage": True,
        **more,
    }
