"""What people read of a pod: what it printed, and why it does not begin."""

from typing import Any

import pytest

from madang.engines.kubernetes.pod_log import LINES, MAX_BYTES, log_of
from madang.errors import RefusedError


class Logs:
    """A server that has a log, or none yet."""

    def __init__(self, text: str | None) -> None:
        self.text_of = text
        self.asked: list[tuple[str, dict[str, Any]]] = []

    async def text(self, path: str, **query: Any) -> str:
        self.asked.append((path, query))
        if self.text_of is None:
            raise RefusedError("kubernetes_refused", status=400)
        return self.text_of


async def tail(logs: Logs, status: dict[str, Any], max_bytes: int = 1_000) -> str:
    return await log_of(logs, "/pods/a", {"status": status}, max_bytes)  # type: ignore[arg-type]


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"containerStatuses": [{"state": {"waiting": {"reason": reason, "message": message}}}]}


async def test_the_end_of_a_log_and_little_of_it_is_asked_for() -> None:
    logs = Logs("first\nlast\n")
    assert await tail(logs, {"phase": "Running"}, 5) == "last\n"
    assert logs.asked == [("/pods/a/log", {"tailLines": LINES, "limitBytes": MAX_BYTES})]
    # Half a character is left out.
    assert await tail(Logs("가나"), {}, 4) == "나"
    assert await tail(Logs("text"), {}, 0) == ""


async def test_an_image_that_cannot_be_pulled_is_said() -> None:
    status = waiting("ImagePullBackOff", "Back-off pulling image")
    assert await tail(Logs(None), status) == "[ImagePullBackOff: Back-off pulling image]\n"
    assert await tail(Logs(None), waiting("ContainerCreating")) == ""


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (
            {"containerStatuses": [{"state": {"terminated": {"reason": "OOMKilled"}}}]},
            "[OOMKilled]\n",
        ),
        ({"containerStatuses": [{"state": {"terminated": {"reason": "Error"}}}]}, ""),
        ({"reason": "Evicted", "message": "low on resource"}, "[Evicted: low on resource]\n"),
        (
            {
                "conditions": [
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": "0/1 nodes",
                    },
                    {"type": "Ready", "status": "False", "reason": "ContainersNotReady"},
                    {"type": "DisruptionTarget", "status": "False", "reason": "x"},
                ]
            },
            "[Unschedulable: 0/1 nodes]\n",
        ),
    ],
)
async def test_why_it_ended_or_waits(status: dict[str, Any], said: str) -> None:
    assert await tail(Logs("printed\n"), status) == f"{said}printed\n"


async def test_what_is_said_is_cut_too() -> None:
    text = await tail(Logs("printed"), {"reason": "Evicted", "message": "x" * 5_000})
    assert len(text) < 600
