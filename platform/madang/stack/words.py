"""Lines that ``up`` and its siblings print: Korean and English, from the catalogue."""

from collections.abc import Callable
from typing import Any

from madang.i18n import text

Tell = Callable[[str], None]


def say(tell: Tell, key: str, **values: Any) -> None:
    """Print a text in both languages."""
    tell(f"{text(key, 'ko', **values)}\n{text(key, 'en', **values)}")


def say_short(tell: Tell, key: str, **values: Any) -> None:
    """Print a text in both languages on one line."""
    tell(f"{text(key, 'ko', **values)} · {text(key, 'en', **values)}")
