"""What an output says of how it was made."""

from hashlib import sha256

from madang.runner import provenance

TASK = {
    "run": {
        "id": "run-1",
        "attempt": 2,
        "sweep": "sweep-1",
        "parameters": {"b": 1, "a": "비밀"},
        "environment": {"id": "env-1", "name": "torch", "revision": 3},
    },
    "notebook": "{}",
    "files": {"data/a.txt": "aGVsbG8="},
    "token": "attempt-secret",
    "python": "/srv/environments/torch/bin/python",
    "environment_report": "f" * 64,
}
ENV = {"CUDA_VISIBLE_DEVICES": "GPU-1,GPU-2", "MADANG_SIMULATED_GPUS": "", "HOME": "/home/ada"}


def test_it_names_inputs_by_hash_and_nothing_secret():
    given = provenance.given_to(TASK, ENV)
    assert given["files_sha256"] == {"data/a.txt": sha256(b"hello").hexdigest()}
    assert given["devices"] == ["GPU-1", "GPU-2"]
    assert given["environment"] == {"name": "torch", "revision": 3, "report_sha256": "f" * 64}
    for hidden in ("attempt-secret", "비밀", "/srv", "/home"):
        assert hidden not in str(given)


def test_parameters_have_one_hash_in_any_order():
    other = {**TASK, "run": {**TASK["run"], "parameters": {"a": "비밀", "b": 1}}}
    hashes = {provenance.given_to(task, ENV)["parameters_sha256"] for task in (TASK, other)}
    assert len(hashes) == 1


def test_the_kernels_python_is_said_when_it_is_known():
    why = {"kernel": "fresh", "reason": "other_kernel", "detail": "environment"}
    metadata = {"madang": dict(why)}
    provenance.begin(metadata, provenance.given_to(TASK, ENV), None)
    told = metadata["madang"]["provenance"]
    assert told["kernel"] == why
    assert set(told["versions"]) == {"madang", "papermill"}
    assert told["ended"] is None
    metadata["language_info"] = {"version": "3.12.1"}
    provenance.end(metadata)
    assert told["versions"]["python"] == "3.12.1"
    assert told["ended"] >= told["started"]


def test_a_run_without_a_slot_has_none():
    metadata = {"madang": {"kernel": "forked"}}
    provenance.begin(metadata, {}, None)
    provenance.end(metadata)
    assert metadata == {"madang": {"kernel": "forked"}}
