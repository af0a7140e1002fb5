"""Names, services and policies between pods that really run."""

import re
import socket
import subprocess
import time
import urllib.request

import pytest
from space import RESTRICTED, Space, pod

SERVE = "echo hello > /tmp/index.html; exec httpd -f -p 8080 -h /tmp"
# A static program has no resolver of the C library: names are looked up, and HTTP spoken, by hand.
ASK = r"""case $1 in *.local) set -- $(nslookup $1 | sed -n '/^Name/,$s/^Address: //p');; esac
printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 2 $1 80"""
SHUT = "refused"
OPEN = {"readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1}}


def _serve(space: Space, name: str) -> None:
    space.make(pod(name, SERVE, labels={"app": name}, **OPEN), _service(name))
    space.wait(f"pod/{name}")


def _service(name: str) -> dict:
    spec = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def _name(space: Space, service: str) -> str:
    return f"{service}.{space.name}.svc.cluster.local"


def _ask(space: Space, client: str, name: str) -> str:
    """Return what a pod hears from a service, or why it hears nothing."""
    done = space.run("exec", client, "--", "sh", "-c", ASK, "ask", name)
    return (done.stdout or done.stderr).strip()


def _until(space: Space, client: str, name: str, said: str, limit_s: float = 30.0) -> None:
    """Wait until a pod hears this from a service: rules follow objects some moments later."""
    deadline = time.monotonic() + limit_s
    while said not in (heard := _ask(space, client, name)):
        assert time.monotonic() < deadline, f"{client} hears of {name}: {heard}"


def test_a_service_answers_by_name_to_pods_and_by_address_to_tests(space):
    _serve(space, "web")
    space.make(pod("client", securityContext=RESTRICTED))
    space.wait("pod/client")
    _until(space, "client", _name(space, "web"), "hello")
    address = space.get("service/web")["spec"]["clusterIP"]
    with urllib.request.urlopen(f"http://{address}", timeout=5) as answer:
        assert answer.read() == b"hello\n"


def test_pods_reach_the_api_server_with_the_token_of_their_account(space):
    say = "nc -w 2 $KUBERNETES_SERVICE_HOST $KUBERNETES_SERVICE_PORT </dev/null && echo open"
    token = "test -s /var/run/secrets/kubernetes.io/serviceaccount/token && echo token"
    space.make(pod("client", f"{say}; {token}"))
    space.wait("pod/client", "jsonpath={.status.phase}=Succeeded")
    assert space.kubectl("logs", "client").split() == ["open", "token"]


def test_a_port_is_forwarded_to_a_pod(space):
    _serve(space, "web")
    config, binary = space.cluster.kubeconfig, space.cluster.plane.binaries["kubectl"]
    argv = [str(binary), f"--kubeconfig={config}", f"--namespace={space.name}"]
    with subprocess.Popen(
        [*argv, "port-forward", "pod/web", ":8080"], stdout=subprocess.PIPE, text=True
    ) as forward:
        port = re.search(r"127\.0\.0\.1:(\d+)", forward.stdout.readline())[1]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=5) as answer:
            assert answer.read() == b"hello\n"
        forward.terminate()


def test_there_is_no_way_to_the_world(space):
    # An address of a documentation network: no route, so an answer at once.
    with pytest.raises(OSError, match="unreachable"):
        socket.create_connection(("192.0.2.1", 80), timeout=5)
    space.make(pod("client", "nc -w 2 192.0.2.1 80 </dev/null || echo none"))
    space.wait("pod/client", "jsonpath={.status.phase}=Succeeded")
    assert "none" in space.kubectl("logs", "client")


def _policy(name: str, **spec) -> dict:
    kind = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}
    return {**kind, "metadata": {"name": name}, "spec": {"podSelector": {}, **spec}}


def test_policies_shut_pods_off_and_open_what_they_name(space):
    _serve(space, "web")
    web = _name(space, "web")
    space.make(*(pod(name, labels={"role": name}) for name in ("friend", "stranger")))
    for name in ("friend", "stranger"):
        space.wait(f"pod/{name}")
        _until(space, name, web, "hello")
    space.make(_policy("nobody", policyTypes=["Ingress"]))
    for name in ("friend", "stranger"):
        _until(space, name, web, SHUT)
    peer = {"podSelector": {"matchLabels": {"role": "friend"}}}
    opened = {"from": [peer], "ports": [{"port": 8080}]}
    space.make(_policy("friends", policyTypes=["Ingress"], ingress=[opened]))
    _until(space, "friend", web, "hello")
    assert SHUT in _ask(space, "stranger", web)


def test_a_policy_for_what_leaves_holds_too(space):
    _serve(space, "web")
    space.make(pod("client", labels={"role": "client"}))
    space.wait("pod/client")
    address = space.get("service/web")["spec"]["clusterIP"]
    _until(space, "client", address, "hello")
    chosen = {"podSelector": {"matchLabels": {"role": "client"}}}
    space.make(_policy("stay", policyTypes=["Egress"], **chosen))
    _until(space, "client", address, SHUT)
