"""`helm test` of the release on a node that enforces policies: it passes, and notices a hole."""

import asyncio

import pytest
from installed import PEOPLE, PLATFORM, RELEASE, Installed
from release import CHANGES

pytestmark = pytest.mark.timeout(900)
NOT_READY = "This installation is not ready yet"


def said_by_tests(release: Installed) -> str:
    """Return what the pods of the tests printed, by the commands that the documents name."""
    label = "app.kubernetes.io/component=tests"
    words = ("logs", "--selector", label, "--prefix", "--tail=-1")
    return "".join(release.kubectl("-n", where, *words) for where in (PLATFORM, PEOPLE))


async def test_it_is_not_ready_until_its_tests_have_passed_and_again_when_they_fail(
    release, people
):
    ada = people("ada", "vision-lab")
    ada.visitor.http.headers["Accept-Language"] = "en"
    await ada.visitor.log_in()
    assert NOT_READY in await ada.visitor.page("")

    await asyncio.to_thread(release.helm, "test", RELEASE)
    said = await asyncio.to_thread(said_by_tests, release)
    assert "BAD" not in said, said
    assert said.count("ok ") > 40, said
    assert NOT_READY not in await ada.visitor.page("")

    # Somebody tidies up by hand.
    await asyncio.to_thread(release.kubectl, "-n", PEOPLE, "delete", "networkpolicies", "--all")
    with pytest.raises(AssertionError):
        await asyncio.to_thread(release.helm, "test", RELEASE)
    said = await asyncio.to_thread(said_by_tests, release)
    assert "BAD kubernetes.default:443 must be closed: answers" in said, said
    assert NOT_READY in await ada.visitor.page("")

    # An upgrade makes what is missing, and the proof can be given again.
    await asyncio.to_thread(release.put, "upgrade", CHANGES)
    await asyncio.to_thread(release.helm, "test", RELEASE)
    assert NOT_READY not in await ada.visitor.page("")
