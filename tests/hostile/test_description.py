"""Schemathesis over the whole API: no 5xx, and the description tells the truth about every answer.

Requests are made from the description, fit and unfit, for things that exist: the asker's own, other
people's, and made-up ones. ``HOSTILE_EXAMPLES`` and ``HOSTILE_SEED`` choose how many and which; the
seed is fixed, and printed with every failure.
"""

import os
import random
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hostile_house import NOTEBOOK
from hypothesis import HealthCheck, Phase, seed, settings
from schemathesis import Case, CheckContext, Response

from madang.api.routes import api_routes
from madang.api.routes.live import health_router

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]

EXAMPLES = int(os.environ.get("HOSTILE_EXAMPLES", "12"))
SEED = int(os.environ.get("HOSTILE_SEED", "20261124"))
FORM = {"body_invalid", "query_invalid", "content_type", "body_unreadable", "request_unreadable"}
"""Codes that say: this does not fit the description. Other 422 are rules that no schema knows."""


def description() -> dict[str, Any]:
    app = FastAPI(title="Madang", version="1")
    app.router.routes.extend([*api_routes(), *health_router.routes])
    return app.openapi()


schema = schemathesis.openapi.from_dict(description())
schema.config.seed = SEED
# Each request gets a credential of its own; test_access.py asks without one.
schema.config.generation.with_security_parameters = False
# Rules that no schema knows are 422 as well; :func:`fits_what_is_described` tells them apart.
schema.config.checks.positive_data_acceptance.enabled = False


@schemathesis.check
def fits_what_is_described(ctx: CheckContext, response: Response, case: Case) -> None:
    """What fits the description is never refused for its form."""
    is_fit = case.meta is not None and case.meta.generation.mode.is_positive
    if is_fit and response.status_code in (400, 415, 422):
        assert response.json()["code"] not in FORM, response.text


@schemathesis.check
def one_shape_of_errors(ctx: CheckContext, response: Response, case: Case) -> None:
    """Every refusal is a problem with words, and says nothing of the inside."""
    if response.status_code < 400:
        return
    body = response.json()
    assert set(body) == {"code", "message", "hint", "details", "status"}, response.text
    assert body["status"] == response.status_code
    assert body["message"], response.text
    assert body["hint"], response.text
    assert "Traceback" not in response.text
    assert "error." not in body["message"][:6], "a code without words"


class Picker:
    """Chooses who asks and what for, by the request itself, so that a failure can be repeated."""

    def __init__(self, furniture: Any, case: Case) -> None:
        self.furniture = furniture
        self.name = case.operation.definition.raw["operationId"]
        said = repr((case.path, case.query, case.body, case.headers, case.path_parameters))
        self.random = random.Random(zlib.crc32(said.encode("utf-8", "replace")) ^ SEED)

    def token(self) -> str:
        workers = [self.furniture.slot_token, self.furniture.run_token]
        people = ["tok-bora", "tok-bora", "tok-olga", "tok-vera", "tok-chan"] + ["tok-root"] * 4
        is_worker = self.random.random() < (0.8 if self.name in WORKERS else 0.1)
        return self.random.choice(workers if is_worker else people)

    def ids(self) -> dict[str, list[str]]:
        one = self.furniture
        return {
            "lease_id": [
                one.notebook,
                one.waiting,
                one.slot,
                one.foreign_notebook,
                one.spare_lease,
            ],
            "cluster_id": [one.cluster, one.spare_cluster],
            "run_id": [one.run, one.run, one.ended_run, one.waiting_run, one.foreign_run],
            "sweep_id": [one.sweep, one.foreign_sweep, one.spare_sweep],
            "project": ["vision", "language", "open"],
            # Those who ask must stay who and where they are.
            "person": ["passer-by"],
            "flavor": ["sim-h200", "cpu", "gpu"],
            "profile": ["gpu-1", "cpu"],
            "tier": ["open", "research"],
            "device": ["sim-h200-0", "sim-h200-1"],
            "reason": ["for the test"],
            "why": ["for the test"],
            "notebook": [NOTEBOOK],
            **SPARE.get(self.name, lambda one: {})(one),
        }

    def make_real(self, case: Case) -> None:
        """Put what exists in the place of most of what was made up."""
        known = self.ids()
        for part in (case.path_parameters, case.body, case.query):
            for key in set(part) & set(known) if isinstance(part, dict) else ():
                if isinstance(part[key], str) and self.random.random() < 0.85:
                    part[key] = self.random.choice(known[key])


WORKERS = ("slot_next", "run_report", "run_store_output", "run_finish")
SPARE: dict[str, Any] = {
    "lease_end": lambda one: {"lease_id": [one.spare_lease]},
    "cluster_end": lambda one: {"cluster_id": [one.spare_cluster]},
    # The output that others read stays.
    "run_delete_output": lambda one: {"run_id": [one.spare_run]},
    "run_cancel": lambda one: {"run_id": [one.spare_run]},
    "sweep_cancel": lambda one: {"sweep_id": [one.spare_sweep]},
    "run_retry": lambda one: {"run_id": [one.ended_run]},
    "run_output": lambda one: {"run_id": [one.ended_run]},
    **dict.fromkeys(WORKERS, lambda one: {"run_id": [one.run]}),
}
"""What an operation ends is nobody's; the rest of the house is needed by those after it."""


@pytest.fixture
def stage(house: Any, furniture: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The furnished house with things and somebody whom nobody will miss, anew for each test."""
    # A lane beside the one that works waits for a run that never comes; every example would.
    monkeypatch.setattr("madang.api.routes.slots.NEXT_S", 0.2)
    house.hub.models["tok-passer-by"] = {**house.hub.models["tok-guest"], "name": "passer-by"}
    if house.ask("passer-by", "GET", "me").status_code == 403:
        joins = {"person": "passer-by", "role": "member", "reason": "taken back"}
        house.good("root", "POST", "projects/open/members", joins)
    furniture.spare_lease = house.notebook()["id"]
    furniture.spare_cluster = house.cluster()["id"]
    furniture.spare_run = house.run(devices=3)["id"]
    furniture.spare_sweep = house.sweep()["id"]
    yield furniture
    furniture.tidy()


@schema.exclude(operation_id="event_stream").parametrize()
@seed(SEED)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_as_described(case: Case, house: Any, stage: Any) -> None:
    picker = Picker(stage, case)
    if case.meta is None or case.meta.generation.mode.is_positive:
        picker.make_real(case)
    response = case.call(base_url=house.url, headers={"Authorization": f"token {picker.token()}"})
    if picker.name == "run_finish" and response.status_code == 200:
        stage.next_run()
    case.validate_response(response)
