"""A release that is removed and installed again under its name, beside the volumes that stayed.

PostgreSQL takes its password once, when its volume is made, and what people keep as secrets is
sealed with the token of the service: both must be the same afterwards.
"""

import base64
import time

import pytest
from chart_release import CORE, Release

GONE_S = 30.0
DATABASE = ("--set", "postgresql.enabled=true")
PASSWORD = base64.b64encode(b"given-by-hand").decode()


@pytest.fixture(scope="module")
def release(cluster):
    made = Release(cluster, "again")
    made.put("install", "--create-namespace", *DATABASE)
    yield made
    made.forget()


def claims(release):
    return release.names(f"{CORE}/{release.namespace}/persistentvolumeclaims")


def wait_for_claim(release, name):
    deadline = time.monotonic() + GONE_S
    while name not in claims(release):
        assert time.monotonic() < deadline, f"{name} is not made: {claims(release)}"
        time.sleep(0.1)


def delete(release, kind, name):
    path = f"{CORE}/{release.namespace}/{kind}/{name}"
    release.plane.delete(path)
    # A claim has a finalizer as long as a pod waits with it.
    deadline = time.monotonic() + GONE_S
    while release.plane.ask(path) is not None:
        assert time.monotonic() < deadline, f"{name} does not go"
        time.sleep(0.1)


def begin(release, data, **metadata):
    """Make the Secret by hand, as `kubectl create` does."""
    named = {"name": "madang-secrets", **metadata}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": named, "data": data}
    assert release.plane.ask(f"{CORE}/{release.namespace}/secrets", body), release.plane.said


def password_and_token(release):
    made = release.secret()
    return made["postgresql-password"], made["service-token"]


def test_the_next_install_finds_password_and_token_again(release):
    before = release.secret()
    assert len(set(before.values())) == 6
    wait_for_claim(release, "data-madang-postgresql-0")
    release.remove()
    assert claims(release) == {"madang-hub", "madang-service", "data-madang-postgresql-0"}
    # All that is left of Secrets, and it is known whose it is.
    assert release.names(f"{CORE}/{release.namespace}/secrets") == {"madang-secrets"}
    assert release.names(f"{CORE}/{release.people}/secrets") == set()
    kept = release.kept()
    assert kept["annotations"]["meta.helm.sh/release-name"] == "madang"
    assert kept["labels"]["app.kubernetes.io/instance"] == "madang"

    release.put("install", *DATABASE)
    assert release.secret() == before
    assert claims(release) == {"madang-hub", "madang-service", "data-madang-postgresql-0"}


def test_an_upgrade_without_the_secret_is_refused_while_pods_still_know_it(release):
    before = release.secret()
    delete(release, "secrets", "madang-secrets")
    # There is no node on which the Job that brings tables up to date could run.
    told = release.refused("upgrade", "--no-hooks", *DATABASE)
    assert "The Secret madang-secrets is gone and the Deployment madang-service" in told

    # As install-kubernetes.md says: a Secret with what pods know, the rest is made anew.
    known = {key: before[key] for key in ("postgresql-password", "service-token")}
    begin(release, known)
    release.put("upgrade", "--no-hooks", *DATABASE)
    after = release.secret()
    assert set(after) == set(before)
    assert {key for key in after if after[key] == before[key]} == set(known)
    assert release.kept()["annotations"]["helm.sh/resource-policy"] == "keep"


def test_a_copy_that_is_put_back_is_taken(release):
    before = release.secret()
    kept = release.kept()
    delete(release, "secrets", "madang-secrets")
    begin(release, before, **{key: kept[key] for key in ("labels", "annotations")})
    release.put("upgrade", "--no-hooks", *DATABASE)
    assert release.secret() == before


def test_an_install_beside_a_volume_whose_secret_is_gone_makes_no_new_one(release):
    before = password_and_token(release)
    release.remove()
    delete(release, "secrets", "madang-secrets")
    told = release.refused("install", *DATABASE)
    assert "the PersistentVolumeClaim data-madang-postgresql-0 of an earlier install" in told
    assert release.names(f"{CORE}/{release.namespace}/secrets") == set()

    # As install-kubernetes.md says: a password that was chosen, the rest is made.
    begin(release, {"postgresql-password": PASSWORD})
    release.put("install", "--take-ownership", *DATABASE)
    password, token = password_and_token(release)
    assert password == PASSWORD
    assert token
    assert token not in before


def test_with_the_volumes_deleted_it_begins_anew(release):
    before = set(release.secret().values())
    release.remove()
    # The command of install-kubernetes.md: by label, so that what others put there stays.
    label = "?labelSelector=app.kubernetes.io/instance%3Dmadang"
    for kind in ("secrets", "persistentvolumeclaims"):
        release.plane.delete(f"{CORE}/{release.namespace}/{kind}{label}")
    deadline = time.monotonic() + GONE_S
    while claims(release):
        assert time.monotonic() < deadline, claims(release)
        time.sleep(0.1)
    release.put("install", *DATABASE)
    after = set(release.secret().values())
    assert len(after) == 6
    assert not after & before
