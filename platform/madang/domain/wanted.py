"""What a parameters cell wants of each value: the type that it states, and a value at all.

Only what the cell states counts: an annotation (``seed: int = 0``) or papermill's ``# type: int``.
That a default happens to be a number is no wish, since notebooks take ``0`` for "none yet". A name
that is annotated and never given a value (``seed: int``) must be given one. Standard library only.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from madang.errors import InvalidError

_LIST = frozenset({"list", "tuple", "set", "sequence", "iterable"})
_MAP = frozenset({"dict", "mapping"})
_OPTIONAL = re.compile(r"optional\[(.*)\]", re.DOTALL)
_PREFIX = re.compile(r"^(?:typing|t|collections\.abc|builtins)\.")
_SHOWN_CHARS = 40

_FITS: Mapping[str, Callable[[Any], bool]] = {
    "int": lambda value: isinstance(value, int),  # True is a whole number to Python as well
    "float": lambda value: isinstance(value, int | float),
    "str": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "none": lambda value: value is None,
    **dict.fromkeys(_LIST, lambda value: isinstance(value, list | tuple)),
    **dict.fromkeys(_MAP, lambda value: isinstance(value, Mapping)),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the cell states of its parameters.

    Attributes
    ----------
    types
        The stated type by name, as it stands there; only those that can be checked.
    required
        Names that the cell gives no value.
    """

    types: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()


NOTHING = Wanted()


@lru_cache(maxsize=256)
def kinds_of(stated: str) -> frozenset[str] | None:
    """Return the plain kinds that a type allows, None when some of it cannot be checked.

    Examples
    --------
    >>> sorted(kinds_of("Optional[list[int]]")), sorted(kinds_of("int | str"))
    (['list', 'none'], ['int', 'str'])
    >>> kinds_of("Path") is None
    True
    """
    text = _PREFIX.sub("", stated.strip().lower())
    parts = _parts(text)
    optional = _OPTIONAL.fullmatch(text)
    if len(parts) == 1 and optional:
        parts = [optional[1], "none"]
    if len(parts) > 1:
        inner = [kinds_of(part) for part in parts]
        return None if None in inner else frozenset().union(*(kinds or () for kinds in inner))
    kind = text.partition("[")[0].strip()
    return frozenset({kind}) if kind in _FITS else None


def _parts(text: str) -> list[str]:
    """Cut at the bars that stand in no bracket."""
    found, depth = [""], 0
    for character in text:
        depth += (character == "[") - (character == "]")
        if character == "|" and not depth:
            found.append("")
        else:
            found[-1] += character
    return found


def check_wanted(parameters: Mapping[str, Any], wanted: Wanted) -> None:
    """Refuse a value of another type than stated, and the want of one that has no default.

    Raises
    ------
    InvalidError
        ``parameter_type_wrong``, ``parameter_missing``.
    """
    for name, stated in wanted.types.items():
        if name not in parameters:
            continue
        kinds = kinds_of(stated)
        if kinds and not any(_FITS[kind](parameters[name]) for kind in kinds):
            raise InvalidError(
                "parameter_type_wrong",
                parameter=name[:60],
                given=_said(parameters[name]),
                wanted=stated,
            )
    missing = [name for name in wanted.required if name not in parameters]
    if missing:
        raise InvalidError(
            "parameter_missing", parameter=missing[0][:60], given=", ".join(missing)[:200]
        )


def stated_types(stated: Iterable[tuple[str, str, bool]]) -> dict[str, str]:
    """Return the types that can be checked, from names, types and whether the default is None."""
    return {
        name: f"{said} | None" if is_none else said
        for name, said, is_none in stated
        if kinds_of(said)
    }


def _said(value: Any) -> str:
    """Return a value as people read it, with its kind."""
    text = json.dumps(value, ensure_ascii=False)
    short = text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"
    return f"{short} ({'null' if value is None else type(value).__name__})"
