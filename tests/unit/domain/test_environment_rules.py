"""What a spec may say, and which way a build may go."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.domain.environment import (
    BUILD_TRANSITIONS,
    BuildState,
    Revision,
    check_build_transition,
    is_environment_name,
    newest_ready,
    read_built,
)
from madang.domain.environment_spec import MAX_SPEC_BYTES, MAX_SPEC_LINES, read_spec
from madang.domain.lease import TransitionError
from madang.errors import InvalidError

CHANNELS = ("conda-forge", "nvidia")


def refused(kind, text, **more):
    with pytest.raises(InvalidError) as caught:
        read_spec(kind, text, channels=CHANNELS, **more)
    return caught.value


def test_requirements_are_read_as_pip_reads_them():
    spec = read_spec(
        "uv", "# for us\nnumpy>=2.4  # fast\n\ntorch==2.13.* ; python_version>'3.10'\n"
    )
    assert spec.requirements == ("numpy>=2.4", 'torch==2.13.*; python_version > "3.10"')
    assert spec.plan()["kind"] == "uv"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("-r other.txt", "spec_option"),
        ("-e .", "spec_option"),
        ("--index-url https://example.org/simple", "spec_option"),
        ("--extra-index-url=https://example.org/simple", "spec_option"),
        ("--find-links /srv", "spec_option"),
        ("-i https://example.org", "spec_option"),
        ("./mine", "spec_path"),
        ("../mine.whl", "spec_path"),
        ("/etc/passwd", "spec_path"),
        ("~/mine", "spec_path"),
        ("C:\\mine", "spec_path"),
        ("mine @ file:///etc/passwd", "spec_url"),
        ("mine@git+https://example.org/mine", "spec_url"),
        ("mine @ https://example.org/mine.whl", "spec_url"),
        ("https://example.org/mine.whl", "spec_url"),
        ("git+ssh://example.org/mine", "spec_url"),
        ("numpy numpy", "spec_line"),
        ("$HOME", "spec_line"),
        ("numpy; rm -rf /", "spec_line"),
        ("mine.whl --hash=sha256:00", "spec_line"),
        ("madang", "spec_ours"),
        ("MaDang[client]>=1", "spec_ours"),
    ],
)
def test_nothing_leads_out_of_a_list(line, code):
    error = refused("uv", f"numpy\n{line}\n")
    assert error.code == code
    assert error.details["line"] == 2


def test_an_administrator_may_allow_addresses_but_never_files():
    spec = read_spec("uv", "mine @ git+https://example.org/mine", allows_urls=True)
    assert spec.requirements == ("mine @ git+https://example.org/mine",)
    for line in ("mine @ file:///etc", "mine @ git+file:///etc", "mine @ http://example.org/m.whl"):
        assert refused("uv", line, allows_urls=True).code == "spec_url"


def test_limits():
    assert refused("uv", "# only\n\n").code == "spec_empty"
    assert refused("uv", "a\n" * (MAX_SPEC_LINES + 1)).code == "spec_too_large"
    assert refused("uv", "가" * MAX_SPEC_BYTES).code == "spec_too_large"
    assert refused("pip", "numpy").code == "spec_kind"
    for version in ("3", "3.12.1", "2.7", "three", "3.12; import os", "03.12", "3.12 "):
        assert refused("uv", "numpy", python=version).code == "spec_python"


def test_conda_files_are_read():
    text = "name: x\nchannels: [nvidia]\ndependencies:\n - numpy=2.4\n - pip:\n   - torch\n"
    spec = read_spec("conda", text, "3.12", channels=CHANNELS)
    assert (spec.channels, spec.packages) == (("nvidia",), ("numpy=2.4",))
    assert spec.requirements == ("torch",)
    # Without one, the first that the administrator allows.
    assert read_spec("conda", "dependencies: [a]", channels=CHANNELS).channels == ("conda-forge",)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("dependencies: [numpy]\nchannels: [https://example.org]", "spec_channel"),
        ("dependencies: [numpy]\nchannels: ['file:///srv']", "spec_channel"),
        ("dependencies: [numpy]\nchannels: []", "spec_channel"),
        ("dependencies: [numpy]\nprefix: /etc", "spec_section"),
        ("dependencies: [numpy]\nvariables: {A: b}", "spec_section"),
        ("dependencies: ['nvidia::numpy']", "spec_url"),
        ("dependencies: ['https://example.org/a.conda']", "spec_url"),
        ("dependencies: ['numpy[url=https:x]']", "spec_line"),
        ("dependencies: ['numpy=2.4/linux']", "spec_line"),
        ("dependencies: ['/etc/passwd']", "spec_line"),
        ("dependencies: ['']", "spec_line"),
        ("dependencies: [madang]", "spec_ours"),
        ("dependencies: [{pip: ['-e .']}]", "spec_option"),
        ("dependencies: [{pip: numpy}]", "spec_shape"),
        ("dependencies: [{other: [numpy]}]", "spec_shape"),
        ("dependencies: [1]", "spec_shape"),
        ("dependencies: numpy", "spec_shape"),
        ("dependencies: []", "spec_empty"),
        ("[1, 2]", "spec_shape"),
        ("a: [", "spec_shape"),
        ("a: !!python/object/apply:os.system [ls]", "spec_shape"),
        ("[" * 5_000, "spec_shape"),
    ],
)
def test_nothing_leads_out_of_a_conda_file(text, code):
    assert refused("conda", text).code == code


@given(st.sampled_from(["uv", "conda"]), st.text(max_size=300))
def test_any_text_is_read_or_refused(kind, text):
    # Nothing but a refusal in words may come out of what people type.
    with contextlib.suppress(InvalidError):
        spec = read_spec(kind, text, channels=CHANNELS)
        for line in spec.requirements:
            assert "://" not in line
            assert not line.startswith("-")


@given(st.sampled_from(list(BuildState)), st.sampled_from(list(BuildState)))
def test_builds_only_go_the_ways_of_the_table(before, after):
    if after in BUILD_TRANSITIONS[before]:
        check_build_transition(before, after)
    else:
        with pytest.raises(TransitionError):
            check_build_transition(before, after)


def test_no_state_traps_a_build_that_is_not_over():
    for state in (BuildState.QUEUED, BuildState.BUILDING):
        assert {BuildState.READY, BuildState.FAILED} <= BUILD_TRANSITIONS[state]


def revision(n, state):
    return Revision(
        environment="e", n=n, spec="", python="", person="p", run="r", asked_ms=1, state=state
    )


def test_the_newest_ready_revision_is_used():
    ready, failed = BuildState.READY, BuildState.FAILED
    built = [revision(1, ready), revision(3, failed), revision(2, ready)]
    assert newest_ready(built).n == 2
    assert newest_ready([revision(1, failed)]) is None


@pytest.mark.parametrize("name", ["torch", "torch-2", "2d"])
def test_names(name):
    assert is_environment_name(name)


@pytest.mark.parametrize(
    "name", ["", "-a", "A", "a b", "a/b", "../a", "a.b", "a" * 41, "a\n", "가"]
)
def test_names_that_could_be_something_else(name):
    assert not is_environment_name(name)


def test_a_record_is_believed_only_in_its_own_shape():
    good = {"run": "r", "python": "3.12.1", "size_bytes": 5, "packages": []}
    assert read_built(good, b"x").versions == {"python": "3.12.1", "dask": "", "distributed": ""}
    for change in (
        {"packages": {}},
        {"packages": [1]},
        {"packages": [{"name": 1, "version": "2"}]},
        {"size_bytes": True},
        {"size_bytes": -1},
        {"size_bytes": 2**60},
        {"python": None},
        {"run": 1},
    ):
        assert read_built(json.loads(json.dumps(good | change)), b"") is None
