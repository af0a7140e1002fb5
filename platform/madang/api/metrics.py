"""``/metrics`` for Prometheus: what there is, what waits, and how the service itself is doing.

For an administrator, for the bearer of the metrics token, or, where the policy says so, for whoever
asks from this machine and not through the proxy; the last sees no budgets. Labels are flavors,
states, kinds, routes and statuses only, and for budgets projects: never people, ids or addresses.
"""

import hmac
from collections import Counter
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from madang.api.house import House, house_of
from madang.errors import RefusedError
from madang.services.measures import Measures, Spread
from madang.settings.config import SERVICE_PREFIX

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_API = "/api/v1"
_LOOPBACK = frozenset({"127.0.0.1", "::1"})

router = APIRouter(prefix=SERVICE_PREFIX, tags=["metrics"])


class Counting:
    """Counts answers by route and status; an address that no route knows has one label for all."""

    def __init__(self, app: ASGIApp, counts: Counter[tuple[str, str, str]]) -> None:
        self._app, self._counts = app, counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._counts[label_of(scope, message["status"])] += 1
            await send(message)

        await self._app(scope, receive, counted if scope["type"] == "http" else send)


def label_of(scope: Scope, status: int) -> tuple[str, str, str]:
    """Return method, route and status as an answer is counted."""
    route = _route(scope)
    return (scope["method"] if route != "unknown" else "any"), route, str(status)


def _route(scope: Scope) -> str:
    """Return the template of the route that answers; pages and API have some of the same name."""
    found: str = getattr(scope.get("route"), "path", "")
    if not found:
        return "unknown"
    within = found.removeprefix(SERVICE_PREFIX).removeprefix(_API)
    is_api = scope["path"].startswith(f"{SERVICE_PREFIX}{_API}/")
    return f"{_API}{within}" if is_api else within


@router.get("/metrics", operation_id="metrics_get", include_in_schema=False)
async def metrics_get(request: Request) -> Response:
    """Return everything in Prometheus's text format."""
    house = house_of(request)
    sees_budgets = await _may_look(house, request)
    known = await house.services.standing_numbers()
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(house, known, sees_budgets))
    return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE})


async def _may_look(house: House, request: Request) -> bool:
    """Tell whether budgets may be seen; refuse whoever may see nothing."""
    token = house.settings.metrics_token
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if token and scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), token.encode()):
        return True
    if not given and house.services.core.policy.metrics_from_loopback and _is_direct(request):
        return False
    actor = await house.identity.actor(request)
    if not actor.is_admin:
        raise RefusedError("admin_only")
    return True


def _is_direct(request: Request) -> bool:
    """Tell whether it came from this machine itself; what the proxy brings says from whom."""
    is_from_proxy = "x-forwarded-for" in request.headers
    return not is_from_proxy and request.client is not None and request.client.host in _LOOPBACK


class _Collector:
    """One reading, as metric families."""

    def __init__(self, house: House, known: dict[str, Any], sees_budgets: bool) -> None:
        self._house, self._known, self._sees_budgets = house, known, sees_budgets

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        yield from self._pool()
        yield from _own(self._house.services.core.measures)
        requests = CounterMetricFamily(
            "madang_http_requests", "Answers of the service", labels=("method", "route", "status")
        )
        for labels, count in sorted(self._house.requests.items()):
            requests.add_metric(labels, count)
        yield requests
        streams = sum(self._house.streams.values())
        yield GaugeMetricFamily("madang_event_streams", "Open streams of browsers", streams)

    def _pool(self) -> Iterator[Metric]:
        known = self._known
        for name, what in (("total", "there are"), ("free", "are free"), ("out", "are taken out")):
            devices = GaugeMetricFamily(
                f"madang_devices_{name}", f"Devices that {what}", labels=("flavor",)
            )
            for flavor, numbers in known["flavors"].items():
                devices.add_metric((flavor,), numbers[name])
            yield devices
        leases = GaugeMetricFamily(
            "madang_leases", "Leases that have not ended", labels=("state", "kind", "flavor")
        )
        for labels, count in known["leases"].items():
            leases.add_metric(labels, count)
        yield leases
        yield GaugeMetricFamily("madang_ledger_seq", "Entries of the ledger", known["seq"])
        yield GaugeMetricFamily(
            "madang_maintenance", "1 while nothing new starts", known["maintenance"]
        )
        if self._sees_budgets:
            left = GaugeMetricFamily(
                "madang_budget_left_credits", "What a project has left", labels=("project",)
            )
            for project, amount in known["left"].items():
                left.add_metric((project,), amount / 1_000_000)
            yield left


def _own(measures: Measures) -> Iterator[Metric]:
    yield _spread("madang_admission_wait_seconds", "From request to devices", measures.waits)
    yield _spread("madang_reconcile_look_seconds", "Turns of the loop", measures.looks)
    yield _spread("madang_store_write_seconds", "Transactions that write", measures.writes)
    yield CounterMetricFamily(
        "madang_reconcile_failures", "Parts of a look that failed", measures.failures
    )


def _spread(name: str, what: str, spread: Spread) -> HistogramMetricFamily:
    return HistogramMetricFamily(name, what, buckets=spread.buckets(), sum_value=spread.sum)
