"""What `helm test` runs in the cluster: proves that people are kept apart. Standard library only.

    isolation.py network open:HOST:PORT… closed:HOST:PORT…   who can be reached from this pod
    isolation.py rights FILE NAMESPACE                       what this pod's account may do there
    isolation.py pods NAMESPACE                              whether Pod Security `restricted` is on
    isolation.py tell begun|passed URL RULES                 tells the service at URL how far it got
    isolation.py listen PORT…                                be somebody to be reached

Each prints a line for each thing that it looked at, and ends with 1 when one is not as it must be.
"""

import json
import os
import selectors
import socket
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
PATIENCE_S = float(os.environ.get("PATIENCE_S", "60"))
"""How long what must be open may take: pods and rules of a fresh installation need a while."""

CONNECT_S = 3.0
# Everybody may ask about himself.
OWN_GROUPS = {"authentication.k8s.io", "authorization.k8s.io"}

Rights = dict[str, list[str]]


def main(arguments: list[str]) -> int:
    """Run one of the verbs; return the exit status."""
    verb, *rest = arguments
    verbs: dict[str, Callable[[list[str]], int]] = {
        "network": network,
        "rights": rights,
        "pods": pods,
        "tell": tell,
        "listen": listen,
    }
    return verbs[verb](rest)


def network(wanted: list[str]) -> int:
    """Look at each ``open:HOST:PORT`` and ``closed:HOST:PORT``."""
    bad = 0
    for one in wanted:
        kind, host, port = one.split(":")
        look = is_open if kind == "open" else is_closed
        fine, why = look(host, int(port))
        bad += not fine
        print(f"{'ok ' if fine else 'BAD'} {host}:{port} must be {kind}: {why}", flush=True)
    if bad:
        print(
            "What is closed must not answer. If everything does, the network plugin of this cluster"
            " does not enforce NetworkPolicies: install one that does (Calico, Cilium), or people"
            " can reach each other's clusters. If what must be open is not, compare the values"
            " under `network` with your cluster."
        )
    return 1 if bad else 0


def is_open(host: str, port: int) -> tuple[bool, str]:
    """Try until it answers, or for as long as the patience lasts."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        answer = connect(host, port)
        if answer == "answers" or time.monotonic() > deadline:
            return answer == "answers", answer
        time.sleep(0.5)


def is_closed(host: str, port: int) -> tuple[bool, str]:
    """Try until it is closed twice in a row: rules reach a new pod a moment after it has started.

    A name that is not found proves nothing, so it is no success.
    """
    deadline = time.monotonic() + PATIENCE_S / 4
    closed = 0
    while True:
        answer = connect(host, port)
        if answer == "has no such name":
            return False, answer
        closed = 0 if answer == "answers" else closed + 1
        if closed == 2 or time.monotonic() > deadline:
            return closed == 2, answer
        time.sleep(0.2)


def connect(host: str, port: int) -> str:
    """Return how an attempt to connect ended."""
    try:
        address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError:
        return "has no such name"
    with socket.socket(address[0], socket.SOCK_STREAM) as made:
        made.settimeout(CONNECT_S)
        try:
            made.connect(address[4])
        except TimeoutError:
            return "does not answer"
        except OSError as error:
            return f"refuses ({error.strerror})"
    return "answers"


def rights(wanted: list[str]) -> int:
    """Compare what this account may do in a namespace with a file, both ways."""
    file, namespace = wanted
    expected: Rights = json.loads(Path(file).read_text("utf-8"))
    question = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    status, told = ask(path, question)
    if status != 201:
        print(f"BAD the account cannot ask for its rights: {status} {told.get('message', '')}")
        return 1
    found = rights_of(told["status"]["resourceRules"])
    bad = compare(expected, found)
    for line in bad:
        print(f"BAD in {namespace}: {line}")
    print(f"{'BAD' if bad else 'ok '} rights in {namespace}: {len(found)} kinds of objects")
    return 1 if bad else 0


def rights_of(rules: list[dict[str, list[str]]]) -> Rights:
    """Return verbs by ``group/resource``."""
    found: Rights = {}
    for rule in rules:
        for group in rule.get("apiGroups", []):
            for resource in rule.get("resources", []):
                if group not in OWN_GROUPS:
                    key = f"{group}/{resource}".lstrip("/")
                    found[key] = sorted({*found.get(key, []), *rule["verbs"]})
    return found


def compare(expected: Rights, found: Rights) -> list[str]:
    """Return what is more and what is less than expected."""
    lines = []
    for key in sorted({*expected, *found}):
        more = sorted({*found.get(key, [])} - {*expected.get(key, [])})
        less = sorted({*expected.get(key, [])} - {*found.get(key, [])})
        if more:
            lines.append(f"may {', '.join(more)} {key} and should not: look for another binding")
        if less:
            lines.append(f"may not {', '.join(less)} {key} and should: was a role changed by hand?")
    return lines


# Each is well-formed for every API server, so that only Pod Security can have a say.
HOSTILE: dict[str, dict[str, object]] = {
    "in the network of its node": {"hostNetwork": True},
    "as root": {"securityContext": {"runAsUser": 0}},
    "without its limits": {},
}


def pods(wanted: list[str]) -> int:
    """Ask for pods that Pod Security `restricted` refuses, without making any."""
    (namespace,) = wanted
    bad = 0
    for name, more in HOSTILE.items():
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"generateName": "madang-test-"},
            "spec": {"containers": [{"name": "x", "image": "x"}], **more},
        }
        status, told = ask(f"/api/v1/namespaces/{namespace}/pods?dryRun=All", pod)
        message = str(told.get("message", ""))
        fine = status == 403 and "PodSecurity" in message
        bad += not fine
        print(f"{'ok ' if fine else 'BAD'} a pod {name} is refused: {status} {message[:120]}")
    if bad:
        label = "pod-security.kubernetes.io/enforce=restricted"
        print(f"Label the namespace: kubectl label namespace {namespace} {label}")
    return 1 if bad else 0


def ask(path: str, body: dict[str, object]) -> tuple[int, dict[str, object]]:
    """Post to the Kubernetes API as this pod's account; return status and answer."""
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    shown = f"[{host}]" if ":" in host else host
    scheme = os.environ.get("KUBERNETES_SCHEME", "https")
    request = urllib.request.Request(
        f"{scheme}://{shown}:{port}{path}",
        data=json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {(ACCOUNT / 'token').read_text('utf-8').strip()}",
            "Content-Type": "application/json",
        },
    )
    certificate = ACCOUNT / "ca.crt"
    trust = ssl.create_default_context(cafile=str(certificate)) if scheme == "https" else None
    try:
        with urllib.request.urlopen(request, timeout=30, context=trust) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        text = error.read()
        try:
            return error.code, json.loads(text)
        except ValueError:
            return error.code, {"message": text[:200].decode("utf-8", "replace")}


def tell(wanted: list[str]) -> int:
    """Tell the service that the tests begin, or that all have passed for these rules."""
    what, url, rules = wanted
    method, path = ("DELETE", "isolation") if what == "begun" else ("PUT", f"isolation/{rules}")
    token = os.environ["MADANG_SERVICE_TOKEN"]
    request = urllib.request.Request(
        f"{url}/{path}", method=method, headers={"Authorization": f"token {token}"}
    )
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                print(f"ok  the service knows that the tests have {what}: {answer.status}")
                return 0
        except OSError as error:
            # Also an answer that says no: a service that was just installed may not be up yet.
            if time.monotonic() > deadline:
                print(f"BAD the service at {url} was not told that the tests have {what}: {error}")
                print("Look whether it is up: kubectl get pods, and whether it is of this version.")
                return 1
        time.sleep(0.5)


def listen(ports: list[str]) -> int:
    """Accept connections for ever, and close them."""
    chosen = selectors.DefaultSelector()
    for port in ports:
        listener = socket.create_server(("", int(port)))
        chosen.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in chosen.select():
            key.fileobj.accept()[0].close()  # type: ignore[union-attr]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
