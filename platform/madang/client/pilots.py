"""One run of a sweep before all others: what it took, what all would take, and whether to go on.

Used by :func:`madang.sweep` with ``pilot`` and by ``madang sweep --pilot``. What is expected is
computed by the service, for the pages as for us.
"""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from madang.client.http import MadangClient
from madang.client.runs import Run
from madang.client.words import language, spoken
from madang.errors import MadangError
from madang.i18n import text
from madang.units import credits_text

Agree = Callable[[Mapping[str, Any]], bool]
"""Is given the plan, with what is expected, and says whether to submit the sweep."""

_YES = frozenset({"y", "yes", "예", "네", "ㅇ"})


def try_one(
    body: Mapping[str, Any],
    http: MadangClient,
    agree: Agree,
    follow: Callable[[Run], object] = Run.wait,
) -> None:
    """Execute the first run of a sweep, and return when whoever is asked wants the others.

    Parameters
    ----------
    follow
        Waits for the end of the run.

    Raises
    ------
    MadangError
        ``run_not_succeeded`` when the run did not succeed, so that the others would not either;
        ``sweep_declined``.
    """
    job = Run(http.post("sweep-pilots", body), http)
    follow(job)
    job.check()
    plan = http.post("sweep-plans", {**body, "pilot": job.id})
    if not agree(plan):
        raise spoken(MadangError("sweep_declined", name=body["name"], run=job.id))


def estimate(plan: Mapping[str, Any]) -> str:
    """Return in words what the pilot took, and what the whole sweep would."""
    said = text(
        "client.pilot_estimate",
        language(),
        took=f"{plan['measured_ms'] / 1000:,.1f}",
        runs=f"{plan['runs']:,}",
        span=_span(plan["expected_ms"]),
        parallel=plan["max_parallel"] * plan["runs_per_device"],
        hours=_hours(plan["expected_device_ms"]),
        cost=credits_text(plan["expected_microcredits"]),
        most_hours=_hours(plan["at_most_device_ms"]),
        most=credits_text(plan["at_most_microcredits"]),
        left=credits_text(plan["left_microcredits"]),
    )
    if plan["expected_microcredits"] > plan["left_microcredits"]:
        said += " " + text("client.pilot_low", language())
    return said


def _span(ms: int) -> str:
    minutes, seconds = divmod(-(-ms // 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"


def _hours(device_ms: int) -> str:
    return f"{device_ms / 3_600_000:,.3f}"


def ask(plan: Mapping[str, Any]) -> bool:
    """Show the estimate and ask who sits there; nobody there is a no.

    Both stand on standard error, so that what a program reads stays clean.
    """
    print(estimate(plan), file=sys.stderr)
    question = text("client.pilot_ask", language(), runs=f"{plan['runs']:,}")
    print(question, end=" ", file=sys.stderr, flush=True)
    try:
        return input().strip().lower() in _YES
    except (EOFError, RuntimeError):  # no input, or a kernel whose front end cannot ask
        print(file=sys.stderr)
        return False
