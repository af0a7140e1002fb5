"""Kubeconfigs as people have them: several files, paths beside them, programs that are asked."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from given_kubeconfig import NotUsableError, current_context


def write(path: Path, name: str, cluster: dict, user: dict, current: str = "") -> Path:
    body: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    }
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(body | ({"current-context": current} if current else {})))
    return path


def copied(given: str, folder: Path) -> tuple[str, dict, dict]:
    name, path = current_context(given, folder)
    assert path.stat().st_mode & 0o077 == 0
    made = yaml.safe_load(path.read_text())
    [cluster], [user] = made["clusters"], made["users"]
    return name, cluster["cluster"], user["user"]


def test_the_current_context_of_several_files_is_taken(tmp_path: Path) -> None:
    first = write(tmp_path / "a", "one", {"server": "https://one"}, {"token": "1"}, "two")
    second = write(tmp_path / "b", "two", {"server": "https://two"}, {"token": "2"})
    given = os.pathsep.join((str(first), str(second)))
    assert copied(given, tmp_path) == ("two", {"server": "https://two"}, {"token": "2"})


def test_paths_beside_the_file_are_found_from_elsewhere(tmp_path: Path) -> None:
    path = write(
        tmp_path / "there" / "config",
        "one",
        {"server": "https://one", "certificate-authority": "ca.crt"},
        {"client-certificate": "/etc/x.crt", "exec": {"command": "./login", "args": ["x"]}},
        "one",
    )
    _, cluster, user = copied(str(path), tmp_path)
    assert cluster["certificate-authority"] == f"{tmp_path}/there/ca.crt"
    assert user["client-certificate"] == "/etc/x.crt"
    assert user["exec"] == {"command": f"{tmp_path}/there/login", "args": ["x"]}


def test_a_program_of_the_path_and_data_inside_stay_as_they_are(tmp_path: Path) -> None:
    inside = {"server": "https://one", "certificate-authority-data": "eA=="}
    user = {"exec": {"command": "aws-iam-authenticator"}}
    path = write(tmp_path / "a", "one", inside, user, "one")
    assert copied(str(path), tmp_path) == ("one", inside, user)


@pytest.mark.parametrize("current", ["", "nobody"])
def test_a_file_that_names_no_cluster_says_so(tmp_path: Path, current: str) -> None:
    path = write(tmp_path / "a", "one", {"server": "https://one"}, {}, current)
    with pytest.raises(NotUsableError, match="kubectl config use-context NAME"):
        current_context(str(path), tmp_path)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotUsableError, match="there is no such file"):
        current_context(str(tmp_path / "none"), tmp_path)


def test_a_run_on_a_cluster_that_cannot_be_used_says_so_once(tmp_path: Path) -> None:
    here = Path(__file__).parent
    plain = ("-p", "no:schemathesis", "-p", "no:cacheprovider", "-q")
    tests = [str(here / "test_shared_things.py"), str(here / "test_limit_range.py")]
    made = subprocess.run(
        [sys.executable, "-m", "pytest", *plain, *tests],
        env={**os.environ, "KUBECONFIG": str(tmp_path / "none")},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    said = made.stdout + made.stderr
    assert made.returncode == 1, said
    assert said.count("there is no such file") == 1
    assert "1 skipped: it looks at kwok" in said
