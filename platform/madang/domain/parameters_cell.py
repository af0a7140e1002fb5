"""What the cell tagged ``parameters`` says of each parameter: name, type, default and help.

Read as papermill's ``--help-notebook`` reads it, without papermill and without running any of it:
annotations, ``# type:`` comments, and the comment behind an assignment as its help. Beyond that,
the kind of a plain default serves as the type, and a comment on the lines above as the help.
Standard library only; people are hostile, so a cell is cut and nothing here may raise.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from typing import TypedDict

from madang.domain.run import MAX_PARAMETERS, MAX_PARAMETERS_BYTES
from madang.domain.wanted import NOTHING, Wanted, stated_types

_SHELL_LINE = re.compile(r"^\s*[%!?]")
_ASSIGNED = re.compile(r"^([^\W\d]\w*)\s*(?::[^=]*)?=(?!=)", re.MULTILINE)
_TYPE_COMMENT = re.compile(r"type:\s*(\S+)\s*(.*)", re.DOTALL)
# Such a line stands over the whole cell, or is code that was taken out.
_NO_HELP = re.compile(
    r"(?:papermill\s+)?(?:parameters?|매개변수|파라미터)\W*|[^\W\d]\w*\s*=.*|%%.*", re.IGNORECASE
)
_KINDS = {ast.List: "list", ast.Tuple: "tuple", ast.Dict: "dict", ast.Set: "set"}
_MAX_TYPE_CHARS = 80
_MAX_SHOWN_CHARS = 300
_MAX_HELP_LINES = 3


class Parameter(TypedDict):
    """One parameter as its notebook declares it; an empty text is what it does not say.

    ``default`` is Python as it stands in the cell, for people: it is never evaluated.
    """

    name: str
    type: str
    default: str
    help: str


def assigned_names(source: str) -> list[str]:
    """Return the names that the top level of a parameters cell assigns, in order.

    Lines for the shell or for IPython are left out. A cell that Python cannot parse is read line by
    line, as a person would: what is wrong with it shows when it is executed.
    """
    plain = _plain(source)
    body = _parsed(plain)
    if body is None:
        return list(dict.fromkeys(_ASSIGNED.findall(plain)))
    return list(dict.fromkeys(name for _, name, _ in _assignments(body)))


def read_parameters(source: str) -> list[Parameter]:
    """Return what a parameters cell says of each name; of one assigned twice, the later.

    Examples
    --------
    >>> read_parameters("lr: float = 0.1  # step of the optimizer")
    [{'name': 'lr', 'type': 'float', 'default': '0.1', 'help': 'step of the optimizer'}]
    """
    plain = _plain(source)
    body = _parsed(plain)
    if body is None:
        names = dict.fromkeys(_ASSIGNED.findall(plain))
        found = {name: Parameter(name=name, type="", default="", help="") for name in names}
    else:
        lines = [line.encode() for line in plain.split("\n")]
        behind, alone = _comments(plain)
        found = {}
        for statement, name, value in _assignments(body):
            said = behind.get(statement.end_lineno or 0) or behind.get(statement.lineno, "")
            typed, help_ = _type_and_help(said)
            found[name] = Parameter(
                name=name,
                type=_annotation(statement) or typed or _kind(value),
                default=_shown(value, lines),
                help=help_ or _above(statement.lineno, alone),
            )
    return list(found.values())[:MAX_PARAMETERS]


def read_wanted(source: str) -> Wanted:
    r"""Return what a parameters cell wants of values: of one assigned twice, what it says last.

    Examples
    --------
    >>> read_wanted("seed: int\nlr: float = 0.1\nn = 3")
    Wanted(types={'seed': 'int', 'lr': 'float'}, required=('seed',))
    """
    plain = _plain(source)
    body = _parsed(plain)
    if body is None:
        return NOTHING
    behind, _ = _comments(plain)
    stated: dict[str, tuple[str, bool]] = {}
    for statement, name, value in _assignments(body):
        said = behind.get(statement.end_lineno or 0) or behind.get(statement.lineno, "")
        typed = _annotation(statement) or _type_and_help(said)[0]
        stated[name] = (typed, isinstance(value, ast.Constant) and value.value is None)
    bound = _bound(body)
    return Wanted(
        stated_types((name, *said) for name, said in stated.items()),
        tuple(name for name in stated if name not in bound),
    )


def _bound(body: Iterable[ast.stmt]) -> set[str]:
    """Return the names that the cell gives a value anywhere, in a branch or by an import too."""
    bare = {
        id(statement.target)
        for statement in body
        if isinstance(statement, ast.AnnAssign) and statement.value is None
    }
    found: set[str] = set()
    for node in (node for statement in body for node in ast.walk(statement)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and id(node) not in bare:
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            found.add(node.name)
    return found


def _plain(source: str) -> str:
    """Return the cell with lines that are no Python left empty, so that lines keep their number."""
    source = source[:MAX_PARAMETERS_BYTES].replace("\r\n", "\n").replace("\r", "\n")
    return "\n".join("" if _SHELL_LINE.match(line) else line for line in source.split("\n"))


def _parsed(plain: str) -> list[ast.stmt] | None:
    try:
        return ast.parse(plain).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _assignments(body: Iterable[ast.stmt]) -> Iterator[tuple[ast.stmt, str, ast.expr | None]]:
    for statement in body:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                for name, value in _targets(target, statement.value):
                    yield statement, name, value
        elif isinstance(statement, ast.AnnAssign):
            for name, value in _targets(statement.target, statement.value):
                yield statement, name, value


def _targets(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield each name with its own value where ``a, b = 1, 2`` shows it."""
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple | ast.List):
        inner: list[ast.expr | None] = [None] * len(target.elts)
        if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(inner):
            inner = list(value.elts)
        for one, its_value in zip(target.elts, inner, strict=True):
            yield from _targets(one, its_value)


def _comments(plain: str) -> tuple[dict[int, str], dict[int, str]]:
    """Return comments behind code and comments alone on their line, by the number of the line."""
    behind: dict[int, str] = {}
    alone: dict[int, str] = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(plain).readline):
            if token.type == tokenize.COMMENT:
                is_alone = not token.line[: token.start[1]].strip()
                kept = alone if is_alone else behind
                kept[token.start[0]] = token.string.lstrip("#:").strip()
    except (tokenize.TokenError, SyntaxError):
        pass  # what was read so far helps; the names come from the parser
    return behind, alone


def _type_and_help(comment: str) -> tuple[str, str]:
    found = _TYPE_COMMENT.match(comment)
    if found is None:
        return "", comment[:_MAX_SHOWN_CHARS]
    named = "" if found[1].startswith("ignore") else found[1]
    return named[:_MAX_TYPE_CHARS], found[2][:_MAX_SHOWN_CHARS]


def _above(line: int, alone: dict[int, str]) -> str:
    found: list[str] = []
    while len(found) < _MAX_HELP_LINES and (said := alone.get(line - 1 - len(found))):
        if _NO_HELP.fullmatch(said):
            break
        found.insert(0, said)
    return " ".join(found)[:_MAX_SHOWN_CHARS]


def _annotation(statement: ast.stmt) -> str:
    if not isinstance(statement, ast.AnnAssign):
        return ""
    found = statement.annotation
    if isinstance(found, ast.Constant) and isinstance(found.value, str):
        return found.value[:_MAX_TYPE_CHARS]
    return _unparsed(found)[:_MAX_TYPE_CHARS]


def _kind(value: ast.expr | None) -> str:
    """Return the type of a plain default, where everybody sees it."""
    if isinstance(value, ast.UnaryOp) and not isinstance(value.op, ast.Not):
        value = value.operand
    if isinstance(value, ast.Constant):
        return "" if value.value is None else type(value.value).__name__
    return "str" if isinstance(value, ast.JoinedStr) else _KINDS.get(type(value), "")


def _shown(value: ast.expr | None, lines: list[bytes]) -> str:
    """Return a default as it stands there; one of several lines on one."""
    if value is None:
        return ""
    if value.lineno == value.end_lineno:
        whole = lines[value.lineno - 1][value.col_offset : value.end_col_offset].decode()
    else:
        whole = _unparsed(value)
    return whole if len(whole) <= _MAX_SHOWN_CHARS else f"{whole[: _MAX_SHOWN_CHARS - 1]}…"


def _unparsed(node: ast.expr) -> str:
    try:
        return ast.unparse(node)
    except (RecursionError, ValueError):
        return "…"
