"""The script of `helm test`: what it must notice, over loopback, and what the chart asks it."""

import http.server
import importlib.util
import json
import socket
import threading

import pytest

from .chart import FOLDER
from .policies import Address, Pod, Policies

SCRIPT = FOLDER / "files" / "tests" / "isolation.py"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.setenv("PATIENCE_S", "1")
    spec = importlib.util.spec_from_file_location("isolation", SCRIPT)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture
def door():
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield f"127.0.0.1:{made.getsockname()[1]}"


@pytest.fixture
def wall():
    # Bound and not listening: nobody else can take the port, and it refuses.
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{made.getsockname()[1]}"


def test_open_and_closed_as_they_must_be_is_fine(script, door, wall, capsys):
    assert script.main(["network", f"open:{door}", f"closed:{wall}"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[:3] for line in lines] == ["ok ", "ok "]


def test_a_closed_door_that_answers_is_said_with_what_to_do(script, door, capsys):
    assert script.main(["network", f"closed:{door}"]) == 1
    told = capsys.readouterr().out
    assert f"BAD {door} must be closed: answers" in told
    assert "does not enforce NetworkPolicies" in told


def test_an_open_door_that_does_not_answer_is_said(script, wall, capsys):
    assert script.main(["network", f"open:{wall}"]) == 1
    assert f"BAD {wall} must be open: refuses" in capsys.readouterr().out


def test_a_name_that_is_not_found_is_not_taken_for_a_closed_door(script, capsys):
    assert script.main(["network", "closed:no-such-host.invalid:80"]) == 1
    assert "has no such name" in capsys.readouterr().out


def test_a_door_that_closes_a_moment_later_is_closed(script):
    made = socket.create_server(("127.0.0.1", 0))
    answers = iter([True])
    connect = script.connect

    def closing(host, port):
        answer = connect(host, port)
        if next(answers, False):
            made.close()
        return answer

    script.connect = closing
    assert script.is_closed("127.0.0.1", made.getsockname()[1])[0] is True


RULES = [
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]},
    {"apiGroups": ["authorization.k8s.io"], "resources": ["selfsubjectreviews"], "verbs": ["*"]},
]


class Api(http.server.BaseHTTPRequestHandler):
    """Answers as an API server does to the two questions of the script."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, body, self.headers["Authorization"]))
        status, answer = self.server.answer(self.path)
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def api(script, monkeypatch, tmp_path):
    (tmp_path / "token").write_text("a-token\n")
    script.ACCOUNT = tmp_path
    with http.server.HTTPServer(("127.0.0.1", 0), Api) as server:
        server.asked = []
        server.answer = lambda path: (201, {"status": {"resourceRules": RULES}})
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(server.server_port))
        monkeypatch.setenv("KUBERNETES_SCHEME", "http")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("expected", "status", "said"),
    [
        ({"pods": ["get", "list"]}, 0, "ok "),
        ({"pods": ["get"]}, 1, "may list pods and should not"),
        ({"pods": ["get", "list", "watch"]}, 1, "may not watch pods and should"),
        ({"pods": ["get", "list"], "batch/jobs": ["get"]}, 1, "may not get batch/jobs"),
        ({}, 1, "may get, list pods and should not"),
    ],
)
def test_rights_are_compared_both_ways(script, api, tmp_path, capsys, expected, status, said):
    file = tmp_path / "rights.json"
    file.write_text(json.dumps(expected))
    assert script.main(["rights", str(file), "madang-people"]) == status
    assert said in capsys.readouterr().out
    ((path, body, token),) = api.asked
    assert path == "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    assert body["spec"] == {"namespace": "madang-people"}
    assert token == "Bearer a-token"


def test_pods_that_are_not_restricted_must_be_refused(script, api, capsys):
    api.answer = lambda path: (403, {"message": 'pods "x" is forbidden: violates PodSecurity'})
    assert script.main(["pods", "madang-people"]) == 0
    assert len(api.asked) == 3
    assert {path for path, _, _ in api.asked} == {
        "/api/v1/namespaces/madang-people/pods?dryRun=All"
    }


@pytest.mark.parametrize(
    ("status", "message"),
    [(201, ""), (403, "cannot create resource pods"), (500, "violates PodSecurity")],
)
def test_a_pod_that_is_taken_or_refused_for_another_reason_proves_nothing(
    script, api, capsys, status, message
):
    api.answer = lambda path: (status, {"message": message})
    assert script.main(["pods", "madang-people"]) == 1
    assert "kubectl label namespace madang-people" in capsys.readouterr().out


@pytest.fixture
def service(monkeypatch):
    """Run a service that notes what it is told, and answers what it is set to."""

    class Service(http.server.BaseHTTPRequestHandler):
        def answer(self):
            self.server.told.append((self.command, self.path, self.headers["Authorization"]))
            self.send_response(self.server.status)
            self.end_headers()

        do_PUT = do_DELETE = answer  # noqa: N815

        def log_message(self, *_):
            pass

    monkeypatch.setenv("MADANG_SERVICE_TOKEN", "a-token")
    with http.server.HTTPServer(("127.0.0.1", 0), Service) as server:
        server.told, server.status = [], 204
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_service_is_told_when_the_tests_begin_and_that_they_passed(script, service):
    url = f"http://127.0.0.1:{service.server_port}/services/madang"
    assert script.main(["tell", "begun", url, "ab12"]) == 0
    assert script.main(["tell", "passed", url, "ab12"]) == 0
    assert service.told == [
        ("DELETE", "/services/madang/isolation", "token a-token"),
        ("PUT", "/services/madang/isolation/ab12", "token a-token"),
    ]


def test_a_service_that_does_not_take_it_fails_the_test(script, service, capsys):
    service.status = 403
    assert script.main(["tell", "passed", f"http://127.0.0.1:{service.server_port}", "ab12"]) == 1
    assert "was not told that the tests have passed" in capsys.readouterr().out


def test_the_verdict_is_told_before_and_after_all_others(rendered):
    weights = {
        pod["metadata"]["name"]: int(pod["metadata"]["annotations"]["helm.sh/hook-weight"])
        for pod in rendered.all("Pod")
    }
    order = sorted(weights, key=weights.get)
    assert (order[0], order[-1]) == ("madang-test-begun", "madang-test-passed")
    assert weights["madang-test-begun"] < 0 < 13 < weights["madang-test-passed"]


def asked_to_prove(rendered):
    """Return the rules of which the service wants a proof, and those that the tests tell it."""
    (container,) = rendered.of("Deployment", "madang-service")["spec"]["template"]["spec"][
        "containers"
    ]
    env = {one["name"]: one.get("value") for one in container["env"]}
    told = {
        pod["spec"]["containers"][0]["args"][-1]
        for pod in rendered.all("Pod")
        if pod["spec"]["containers"][0]["args"][0] == "tell"
    }
    return env.get("MADANG_ISOLATION_RULES"), told


@pytest.mark.parametrize(
    "change",
    [
        {"network": {"internet": {"allowList": ["203.0.113.7/32"]}}},
        {"network": {"kubeApi": {"cidrs": ["192.0.2.1/32"]}}},
        {"people": {"namespace": "others"}},
    ],
)
def test_other_rules_must_be_proved_anew(chart, change):
    wanted, told = asked_to_prove(chart.template("min.yaml"))
    assert told == {wanted}
    other, _ = asked_to_prove(chart.template("min.yaml", change))
    assert (len(wanted), len(other)) == (64, 64)
    assert other != wanted


def test_what_is_no_rule_needs_no_new_proof(chart):
    change = {"policy": {"admins": ["bora"]}, "people": {"home": {"size": "3Gi"}}}
    wanted, _ = asked_to_prove(chart.template("min.yaml"))
    assert asked_to_prove(chart.template("min.yaml", change))[0] == wanted


def test_who_takes_the_risk_is_asked_for_no_proof(chart):
    change = {"isolationTests": {"acceptRisk": True}}
    wanted, told = asked_to_prove(chart.template("min.yaml", change))
    assert wanted is None
    assert len(told) == 1


def cases(rendered):
    """Yield (pod as policies see it, what it must reach or not) of each network test."""
    for pod in rendered.all("Pod"):
        arguments = pod["spec"]["containers"][0]["args"]
        if arguments[0] == "network":
            namespace = pod["metadata"].get("namespace", "madang")
            yield Pod(namespace, pod["metadata"]["labels"]), arguments[1:]


def test_what_the_tests_ask_for_is_what_the_policies_mean(rendered):
    policies = Policies(rendered.all("NetworkPolicy"), "madang")
    targets = {
        "kubernetes.default": Address("10.0.0.1"),
        "169.254.169.254": Address("169.254.169.254"),
        "1.1.1.1": Address("1.1.1.1"),
    }
    for kind in ("Deployment", "StatefulSet"):
        for one in rendered.all(kind):
            namespace = one["metadata"].get("namespace", "madang")
            labels = one["spec"]["template"]["metadata"]["labels"]
            targets[f"{one['metadata']['name']}.{namespace}"] = Pod(namespace, labels)
    # The proxy has a second Service, for the routes.
    targets["madang-proxy-api.madang"] = targets["madang-proxy.madang"]
    looked = 0
    for source, wanted in cases(rendered):
        for one in wanted:
            kind, host, port = one.split(":")
            assert policies.allow(source, targets[host], int(port)) is (kind == "open"), one
            looked += 1
    assert looked > 30


def test_rights_that_are_asked_for_are_the_golden_lists(chart):
    from .test_rights import GOLDEN

    golden = {
        name: json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))
        for name in ("hub", "service", "service-cluster")
    }
    files = chart.template("all-on.yaml").all("ConfigMap")
    (one, *_) = [file for file in files if file["metadata"]["name"] == "madang-tests"]
    told = {name: json.loads(text) for name, text in one["data"].items() if name.endswith(".json")}
    assert told == {
        "hub.json": golden["hub"],
        "service.json": {**golden["service"], **golden["service-cluster"]},
        "service-elsewhere.json": golden["service-cluster"],
        "nothing.json": {},
    }


def test_a_release_without_them_has_none(chart):
    rendered = chart.template("min.yaml", {"isolationTests": {"enabled": False}})
    assert rendered.all("Pod") == []
