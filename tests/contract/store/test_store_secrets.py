"""Secrets in both databases: sealed bytes, versions that only grow, names on runs and sweeps."""

from typing import Any

from madang.domain.project import Person, Project
from madang.domain.run import Run
from madang.domain.sweep import Sweep
from madang.pki.seal import Seal
from madang.store import Store

NOW = 1_790_000_000_000
VALUE = "hf_0123456789abcdef"


def test_a_value_comes_out_under_its_key_alone(store: Store, ada: Person, project: Project) -> None:
    seal = Seal("k" * 40)
    made = store.write_now(
        lambda tx: tx.secrets.set(project.id, "HF_TOKEN", seal.close(VALUE), ada.id, NOW)
    )
    assert (made.version, made.set_by, made.set_at_ms) == (1, ada.id, NOW)
    assert "sealed" not in repr(made)
    (found,) = store.read_now(lambda tx: tx.secrets.of_project(project.id))
    assert found == made
    assert seal.open(found.sealed) == VALUE
    assert Seal("o" * 40).open(found.sealed) is None
    assert VALUE.encode() not in found.sealed
    assert store.read_now(lambda tx: tx.secrets.of_project("project-2")) == []


def test_versions_only_grow_also_over_a_removal(
    store: Store, ada: Person, project: Project
) -> None:
    def set_(tx: Any, name: str = "HF_TOKEN") -> int:
        version: int = tx.secrets.set(project.id, name, b"sealed", ada.id, NOW).version
        return version

    assert [store.write_now(set_) for _ in range(2)] == [1, 2]
    assert store.write_now(lambda tx: set_(tx, "OTHER")) == 1
    assert store.write_now(lambda tx: tx.secrets.remove(project.id, "HF_TOKEN"))
    assert not store.write_now(lambda tx: tx.secrets.remove(project.id, "HF_TOKEN"))
    assert not store.write_now(lambda tx: tx.secrets.remove("project-2", "OTHER"))
    names = ["HF_TOKEN", "OTHER", "NONE"]
    found = store.read_now(lambda tx: tx.secrets.named(project.id, names))
    assert list(found) == ["OTHER"]
    assert [s.name for s in store.read_now(lambda tx: tx.secrets.of_project(project.id))] == [
        "OTHER"
    ]
    assert store.write_now(set_) == 3


def test_runs_and_sweeps_keep_names(store: Store, ada: Person, project: Project) -> None:
    common: dict[str, Any] = {
        "person": ada.id,
        "project": project.id,
        "name": "r",
        "notebook_sha256": "a" * 64,
        "flavor": "h200",
        "devices": 1,
        "limit_ms": 60_000,
        "submitted_ms": NOW,
        "secrets": ("A", "B"),
    }
    run = Run(id="run-1", parameters={}, **common)
    sweep = Sweep(id="sweep-1", max_parallel=1, **common)
    store.write_now(lambda tx: (tx.runs.add(run), tx.sweeps.add(sweep, [])))
    assert store.read_now(lambda tx: tx.runs.get("run-1")) == run
    assert store.read_now(lambda tx: tx.sweeps.get("sweep-1")) == sweep
