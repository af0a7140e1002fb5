"""The same story with the JupyterHub that zero-to-jupyterhub 4.4 has: 5.5, fetched from PyPI."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pod_hub import PodHub
from pod_people import until
from test_pod_hub import people, service, standin

from madang.settings.home import Home

__all__ = ["people", "service", "standin"]

OLDER = "jupyterhub==5.5.4"


@pytest.fixture(scope="session")
def older(tmp_path_factory):
    """A folder with that version, which hides the installed one; the rest stays as it is."""
    folder = tmp_path_factory.mktemp("older-hub")
    uv = Path(sys.executable).with_name("uv")
    where = ["--python", sys.executable, "--target", str(folder)]
    subprocess.run([uv, "pip", "install", "--quiet", *where, "--no-deps", OLDER], check=True)
    return folder


def test_an_older_hub_starts_pods_and_says_what_went_wrong(
    tmp_path, service, people, standin, older
):
    home = Home(tmp_path / "home")
    home.root.mkdir(mode=0o700)
    hub = PodHub(home, service, people, standin)
    hub.more["PYTHONPATH"] = str(older)
    hub.start_proxy()
    try:
        hub.start_hub()
        assert hub.http.get("/").json()["version"] == OLDER.partition("==")[2]
        hub.add_user("ada")
        assert hub.spawn("ada").status_code == 202
        lease = until(lambda: service.of("ada"), "the lease")[0]
        service.admit(lease["id"])
        hub.ready_server("ada")
        [name] = people.pods(lease=lease["id"], attempt="1")
        hub.end_hub(signal.SIGKILL)
        hub.start_hub()
        hub.ready_server("ada")
        assert list(people.pods()) == [name]
        assert hub.http.delete("/users/ada/server").status_code in (202, 204)
        until(lambda: not people.pods(), "the pod's end")
        # This hub has no exception of its own for a refusal; its words arrive all the same.
        problem = {"code": "x", "message": "No profile 'x'.", "hint": "Pick another."}
        service.refusal = (404, {**problem, "details": {}, "status": 404})
        hub.add_user("bora")
        assert "No profile 'x'." in said_of_a_refusal(hub, "bora")
    finally:
        hub.close()


def said_of_a_refusal(hub, name):
    """Return what a start that is refused says: in its answer, or to who follows a slow one."""
    answer = hub.spawn(name)
    if answer.status_code != 202:
        return answer.json()["message"]
    with hub.http.stream("GET", f"/users/{name}/server/progress") as events:
        return next(line for line in events.iter_lines() if '"failed": true' in line)
