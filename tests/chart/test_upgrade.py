"""Values of a release that is there are taken by the next one, and mean the same."""

from pathlib import Path

import pytest
import yaml

from .chart import FILES, FOLDER
from .test_values import keys
from .values_schema import VALUES, is_free

KNOWN = Path(__file__).parent / "golden" / "values-0.1.0.txt"
"""Keys that sites may have in their values. One that must go stays in the schema until the chart
refuses it in words that name what to write instead; then it may leave this list."""


def merged(ours, given):
    """Return what helm makes of defaults and a file of values."""
    if not (isinstance(ours, dict) and isinstance(given, dict)):
        return given
    both = {key: merged(ours[key], one) if key in ours else one for key, one in given.items()}
    return {**ours, **both}


def without_chance(rendered):
    """Return the objects without what is made anew each time."""
    return [one if one["kind"] != "Secret" else one["metadata"] for one in rendered.objects]


def own_keys(values):
    """Return the paths that this chart names, not those of maps which a site fills."""
    found = set()
    for path in keys(values):
        parents = path.split(".")
        above = (".".join(parents[:count]) for count in range(1, len(parents)))
        if not any(is_free(parent) for parent in above):
            found.add(path)
    return found


def test_no_key_of_the_release_before_is_lost():
    lost = set(KNOWN.read_text("utf-8").split()) - own_keys(yaml.safe_load(VALUES.read_text()))
    assert lost == set()


@pytest.mark.parametrize("file", FILES)
def test_values_that_were_written_out_in_full_mean_the_same(chart, file):
    """As `helm get values --all` gives them, which some sites keep and give to each upgrade."""
    given = yaml.safe_load((FOLDER / "ci" / file).read_text("utf-8"))
    whole = merged(yaml.safe_load(VALUES.read_text("utf-8")), given)
    assert own_keys(whole) >= own_keys(given)
    assert without_chance(chart.template(file, whole)) == without_chance(chart.template(file))


def test_replicas_with_a_database_outside_share_nothing_on_a_node(chart):
    rendered = chart.template("all-on.yaml")
    service = rendered.of("Deployment", "madang-service")["spec"]
    assert service["replicas"] == 2
    kinds = {k for one in service["template"]["spec"]["volumes"] for k in one if k != "name"}
    assert kinds == {"emptyDir", "configMap"}
    assert rendered.all("StatefulSet") == []
    assert rendered.all("Secret") == []
    claims = {one["metadata"]["name"] for one in rendered.all("PersistentVolumeClaim")}
    assert claims == {"madang-hub", "madang-checkpoints"}


def test_their_database_is_brought_up_to_date_before_either_is_replaced(chart):
    rendered = chart.template("all-on.yaml")
    job = rendered.of("Job", "madang-migrations")
    hooks = job["metadata"]["annotations"]["helm.sh/hook"].split(",")
    assert hooks == ["pre-install", "pre-upgrade", "pre-rollback"]
    (container,) = job["spec"]["template"]["spec"]["containers"]
    (service,) = rendered.of("Deployment", "madang-service")["spec"]["template"]["spec"][
        "containers"
    ]

    def address(of):
        return next(one for one in of["env"] if one["name"] == "MADANG_DATABASE_URL")

    assert address(container) == address(service)
    assert address(service)["valueFrom"]["secretKeyRef"] == {
        "name": "madang-database",
        "key": "url",
    }
    for name in ("madang-migrations", "madang-service"):
        allowed = rendered.of("NetworkPolicy", name)["spec"]["egress"]
        blocks = [
            peer["ipBlock"]["cidr"]
            for rule in allowed
            for peer in rule.get("to", [])
            if "ipBlock" in peer
        ]
        assert "10.0.2.0/24" in blocks, name
