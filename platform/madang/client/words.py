"""Which language to speak, and errors that carry their words.

Inside a kernel or a shell there is no page around an error: what went wrong and the next step have
to stand in the exception itself.
"""

import os
from typing import TypeVar

from madang.errors import MadangError
from madang.i18n import Language, choose_language, problem

Error = TypeVar("Error", bound=MadangError)


def language() -> Language:
    """Return the language of ``MADANG_LANG``, else of the locale; English unless it is Korean."""
    for name in ("MADANG_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            return choose_language(os.environ[name])
    return "en"


def spoken(error: Error) -> Error:
    """Fill in the words of an error that was found on this side, and return it."""
    if not error.message:
        words = problem(error, language())
        error.message, error.hint = words["message"], words["hint"]
    return error
