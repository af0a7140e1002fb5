"""Every text has both languages, the same fields in both, and every error code has its words."""

import ast
import pkgutil
import string
from importlib import import_module
from pathlib import Path

import pytest

from madang import i18n
from madang.domain.lease import EndReason, WaitReason
from madang.errors import InvalidError

PACKAGE = Path(i18n.__file__).parents[1]
ERRORS = {
    "MadangError",
    "InvalidError",
    "RefusedError",
    "ConflictError",
    "NotFoundError",
    "UnauthenticatedError",
    "UnavailableError",
    "LocalError",
}


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def raised_codes() -> set[tuple[str, str]]:
    """Return (code, file) of each error that the source constructs with a literal code."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            first = node.args[0]
            if (
                name in ERRORS
                and isinstance(first, ast.Constant)
                and isinstance(first.value, str)
                and first.value
            ):
                found.add((first.value, str(path.relative_to(PACKAGE))))
    return found


def test_every_error_code_has_a_message_and_a_next_step() -> None:
    known = i18n.catalogue()
    missing = sorted(
        f"error.{code}.{part} ({file})"
        for code, file in raised_codes()
        for part in ("message", "hint")
        if f"error.{code}.{part}" not in known
    )
    assert not missing


@pytest.mark.parametrize("key", sorted(i18n.catalogue()))
def test_both_languages_are_there_with_the_same_fields(key: str) -> None:
    english, korean = i18n.catalogue()[key]
    assert english.strip()
    assert korean.strip()
    assert fields(english) == fields(korean)


def test_reasons_have_words() -> None:
    known = i18n.catalogue()
    assert {f"reason.{reason}" for reason in EndReason} <= set(known)
    assert {f"reason.{reason}.hint" for reason in EndReason} <= set(known)
    assert {f"wait.{reason}" for reason in WaitReason} <= set(known)


def test_a_problem_is_told_in_the_language_asked_for() -> None:
    error = InvalidError("duration_unreadable", given="soon")
    assert "soon" in i18n.problem(error, "en")["message"]
    assert "시간" in i18n.problem(error, "ko")["message"]
    assert i18n.problem(error)["status"] == 422


@pytest.mark.parametrize(
    ("accepted", "lang"),
    [("ko-KR,ko;q=0.9", "ko"), ("en-US,ko;q=0.5", "en"), ("", "en"), (None, "en"), ("ko", "ko")],
)
def test_language_is_chosen_from_a_cookie_or_header(accepted: str | None, lang: str) -> None:
    assert i18n.choose_language(accepted) == lang


def test_a_list_is_read_out_in_words() -> None:
    key = "error.duration_unreadable.message"
    assert "'research', 'open'" not in i18n.text(key, given=["research", "open"])
    assert "research, open" in i18n.text(key, given=["research", "open"])
    assert "a, b" in i18n.text(key, given=frozenset({"b", "a"}))


def test_numbers_are_short_in_texts() -> None:
    values = {"project": "open", "left": 0.01, "needed": 1234.255555, "committed": 0}
    assert "0.01 credits" in i18n.text("error.budget_too_small.message", **values)
    assert "1,234.26." in i18n.text("error.budget_too_small.message", **values)


def test_every_text_has_one_home() -> None:
    homes: dict[str, list[str]] = {}
    for module in pkgutil.iter_modules(i18n.words.__path__):
        texts = import_module(f"{i18n.words.__name__}.{module.name}").TEXTS
        for key in texts:
            homes.setdefault(key, []).append(module.name)
    assert not {key: names for key, names in homes.items() if len(names) > 1}
