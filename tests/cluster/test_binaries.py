"""A machine that can build no cluster says in one line what to install."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CLUSTER = [
    *(sys.executable, "-m", "pytest", "-p", "no:schemathesis", "-p", "no:cacheprovider", "-q"),
    str(HERE / "test_shared_things.py"),
]
BUILD = [sys.executable, str(HERE / "binaries.py"), "etcd"]
# Too old a Go is played by a program that says so.
OLD_GO = "#!/bin/sh\necho go1.19\n"


def said(command: list[str], folder: Path, go: Path) -> str:
    more = {"MADANG_TEST_CLUSTER_CACHE": str(folder / "cache"), "MADANG_GO": str(go)}
    env = {**os.environ, **more, "KUBECONFIG": ""}
    made = subprocess.run(command, env=env, capture_output=True, text=True, timeout=90, check=False)
    assert made.returncode == 1, made.stdout + made.stderr
    return made.stdout + made.stderr


@pytest.mark.parametrize("is_old", [False, True])
def test_no_go_or_an_old_one_is_said_in_one_line(tmp_path: Path, is_old: bool) -> None:
    go = tmp_path / "go"
    if is_old:
        go.write_text(OLD_GO)
        go.chmod(0o755)
    line = said(BUILD, tmp_path, go)
    assert line.count("\n") == 1
    assert "Install Go 1.26 or newer (https://go.dev/dl), or name one with MADANG_GO." in line
    assert ("1.19 is too old" if is_old else "there is none") in line


def test_tests_that_were_started_without_make_say_it_too(tmp_path: Path) -> None:
    text = said(CLUSTER, tmp_path, tmp_path / "go")
    assert "Install Go 1.26 or newer" in text
    assert "Traceback" not in text


@pytest.mark.parametrize(("version", "is_taken"), [("v4.0.1", True), ("v3.19.0", False)])
def test_a_helm_4_of_path_is_taken_and_an_older_one_is_not(
    tmp_path: Path, version: str, is_taken: bool
) -> None:
    program = tmp_path / "helm"
    program.write_text(f"#!/bin/sh\necho {version}\n")
    program.chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "MADANG_HELM": ""}
    env |= {"MADANG_TEST_CLUSTER_CACHE": str(tmp_path / "none"), "MADANG_GO": "/no/go"}
    command = [sys.executable, str(HERE / "binaries.py"), "helm"]
    made = subprocess.run(command, env=env, capture_output=True, text=True, timeout=90, check=False)
    assert (made.returncode == 0) is is_taken, made.stderr
    if is_taken:
        assert str(program) in made.stdout
    else:
        assert "Or install helm 4, or name one with MADANG_HELM." in made.stderr
