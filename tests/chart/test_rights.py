"""What hub and service may do in the cluster is the golden list, and nothing that opens doors."""

import json
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


def rules(rendered, kind, name):
    """Return {"group/resource": verbs}, which no order of rules can change."""
    found = {}
    for rule in rendered.of(kind, name)["rules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                known = found.setdefault(f"{group}/{resource}".lstrip("/"), [])
                found[f"{group}/{resource}".lstrip("/")] = sorted({*known, *rule["verbs"]})
    return found


@pytest.mark.parametrize(
    "file", ["hub", "service", "service-cluster", "removal", "removal-cluster"]
)
def test_rights_are_the_golden_list(rendered, file):
    kind = "ClusterRole" if file.endswith("-cluster") else "Role"
    name = f"madang-madang-{file.removesuffix('-cluster')}"
    golden = json.loads((GOLDEN / f"{file}.json").read_text("utf-8"))
    assert rules(rendered, kind, name) == golden


def test_nothing_opens_a_door(rendered):
    roles = [*rendered.all("Role"), *rendered.all("ClusterRole")]
    assert len(roles) == 5
    for role in roles:
        for rule in role["rules"]:
            words = {*rule["apiGroups"], *rule["resources"], *rule["verbs"]}
            assert not words & {"*", "escalate", "bind", "impersonate"}
            assert not [w for w in words if w.startswith("pods/") and w != "pods/log"]
            assert not [w for w in words if "role" in w or "serviceaccount" in w or "webhook" in w]


def test_who_removes_is_there_for_that_moment_alone(rendered):
    names = ("madang-removal", "madang-madang-removal")
    made = [one for one in rendered.objects if one["metadata"]["name"] in names]
    assert len(made) == 6
    for one in made:
        told = one["metadata"]["annotations"]
        assert told["helm.sh/hook"] == "post-delete"
        assert told["helm.sh/hook-delete-policy"] == "before-hook-creation,hook-succeeded"


def test_rights_are_given_to_our_two_accounts_in_the_right_place(rendered):
    bindings = [*rendered.all("RoleBinding"), *rendered.all("ClusterRoleBinding")]
    given = {}
    for one in bindings:
        (subject,) = one["subjects"]
        assert subject["namespace"] == "madang"
        is_everywhere = one["kind"] == "ClusterRoleBinding"
        where = "everywhere" if is_everywhere else one["metadata"]["namespace"]
        assert one["roleRef"]["name"] == one["metadata"]["name"]
        given.setdefault(subject["name"], set()).add((one["roleRef"]["kind"], where))
    assert given == {
        "madang-hub": {("Role", "madang-people")},
        "madang-service": {("Role", "madang-people"), ("ClusterRole", "everywhere")},
        "madang-removal": {("Role", "madang-people"), ("ClusterRole", "everywhere")},
    }
