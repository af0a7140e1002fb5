"""Korean and English: one catalogue of every text that a person reads outside a page template.

Texts stand in ``words/<area>.py`` as ``TEXTS = {"key": ("English", "한국어")}`` with ``{name}``
fields. A key that is missing, or a field without a value, is a defect that a unit test finds; at
run time the key itself is shown rather than an exception raised over an error message.
"""

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, Literal

from madang.errors import MadangError
from madang.i18n import words

Language = Literal["ko", "en"]
LANGUAGES: tuple[Language, ...] = ("ko", "en")


@cache
def catalogue() -> Mapping[str, tuple[str, str]]:
    """Return every text as (English, Korean) by its key."""
    found: dict[str, tuple[str, str]] = {}
    for module in pkgutil.iter_modules(words.__path__):
        found.update(import_module(f"{words.__name__}.{module.name}").TEXTS)
    return found


def text(key: str, lang: str = "en", **values: Any) -> str:
    """Return the text of ``key`` in a language, filled with ``values``."""
    pair = catalogue().get(key)
    if pair is None:
        return key
    try:
        shown = {name: _read_out(value) for name, value in values.items()}
        return pair[1 if lang == "ko" else 0].format(**shown)
    except (KeyError, IndexError, ValueError):
        return pair[1 if lang == "ko" else 0]


def _read_out(value: Any) -> Any:
    """Write lists as words and numbers with two decimals at most; details keep what is exact."""
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    if isinstance(value, (set, frozenset)):
        value = sorted(value, key=str)
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else value


def choose_language(accepted: str | None) -> Language:
    """Pick from a cookie value or an Accept-Language header; English unless Korean comes first."""
    first = (accepted or "").split(",")[0].strip().lower()
    return "ko" if first.startswith("ko") else "en"


def problem(error: MadangError, lang: str = "en") -> dict[str, Any]:
    """Return the one error shape of API, pages and command line."""
    return {
        "code": error.code,
        "message": text(f"error.{error.code}.message", lang, **error.details),
        "hint": text(f"error.{error.code}.hint", lang, **error.details),
        "details": error.details,
        "status": error.status,
    }
