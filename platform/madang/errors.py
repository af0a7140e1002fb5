"""The error tree, at the bottom of the house: everyone raises these, nobody adds another.

An error is a code and its details. The words for people (what failed, what was given, the limit,
the next step; Korean and English) stand in the catalogue under ``error.<code>.message`` and
``error.<code>.hint``, filled from ``details``; :mod:`madang.i18n` renders them at the edge.
"""

from typing import Any


class MadangError(Exception):
    """Base of every error that may be shown to a person.

    Parameters
    ----------
    code
        Key of the catalogue, such as ``"budget_too_small"``.
    details
        JSON values that fill the catalogue's text. No secrets, no stack traces.

    Attributes
    ----------
    status
        HTTP status that the API answers with.
    exit_code
        Exit status of the command line: 1 refused, 2 usage, 3 not reachable.
    message, hint
        Words for a person, where the error is met without a page around it: the client fills them
        from the service's answer. Empty inside the service, which renders at its edge.
    """

    status: int = 400
    exit_code: int = 1
    message: str = ""
    hint: str = ""

    def __init__(self, code: str, **details: Any) -> None:
        self.code = code
        self.details = details
        shown = ", ".join(f"{key}={value!r}" for key, value in details.items())
        super().__init__(f"{code}: {shown}" if shown else code)

    def __str__(self) -> str:
        if self.message:
            return f"{self.message} {self.hint} [{self.code}]"
        return super().__str__()


class InvalidError(MadangError):
    """What was given cannot be understood or breaks a stated limit."""

    status = 422
    exit_code = 2


class RefusedError(MadangError):
    """Understood, but the rules (budget, cap, quota, role) do not allow it."""

    status = 403


class ConflictError(MadangError):
    """It does not fit the present state, such as a key used again for something else."""

    status = 409


class NotFoundError(MadangError):
    """It does not exist, or is not the asker's to see; the two are not told apart."""

    status = 404


class UnauthenticatedError(MadangError):
    """Nobody is logged in, or the token is not known."""

    status = 401


class UnavailableError(MadangError):
    """A part that is needed (database, hub, proxy) does not answer now; trying again may help."""

    status = 503
    exit_code = 3


class LocalError(MadangError):
    """Something on this machine stands in the way: a port, a folder, a lock, a full disk."""

    status = 500
