"""Limits of bodies: size, depth, form, names; and that refusing is quick."""

import base64
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from madang.api.reading import MAX_DEPTH, check_depth, parse_json
from madang.errors import InvalidError

API = "/services/madang/api/v1"


async def send(bench: Any, content: Any, path: str = "runs") -> Any:
    async with bench.client() as client:
        return await client.post(
            f"{API}/{path}", content=content, headers={"Content-Type": "application/json"}
        )


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 20_000_000,
        b'{"a":' * 4_000_000,
        b"[]," * 8_000_000,
        b"[" + b"1," * 10_000_000,
        b'"' + b'\\"' * 10_000_000,
        b'"' * 10_000_001,
        b'"' + b"\\" * 20_000_001,
        b'{"x": ' + b"9" * 20_000_000 + b"}",
        b"\xff" * 1_000_000,
    ],
    ids=["lists", "objects", "many", "numbers", "quotes", "open", "slashes", "digits", "bytes"],
)
def test_bombs_are_refused_quickly(body: bytes) -> None:
    began = time.process_time()
    with pytest.raises(InvalidError) as error:
        parse_json(body)
    assert error.value.code in ("body_too_deep", "body_unreadable")
    assert time.process_time() - began < 1


def test_the_allowed_depth_is_allowed() -> None:
    check_depth(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    with pytest.raises(InvalidError):
        check_depth(b"[" * (MAX_DEPTH + 1))
    check_depth(b'"' + b"[" * 1000 + b'\\"' + b"[" * 1000 + b'"')


@settings(max_examples=60)
@given(st.recursive(st.text() | st.floats(allow_nan=False), lambda inner: st.lists(inner)))
def test_depth_is_counted_as_the_parser_sees_it(value: Any) -> None:
    def depth(item: Any) -> int:
        return 1 + max(map(depth, item), default=0) if isinstance(item, list) else 0

    body = json.dumps(value).encode()
    if depth(value):
        check_depth(body, depth(value))
        with pytest.raises(InvalidError):
            check_depth(body, depth(value) - 1)
    assert "Infinity" in str(value) or "inf" in str(value) or parse_json(body) == value


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
async def test_no_number_that_is_none(bench: Any, number: str) -> None:
    answer = await send(bench, f'{{"notebook": "{{}}", "parameters": {{"x": {number}}}}}'.encode())
    assert (answer.status_code, answer.json()["code"]) == (422, "body_unreadable")


async def test_a_body_is_counted_while_it_streams(bench: Any) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b" " * 1024**2

    answer = await send(bench, endless())
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert sent <= 26
    small = await send(bench, endless(), "leases")
    assert small.json()["details"]["limit_bytes"] == 1024**2


async def test_an_announced_size_is_enough_to_refuse(bench: Any) -> None:
    async with bench.client() as client:
        headers = {"Content-Length": "99999999999", "Content-Type": "application/json"}
        answer = await client.post(f"{API}/runs", content=b"{}", headers=headers)
        headers["Content-Length"] = "many"
        odd = await client.post(f"{API}/runs", content=b"{}", headers=headers)
    assert answer.json()["code"] == "body_too_large"
    assert (odd.status_code, odd.json()["code"]) == (400, "request_unreadable")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"notebook": "{} \ud800"}, "body_invalid"),
        ({"name": "a\nb"}, "body_invalid"),
        ({"name": "a\u202eb"}, "body_invalid"),
        ({"name": "\ud800"}, "body_invalid"),
        ({"name": "n" * 1_000_000}, "body_invalid"),
        ({"files": {"x": "%%%"}}, "file_not_base64"),
        ({"files": {"x": "é"}}, "file_not_base64"),
        ({"parameters": []}, "body_invalid"),
        ({"limit_s": 0}, "body_invalid"),
        ({"limit_s": 10**9}, "body_invalid"),
        ({"devices": True}, "body_invalid"),
        ({"devices": 10**30}, "body_invalid"),
    ],
)
async def test_what_a_run_may_hold(bench: Any, change: dict[str, Any], code: str) -> None:
    answer = await send(bench, json.dumps({"notebook": "{}", **change}).encode())
    data = answer.json()
    assert (answer.status_code, data["code"]) == (422, code)
    assert len(answer.text) < 1500
    assert not data["message"].startswith("error.")


async def test_limits_are_told_in_korean(bench: Any) -> None:
    async with bench.client(**{"Accept-Language": "ko"}) as client:
        answer = await client.post(f"{API}/leases", json={"project": "p", "devices": -1})
    assert (
        answer.json()["message"]
        == "'devices' 항목이 맞지 않습니다. 받은 값: -1 – 0 이상이어야 합니다."
    )


async def test_an_end_is_cut_rather_than_refused(bench: Any) -> None:
    error = {"cell": 3, "name": "E" * 999, "value": "v\0" * 9999}
    body = {"state": "failed", "reason": "r" * 9999, "error": error}
    async with bench.client("mat_good") as client:
        run = "run-01arz3ndektsv4rrffq69g5fav"
        answer = await client.post(f"{API}/runs/{run}/finish", json=body)
    assert answer.status_code == 200
    kept = bench.services.slots.calls[0][1]["body"]
    assert (len(kept["reason"]), len(kept["error"]["name"]), len(kept["error"]["value"])) == (
        1000,
        200,
        4000,
    )
    assert "\0" not in kept["error"]["value"]


async def test_an_output_is_taken_as_bytes(bench: Any) -> None:
    deep = b' {"cells": ' + b"[" * 500 + b"]" * 500 + b"}\n"
    run = "run-01arz3ndektsv4rrffq69g5fav"
    async with bench.client("mat_good") as client:
        headers = {"Content-Type": "application/x-ipynb+json"}
        answer = await client.put(f"{API}/runs/{run}/output", content=deep, headers=headers)
        empty = await client.put(f"{API}/runs/{run}/output")
        other = await client.put(f"{API}/runs/{run}/output", content=b"[]", headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "output_no_notebook")
    assert answer.status_code == 200
    assert bench.services.slots.calls[0][1]["data"] == deep
    assert empty.json()["code"] == "body_empty"


async def test_many_files_fit(bench: Any) -> None:
    data = base64.b64encode(b"x" * 1000).decode()
    files = {f"f/{number}": data for number in range(200)}
    answer = await send(bench, json.dumps({"notebook": "{}", "files": files}).encode())
    assert answer.status_code == 201
