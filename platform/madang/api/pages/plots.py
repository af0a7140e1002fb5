"""Geometry of a picture of points; like :mod:`pictures`, the template writes the SVG.

All values come from notebooks: any finite number may come, and any text.
"""

import math
from collections.abc import Sequence
from typing import Any

from madang.domain.medians import MAX_WORDS, Group, by_number, by_word

_BOX = {"width": 720, "height": 300, "left": 62, "right": 12, "top": 12, "bottom": 34}
_LOG_FROM = 100
"""From this ratio on, positive places stand by their magnitude: rates such as 0.1, 0.01, 0.001."""

_TICKS = 5
_LABEL_CHARS = 12
_SHOWN_TOGETHER = 8


def plot(points: Sequence[tuple[float | str, float]]) -> dict[str, Any] | None:
    """Return dots with their medians: a line over numbers, a mark for each text; None for none."""
    numbers = [(x, y) for x, y in points if not isinstance(x, str)]
    if numbers and len(numbers) == len(points):
        return _scatter(numbers)
    words = [(x if isinstance(x, str) else number_text(x), y) for x, y in points]
    return _columns(words) if words else None


def _scatter(points: Sequence[tuple[float, float]]) -> dict[str, Any]:
    groups = by_number(points)
    xs, ys = [x for x, _ in points], [y for _, y in points]
    is_log = min(xs) > 0 and max(xs) / min(xs) >= _LOG_FROM
    across = _Axis([math.log10(x) for x in xs] if is_log else xs, *_across())
    up = _Axis(ys, *_up())

    def place(x: float) -> float:
        return across.place(math.log10(x) if is_log else x)

    # The places themselves where they are few and apart, round steps else.
    found = [(place(group.x), group.x) for group in groups if not isinstance(group.x, str)]
    alone = len(found) <= _SHOWN_TOGETHER and len(set(xs)) == len(found)
    ticks = (
        found if alone else [(at, 10 ** min(v, 308.0) if is_log else v) for at, v in across.ticks()]
    )
    line = [
        f"{place(group.x):.1f},{up.place(group.median):.1f}"
        for group in groups
        if not isinstance(group.x, str)
    ]
    return {
        **_drawn([(place(x), up.place(y)) for x, y in points], up, groups, len(points)),
        "median_line": " ".join(line) if len(line) > 1 else "",
        "median_marks": [],
        "ticks": _apart([{"x": round(at, 1), "label": number_text(v)} for at, v in ticks]),
        "is_log": is_log,
        "words_left_out": 0,
    }


def _columns(points: Sequence[tuple[str, float]]) -> dict[str, Any]:
    groups = by_word(points)
    shown = groups[:MAX_WORDS]
    places = {str(group.x): index for index, group in enumerate(shown)}
    kept = [(x, y) for x, y in points if x in places]
    up = _Axis([y for _, y in kept], *_up())
    left, right = _across()
    step = (right - left) / len(shown)

    def middle(x: str) -> float:
        return left + (places[x] + 0.5) * step

    # Beside each other in the order they came, so that equal values do not hide each other.
    aside = [step * 0.06 * (index % 7 - 3) for index in range(len(kept))]
    dots = [(middle(x) + off, up.place(y)) for (x, y), off in zip(kept, aside, strict=True)]
    marks = [
        {
            "x": round(middle(str(group.x)) - step * 0.3, 1),
            "width": round(step * 0.6, 1),
            "y": round(up.place(group.median), 1),
        }
        for group in shown
    ]
    return {
        **_drawn(dots, up, shown, len(points)),
        "median_line": "",
        "median_marks": marks,
        "ticks": [
            {"x": round(middle(str(group.x)), 1), "label": str(group.x)[:_LABEL_CHARS]}
            for group in shown
        ],
        "is_log": False,
        "words_left_out": len(groups) - len(shown),
    }


def _drawn(
    dots: Sequence[tuple[float, float]], up: "_Axis", groups: Sequence[Group], count: int
) -> dict[str, Any]:
    # One path for all, and one dot for all that would cover each other: ten thousand stay small.
    at = dict.fromkeys((round(x), round(y)) for x, y in dots)
    return {
        **_BOX,
        "dots": "".join(f"M{x} {y}h0" for x, y in at),
        "is_dense": len(at) > 300,
        "lines": [{"y": round(y, 1), "label": number_text(value)} for y, value in up.ticks()],
        "groups": [
            {
                "x": group.x if isinstance(group.x, str) else number_text(group.x),
                "count": group.count,
                "least": number_text(group.least),
                "median": number_text(group.median),
                "most": number_text(group.most),
            }
            for group in groups
        ],
        "count": count,
    }


class _Axis:
    """Places for numbers, the least at ``first`` and the largest at ``last``, with some room."""

    def __init__(self, values: Sequence[float], first: float, last: float) -> None:
        # Halves all along: the span of two finite numbers may be none.
        self._low, high = min(values) / 2, max(values) / 2
        self._wide = high - self._low
        room = (last - first) * 0.04
        self._first, self._last = first + room, last - room

    def place(self, value: float) -> float:
        """Return where a value stands; in the middle when all are the same."""
        return self._at((value / 2 - self._low) / self._wide if self._wide else 0.5)

    def ticks(self) -> list[tuple[float, float]]:
        """Return places with their values."""
        if not self._wide:
            return [(self._at(0.5), self._low * 2)]
        shares = [n / (_TICKS - 1) for n in range(_TICKS)]
        return [(self._at(share), (self._low + self._wide * share) * 2) for share in shares]

    def _at(self, share: float) -> float:
        return self._first + share * (self._last - self._first)


def _across() -> tuple[float, float]:
    return _BOX["left"], _BOX["width"] - _BOX["right"]


def _up() -> tuple[float, float]:
    return _BOX["height"] - _BOX["bottom"], _BOX["top"]


def _apart(ticks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out labels that would be written over each other."""
    kept: list[dict[str, Any]] = []
    for tick in ticks:
        if not kept or tick["x"] - kept[-1]["x"] >= 6 * max(5, len(tick["label"])):
            kept.append(tick)
    return kept


def number_text(value: float) -> str:
    """Return a number as a label: four digits that count."""
    return f"{value:.4g}"
