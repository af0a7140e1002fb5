"""Every route: nobody, a stranger's id, a body that does not fit; what reaches the use-cases."""

import base64
import json
from typing import Any

import pytest
from fastapi import FastAPI

from madang.api.routes import api_routes
from madang.domain.sweep import MAX_RUNS_PER_DEVICE
from madang.errors import ConflictError, UnavailableError
from madang.services.requests import (
    ChangeRequest,
    ClusterRequest,
    ExtendRequest,
    LeaseRequest,
    RunRequest,
)

API = "/services/madang/api/v1"
JSON = {"Content-Type": "application/json"}
UNKNOWN = "run-00000000000000000000000000"
LEASE = "lease-01arz3ndektsv4rrffq69g5fav"
CLUSTER = "cluster-01arz3ndektsv4rrffq69g5fav"
ENVIRONMENT = "environment-01arz3ndektsv4rrffq69g5fav"
PROJECT = "project-01arz3ndektsv4rrffq69g5fav"
RUN = "run-01arz3ndektsv4rrffq69g5fav"
SWEEP = "sweep-01arz3ndektsv4rrffq69g5fav"
SCHEDULE = "schedule-01arz3ndektsv4rrffq69g5fav"
WORKER = {"run_report", "run_store_output", "run_finish", "slot_next"}
BODIES: dict[str, Any] = {
    "lease_create": {"project": "lab", "profile": "gpu-1"},
    "lease_hold": {"held_back": True},
    "lease_change": {"profile": "gpu-1"},
    "notices_set": {"mail": "a@b.kr", "kinds": ["turn"]},
    "lease_extend": {"by_s": 3600},
    "lease_report": {"kernel_busy": True},
    "cluster_create": {"workers": 2, "gpus_per_worker": 1},
    "cluster_scale": {"workers": 3},
    "cluster_adapt": {"minimum": 1, "maximum": 3},
    "run_create": {"notebook": "{}"},
    "sweep_create": {"notebook": "{}", "grid": {"x": [1]}},
    "sweep_plan": {"notebook": "{}", "table": "x\n1", "table_kind": "csv", "pilot": RUN},
    "sweep_pilot": {"notebook": "{}", "typed": {"x": "0..3"}},
    "notebook_parameters": {"notebook": "{}"},
    "schedule_create": {"notebook": "{}", "cron": "0 2 * * *"},
    "schedule_copy": {"cron": "0 2 * * *", "timezone": "Asia/Seoul"},
    "sweep_rerun": {"overrides": {"x": 1}},
    "sweep_plan_rerun": {"typed": {"x": "1,2"}, "only_failed": True},
    "sweep_prioritize": {"priority": 5},
    "run_rerun": {"parameters": {"x": 1}},
    "run_plan_rerun": {"devices": 2, "limit_s": 60, "environment": ""},
    "run_prioritize": {"priority": -10},
    "environment_create": {"project": "lab", "name": "torch", "spec": "torch"},
    "environment_rebuild": {"spec": "torch"},
    "project_create": {"name": "lab", "tier": "research", "reason": "new group"},
    "project_rename": {"title": "Lab"},
    "member_set": {"person": "bora", "role": "viewer"},
    "secret_set": {"value": "hf_0123"},
    "grant_create": {"amount_microcredits": 5_000_000, "reason": "supplement"},
    "person_rename": {"name": "borah", "reason": "married"},
    "person_off_board": {"reason": "graduated"},
    "run_report": {"cells_done": 1, "cells_total": 2},
    "run_store_output": {"cells": []},
    "run_finish": {"state": "succeeded"},
    "maintenance_begin": {"reason": "a new disk", "until_ms": 1_800_000_000_000},
    "device_drain": {"device": "GPU-1", "reason": "it is hot"},
    "device_return": {"device": "GPU-1"},
}
# A field that is broken in the body of each route, and how.
BROKEN: dict[str, tuple[str, Any]] = {
    "lease_create": ("devices", "two"),
    "lease_hold": ("held_back", "yes"),
    "lease_change": ("devices", -1),
    "notices_set": ("kinds", "turn"),
    "lease_extend": ("by_s", 1),
    "lease_report": ("last_input_ms", -1),
    "cluster_create": ("workers", 0),
    "cluster_scale": ("workers", -1),
    "cluster_adapt": ("maximum", 1.5),
    "run_create": ("parameters", [1]),
    "sweep_create": ("grid", [1]),
    "sweep_plan": ("max_parallel", 0),
    "sweep_pilot": ("typed", [1]),
    "notebook_parameters": ("notebook", ""),
    "schedule_create": ("overlap", 1),
    "schedule_copy": ("overlap", 1),
    "sweep_rerun": ("overrides", [1]),
    "sweep_plan_rerun": ("only_failed", 1),
    "sweep_prioritize": ("priority", 11),
    "run_rerun": ("reuse", "yes"),
    "run_plan_rerun": ("devices", -1),
    "run_prioritize": ("priority", 0.5),
    "environment_create": ("spec", ""),
    "environment_rebuild": ("python", 3.12),
    "project_create": ("weight", 0),
    "project_rename": ("title", 3),
    "member_set": ("person", ""),
    "secret_set": ("value", 3),
    "grant_create": ("days", 0),
    "person_rename": ("name", ""),
    "person_off_board": ("reason", "x" * 301),
    "run_report": ("cells_done", -1),
    "run_finish": ("state", "done"),
    "maintenance_begin": ("reason", 1),
    "device_drain": ("reason", "two\nlines"),
    "device_return": ("device", ""),
}


def operations() -> list[tuple[str, str, str]]:
    app = FastAPI()
    app.router.routes.extend(api_routes())
    return sorted(
        (operation["operationId"], method.upper(), path)
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
    )


OPERATIONS = operations()
WITH_ID = [row for row in OPERATIONS if "{" in row[2]]


def is_problem(data: Any, status: int) -> bool:
    return set(data) == {"code", "message", "hint", "details", "status"} and (
        data["status"] == status and bool(data["message"]) and data["message"][:6] != "error."
    )


def path_of(path: str) -> str:
    names = ("lease_id", "cluster_id", "run_id", "sweep_id", "environment_id", "project", "person")
    names = (*names, "schedule_id", "other_id", "secret")
    return path.format(**dict.fromkeys(names, UNKNOWN))


def known_path(path: str) -> str:
    return path.format(
        lease_id=LEASE,
        cluster_id=CLUSTER,
        run_id=RUN,
        sweep_id=SWEEP,
        other_id=SWEEP,
        schedule_id=SCHEDULE,
        environment_id=ENVIRONMENT,
        project=PROJECT,
        person="bora",
        secret="HF_TOKEN",
    )


def test_every_operation_is_named_noun_verb_and_listed() -> None:
    names = [name for name, _, _ in OPERATIONS]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() and "_" in name for name in names)
    changing = {name for name, method, _ in OPERATIONS if method in ("POST", "PUT", "PATCH")}
    assert changing - set(BODIES) == {
        *("lease_claim", "notices_test", "slot_next", "run_retry"),
        *("sweep_pause", "sweep_resume", "sweep_retry", "schedule_pause", "schedule_resume"),
        *("schedule_run", "artifacts_expire"),
    }


@pytest.mark.parametrize(("name", "method", "path"), OPERATIONS)
async def test_nobody_gets_401_in_one_shape(shared: Any, name: str, method: str, path: str) -> None:
    async with shared.client(None) as client:
        # Not even a body that does not fit is looked at before it is known who sends it.
        answer = await client.request(method, path_of(path), content=b"{not json")
    assert answer.status_code == 401
    assert is_problem(answer.json(), 401)
    assert answer.json()["code"] == "not_logged_in"


@pytest.mark.parametrize(("name", "method", "path"), WITH_ID)
async def test_a_foreign_id_is_404(shared: Any, name: str, method: str, path: str) -> None:
    token = "mat_good" if name in WORKER else "ada-token"
    async with shared.client(token) as client:
        answer = await client.request(method, path_of(path), json=BODIES.get(name))
    assert answer.status_code == 404
    data = answer.json()
    assert data["code"].endswith("_unknown")
    assert set(data) == {"code", "message", "hint", "details", "status"}


@pytest.mark.parametrize(("name", "method", "path"), OPERATIONS)
async def test_a_good_request_is_answered(shared: Any, name: str, method: str, path: str) -> None:
    if name == "event_stream":
        return
    token = "mat_good" if name in WORKER else "ada-token"
    known = known_path(path)
    async with shared.client(token) as client:
        answer = await client.request(method, known, json=BODIES.get(name))
    assert answer.status_code in (200, 201, 204), answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("name", sorted(BROKEN))
async def test_a_bad_body_is_422_and_names_the_field(shared: Any, name: str) -> None:
    field, value = BROKEN[name]
    method, path = next((m, p) for n, m, p in OPERATIONS if n == name)
    known = known_path(path)
    async with shared.client("mat_good" if name in WORKER else "ada-token") as client:
        answer = await client.request(method, known, json={**BODIES[name], field: value})
        extra = await client.request(method, known, json={**BODIES[name], "colour": "red"})
    assert answer.status_code == extra.status_code == 422
    data = answer.json()
    assert is_problem(data, 422)
    assert (data["code"], data["details"]["field"]) == ("body_invalid", field)
    assert extra.json()["details"]["field"] == "colour"
    assert "no such field" in extra.json()["message"]


async def test_no_answer_repeats_what_may_be_the_value_of_a_secret(bench: Any) -> None:
    path = f"{API}/projects/{PROJECT}/secrets/HF_TOKEN"
    async with bench.client() as client:
        for body in (
            {"valeu": "hf_0123"},
            {"value": ["hf_0123"]},
            "hf_0123",
            {"reason": "hf_0123" * 60},
        ):
            answer = await client.put(path, json=body)
            assert answer.status_code == 422
            assert "hf_0123" not in answer.text
        answer = await client.put(path, content=b'{"value": "hf_0123', headers=JSON)
        assert "hf_0123" not in answer.text


@pytest.mark.parametrize(("name", "method", "path"), OPERATIONS)
async def test_attempt_tokens_reach_little(shared: Any, name: str, method: str, path: str) -> None:
    wide = {"pool_get", "profiles_list", "queue_get", "lease_get", "run_get"}
    async with shared.client("mat_good") as client:
        answer = await client.request(method, path_of(path), json=BODIES.get(name))
    is_cluster = name.startswith("cluster_") and name != "cluster_facts"
    is_open = name in wide | WORKER or is_cluster
    assert (answer.status_code == 403) is not is_open
    if not is_open:
        assert answer.json()["code"] == "token_too_narrow"


async def test_people_cannot_do_a_workers_work(bench: Any) -> None:
    async with bench.client() as client:
        answer = await client.post(f"{API}/slots/next")
    assert (answer.status_code, answer.json()["code"]) == (403, "slot_token_only")


async def test_requests_reach_the_use_cases_whole(bench: Any) -> None:
    async with bench.client(**{"Idempotency-Key": "key-1"}) as client:
        await client.post(
            f"{API}/leases",
            json={"kind": "notebook", "project": "lab", "name": "", "devices": 2, "limit_s": 60},
        )
        await client.post(f"{API}/clusters", json={"workers": 3, "gpus_per_worker": 2})
        files = {"data/in.csv": base64.b64encode(b"1,2").decode()}
        body = {"notebook": "{}", "parameters": {"x": 1}, "files": files, "limit_s": 5}
        await client.post(f"{API}/runs", json=body)
    assert bench.services.leases.calls == [
        (
            "request",
            {"request": LeaseRequest(project="lab", devices=2, limit_ms=60_000), "key": "key-1"},
        )
    ]
    asked = bench.services.clusters.calls[0][1]
    assert asked == {"request": ClusterRequest(workers=3, gpus_per_worker=2), "key": "key-1"}
    wanted = RunRequest(
        notebook=b"{}", parameters={"x": 1}, files={"data/in.csv": b"1,2"}, limit_ms=5000
    )
    assert bench.services.runs.calls[0][1] == {"request": wanted, "key": "key-1"}


async def test_what_a_sweep_waits_for_reaches_the_use_case(bench: Any) -> None:
    async with bench.client() as client:
        await client.post(f"{API}/sweeps", json={**BODIES["sweep_create"], "after": [RUN]})
        await client.post(f"{API}/schedules", json={**BODIES["schedule_create"], "after": [RUN]})
    assert bench.services.sweeps.calls[0][1]["request"].after == (RUN,)
    assert bench.services.schedules.calls[0][1]["request"].what.after == (RUN,)


async def test_changes_reach_the_use_case_and_a_dry_run_only_looks(bench: Any) -> None:
    async with bench.client(**{"Idempotency-Key": "key-1"}) as client:
        path = f"{API}/leases/{LEASE}"
        await client.post(f"{path}/change", json={"devices": 1, "limit_s": 60, "dry_run": True})
        await client.post(f"{path}/change", json={"profile": "cpu", "start_without_me": True})
        await client.post(f"{path}/extend", json={"by_s": 600, "reason": "nearly done"})
    assert bench.services.changes.calls == [
        ("preview", {"request": ChangeRequest(devices=1, limit_ms=60_000)}),
        (
            "change",
            {"request": ChangeRequest(profile="cpu", start_without_me=True), "key": "key-1"},
        ),
        ("extend", {"request": ExtendRequest(by_ms=600_000, reason="nearly done"), "key": "key-1"}),
    ]


async def test_a_key_that_is_no_key_is_refused(bench: Any) -> None:
    async with bench.client(**{"Idempotency-Key": "with blank"}) as client:
        answer = await client.post(f"{API}/leases", json=BODIES["lease_create"])
    assert answer.status_code == 422
    assert answer.json()["code"] == "query_invalid"
    assert answer.json()["details"]["field"] == "Idempotency-Key"


async def test_lists_pass_their_filters(bench: Any) -> None:
    async with bench.client() as client:
        await client.get(f"{API}/leases?state=queued&kind=notebook&mine=1&project=lab")
        wrong = await client.get(f"{API}/ledger?limit=5000")
    asked = {"state": "queued", "kind": "notebook", "mine": True, "project": "lab"}
    assert bench.services.leases.calls == [("list", asked)]
    assert wrong.json()["details"]["field"] == "limit"
    assert wrong.json()["code"] == "query_invalid"


async def test_a_long_poll_returns_the_change(bench: Any) -> None:
    bench.services.leases.changed.set()
    async with bench.client() as client:
        answer = await client.get(f"{API}/leases/{LEASE}?wait_s=20&seen=v1")
    assert answer.json()["version"] == "v2"
    assert bench.services.leases.calls == [("wait", {"seen": "v1", "timeout_s": 20.0})]


async def test_a_long_poll_ends_when_the_service_stops(bench: Any) -> None:
    bench.app.state.house.closing.set()
    async with bench.client() as client:
        answer = await client.get(f"{API}/leases/{LEASE}?wait_s=60")
    assert (answer.status_code, answer.json()["version"]) == (200, "v1")


async def test_a_slot_tells_with_its_question_how_the_run_before_ended(bench: Any) -> None:
    slots = bench.services.slots
    ended = {"run": RUN, "state": "succeeded", "output": '{"cells": []}'}
    async with bench.client("mat_good") as client:
        assert (await client.post(f"{API}/slots/next", json=ended)).status_code == 204
        assert [call[0] for call in slots.calls] == ["take_end", "next"]
        for wrong in (
            {},
            {"run": RUN},
            ended | {"output": "[]"},
            ended | {"output": "x" * 300_000},
            ended | {"output": '{"x": "\ud800"}'},
        ):
            body = json.dumps(wrong).encode()
            refused = await client.post(f"{API}/slots/next", content=body, headers=JSON)
            assert refused.status_code == 422, wrong
    assert len(slots.calls) == 2


async def test_the_slot_gets_its_run_as_text(bench: Any) -> None:
    slots = bench.services.slots
    async with bench.client("mat_good") as client:
        assert (await client.post(f"{API}/slots/next")).status_code == 204
        slots.answer = {"run": {}, "notebook": b'{"a": 1}', "files": {"f": b"\xff"}, "token": "t"}
        work = (await client.post(f"{API}/slots/next")).json()
        slots.answer = ConflictError("slot_over")
        over = await client.post(f"{API}/slots/next")
        beyond = await client.post(f"{API}/slots/next?lane={MAX_RUNS_PER_DEVICE}")
    assert beyond.status_code == 422
    assert work == {"run": {}, "notebook": '{"a": 1}', "files": {"f": "/w=="}, "token": "t"}
    assert (over.status_code, over.json()["status"]) == (410, 410)


async def test_downloads_are_never_shown_as_our_page(bench: Any) -> None:
    async with bench.client() as client:
        answer = await client.get(f"{API}/runs/{RUN}/output")
        log = await client.get(f"{API}/runs/{RUN}/log")
    assert answer.headers["content-disposition"] == f'attachment; filename="{RUN}-output.ipynb"'
    assert answer.headers["content-security-policy"].startswith("sandbox;")
    assert log.text == "hello ? 마당"


async def test_problems_of_the_house(bench: Any) -> None:
    async with bench.client(**{"Accept-Language": "ko-KR,ko;q=0.9"}) as client:
        missing = await client.get("/services/madang/nothing%1b%5b31m")
        method = await client.put(f"{API}/pool")
        bench.services.fault = UnavailableError("hub_unreachable", given="x")
        away = await client.get(f"{API}/pool")
        bench.services.fault = RuntimeError("secret detail")
        defect = await client.get(f"{API}/pool")
        health = await client.get("/services/madang/healthz")
    assert is_problem(missing.json(), 404)
    assert missing.json()["code"] == "not_found"
    assert "주소에는" in missing.json()["message"]
    assert is_problem(method.json(), 405)
    assert method.headers["allow"] == "GET"
    assert (away.status_code, away.headers["retry-after"]) == (503, "2")
    assert is_problem(defect.json(), 500)
    assert "secret" not in defect.text
    assert defect.json()["details"]["id"] in defect.json()["message"]
    assert defect.headers["x-content-type-options"] == "nosniff"
    assert health.status_code == 503


async def test_the_slash_may_be_left_out(bench: Any) -> None:
    async with bench.client(None) as client:
        answer = await client.get("/services/madang")
    assert answer.headers["location"] == "/services/madang/"


async def test_a_defect_is_logged_with_its_id(bench: Any, caplog: Any) -> None:
    bench.services.fault = RuntimeError("boom")
    async with bench.client() as client:
        answer = await client.get(f"{API}/pool")
    assert answer.json()["details"]["id"] in caplog.text
    assert "ada-token" not in caplog.text


async def test_openapi_builds_and_describes_bodies(bench: Any) -> None:
    async with bench.client(None) as client:
        answer = await client.get("/services/madang/api/openapi.json")
    described = answer.json()
    assert len(described["paths"]) >= 20
    assert described["paths"][f"{API}/leases"]["post"]["operationId"] == "lease_create"
    assert "LeaseBody" in json.dumps(described["paths"][f"{API}/leases"])
    assert set(described["components"]["schemas"]["Problem"]["properties"]) >= {"code", "hint"}


async def test_what_everybody_is_told_needs_no_login(bench: Any) -> None:
    async with bench.client() as client:
        assert (await client.get("/services/madang/notice")).json() is None
        bench.services.told = "fans"
        told = (await client.get("/services/madang/notice")).json()
    assert told == {"ko": "ko: fans", "en": "en: fans"}
