"""Lets a grammar be compiled when it is first used, not when jsonschema is imported.

jsonschema's optional check of the formats ``iri`` and ``iri-reference`` imports ``rfc3987_syntax``,
which compiles its grammar at import: 1.2 to 2.9 CPU seconds, and papermill imports jsonschema.
"""

import contextlib
import importlib
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from types import ModuleType

_NAME = "rfc3987_syntax"


@contextlib.contextmanager
def late_grammar() -> Iterator[None]:
    """Import jsonschema with its checks, each of which imports the grammar when it is called.

    A notebook that imports the grammar itself gets the real one, as the stand-in is gone by then.
    """
    if _NAME in sys.modules or "jsonschema" in sys.modules or find_spec(_NAME) is None:
        yield
        return
    stand_in = ModuleType(_NAME)
    stand_in.is_valid_syntax = _is_valid_syntax  # type: ignore[attr-defined]
    sys.modules[_NAME] = stand_in
    try:
        yield
    finally:
        if sys.modules.get(_NAME) is stand_in:
            del sys.modules[_NAME]


def _is_valid_syntax(term: str, value: str) -> bool:
    return bool(importlib.import_module(_NAME).is_valid_syntax(term, value))
