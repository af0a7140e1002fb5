"""Who may speak to whom, row by row as the design has it, by what the NetworkPolicies mean."""

import pytest

from .policies import Address, Pod, Policies

HUB, SERVICE, API = 8081, 8090, 443
ROUTES, PUBLIC, DASHBOARDS = 8001, 8000, 8091
NOTEBOOK, DASK, DASK_HTTP = 8888, 8786, 8787


def ours(component):
    labels = {"name": "madang", "instance": "madang", "component": component}
    return Pod("madang", {f"app.kubernetes.io/{key}": value for key, value in labels.items()})


def people(kind, role="", **more):
    labels = {"madang.dev/kind": kind, **({"madang.dev/role": role} if role else {}), **more}
    return Pod("madang-people", labels)


PARTS = {
    "hub": ours("hub"),
    "service": ours("service"),
    "proxy": ours("proxy"),
    "postgresql": ours("postgresql"),
    "migrations": ours("migrations"),
    "prepull": ours("prepull"),
    "notebook": people("notebook"),
    "slot": people("slot"),
    "scheduler": people("cluster", "scheduler"),
    "worker": people("cluster", "worker"),
    "unlabelled": Pod("madang-people"),
    "dns": Pod("kube-system", {"k8s-app": "kube-dns"}),
    "ingress": Pod("ingress-nginx"),
    "prometheus": Pod("monitoring"),
    "stranger": Pod("default"),
    "api": Address("10.0.0.1"),
    "metadata": Address("169.254.169.254"),
    "internet": Address("93.184.216.34"),
    "private": Address("10.20.30.40"),
    "database": Address("10.0.2.9"),
    "store": Address("10.0.3.9"),
    "mail": Address("10.0.4.25"),
    "provider": Address("203.0.113.7"),
}
DOORS = (
    ("hub", HUB), ("service", SERVICE), ("api", API), ("proxy", ROUTES), ("notebook", NOTEBOOK),
    ("scheduler", DASK), ("scheduler", DASK_HTTP), ("worker", DASK), ("slot", NOTEBOOK),
    ("database", 5432), ("store", 443), ("mail", 25), ("provider", 443), ("internet", 443),
    ("private", 22), ("metadata", 80), ("unlabelled", NOTEBOOK),
    ("prometheus", 9090), ("prometheus", 443),
)  # fmt: skip
OPEN = {
    # A scheduler lets nobody in by these rules: the policy that goes with each cluster does.
    "notebook": {("hub", HUB), ("service", SERVICE), ("store", 443)},
    "slot": {("service", SERVICE), ("store", 443)},
    "scheduler": {("store", 443)},
    "worker": {("store", 443)},
    "unlabelled": {("store", 443)},
    "service": {
        # Itself: one that stands by hands on to the one that leads.
        ("hub", HUB), ("service", SERVICE), ("api", API), ("notebook", NOTEBOOK),
        ("scheduler", DASK_HTTP), ("database", 5432), ("store", 443), ("mail", 25),
        ("prometheus", 9090),
    },
    "hub": {
        ("service", SERVICE), ("api", API), ("proxy", ROUTES), ("notebook", NOTEBOOK),
        ("provider", 443),
    },
    "proxy": {
        ("hub", HUB), ("service", SERVICE), ("notebook", NOTEBOOK), ("scheduler", DASK_HTTP),
    },
    "migrations": {("database", 5432)},
    "prepull": set(),
    "stranger": {
        # Others keep what they have; they come into none of our doors.
        ("api", API), ("database", 5432), ("store", 443), ("mail", 25), ("provider", 443),
        ("internet", 443), ("private", 22), ("metadata", 80),
        ("prometheus", 9090), ("prometheus", 443),
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def all_on(chart):
    return Policies(chart.template("all-on.yaml").all("NetworkPolicy"), "madang")


@pytest.mark.parametrize("source", OPEN)
def test_each_reaches_what_the_table_says_and_nothing_else(all_on, source):
    found = {(name, port) for name, port in DOORS if all_on.allow(PARTS[source], PARTS[name], port)}
    assert found == OPEN[source]


@pytest.mark.parametrize("source", [*OPEN, "scheduler"])
def test_everybody_of_ours_resolves_names_but_who_pulls_images(all_on, source):
    found = all_on.allow(PARTS[source], PARTS["dns"], 53, "UDP")
    assert found is (source != "prepull")


def test_a_notebook_may_knock_at_a_scheduler_whose_own_policy_lets_it_in(all_on, chart):
    rule = {
        "metadata": {"namespace": "madang-people"},
        "spec": {
            "podSelector": {"matchLabels": {"madang.dev/cluster": "ada"}},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {"matchLabels": {"madang.dev/person": "ada"}}}]}],
        },
    }
    objects = [*chart.template("all-on.yaml").all("NetworkPolicy"), rule]
    policies = Policies(objects, "madang")
    scheduler = people("cluster", "scheduler", **{"madang.dev/cluster": "ada"})
    for kind in ("notebook", "slot"):
        ada = people(kind, **{"madang.dev/person": "ada"})
        bora = people(kind, **{"madang.dev/person": "bora"})
        assert policies.allow(ada, scheduler, DASK)
        assert not policies.allow(ada, scheduler, DASK_HTTP)
        assert not policies.allow(bora, scheduler, DASK)


@pytest.mark.parametrize(
    ("tier", "reached"),
    [("", set()), ("off", set()), ("on", {"internet", "provider"}), ("allow-list", {"listed"})],
)
def test_the_internet_is_a_matter_of_the_tier(all_on, tier, reached):
    there = {**PARTS, "listed": Address("203.0.113.10")}
    names = ("internet", "provider", "listed", "private", "metadata", "api")
    pod = people("notebook", **({"madang.dev/internet": tier} if tier else {}))
    found = {name for name in names if all_on.allow(pod, there[name], 443)}
    if tier == "on":
        reached = {*reached, "listed"}
    assert found == reached


@pytest.mark.parametrize(
    ("source", "target", "port", "expected"),
    [
        ("ingress", "proxy", PUBLIC, True),
        ("ingress", "service", DASHBOARDS, True),
        ("stranger", "proxy", PUBLIC, False),
        ("internet", "proxy", PUBLIC, False),
        ("internet", "service", DASHBOARDS, False),
        ("notebook", "service", DASHBOARDS, False),
        ("prometheus", "service", SERVICE, True),
        ("prometheus", "hub", HUB, False),
        ("ingress", "service", SERVICE, False),
        ("ingress", "hub", HUB, False),
    ],
)
def test_people_come_in_by_the_proxy_and_the_dashboards(all_on, source, target, port, expected):
    assert all_on.allow(PARTS[source], PARTS[target], port) is expected


def test_without_an_ingress_controller_people_come_from_their_addresses(chart):
    more = {"network": {"people": {"ingressNamespace": "", "cidrs": ["93.184.0.0/16"]}}}
    objects = chart.template("min.yaml", more).all("NetworkPolicy")
    policies = Policies(objects, "madang")
    assert policies.allow(PARTS["internet"], PARTS["proxy"], PUBLIC)
    assert not policies.allow(PARTS["provider"], PARTS["proxy"], PUBLIC)


@pytest.mark.parametrize("source", ["service", "migrations", "hub", "notebook", "stranger"])
def test_the_rows_are_for_the_service_and_its_migrations(chart, source):
    objects = chart.template("upgrade.yaml").all("NetworkPolicy")
    policies = Policies(objects, "madang")
    found = policies.allow(PARTS[source], PARTS["postgresql"], 5432)
    assert found is (source in ("service", "migrations"))


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("http://prometheus.monitoring", 80),
        ("https://prometheus.monitoring/", 443),
        ("https://prometheus.monitoring:9443/select/0", 9443),
    ],
)
def test_readings_of_devices_come_from_where_prometheus_is(chart, url, port):
    more = {"network": {"metricsNamespace": "monitoring"}, "metrics": {"prometheusUrl": url}}
    policies = Policies(chart.template("min.yaml", more).all("NetworkPolicy"), "madang")
    reached = [
        each
        for each in (80, 443, 9090, 9443)
        if policies.allow(PARTS["service"], PARTS["prometheus"], each)
    ]
    assert reached == [port]


def test_addresses_of_everybody_never_hold_the_metadata_of_the_cloud(chart):
    policies = Policies(chart.template("min.yaml").all("NetworkPolicy"), "madang")
    for source in ("hub", "service", "notebook"):
        for port in (80, 443):
            assert not policies.allow(PARTS[source], PARTS["metadata"], port)
    assert policies.allow(PARTS["hub"], PARTS["internet"], 443)


@pytest.mark.parametrize("replicas", [1, 2])
def test_only_replicas_hand_on_to_each_other(chart, replicas):
    rendered = chart.template("all-on.yaml", {"service": {"replicas": replicas}})
    found = Policies(rendered.all("NetworkPolicy"), "madang")
    for port in (SERVICE, DASHBOARDS):
        assert found.allow(PARTS["service"], PARTS["service"], port) is (replicas == 2)
