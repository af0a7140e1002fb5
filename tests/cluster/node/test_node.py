"""What a real node does with pods, and simulated ones do not."""

import json

from node import NAME
from node_cluster import NodeCluster
from space import RESTRICTED, Space, container, pod


def test_a_pod_with_devices_runs_and_the_next_waits_for_them(node_cluster, space):
    node_cluster.node.set_devices(8, product="NVIDIA-H200")
    six = {"resources": {"limits": {"nvidia.com/gpu": "6"}}}
    chosen = {"nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-H200"}}
    space.make(pod("first", pod=chosen, **six))
    space.wait("pod/first")
    space.make(pod("second", pod=chosen, **six))
    space.wait("pod/second", "condition=PodScheduled=false")
    assert "Insufficient nvidia.com/gpu" in json.dumps(space.get("pod/second")["status"])
    space.kubectl("delete", "pod", "first")
    space.wait("pod/second")


def test_a_restricted_namespace_takes_a_modest_pod_and_no_other(node_cluster):
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    space = Space(node_cluster, "restricted", labels)
    modest = {**RESTRICTED, "readOnlyRootFilesystem": True}
    script = "id -u; touch /x; sleep 3600"
    space.make(pod("modest", script, securityContext=modest))
    space.wait("pod/modest")
    said = space.kubectl("logs", "modest").splitlines()
    assert said == ["1000", "touch: /x: Read-only file system"]
    given = json.dumps(pod("bold", securityContext={"privileged": True}))
    refused = space.run("apply", "--filename", "-", given=given)
    assert "violates PodSecurity" in refused.stderr
    space.delete()


def test_a_pod_that_takes_too_much_memory_is_killed_for_it(space):
    limits = {"resources": {"limits": {"memory": "32Mi"}}}
    space.make(pod("greedy", "tail /dev/zero", **limits))
    space.wait("pod/greedy", "jsonpath={.status.phase}=Failed")
    ended = space.get("pod/greedy")["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("OOMKilled", 137)


def test_logs_and_exec_reach_the_pod(space):
    space.make(pod("talker", "echo hello; sleep 3600"))
    space.wait("pod/talker")
    assert space.kubectl("logs", "talker") == "hello\n"
    said = space.kubectl("exec", "talker", "--", "sh", "-c", "echo $((6 * 7)) $HOSTNAME")
    assert said == "42 talker\n"


def test_workloads_of_every_kind_run(space):
    labels = {"app": "all"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container("sleep 3600")]}}
    template["spec"]["terminationGracePeriodSeconds"] = 1
    once = {"spec": {"restartPolicy": "Never", "containers": [container("echo done")]}}
    lasting = {"selector": {"matchLabels": labels}, "template": template}
    for kind, spec in (
        ("Deployment", {**lasting, "replicas": 2}),
        ("StatefulSet", {**lasting, "replicas": 2, "serviceName": "all"}),
        ("DaemonSet", lasting),
    ):
        space.make(
            {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "all"}, "spec": spec}
        )
        space.kubectl("rollout", "status", f"{kind.lower()}/all", "--timeout=60s")
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"}}
    space.make({**job, "spec": {"template": once, "suspend": False}})
    space.wait("job/once", "condition=Complete")
    assert space.kubectl("logs", "job/once") == "done\n"


def test_the_node_is_the_one_of_this_run(node_cluster: NodeCluster, space):
    info = space.get(f"node/{NAME}")["status"]["nodeInfo"]
    assert info["kubeletVersion"] == "v1.36.4"
    assert info["containerRuntimeVersion"].startswith("containerd://2.1.")
