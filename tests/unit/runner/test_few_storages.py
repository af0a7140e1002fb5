"""A process that executes runs imports no library of a remote storage; notebooks still may."""

import subprocess
import sys

SCRIPT = """
import sys
from madang.runner.few_storages import few_storages
from madang.runner.late_grammar import late_grammar
with late_grammar(), few_storages():
    import madang.runner.forked.run
    from madang.runner import engine
print(*sorted({"boto3", "botocore", "numpy", "pyarrow"} & set(sys.modules)), "and")
import boto3, pyarrow.fs
print(callable(boto3.client), pyarrow.fs.LocalFileSystem.__name__)
"""


def _said(script: str) -> str:
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_storages_are_imported_by_who_asks_for_them_only() -> None:
    assert _said(SCRIPT) == "and\nTrue LocalFileSystem\n"


def test_papermill_by_itself_imports_them() -> None:
    """Else the test above could not fail."""
    assert "boto3" in _said(SCRIPT.replace(", few_storages():", ":"))


def test_who_has_papermill_keeps_its_storages() -> None:
    script = """
import papermill.iorw
from madang.runner.few_storages import few_storages
with few_storages():
    import boto3
    import papermill.s3
print(papermill.s3.S3 is papermill.iorw.S3)
"""
    assert _said(script) == "True\n"
