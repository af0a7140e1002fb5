"""Records values of a notebook, which the table of its sweep shows beside the parameters.

Needs no service and prints nothing: values travel in the output of the cell, in scrapbook's format.
"""

import sys
import warnings
from collections.abc import Mapping
from typing import Any

from madang.client.words import language
from madang.domain.recorded import MAX_VALUE_BYTES, SCRAP_JSON, fit_recorded
from madang.i18n import text


def record(values: Mapping[str, Any] | None = None, /, **named: Any) -> None:
    """Record values of this run under their names; a later value of a name takes its place.

    Outside of a kernel nothing happens, so that a notebook saved as a script works too. A value
    that cannot be recorded ends nothing: it is left out with a warning.

    Parameters
    ----------
    values, named
        Numbers, texts, or short lists and mappings of them, of up to 4 KiB each; numbers of NumPy
        and of tensors too. NaN and infinity stay empty in the table.

    Examples
    --------
    >>> import madang
    >>> madang.record(loss=0.12, accuracy=0.97)
    """
    for name, given in {**(values or {}), **named}.items():
        value = _plain(given)
        if isinstance(value, float) and value - value != 0:
            value = str(value)
        elif not fit_recorded({name: value}).values:
            told = text("client.not_recorded", language(), name=name, limit=MAX_VALUE_BYTES)
            warnings.warn(told, stacklevel=2)
            continue
        _publish(name, value)


def _plain(value: Any) -> Any:
    """Return a number or an array of somebody else's type as Python's own."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    as_own = getattr(value, "tolist", None) or getattr(value, "item", None)
    return as_own() if callable(as_own) else value


def _publish(name: str, value: Any) -> None:
    # A kernel has this loaded; outside of one nothing is loaded for it.
    known = sys.modules.get("IPython.core.interactiveshell")
    if known is None or not known.InteractiveShell.initialized():
        return
    scrap = {"name": name, "data": value, "encoder": "json", "version": 1}
    mark = {"scrapbook": {"name": name, "data": True, "display": False}}
    known.InteractiveShell.instance().display_pub.publish(data={SCRAP_JSON: scrap}, metadata=mark)
