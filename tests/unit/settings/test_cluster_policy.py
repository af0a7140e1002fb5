"""What policy.yaml may say of a cluster, and what is refused with the place and the next step."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from madang import i18n
from madang.domain.cluster_flavor import ClusterPolicy
from madang.domain.cluster_names import (
    is_dns_label,
    is_dns_subdomain,
    is_extended_resource,
    is_label_value,
    is_qualified_name,
)
from madang.domain.gpu_presets import PRESETS
from madang.errors import InvalidError
from madang.settings.cluster_policy import MAX_MEMORY_GIB, cluster_policy, nearest
from madang.settings.files import load_policy

EXAMPLE = Path(__file__).parents[3] / "hub_config" / "policy.yaml"
HANGUL = re.compile("[가-힣]")


def policy(text: str) -> ClusterPolicy:
    return cluster_policy(yaml.safe_load(text))


def flavor(text: str, name: str = "h200") -> ClusterPolicy:
    return policy(f"flavors: {{{name}: {text}}}")


def refused(call: Any, *args: Any) -> InvalidError:
    """Return the error, after a look at its words: both languages, filled, with the place."""
    with pytest.raises(InvalidError) as caught:
        call(*args)
    for lang in i18n.LANGUAGES:
        said = i18n.problem(caught.value, lang)
        for part in (said["message"], said["hint"]):
            assert not re.search(r"\{[a-z_]+\}", part)
            assert bool(HANGUL.search(part)) is (lang == "ko")
    return caught.value


def test_the_example_of_the_repository_is_read(tmp_path: Path) -> None:
    lines = EXAMPLE.read_text("utf-8").splitlines()
    start = lines.index("# kubernetes:")
    path = tmp_path / "policy.yaml"
    path.write_text("\n".join(line.removeprefix("# ") for line in lines[start:]), "utf-8")
    said = load_policy(path).cluster
    assert said.namespace == "madang-people"
    assert said.queues == {"vision-lab": "team-vision"}
    by_name = {one.name: one for one in said.flavors}
    assert by_name["h200"].resource == "nvidia.com/gpu"
    assert by_name["h200"].memory_bytes == 141 * 1024**3
    assert by_name["h200"].devices_total == 64
    assert by_name["h200"].tolerations[0]["operator"] == "Exists"
    assert by_name["h200-mig-1g.18gb"].resource == "nvidia.com/mig-1g.18gb"
    assert by_name["h200-mig-1g.18gb"].memory_bytes == 18 * 1024**3
    assert by_name["course-a30"].sharing == "time-slicing"
    assert by_name["course-a30"].project == "vision-lab"


def test_a_policy_without_it_has_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("zone: UTC\n")
    assert load_policy(path).cluster == ClusterPolicy()
    assert load_policy(EXAMPLE).cluster == ClusterPolicy()


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("{name_space: x}", "namespace"),
        ("{flavor: {}}", "flavors"),
        ("{queue: {}}", "queues"),
        ("{1: x}", None),
        ("{flavors: {h200: {node_label: {}}}}", "node_labels"),
        ("{flavors: {h200: {memory: 1}}}", "memory_gib"),
        ("{flavors: {h200: {preset: h200, resources: x}}}", "resource"),
        ("{flavors: {h200: {tolerations: [{key: a, efect: NoExecute}]}}}", "effect"),
    ],
)
def test_an_unknown_key_is_told_with_the_nearest_first(text: str, near: str | None) -> None:
    error = refused(policy, text)
    assert error.code == "policy_key"
    assert near in (None, error.details["known"][0])


@pytest.mark.parametrize("text", ["[]", "{flavors: [h200]}", "{queues: x}", "{flavors: {a: 3}}"])
def test_a_wrong_shape_is_told(text: str) -> None:
    assert refused(policy, text).code == "policy_shape"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("kubernetes_name", "{namespace: Madang}"),
        ("kubernetes_name", "{namespace: 7}"),
        ("kubernetes_name", f"{{namespace: {'n' * 64}}}"),
        ("kubernetes_name", '{namespace: "a\\n"}'),
        ("kubernetes_name", f"{{prefix: {'p' * 21}}}"),
        ("kubernetes_name", "{prefix: a.b}"),
        ("kubernetes_namespace", "{namespace: kube-system}"),
        ("kubernetes_namespace", "{namespace: default}"),
        ("kubernetes_name", "{flavors: {H200: {}}}"),
        ("kubernetes_name", f"{{flavors: {{{'f' * 64}: {{}}}}}}"),
        ("kubernetes_name", "{queues: {vision: a.b}}"),
        ("kubernetes_name", "{queues: {'../x': a}}"),
        ("kubernetes_cpu_is_there", "{flavors: {cpu: {}}}"),
        ("kubernetes_resource", "{flavors: {a: {resource: gpu}}}"),
        ("kubernetes_resource", "{flavors: {a: {resource: cpu}}}"),
        ("kubernetes_resource", "{flavors: {a: {resource: kubernetes.io/gpu}}}"),
        ("kubernetes_resource", "{flavors: {a: {resource: nvidia.com/}}}"),
        ("kubernetes_resource", f"{{flavors: {{a: {{resource: nvidia.com/{'g' * 64}}}}}}}"),
        ("kubernetes_label", "{flavors: {a: {node_labels: {mig: true}}}}"),
        ("kubernetes_label", "{flavors: {a: {node_labels: {'a b': x}}}}"),
        ("kubernetes_label", "{flavors: {a: {node_labels: {a: 'x y'}}}}"),
        ("kubernetes_label", "{flavors: {a: {node_labels: {Nvidia_com/gpu: x}}}}"),
        ("kubernetes_label", f"{{flavors: {{a: {{node_labels: {{a: {'v' * 64}}}}}}}}}"),
        ("kubernetes_toleration", "{flavors: {a: {tolerations: {key: a}}}}"),
        ("kubernetes_toleration", "{flavors: {a: {tolerations: [{operator: Exists}]}}}"),
        ("kubernetes_toleration", "{flavors: {a: {tolerations: [{key: a, operator: In}]}}}"),
        ("kubernetes_toleration", "{flavors: {a: {tolerations: [{key: a, effect: Never}]}}}"),
        (
            "kubernetes_toleration",
            "{flavors: {a: {tolerations: [{key: a, operator: Exists, value: x}]}}}",
        ),
        ("kubernetes_label", "{flavors: {a: {tolerations: [{key: 'a b'}]}}}"),
        ("kubernetes_number", "{flavors: {a: {devices: -1}}}"),
        ("kubernetes_number", "{flavors: {a: {devices: 1.5}}}"),
        ("kubernetes_number", "{flavors: {a: {devices: true}}}"),
        ("kubernetes_number", "{flavors: {a: {devices: 1000001}}}"),
        ("kubernetes_number", "{flavors: {a: {memory_gib: -0.1}}}"),
        ("kubernetes_number", "{flavors: {a: {memory_gib: .nan}}}"),
        ("kubernetes_number", "{flavors: {a: {memory_gib: .inf}}}"),
        ("kubernetes_number", "{flavors: {a: {memory_gib: 80Gi}}}"),
        ("kubernetes_sharing", "{flavors: {a: {sharing: slices, project: p}}}"),
        ("kubernetes_shared_by_all", "{flavors: {a: {sharing: mps}}}"),
        ("kubernetes_shared_by_all", "{flavors: {a: {sharing: time-slicing, project: ''}}}"),
        (
            "kubernetes_mps_on_mig",
            "{flavors: {a: {preset: h200-mig-1g.18gb, sharing: mps, project: p}}}",
        ),
        ("kubernetes_preset_resource", "{flavors: {a: {preset: h200, resource: amd.com/gpu}}}"),
    ],
)
def test_what_a_cluster_would_not_take_is_refused_here(code: str, text: str) -> None:
    assert refused(policy, text).code == code


def test_only_one_project_shares_a_device_and_the_refusal_says_why() -> None:
    error = refused(flavor, "{resource: nvidia.com/gpu.shared, sharing: time-slicing}")
    assert "memory" in i18n.problem(error)["message"]
    assert "`project: NAME`" in i18n.problem(error)["hint"]
    said = flavor("{sharing: mps, project: vision}").flavors[0]
    assert (said.sharing, said.project) == ("mps", "vision")


@pytest.mark.parametrize(
    ("given", "near"),
    [
        ("h200-mig-1g.18", "h200-mig-1g.18gb"),
        ("H200", "h200"),
        ("h100-mig-1g.11gb", "h100-mig-1g.10gb"),
        ("b200-3g.90gb", "b200-mig-3g.90gb"),
    ],
)
def test_an_unknown_preset_names_the_nearest(given: str, near: str) -> None:
    error = refused(flavor, f"{{preset: {given}}}")
    assert error.code == "kubernetes_preset"
    assert error.details["nearest"] == near
    assert f"'{near}'" in i18n.problem(error)["message"]


def test_presets_are_whole_cards_and_slices_that_fit_on_one() -> None:
    assert len(PRESETS) == 3 * 7
    for name, one in PRESETS.items():
        card = PRESETS[name.partition("-mig-")[0]]
        is_slice = "-mig-" in name
        assert one.resource == (f"nvidia.com/mig-{name[9:]}" if is_slice else "nvidia.com/gpu")
        assert one.memory_gib * one.count_per_gpu <= card.memory_gib * 1.03
        assert flavor(f"{{preset: {name}}}", name).flavors[0].name == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("{}", "{}"),
        ("{}", "{product: h200}"),
        ("{zone: a}", "{zone: a, product: h200}"),
        ("{zone: a, product: h200}", "{zone: a}"),
    ],
)
def test_two_flavors_that_one_node_could_have_are_refused(one: str, other: str) -> None:
    text = f"{{flavors: {{a: {{node_labels: {one}}}, b: {{node_labels: {other}}}}}}}"
    error = refused(policy, text)
    assert error.code == "kubernetes_flavors_alike"
    assert {error.details["given"], error.details["other"]} == {"a", "b"}


def test_flavors_are_apart_by_a_value_or_by_their_resource() -> None:
    said = policy(
        "{flavors: {a: {node_labels: {p: x}}, b: {node_labels: {p: y}},"
        " c: {preset: h100-mig-1g.10gb}}}"
    )
    assert [one.name for one in said.flavors] == ["a", "b", "c"]


_NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)


@given(_NAMES, st.integers(0, 1000), st.floats(0, MAX_MEMORY_GIB), _NAMES)
def test_what_is_sound_comes_back_as_it_was_said(
    name: str, devices: int, memory: float, value: str
) -> None:
    body = {
        "preset": "h200",
        "devices": devices,
        "memory_gib": memory,
        "node_labels": {"nvidia.com/gpu.product": value},
    }
    [said] = cluster_policy({"flavors": {name: body}}).flavors
    assert said.name == name
    assert said.devices_total == devices
    assert said.memory_bytes == round(memory * 1024**3)
    assert said.node_labels == {"nvidia.com/gpu.product": value}


_KEYS = [
    "flavors",
    "queues",
    "namespace",
    "resource",
    "node_labels",
    "tolerations",
    "devices",
    "memory_gib",
]
_KEYS += ["sharing", "project", "preset", "key", "a"]
_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(_KEYS) | st.integers() | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_ANY)
def test_whatever_is_written_is_read_or_refused_and_never_breaks(body: Any) -> None:
    try:
        said = cluster_policy(body)
    except InvalidError:
        return
    assert is_dns_label(said.namespace)
    for one in said.flavors:
        assert is_dns_subdomain(one.name, 63)
        assert is_extended_resource(one.resource)
        assert all(is_qualified_name(k) and is_label_value(v) for k, v in one.node_labels.items())
        assert one.memory_bytes >= 0
        assert not one.sharing or one.project


@given(st.text(max_size=80))
def test_names_are_plain_ascii_whatever_is_given(name: str) -> None:
    if is_dns_label(name) or is_dns_subdomain(name) or is_qualified_name(name):
        assert re.fullmatch(r"[A-Za-z0-9./_-]+", name)
        assert "\n" not in name


@given(st.sampled_from(sorted(PRESETS)), st.integers(0, 20), st.sampled_from("!~_ "))
def test_one_slip_still_names_the_preset(name: str, at: int, letter: str) -> None:
    assert nearest(name[:at] + letter + name[at:], PRESETS)[0] == name
