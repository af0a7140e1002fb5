"""Geometry of a picture of points; like :mod:`pictures`, the template writes the SVG.

All values come from notebooks: any finite number may come, and any text.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from madang.domain.medians import MAX_WORDS, Group, by_number, by_word

_BOX = {"width": 720, "height": 300, "left": 62, "right": 12, "top": 12, "bottom": 34}
_LOG_FROM = 100
"""From this ratio on, positive places stand by their magnitude: rates such as 0.1, 0.01, 0.001."""

_STEPS = 5
"""Steps between the ends of an axis, about; round ones may be fewer."""

_LABEL_CHARS = 12
_MAX_KEPT = 64
"""Pictures; their dots are at most as many as the box has places."""

_FRESH_S = 10.0
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
        found
        if alone
        else [(at, 10 ** min(v, 308.0) if is_log else v) for at, v in across.ticks(is_whole=is_log)]
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

    def ticks(self, *, is_whole: bool = False) -> list[tuple[float, float]]:
        """Return places with round values: whole steps of 1, 2 or 5 times a power of ten."""
        step = _round_step(self._wide / _STEPS * 2)
        step = max(1.0, step) if is_whole else step
        if not step:  # all the same, or nearer to each other than numbers can say
            return [(self._at(0.5), self._low * 2)]
        first = math.ceil(self._low * 2 / step)
        last = math.floor((self._low + self._wide) * 2 / step)
        # Far from nothing, steps may be smaller than what tells two numbers apart.
        values = dict.fromkeys(n * step for n in range(first, min(last, first + 2 * _STEPS) + 1))
        return [(self.place(value), value) for value in values]

    def _at(self, share: float) -> float:
        return self._first + share * (self._last - self._first)


def _round_step(least: float) -> float:
    """Return the smallest round step that is not below a number; 0 for none."""
    if not least:
        return 0.0
    power = 10.0 ** math.floor(math.log10(least))
    return next((m * power for m in (1, 2, 5) if m * power >= least), 10 * power)


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


Drawn = dict[str, Any] | None


@dataclass(slots=True)
class PlotShelf:
    """Pictures that were drawn, kept in memory: ten thousand points take a while each time.

    Whoever takes one has checked that the visitor may see the sweep. A picture holds no words, so
    that one does for both languages.
    """

    clock: Callable[[], float] = time.monotonic
    _kept: OrderedDict[tuple[str, ...], tuple[str, float, Drawn]] = field(
        default_factory=OrderedDict
    )

    def find(self, key: tuple[str, ...], version: str, *, is_final: bool) -> tuple[Drawn] | None:
        """Return a picture of this version, in a tuple since it may be none; None to draw it.

        Versions of what goes on may come again after runs were tried again, so that such a picture
        is not kept for long.
        """
        found = self._kept.get(key)
        if found is None or found[0] != version:
            return None
        if not is_final and self.clock() - found[1] > _FRESH_S:
            return None
        self._kept.move_to_end(key)
        return (found[2],)

    def put(self, key: tuple[str, ...], version: str, drawn: Drawn) -> None:
        """Keep a picture instead of the one before; the longest unseen ones go."""
        self._kept.pop(key, None)
        self._kept[key] = (version, self.clock(), drawn)
        while len(self._kept) > _MAX_KEPT:
            self._kept.popitem(last=False)
