"""Clusters: the list, and one with its workers and tasks as its scheduler counts them."""

from typing import Any

from madang.api.pages.frame import Visit
from madang.api.pages.leases import card
from madang.api.pages.pictures import stack
from madang.api.pages.render import Screen


async def show_all(visit: Visit) -> Screen:
    """Show the clusters that have not ended."""
    found = await visit.services.clusters.list(visit.actor)
    waiting = sum(cluster["state"] == "queued" for cluster in found)
    return Screen(
        template="clusters.html",
        section="clusters",
        title=visit.words("nav.clusters"),
        announce=visit.words(
            "clusters.summary", ready=sum(cluster["ready"] for cluster in found), waiting=waiting
        ),
        values={"rows": [_row(visit, cluster) for cluster in found]},
    )


async def show_one(visit: Visit) -> Screen:
    """Show one cluster."""
    cluster = await visit.services.clusters.facts(visit.actor, visit.path["cluster_id"])
    row = _row(visit, cluster)
    facts = cluster["facts"]
    return Screen(
        template="cluster.html",
        section="clusters",
        title=row["item"]["title"],
        announce=visit.words(f"phase.{row['item']['phase']}"),
        values={
            "row": row,
            "cluster": cluster,
            "facts": facts,
            "tasks": _tasks(facts) if facts else [],
            "workers": [_worker(one) for one in facts["named"]] if facts else [],
            "bytes": _size(facts["bytes"]) if facts else "",
            "needs_reason": visit.actor.is_admin and cluster["person"] != visit.person,
        },
    )


def _row(visit: Visit, cluster: dict[str, Any]) -> dict[str, Any]:
    gpus = cluster["gpus_per_worker"]
    size = (
        visit.words("cluster.size", workers=cluster["workers"], gpus=gpus)
        if gpus
        else visit.words("cluster.size_cpu", workers=cluster["workers"])
    )
    named = {**cluster["lease"], "name": cluster["name"] or cluster["lease"]["name"]}
    return {"cluster": cluster, "item": card(visit, named), "size": size}


def _worker(worker: dict[str, Any]) -> dict[str, Any]:
    used, limit = worker["memory_bytes"], worker["limit_bytes"]
    return {
        **worker,
        "memory": _size(used) if used else "–",
        "limit": _size(limit) if limit else "",
        "bar": stack([("used", min(used, limit))], limit or 1),
        # At this share Dask begins to pause a worker.
        "is_full": bool(limit) and used >= 0.8 * limit,
    }


def _tasks(facts: dict[str, Any]) -> list[dict[str, Any]]:
    parts = [
        ("done", facts["memory"]),
        ("processing", facts["processing"]),
        ("pending", facts["waiting"]),
        ("erred", facts["erred"]),
    ]
    parts.append(("other", max(0, facts["tasks"] - sum(count for _, count in parts))))
    bar = {part["class"]: part for part in stack(parts)}
    return [{"name": name, "count": count, "part": bar[name]} for name, count in parts if count]


def _size(count: int) -> str:
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024 or unit == "GiB":
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return ""
