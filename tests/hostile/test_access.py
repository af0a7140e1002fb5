"""Every operation for every credential against the table, and nothing of others ever shown."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from access_table import COLUMNS, OPEN, rows
from fastapi import FastAPI
from hostile_house import API, NOTEBOOK, SERVICE_PREFIX, SERVICE_TOKEN

from madang.api.route_index import RouteIndex
from madang.api.routes import api_routes
from madang.api.routes.live import health_router

pytestmark = pytest.mark.integration

ROWS = rows()
PERSONS = dict(zip(COLUMNS[:6], ("bora", "olga", "mina", "dana", "vera", "chan"), strict=True))
ENDS = {
    *("lease_end", "cluster_end", "run_cancel", "sweep_cancel", "member_remove"),
    *("run_delete_output", "sweep_delete_output", "secret_remove"),
}
GONE = "01arz3ndektsv4rrffq69g5fav"
MADE_UP = {
    "lease_id": f"lease-{GONE}",
    "cluster_id": f"cluster-{GONE}",
    "run_id": f"run-{GONE}",
    "environment_id": f"environment-{GONE}",
    "sweep_id": f"sweep-{GONE}",
    "other_id": f"sweep-{GONE}",
    "schedule_id": f"schedule-{GONE}",
    "project": "nowhere",
    "person": "nobody",
    "secret": "NO_SUCH",
    "rules": "0" * 64,
}


def operations() -> dict[str, tuple[str, str]]:
    """Return method and path of each operation of the API, by its name."""
    app = FastAPI()
    app.router.routes.extend([*api_routes(), *health_router.routes])
    found = {
        operation["operationId"]: (method.upper(), path)
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
    }
    return {
        **found,
        "metrics_get": ("GET", f"{SERVICE_PREFIX}/metrics"),
        "isolation_prove": ("PUT", f"{SERVICE_PREFIX}/isolation/{{rules}}"),
        "isolation_doubt": ("DELETE", f"{SERVICE_PREFIX}/isolation"),
    }


OPERATIONS = operations()
SWEEP_ACTS = {
    *("sweep_cancel", "sweep_pause", "sweep_resume", "sweep_retry"),
    *("sweep_rerun", "sweep_prioritize", "sweep_delete_output"),
}
BEFORE = {
    "device_return": ("POST", "devices/drain", "device_drain"),
    "member_remove": ("POST", "projects/vision/members", "member_set"),
    "secret_remove": ("PUT", "projects/vision/secrets/HF_TOKEN", "secret_set"),
}
"""What must have been done for an act to be possible."""

RUN_ENDED = {
    *("run_output", "run_retry", "run_rerun", "run_plan_rerun", "/runs/{run_id}/view"),
}


def every_route(routes: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield method and path of everything the application answers, however it was put in."""
    for route in routes:
        if hasattr(route, "original_router"):
            yield from every_route(
                route.original_router.routes, prefix + route.include_context.prefix
            )
        elif isinstance(route, RouteIndex):
            yield from ((method, path) for method, path in route.addresses if method != "HEAD")
        else:
            for method in route.methods - {"HEAD"}:
                yield method, prefix + route.path


def address(name: str) -> tuple[str, str]:
    """Return method and path of a row."""
    return OPERATIONS.get(name) or ("GET", SERVICE_PREFIX + name)


def test_no_route_is_missing_from_the_table(house: Any) -> None:
    known = {address(name) for name in (*ROWS, *OPEN)}
    found = set(every_route(house.app.routes))
    assert len(found) > 80
    assert found == known


class Acts:
    """What is sent for each row, and to which thing."""

    def __init__(self, house: Any, furniture: Any) -> None:
        self.house, self.furniture = house, furniture
        self.ids = {
            "lease_id": furniture.notebook,
            "cluster_id": furniture.cluster,
            "environment_id": furniture.environment,
            "sweep_id": furniture.sweep,
            "other_id": furniture.sweep,
            "schedule_id": house.schedule()["id"],
            "project": "vision",
            "person": "guest",
            "secret": "HF_TOKEN",
            "rules": "0" * 64,
        }

    def body(self, name: str) -> Any:
        number = self.house.number()
        said = {"reason": "for the table"}
        size = {"flavor": "sim-h200", "devices": 1, "limit_s": 3600}
        bodies: dict[str, Any] = {
            "lease_create": {"project": "vision", "name": f"t{number}", **size},
            "lease_hold": {"held_back": False},
            "lease_change": {"devices": 1},
            "lease_extend": {"by_s": 60},
            "lease_report": {"kernel_busy": True},
            "cluster_create": {"project": "vision", "workers": 1, "gpus_per_worker": 1},
            "cluster_scale": {"workers": 1},
            "cluster_adapt": {"minimum": 0, "maximum": 0},
            "run_create": {"project": "vision", "notebook": NOTEBOOK},
            "sweep_create": {"project": "vision", "notebook": NOTEBOOK, "grid": {"x": [1, 2]}},
            "sweep_plan": {"project": "vision", "notebook": NOTEBOOK, "grid": {"x": [1, 2]}},
            "sweep_pilot": {"project": "vision", "notebook": NOTEBOOK, "typed": {"x": "1,2"}},
            "notebook_parameters": {"notebook": NOTEBOOK},
            "schedule_create": {"project": "vision", "notebook": NOTEBOOK, "cron": "0 2 1 1 *"},
            "schedule_copy": {"cron": "0 2 1 1 *"},
            "run_rerun": {},
            "run_plan_rerun": {},
            "run_prioritize": {"priority": 1},
            "sweep_rerun": {},
            "sweep_plan_rerun": {},
            "sweep_prioritize": {"priority": 1},
            "environment_create": {"project": "vision", "name": f"e{number}", "spec": "numpy"},
            "environment_rebuild": {"spec": "numpy"},
            "run_report": {"cells_done": 0, "cells_total": 1},
            "run_store_output": json.loads(NOTEBOOK),
            "run_finish": {"state": "succeeded"},
            "project_create": {"name": f"p{number}", "tier": "open", **said},
            "project_rename": {"title": f"Vision {number}", **said},
            "secret_set": {"value": "hf_0123456789", **said},
            "member_set": {"person": "guest", "role": "viewer", **said},
            "grant_create": {"amount_microcredits": 1, **said},
            "person_rename": {"name": f"renamed-{number}", **said},
            "person_off_board": said,
            "notices_set": {"kinds": ["turn"]},
            "maintenance_begin": said,
            "device_drain": {"device": "sim-h200-0", **said},
            "device_return": {"device": "sim-h200-0"},
        }
        return bodies.get(name)

    def made_run(self, name: str) -> str:
        """Return a run of its own for the act; no slot ever holds three devices, so it waits."""
        run: str = self.house.run(devices=1 if name == "run_cancel" else 3)["id"]
        if name == "run_delete_output":  # what the furniture's run has put out, others read
            self.house.good("bora", "DELETE", f"runs/{run}")
        return run

    def ready(self, name: str, column: str) -> dict[str, str]:
        """Return ids of things that the act may change, made for it where it ends them."""
        house, ids = self.house, {**self.ids, "run_id": self.furniture.run}
        if name in ("lease_end", "lease_hold", "lease_change"):
            ids["lease_id"] = house.notebook()["id"]
        elif name in ("cluster_end", "schedule_delete", "schedule_run"):
            noun = name.split("_")[0]
            ids[f"{noun}_id"] = getattr(house, noun)()["id"]
        elif name in ("environment_rebuild", "environment_delete"):
            ids["environment_id"] = house.failed_environment()["id"]
        elif name in ("run_cancel", "run_prioritize", "run_delete_output"):
            ids["run_id"] = self.made_run(name)
        elif name in SWEEP_ACTS:
            is_ended = name in ("sweep_retry", "sweep_delete_output")
            ids["sweep_id"] = (house.failed_sweep() if is_ended else house.sweep())["id"]
        elif name in RUN_ENDED:
            ids["run_id"] = self.furniture.ended_run
        elif name in ("person_rename", "person_off_board"):
            ids["person"] = f"passer-{house.number()}"
            house.hub.models[f"tok-{ids['person']}"] = {
                **house.hub.models["tok-guest"],
                "name": ids["person"],
            }
            house.good(ids["person"], "GET", "me")
        elif name in BEFORE:
            method, path, act = BEFORE[name]
            house.good("root", method, path, self.body(act))
        return ids

    def as_whom(self, column: str) -> tuple[str | None, dict[str, str]]:
        furniture = self.furniture
        tokens = {
            **PERSONS,
            "admin": "root",
            "notebook": "tok-root-notebook",
            "service": SERVICE_TOKEN,
            "slot": furniture.slot_token,
            "run": furniture.run_token,
        }
        return tokens[column], {"X_Madang_Person": "bora"} if column == "service" else {}

    def send(self, name: str, who: str | None, ids: dict[str, str], **headers: str) -> Any:
        method, path = address(name)
        path = path.format(digest="x", name="y", **ids)
        if name in ("usage_get", "usage_csv", "ledger_list"):
            path += "?project=" + ids["project"]
        if name in ENDS:
            path += "?why=for+the+table&reason=for+the+table"
        if name == "sweep_retry":
            path += "?cancelled=true"
        if name == "event_stream":
            return self._first_of_stream(path, who, headers)
        return self.house.ask(who, method, path, self.body(name), **headers)

    def _first_of_stream(self, path: str, who: str | None, headers: dict[str, str]) -> Any:
        sent = {key.replace("_", "-"): value for key, value in headers.items()}
        if who is not None:
            token = f"tok-{who}" if f"tok-{who}" in self.house.hub.models else who
            sent["Authorization"] = f"token {token}"
        with self.house.http.stream("GET", path, headers=sent) as answer:
            if not answer.is_success:
                answer.read()
            return answer

    def clear(self, name: str) -> None:
        """Put back what would change the answers of other rows."""
        if address(name)[0] != "GET":
            self.furniture.tidy()


@pytest.fixture(scope="session")
def acts(house: Any, furniture: Any) -> Acts:
    return Acts(house, furniture)


def is_problem(answer: httpx.Response) -> bool:
    body = answer.json()
    keys = {"code", "message", "hint", "details", "status"}
    return set(body) == keys and body["status"] == answer.status_code and bool(body["hint"])


@pytest.mark.parametrize("name", ROWS)
def test_each_credential_gets_what_the_table_says(acts: Acts, name: str) -> None:
    expected, found = ROWS[name], {}
    order = sorted(expected, key=lambda column: expected[column] < 400)
    ids = acts.ready(name, "")
    for column in order:
        if expected[column] < 400:
            ids = acts.ready(name, column)
        who, more = acts.as_whom(column)
        answer = acts.send(name, who, ids, **more)
        found[column] = answer.status_code
        if name == "notices_test" and "test_too_soon" in answer.text:
            # The same person asked with another credential just before.
            found[column] = 200
        if name == "run_finish" and answer.is_success:
            acts.furniture.next_run()
        if answer.status_code >= 400 and address(name)[1].startswith(API):
            assert is_problem(answer), answer.text
    acts.clear(name)
    assert found == {column: expected[column] for column in order}


NOBODY = {
    "nobody": (None, 401),
    "expired": ("tok-gone", 401),
    "revoked": ("tok-revoked", 401),
    "of another service": ("tok-machine", 401),
    "attempt that has ended, slot": ("ended_slot_token", 401),
    "attempt that has ended, run": ("ended_run_token", 401),
    "made up": ("mat_made-up", 401),
    "service for nobody": (SERVICE_TOKEN, 401),
    "no scope": ("tok-narrow", 403),
    "left": ("tok-left", 403),
}


FOR_NOBODY = {"isolation_prove", "isolation_doubt"}
"""What the service's own token opens without a person: tests of a release tell how they went."""


@pytest.fixture(scope="session")
def revoked(acts: Acts) -> None:
    """A token that was good and known to the service, until the hub revoked it."""
    house = acts.house
    assert house.ask("tok-revoked", "GET", "me").status_code == 200
    del house.hub.models["tok-revoked"]
    house.late_s += 61


@pytest.mark.usefixtures("revoked")
@pytest.mark.parametrize("name", ROWS)
def test_no_other_credential_reaches_anything(acts: Acts, name: str) -> None:
    ids = acts.ids | {"run_id": acts.furniture.run}
    expected = {who: status for who, (_, status) in NOBODY.items()}
    if name in FOR_NOBODY:
        expected["service for nobody"] = 204
    found = {}
    for who, (token, status) in NOBODY.items():
        answer = acts.send(name, getattr(acts.furniture, str(token), token), ids)
        found[who] = answer.status_code
        if address(name)[1].startswith(API):
            assert is_problem(answer), answer.text
        assert "bora" not in answer.text.replace("narrow", "")[:2000] or status == 403
    assert found == expected


@pytest.mark.parametrize("name", OPEN)
def test_what_is_open_is_open_to_all_and_names_nobody(acts: Acts, name: str) -> None:
    for column in (*COLUMNS, ""):
        who, more = acts.as_whom(column) if column else (None, {})
        answer = acts.send(name, who, acts.ids | {"run_id": acts.furniture.run}, **more)
        assert answer.status_code == OPEN[name], (column, answer.text)
        assert not any(word in answer.text for word in acts.furniture.bora_secrets)


NAMED = [name for name in ROWS if "{" in address(name)[1]]


@pytest.mark.parametrize("name", NAMED)
def test_what_is_foreign_looks_like_what_does_not_exist(acts: Acts, name: str) -> None:
    """Same status, same words: only what the asker sent themselves may differ."""
    ids = acts.ids | {"run_id": acts.furniture.run}
    for column in ("other", "member", "viewer", "notebook", "slot", "run"):
        who, more = acts.as_whom(column)
        if ROWS[name][column] != 404:
            continue
        told = []
        for given in (ids, MADE_UP):
            answer = acts.send(name, who, given, **more)
            text = answer.text
            for value in given.values():
                text = text.replace(value, "GIVEN")
            # A page says what time it is.
            text = re.sub(r"\b\d{13}\b", "NOW", text)
            told.append((answer.status_code, text, sorted(answer.headers)))
        assert told[0] == told[1], column


LISTS = [
    name
    for name in ROWS
    if address(name)[0] == "GET" and "{" not in address(name)[1] and name != "event_stream"
]


@pytest.mark.parametrize("name", LISTS)
def test_lists_never_show_what_is_foreign(acts: Acts, name: str) -> None:
    secrets = acts.furniture.bora_secrets
    mine = acts.send(name, "bora", acts.ids).text
    for column in ("member", "viewer", "other", "notebook"):
        who, more = acts.as_whom(column)
        answer = acts.send(name, who, acts.ids, **more)
        shown = [word for word in secrets if word in answer.text]
        assert not shown, (column, shown)
        if column in ("other", "notebook") and answer.is_success:
            assert "vision" not in answer.text.replace("project=vision", ""), column
    if name in (
        "lease_list",
        "run_list",
        "sweep_list",
        "cluster_list",
        "/runs",
        "/sweeps",
        "/clusters",
        "/",
    ):
        assert "secret-bora" in mine


def test_attempt_tokens_reach_no_other_attempt(acts: Acts) -> None:
    furniture, house = acts.furniture, acts.house
    for token in (furniture.foreign_slot_token, furniture.foreign_run_token):
        for name in ("run_get", "run_report", "run_store_output", "run_finish"):
            for run in (furniture.run, furniture.ended_run, furniture.waiting_run):
                answer = acts.send(name, token, acts.ids | {"run_id": run})
                assert answer.status_code == 404, (name, answer.text)
    assert house.good("bora", "GET", f"runs/{furniture.run}")["state"] == "running"


def test_an_idempotency_key_is_its_persons_own(acts: Acts) -> None:
    """Another person's key neither finds nor blocks anything."""
    house = acts.house
    body = {"project": "vision", "notebook": NOTEBOOK, "name": "keyed"}
    sent = {"Idempotency_Key": "the-key-of-bora"}
    first = house.ask("bora", "POST", "runs", body, **sent)
    again = house.ask("bora", "POST", "runs", body, **sent)
    theirs = house.ask("dana", "POST", "runs", body, **sent)
    assert (first.status_code, theirs.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"] != theirs.json()["id"]
    assert theirs.json()["person"] == "dana"
    other = house.ask("bora", "POST", "runs", {**body, "name": "other"}, **sent)
    assert (other.status_code, other.json()["code"]) == (409, "key_reused")
    # A key that made one noun makes no other.
    lease = {"project": "vision", "flavor": "sim-h200", "devices": 1}
    mixed = house.ask("bora", "POST", "leases", lease, **sent)
    assert (mixed.status_code, mixed.json()["code"]) == (409, "key_reused")
    for key in ("", "x" * 201, "a b"):
        refused = house.ask("bora", "POST", "runs", body, **{"Idempotency_Key": key})
        assert refused.status_code == 422, key
    acts.furniture.tidy()
