"""Which errors an operation may answer with, for the description of the API.

A rule rather than a list by hand: what a route takes decides what can go wrong with it. The hostile
tests count every status that is not described here as a defect.
"""

import inspect
from collections.abc import Callable, Collection
from typing import Any

from pydantic import BaseModel

from madang.api.shapes.base import Problem

_ALWAYS = {
    400: "The request cannot be read.",
    401: "Nobody is logged in, or the token is not known.",
    403: "The credential, the role or a rule does not allow it.",
    413: "The body is too large.",
    415: "The body is of another type than JSON.",
    422: "What was given does not fit; `details` says which field, and the limit.",
    503: "A part that is needed does not answer now; try again after `Retry-After` seconds.",
}
_NAMED = {404: "What was named does not exist, or is not the asker's to see."}
_ACTS = {409: "It does not fit the present state, or the key was used for something else."}


def problems(
    path: str, methods: Collection[str], endpoint: Callable[..., Any]
) -> dict[int | str, dict[str, Any]]:
    """Return the errors of a route, as FastAPI's ``responses`` takes them."""
    taken = inspect.signature(endpoint).parameters
    bodies = [one for one in taken.values() if _is_body(one.annotation)]
    found = dict(_ALWAYS)
    if "{" in path or "project" in taken or bodies:
        found |= _NAMED
    if set(methods) - {"GET"} or path.endswith("/credentials"):
        found |= _ACTS
    return {
        status: {"model": Problem, "description": words} for status, words in sorted(found.items())
    }


def _is_body(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
