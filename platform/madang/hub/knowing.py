"""Lets the hub know who asks also while its database cannot be written.

JupyterHub notes each use of a token or cookie before it says whose it is. On a full disk or in a
folder that turned read-only that note fails, and the hub answers that it does not know the token:
whoever asked is logged out, everywhere and for good. Installed once by
:func:`madang.hub.configure`; gives nobody more than what the database says.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

Ask = Callable[[Any], Awaitable[Any]]


def install() -> None:
    """Let every handler of the hub look once more, without the note, when the note failed."""
    from jupyterhub.handlers.base import BaseHandler

    if not hasattr(BaseHandler.get_current_user, "__wrapped__"):
        BaseHandler.get_current_user = knowing(BaseHandler.get_current_user)


def knowing(ask: Ask) -> Ask:
    """Return a question for the person of a request that needs no writing when that fails."""
    # The name under which the hub itself has it: its database library is none of ours here.
    from jupyterhub.handlers.base import SQLAlchemyError

    @wraps(ask)
    async def get_current_user(handler: Any) -> Any:
        try:
            return await ask(handler)
        except SQLAlchemyError as error:
            handler.log.warning("The use of a token could not be noted: %s", error)
            handler.db.rollback()
        # Else it would take the failure for the answer.
        vars(handler).pop("_jupyterhub_user", None)
        handler._record_activity = _nothing_to_note
        return await ask(handler)

    return get_current_user


def _nothing_to_note(*_args: Any) -> bool:
    return False
