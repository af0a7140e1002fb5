"""What a run may be given: pure checks of the notebook, its parameters and its files.

The service (at submission), the client (before it uploads) and the runner (before it executes) call
the same functions, so that the three never disagree. Standard library only, no file is opened and
no address is followed here; people are hostile, so that every walk is bounded and iterative.
"""

import json
import keyword
import math
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, TypedDict
from urllib.parse import unquote

from madang.domain.parameters_cell import (
    Parameter,
    assigned_names,
    read_parameters,
    read_wanted,
)
from madang.domain.run import (
    MAX_NOTEBOOK_BYTES,
    MAX_PARAMETERS,
    MAX_PARAMETERS_BYTES,
    MAX_PARAMETERS_DEPTH,
)
from madang.domain.shown import shown
from madang.domain.wanted import Wanted, check_wanted
from madang.errors import InvalidError

MAX_FILES = 64
"""Files that may travel with one run."""

MAX_FILES_BYTES = 20 * 1024**2
"""Size of all files of one run together."""

MAX_NAME_BYTES = 1024
MAX_COMPONENT_BYTES = 255

_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:(//|\\\\)")
_DRIVE = re.compile(r"^[A-Za-z]:")


class NotebookFacts(TypedDict):
    """What :func:`check_notebook` learns about a notebook.

    ``cells`` counts all cells, ``code_cells`` those that are executed; ``declared`` holds the names
    that the cell tagged ``parameters`` assigns, or None when there is no such cell, ``source`` that
    cell's text, and ``wanted`` what it wants of their values; ``files`` the paths, relative to the
    notebook, that its metadata declare under ``madang.files``.
    """

    cells: int
    code_cells: int
    declared: list[str] | None
    source: str
    wanted: Wanted
    files: list[str]


class NotebookParameters(TypedDict):
    """What a notebook declares; ``has_cell`` tells a cell without names from no cell."""

    has_cell: bool
    parameters: list[Parameter]
    cells: int
    code_cells: int
    files: list[str]


def check_parameters(parameters: object) -> dict[str, Any]:
    """Return a copy of the parameters as plain JSON values.

    Raises
    ------
    InvalidError
        ``parameters_not_json`` (another type, NaN, infinity, half a surrogate pair),
        ``parameter_name_invalid`` (no Python name: it would be injected as code),
        ``parameters_too_deep``, ``parameters_too_many``, ``parameters_too_large``.
    """
    if not isinstance(parameters, Mapping):
        raise InvalidError("parameters_not_json", where="parameters", given=_kind(parameters))
    if len(parameters) > MAX_PARAMETERS:
        raise InvalidError("parameters_too_many", given=len(parameters), limit=MAX_PARAMETERS)
    for name in parameters:
        if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
            raise InvalidError("parameter_name_invalid", given=shown(name))
    _walk(parameters)
    try:
        written = json.dumps(parameters, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        where = next((name for name in parameters if not _is_written(parameters[name])), "")
        raise InvalidError("parameters_not_json", where=shown(where), given="\\udc80…") from error
    if len(written) > MAX_PARAMETERS_BYTES:
        raise InvalidError(
            "parameters_too_large", given_bytes=len(written), limit_bytes=MAX_PARAMETERS_BYTES
        )
    copy: dict[str, Any] = json.loads(written)
    return copy


def _walk(parameters: Mapping[Any, Any]) -> None:
    """Look at every value once, without recursion; stop at the first limit that is passed."""
    left = [(1, str(name), value) for name, value in parameters.items()]
    seen = 0
    while left:
        depth, where, value = left.pop()
        seen += 1
        if depth > MAX_PARAMETERS_DEPTH:
            raise InvalidError("parameters_too_deep", where=where, limit=MAX_PARAMETERS_DEPTH)
        if seen > MAX_PARAMETERS_BYTES:  # each value is a byte of JSON at the least
            raise InvalidError(
                "parameters_too_large", given_bytes=seen, limit_bytes=MAX_PARAMETERS_BYTES
            )
        if isinstance(value, Mapping):
            if not all(isinstance(key, str) for key in value):
                raise InvalidError("parameters_not_json", where=where, given="key")
            left.extend((depth + 1, where, inner) for inner in value.values())
        elif isinstance(value, list | tuple):
            left.extend((depth + 1, where, inner) for inner in value)
        elif not _is_scalar(value):
            raise InvalidError("parameters_not_json", where=where, given=_kind(value))


def _is_written(value: object) -> bool:
    """Tell whether a value can be written; half a surrogate pair cannot (bytes of another code)."""
    try:
        return bool(json.dumps(value, ensure_ascii=False).encode())
    except (TypeError, ValueError, RecursionError):
        return False


def _is_scalar(value: object) -> bool:
    """Tell whether JSON has this value; exact types only, as subclasses may write themselves."""
    if type(value) is float:
        return math.isfinite(value)
    return value is None or type(value) in (bool, int, str)


def check_notebook(data: bytes) -> NotebookFacts:
    """Read the bytes of an ``.ipynb`` file and tell what a run needs to know about it.

    Raises
    ------
    InvalidError
        ``notebook_too_large``, ``notebook_not_json``, ``notebook_not_notebook`` (with ``what``), or
        ``notebook_language`` for another language than Python.
    """
    if len(data) > MAX_NOTEBOOK_BYTES:
        raise InvalidError(
            "notebook_too_large", given_bytes=len(data), limit_bytes=MAX_NOTEBOOK_BYTES
        )
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InvalidError("notebook_not_json", given=shown(str(error))) from error
    cells = _cells(notebook)
    _check_language(notebook["metadata"])
    declared, source = None, ""
    for cell in cells:
        tags = cell["metadata"].get("tags")
        if cell["cell_type"] == "code" and isinstance(tags, list) and "parameters" in tags:
            source = _source(cell)
            declared = assigned_names(source)
            break
    code_cells = sum(cell["cell_type"] == "code" for cell in cells)
    return {
        "cells": len(cells),
        "code_cells": code_cells,
        "declared": declared,
        "source": source,
        "wanted": read_wanted(source),
        "files": _declared_files(notebook["metadata"]),
    }


def notebook_parameters(data: bytes) -> NotebookParameters:
    """Return what a notebook declares, as API, page and command line show it.

    Raises
    ------
    InvalidError
        As :func:`check_notebook`.
    """
    facts = check_notebook(data)
    return {
        "has_cell": facts["declared"] is not None,
        "parameters": read_parameters(facts["source"]),
        "cells": facts["cells"],
        "code_cells": facts["code_cells"],
        "files": facts["files"],
    }


def _cells(notebook: object) -> list[dict[str, Any]]:
    """Return the cells after looking at every field that the runner relies on."""
    if not isinstance(notebook, dict):
        raise InvalidError("notebook_not_notebook", what="top level")
    if notebook.get("nbformat") != 4:
        raise InvalidError("notebook_not_notebook", what="nbformat 4")
    if not isinstance(notebook.setdefault("metadata", {}), dict):
        raise InvalidError("notebook_not_notebook", what="metadata")
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        raise InvalidError("notebook_not_notebook", what="cells")
    for number, cell in enumerate(cells, 1):
        if (
            not isinstance(cell, dict)
            or cell.get("cell_type") not in ("code", "markdown", "raw")
            or not isinstance(cell.setdefault("metadata", {}), dict)
            or not _is_source(cell.get("source"))
        ):
            raise InvalidError("notebook_not_notebook", what=f"cells[{number}]")
    return cells


def _declared_files(metadata: Mapping[str, Any]) -> list[str]:
    """Return declared paths: beside, below or one folder above the notebook, nothing hidden.

    Whoever submits somebody else's notebook must not send a key or a token along with it.
    """
    own = metadata.get("madang")
    declared = own.get("files", []) if isinstance(own, dict) else []
    if not isinstance(declared, list) or len(declared) > MAX_FILES:
        raise InvalidError("notebook_not_notebook", what="metadata.madang.files")
    for path in declared:
        name = path.removeprefix("../") if isinstance(path, str) else path
        if any(part.startswith(".") for part in check_file_name(name).split("/")):
            raise InvalidError("path_outside", given=shown(path))
    return declared


def _is_source(source: object) -> bool:
    return isinstance(source, str) or (
        isinstance(source, list) and all(isinstance(line, str) for line in source)
    )


def _source(cell: Mapping[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def _check_language(metadata: Mapping[str, Any]) -> None:
    """Refuse what names another language; a notebook that names none is taken as Python."""
    for part, key in (("kernelspec", "language"), ("language_info", "name")):
        named = metadata.get(part)
        language = named.get(key) if isinstance(named, dict) else None
        if isinstance(language, str) and language and not language.lower().startswith("python"):
            raise InvalidError("notebook_language", given=shown(language))


def check_declared(parameters: Mapping[str, Any], declared: list[str] | None) -> None:
    """Refuse parameters that the notebook's ``parameters`` cell does not assign.

    Raises
    ------
    InvalidError
        ``parameters_undeclared`` with the names that are not declared and those that are.
    """
    known = declared or []
    unknown = sorted(name for name in parameters if name not in known)
    if unknown:
        raise InvalidError(
            "parameters_undeclared",
            given=shown(", ".join(unknown), 200),
            known=shown(", ".join(known), 200) or "-",
        )


def check_fit(parameters: Mapping[str, Any], facts: NotebookFacts) -> None:
    """Refuse parameters that the notebook does not declare, or that its cell has other wishes of.

    Raises
    ------
    InvalidError
        As :func:`check_declared` and ``check_wanted``.
    """
    check_declared(parameters, facts["declared"])
    check_wanted(parameters, facts["wanted"])


def check_file_name(name: object) -> str:
    """Return the name of a file that travels with a run, relative to the run's own folder.

    Every component is judged by itself, as it stands and percent-decoded, so that no later reader
    can understand it as a way out.

    Raises
    ------
    InvalidError
        ``path_is_url`` or ``path_outside``.
    """
    if not isinstance(name, str):
        raise InvalidError("path_outside", given=shown(name))
    if _SCHEME.match(name):
        raise InvalidError("path_is_url", given=shown(name))
    for form in (name, unquote(name, errors="replace")):
        parts = form.split("/")
        if _DRIVE.match(form) or not all(_is_component(part) for part in parts):
            raise InvalidError("path_outside", given=shown(name))
    if len(name.encode()) > MAX_NAME_BYTES:
        raise InvalidError("path_outside", given=shown(name))
    return str(PurePosixPath(name))


def _is_component(part: str) -> bool:
    try:
        size = len(part.encode())
    except UnicodeEncodeError:  # half a surrogate pair: no file system could keep it
        return False
    return (
        0 < size <= MAX_COMPONENT_BYTES
        and part not in (".", "..")
        and part == part.strip()
        and "\\" not in part
        and all(character.isprintable() for character in part)
    )


def check_files(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files of a run by checked name.

    Raises
    ------
    InvalidError
        As :func:`check_file_name`; ``path_outside`` too where a file is also the folder of another;
        ``files_too_large`` when they are too many or too large together.
    """
    size = sum(len(data) for data in files.values())
    if len(files) > MAX_FILES or size > MAX_FILES_BYTES:
        raise InvalidError(
            "files_too_large",
            given=len(files),
            given_bytes=size,
            limit=MAX_FILES,
            limit_bytes=MAX_FILES_BYTES,
        )
    checked = {check_file_name(name): data for name, data in files.items()}
    for name in checked:
        for folder in PurePosixPath(name).parents:
            if str(folder) in checked:
                raise InvalidError("path_outside", given=shown(name))
    return checked


def check_local_path(text: str) -> str:
    """Refuse an address where the path of a file is expected (nothing here is ever fetched).

    Raises
    ------
    InvalidError
        ``path_is_url``; ``path_outside`` for text that cannot be a path.
    """
    if _SCHEME.match(text):
        raise InvalidError("path_is_url", given=shown(text))
    if "\0" in text or not text.strip():
        raise InvalidError("path_outside", given=shown(text))
    return text


def _kind(value: object) -> str:
    """Name what was given: its type, and the value where that is the fault (NaN, infinity)."""
    return str(value) if type(value) is float else type(value).__name__
