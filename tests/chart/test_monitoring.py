"""What is watched is what the service really tells."""

import json
import re
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from madang.api import metrics
from madang.services.measures import Measures

KNOWN = {
    "flavors": {"h200": {"total": 8, "free": 3, "out": 1}},
    "leases": {("active", "notebook", "h200"): 2},
    "seq": 7,
    "maintenance": 0,
    "left": {"vision-lab": 5_000_000},
}


# As much of a house as the collector reads.
HOUSE = SimpleNamespace(
    services=SimpleNamespace(core=SimpleNamespace(measures=Measures())),
    requests={("GET", "/api/v1/leases", "200"): 1},
    streams={"ada": 1},
)


@pytest.fixture(scope="module")
def told():
    """Names of all series, with their labels, as Prometheus reads them."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(metrics._Collector(HOUSE, KNOWN, True))
    found: dict[str, set[str]] = {}
    for line in generate_latest(registry).decode().splitlines():
        if match := re.match(r"([a-z_]+)(?:\{([^}]*)\})? ", line):
            labels = re.findall(r"(\w+)=", match[2] or "")
            found.setdefault(match[1], set()).update(labels)
    return found


def test_the_dashboard_asks_for_series_and_labels_that_are_there(chart, told):
    board = json.loads(
        chart.template("all-on.yaml").of("ConfigMap", "madang-grafana")["data"]["madang.json"]
    )
    asked = 0
    for panel in board["panels"]:
        assert panel["description"].endswith(".")
        for target in panel["targets"]:
            names = re.findall(r"madang_[a-z_]+", target["expr"])
            assert set(names) <= set(told), panel["title"]
            by = re.findall(r"by \(([^)]*)\)", target["expr"])
            wanted = {word.strip() for words in by for word in words.split(",")}
            wanted |= set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert wanted <= set().union(*(told[name] for name in names)), panel["title"]
            asked += len(names)
    assert asked >= 14


def test_prometheus_reads_the_metrics_with_their_own_token(chart):
    monitor = chart.template("all-on.yaml").of("ServiceMonitor")
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["path"] == "/services/madang/metrics"
    assert endpoint["authorization"]["credentials"]["key"] == "metrics-token"
    service = chart.template("all-on.yaml").of("Service", "madang-service")
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    selector = monitor["spec"]["selector"]["matchLabels"]
    assert selector.items() <= service["metadata"]["labels"].items()
    assert monitor["metadata"]["labels"]["release"] == "prometheus"


def test_what_is_not_asked_for_is_not_made(chart):
    rendered = chart.template("min.yaml")
    assert rendered.all("ServiceMonitor") == []
    assert "madang-grafana" not in {one["metadata"]["name"] for one in rendered.objects}
