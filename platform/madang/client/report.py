"""What a project held, used and paid, as an object, a table and a data frame.

Examples
--------
>>> import madang
>>> madang.usage("vision-lab").to_frame("person")  # doctest: +SKIP

What comes back keeps the service's answer as it is:

>>> view = {"projects": [], "head_seq": 7, "head_hash": "0" * 64}
>>> Usage(view).to_dict() == view
True
>>> Usage(view).to_frame("day").empty
True
"""

from collections.abc import Mapping
from typing import Any

from madang.client.http import MadangClient
from madang.client.table import html_table, table
from madang.client.words import language
from madang.i18n import text
from madang.units import MS_PER_HOUR, credits_short

_RIGHT = range(1, 7)


class Usage:
    """One answer about usage.

    Parameters
    ----------
    view
        What the service says, see the API's description.
    """

    def __init__(self, view: Mapping[str, Any]) -> None:
        self._view = dict(view)

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as the service gave it: times in ms, money in micro-credits."""
        return dict(self._view)

    def to_frame(self, by: str = "project") -> Any:
        """Return a pandas data frame with one row for each project, or person, kind or day of it.

        Parameters
        ----------
        by
            ``"project"``, ``"person"``, ``"kind"`` or ``"day"``.
        """
        import pandas as pd

        if by == "project":
            nested = ("by_person", "by_kind", "by_day")
            rows = [
                {key: value for key, value in project.items() if key not in nested}
                for project in self._view["projects"]
            ]
        else:
            rows = [
                {"project": project["name"], **row}
                for project in self._view["projects"]
                for row in project[f"by_{by}"]
            ]
        return pd.DataFrame(rows)

    def rows(self) -> tuple[list[str], list[list[str]]]:
        """Return head and rows for people: one row a project, hours and credits."""
        keys = ("project", "granted", "used", "reserved", "left", "held", "metered")
        head = [text(f"usage.{key}", language()) for key in keys]
        rows = [
            [
                project["name"],
                *(credits_short(project[key]) for key in ("granted", "used", "reserved", "left")),
                f"{project['held_device_ms'] / MS_PER_HOUR:,.2f}",
                f"{project['used_device_ms'] / MS_PER_HOUR:,.2f}",
            ]
            for project in self._view["projects"]
        ]
        return head, rows

    def __repr__(self) -> str:
        head, rows = self.rows()
        seal = text(
            "usage.seal", language(), seq=self._view["head_seq"], hash=self._view["head_hash"]
        )
        return f"{table(head, rows, _RIGHT)}\n{seal}"

    def _repr_html_(self) -> str:
        head, rows = self.rows()
        return html_table(head, rows, _RIGHT)


def usage(
    project: str | None = None,
    *,
    from_ms: int | None = None,
    to_ms: int | None = None,
    client: MadangClient | None = None,
) -> Usage:
    """Return what my projects, or one of them, held, used and paid.

    Parameters
    ----------
    from_ms, to_ms
        Span in UTC milliseconds; the service's default when None.
    """
    http = client or MadangClient()
    return Usage(http.get("usage", project=project, from_ms=from_ms, to_ms=to_ms))
