"""Jsonschema keeps every check, and its slow grammar is compiled by the first that needs it."""

import subprocess
import sys

SCRIPT = """
import sys
from madang.runner.late_grammar import late_grammar
with late_grammar():
    import jsonschema
assert "rfc3987_syntax" not in sys.modules and "lark" not in sys.modules
def is_valid(value):
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    schema = {"format": "iri"}
    return jsonschema.Draft202012Validator(schema, format_checker=checker).is_valid(value)
print(is_valid("https://마당.kr/가"), is_valid("no iri"), "lark" in sys.modules)
import rfc3987_syntax
print(hasattr(rfc3987_syntax, "grammar"))
"""


def _said(script):
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split()


def test_the_checks_are_those_of_a_plain_import():
    plain = SCRIPT.replace("with late_grammar():", "if True:").replace(
        'assert "rfc', 'True or "rfc'
    )
    assert _said(SCRIPT) == _said(plain)
    assert _said(SCRIPT)[:3] == ["True", "False", "True"]


def test_the_process_that_runs_are_forked_from_has_not_compiled_it():
    script = """
import sys
from madang.runner.late_grammar import late_grammar
with late_grammar():
    import madang.runner.forked.run
print("papermill" in sys.modules or "nbformat" in sys.modules, "lark" in sys.modules)
"""
    assert _said(script) == ["True", "False"]
