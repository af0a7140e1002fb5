"""Volumes: claims get one, what is written stays, and who may keep it keeps it."""

import pytest
from space import RESTRICTED, Space, pod


def _claim(name: str, mode: str) -> dict:
    spec = {"accessModes": [mode], "resources": {"requests": {"storage": "1Gi"}}}
    kind = {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}
    return {**kind, "metadata": {"name": name}, "spec": spec}


def _user(name: str, claim: str, script: str) -> dict:
    volumes = [{"name": "home", "persistentVolumeClaim": {"claimName": claim}}]
    more = {"volumes": volumes, "securityContext": {"fsGroup": 100}}
    mounts = [{"name": "home", "mountPath": "/home/user"}]
    return pod(name, script, pod=more, volumeMounts=mounts, securityContext=RESTRICTED)


def _ends(space: Space, name: str) -> str:
    space.wait(f"pod/{name}", "jsonpath={.status.phase}=Succeeded")
    return space.kubectl("logs", name)


@pytest.mark.parametrize("mode", ["ReadWriteOnce", "ReadWriteMany"])
def test_what_a_pod_wrote_the_next_one_reads(space, mode):
    space.make(_claim("home", mode), _user("first", "home", "echo mine > /home/user/note"))
    _ends(space, "first")
    space.kubectl("delete", "pod", "first")
    space.make(_user("second", "home", "cat /home/user/note; touch /home/user/note"))
    assert _ends(space, "second") == "mine\n"


def test_a_volume_goes_with_its_claim_unless_it_is_retained(space):
    names = ("goes", "stays")
    space.make(*(_claim(name, "ReadWriteOnce") for name in names))
    volumes = {}
    for name in names:
        space.wait(f"pvc/{name}", "jsonpath={.status.phase}=Bound")
        volumes[name] = space.get(f"pvc/{name}")["spec"]["volumeName"]
    kept = '{"spec": {"persistentVolumeReclaimPolicy": "Retain"}}'
    space.kubectl("patch", "pv", volumes["stays"], "--patch", kept)
    space.kubectl("delete", "pvc", *names)
    space.wait(f"pv/{volumes['stays']}", "jsonpath={.status.phase}=Released")
    space.wait(f"pv/{volumes['goes']}", "delete")
    space.kubectl("delete", "pv", volumes["stays"])
