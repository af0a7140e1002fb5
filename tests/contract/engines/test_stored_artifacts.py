"""A storage of the site: away and back, damaged, refused, and its keys never shown."""

import asyncio
import hashlib
import logging
import time
from typing import Any

import pytest
from storage_house import BUCKET, KEY, SECRET

from madang.engines.stored_artifacts import StoredArtifacts, build
from madang.errors import InvalidError, NotFoundError, UnavailableError
from madang.settings.files import ArtifactPolicy


async def test_a_call_outlives_a_short_absence(s3: Any) -> None:
    artifacts = s3.artifacts()
    name = await artifacts.put(b"before")
    s3.stop()
    calls = [asyncio.create_task(artifacts.get(name)), asyncio.create_task(artifacts.put(b"new"))]
    await asyncio.sleep(1.0)
    assert not any(call.done() for call in calls)
    await asyncio.to_thread(s3.start)
    assert await calls[0] == b"before"
    assert await artifacts.get(await calls[1]) == b"new"


async def test_a_long_absence_is_told_and_holds_nobody_up(s3: Any) -> None:
    artifacts = s3.artifacts(retry_s=1.5)
    s3.stop()
    call = asyncio.create_task(artifacts.put(b"lost?"))
    began, longest = time.monotonic(), 0.0
    while not call.done():
        at = time.monotonic()
        await asyncio.sleep(0.01)
        longest = max(longest, time.monotonic() - at)
    assert time.monotonic() - began < 20
    assert longest < 1.0  # the loop went on all the time
    with pytest.raises(UnavailableError) as caught:
        await call
    assert (caught.value.code, caught.value.status) == ("artifacts_away", 503)
    await asyncio.to_thread(s3.start)
    assert await artifacts.get(await artifacts.put(b"lost?")) == b"lost?"


async def test_damaged_bytes_are_not_handed_out_and_are_repaired(s3: Any) -> None:
    artifacts = s3.artifacts()
    name = await artifacts.put(b"the notebook")
    path = f"{BUCKET}/madang/{name[:2]}/{name}"
    await asyncio.to_thread(s3.files().pipe_file, path, b"another!")
    with pytest.raises(NotFoundError, match="artifact_missing"):
        await artifacts.get(name)
    await artifacts.put(b"the notebook")
    assert await artifacts.get(name) == b"the notebook"


async def test_large_bytes_appear_whole(s3: Any) -> None:
    """Above fifty megabytes it becomes an upload in parts, which nobody sees before its end."""
    data = bytes(60 * 1024**2)
    artifacts = s3.artifacts()
    assert await artifacts.get(await artifacts.put(data)) == data


@pytest.mark.parametrize("what", ["bucket", "keys"])
async def test_a_storage_that_refuses_is_away_and_no_key_is_told(
    s3: Any, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "madang")
    if what == "bucket":
        options = {"key": KEY, "secret": SECRET, "endpoint_url": s3.url}
        artifacts = StoredArtifacts("s3://nowhere/x", options, retry_s=0)
    else:
        options = {"key": "", "secret": SECRET, "endpoint_url": "http://127.0.0.1:1"}
        artifacts = StoredArtifacts(f"s3://{BUCKET}/x", options, retry_s=0)
    with pytest.raises(UnavailableError, match="artifacts_away") as caught:
        await artifacts.put(b"x")
    said = [record for record in caplog.records if record.name.startswith("madang")]
    assert said
    told = f"{caught.value!r} {caught.value.details} {[r.getMessage() for r in said]}"
    assert SECRET not in told
    assert KEY not in told
    assert caught.value.__cause__ is None


async def test_half_written_bytes_are_never_seen(tmp_path: Any) -> None:
    artifacts = StoredArtifacts(f"file://{tmp_path}/kept", {}, retry_s=0)
    name = hashlib.sha256(b"half").hexdigest()
    pipe = artifacts._files.pipe_file

    def half(path: str, data: bytes) -> None:
        pipe(path, data[:2])
        raise OSError("no room")

    artifacts._files.pipe_file = half
    with pytest.raises(UnavailableError):
        await artifacts.put(b"half")
    with pytest.raises(NotFoundError):
        await artifacts.get(name)
    assert await artifacts.sizes([name]) == {}


def test_what_cannot_be_opened_is_refused_in_words(tmp_path: Any) -> None:
    def folder() -> Any:
        pytest.fail("a folder was asked for")

    with pytest.raises(InvalidError, match="artifacts_url"):
        build(ArtifactPolicy(url="carrier-pigeon://x"), folder)
    missing = ArtifactPolicy(url="memory://x", credentials_file=str(tmp_path / "none.yaml"))
    with pytest.raises(InvalidError, match="credentials_missing"):
        build(missing, folder)
    (tmp_path / "bad.yaml").write_text("kept-secret: [")
    bad = ArtifactPolicy(url="memory://x", credentials_file=str(tmp_path / "bad.yaml"))
    with pytest.raises(InvalidError, match="credentials_missing") as caught:
        build(bad, folder)
    assert caught.value.__suppress_context__
