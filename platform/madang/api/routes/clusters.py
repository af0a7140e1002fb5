"""Dask clusters: open, look, wait, get the keys, change the number of workers, close."""

from starlette.requests import Request
from starlette.responses import Response

from madang.api.bodies import AdaptBody, ClusterBody, ScaleBody
from madang.api.routes.common import (
    Anybody,
    Key,
    Seen,
    Someone,
    TheHouse,
    WaitS,
    Why,
    answer,
    download,
    file_of,
    get_or_wait,
    noun_router,
)
from madang.api.shapes.clusters import Cluster, ClusterWithFacts, Credentials

router = noun_router("clusters")


@router.post("/clusters", operation_id="cluster_create", response_model=Cluster, status_code=201)
async def cluster_create(
    house: TheHouse, actor: Anybody, body: ClusterBody, key: Key = None
) -> Response:
    """Ask for a cluster; without a project, for the project of the asking notebook or run."""
    return answer(await house.services.clusters.create(actor, body.request(), key=key), 201)


@router.get("/clusters", operation_id="cluster_list", response_model=list[Cluster])
async def cluster_list(house: TheHouse, actor: Anybody) -> Response:
    """List the clusters that the asker may see."""
    return answer(await house.services.clusters.list(actor))


@router.get("/clusters/{cluster_id}", operation_id="cluster_get", response_model=Cluster)
async def cluster_get(
    request: Request,
    house: TheHouse,
    actor: Anybody,
    cluster_id: str,
    wait_s: WaitS = 0.0,
    seen: Seen = "",
) -> Response:
    """Show one cluster; with ``wait_s`` when it has changed after ``seen``."""
    return await get_or_wait(request, house.services.clusters, actor, cluster_id, wait_s, seen)


@router.get(
    "/clusters/{cluster_id}/credentials",
    operation_id="cluster_credentials",
    response_model=Credentials,
)
async def cluster_credentials(house: TheHouse, actor: Anybody, cluster_id: str) -> Response:
    """Give the owner the address and the keys of a cluster."""
    return answer(await house.services.clusters.credentials(actor, cluster_id))


@router.get(
    "/clusters/{cluster_id}/facts", operation_id="cluster_facts", response_model=ClusterWithFacts
)
async def cluster_facts(house: TheHouse, actor: Someone, cluster_id: str) -> Response:
    """Show a cluster with its workers and tasks, as its scheduler counts them now."""
    return answer(await house.services.clusters.facts(actor, cluster_id))


@router.get(
    "/clusters/{cluster_id}/log",
    operation_id="cluster_log",
    response_class=Response,
    responses=file_of("text/plain; charset=utf-8", "The log."),
)
async def cluster_log(house: TheHouse, actor: Anybody, cluster_id: str) -> Response:
    """Return the end of what scheduler and workers printed, as plain text."""
    log = await house.services.clusters.log(actor, cluster_id)
    data = log.encode("utf-8", "replace")
    return download(data, "text/plain; charset=utf-8", "cluster.log")


@router.post("/clusters/{cluster_id}/scale", operation_id="cluster_scale", response_model=Cluster)
async def cluster_scale(
    house: TheHouse, actor: Anybody, cluster_id: str, body: ScaleBody
) -> Response:
    """Bring a cluster to a number of workers: more wait in the queue, fewer are given back."""
    return answer(await house.services.clusters.scale(actor, cluster_id, body.workers))


@router.post("/clusters/{cluster_id}/adapt", operation_id="cluster_adapt", response_model=Cluster)
async def cluster_adapt(
    house: TheHouse, actor: Anybody, cluster_id: str, body: AdaptBody
) -> Response:
    """Let the number of workers follow what the scheduler wants; 0 and 0 turns it off."""
    clusters = house.services.clusters
    return answer(await clusters.adapt(actor, cluster_id, body.minimum, body.maximum))


@router.delete("/clusters/{cluster_id}", operation_id="cluster_end", response_model=Cluster)
async def cluster_end(house: TheHouse, actor: Anybody, cluster_id: str, why: Why = "") -> Response:
    """Close a cluster and give its devices back."""
    return answer(await house.services.clusters.end(actor, cluster_id, why=why))
