"""A real S3 server on loopback that can go away and come back, with a bucket in it."""

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from madang.engines.stored_artifacts import StoredArtifacts, build
from madang.settings.files import ArtifactPolicy

BUCKET = "artifacts"
KEY, SECRET = "AKIDLOOPBACK", "kept-secret-of-the-storage"


class S3:
    """The server; what it keeps outlives :meth:`stop`, as it does for a real one.

    Parameters
    ----------
    host
        Address that it listens on.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._host = host
        with socket.socket() as chosen:
            chosen.bind((host, 0))
            self.port: int = chosen.getsockname()[1]
        self.url = f"http://{host}:{self.port}"
        self.start()

    def start(self) -> None:
        from moto.server import ThreadedMotoServer

        self._server = ThreadedMotoServer(self._host, self.port, verbose=False)
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def files(self) -> Any:
        """Return the bucket as an administrator sees it."""
        import s3fs

        return s3fs.S3FileSystem(
            key=KEY, secret=SECRET, endpoint_url=self.url, skip_instance_cache=True,
            use_listings_cache=False,
        )  # fmt: skip

    def artifacts(self, **more: Any) -> StoredArtifacts:
        options = {
            "key": KEY,
            "secret": SECRET,
            "endpoint_url": self.url,
            **more.pop("options", {}),
        }
        return StoredArtifacts(f"s3://{BUCKET}/madang", options, **more)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    server = S3()
    files = server.files()
    if not files.exists(BUCKET):
        files.mkdir(BUCKET)
    yield server
    server.stop()


@pytest.fixture
def stored(s3: S3, tmp_path: Any) -> Any:
    """Return the storage as an installation opens it: address in the policy, keys in a file."""
    secret = tmp_path / "s3.yaml"
    secret.write_text(f"key: {KEY}\nsecret: {SECRET}\n")
    policy = ArtifactPolicy(
        url=f"s3://{BUCKET}/madang", endpoint=s3.url, credentials_file=str(secret)
    )
    return build(policy, lambda: pytest.fail("a folder was asked for"))
