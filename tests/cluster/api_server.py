"""An API server as its administrator reaches it, whoever started it.

How one logs in there (certificate, token, a program that is asked) is read by the library that
the product uses too, so whatever a kubeconfig may hold works in tests.
"""

import json
import time
from pathlib import Path
from typing import Any

import yaml
from kubernetes.client import ApiClient, Configuration
from kubernetes.config import load_kube_config
from urllib3.exceptions import HTTPError

ASK_S = 10.0
_TOKEN_REQUEST = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}


class ApiServer:
    """Asks and changes whatever is there, with the rights of a kubeconfig.

    Parameters
    ----------
    folder
        For kubeconfigs of others; deleted by whoever made it.
    kubeconfig
        An administrator's: one file, its current context is meant.

    Attributes
    ----------
    prefix
        Begins the names of all that may be applied outside of namespaces, and of namespaces.
    said
        What the server said when it last answered no question.
    """

    def __init__(self, folder: Path, kubeconfig: Path) -> None:
        self.folder, self.kubeconfig, self.said, self.prefix = folder, kubeconfig, "", ""
        self._configuration = Configuration()
        load_kube_config(
            str(kubeconfig), client_configuration=self._configuration, persist_config=False
        )
        self._http = ApiClient(self._configuration).rest_client.pool_manager

    @property
    def url(self) -> str:
        """Address of the API server."""
        return str(self._configuration.host)

    def authority(self) -> str:
        """Return the certificates that its own is checked with."""
        path = self._configuration.ssl_ca_cert
        return Path(path).read_text() if path else self._configuration.ca_cert_data or ""

    def account_kubeconfig(self, namespace: str, name: str) -> Path:
        """Make a service account without any rights; return a kubeconfig with its token."""
        account = {"namespace": namespace, "name": name}
        self.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
        token = self.account_token(namespace, name)
        return self.token_kubeconfig(f"{namespace}-{name}", token)

    def account_token(self, namespace: str, name: str) -> str:
        """Return a token of a service account, good for an hour."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        given = self.ask(path, _TOKEN_REQUEST)
        assert given is not None, f"no token: {self.said}"
        return str(given["status"]["token"])

    def token_kubeconfig(self, name: str, token: str) -> Path:
        """Write a kubeconfig for whoever has a token, such as a service account."""
        [cluster] = yaml.safe_load(self.kubeconfig.read_text())["clusters"]
        return self._write_kubeconfig(name, cluster["cluster"], {"token": token})

    def make_server_kubeconfig(self, name: str, server: str) -> Path:
        """Write a kubeconfig for another address, such as a proxy that needs no certificate."""
        return self._write_kubeconfig(name, {"server": server}, {})

    def _write_kubeconfig(self, name: str, cluster: dict, user: dict) -> Path:
        return write_kubeconfig(self.folder / f"{name}.kubeconfig", name, cluster, user)

    def ask(self, path: str, body: Any = None, method: str = "", kind: str = "") -> Any:
        """Return what the API server answers to an administrator; None when it doesn't."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": kind or "application/json"}
        if token := self._configuration.auth_settings().get("BearerToken"):
            headers[token["key"]] = token["value"]
        method = method or ("POST" if data else "GET")
        try:
            answer = self._http.request(
                method, self.url + path, body=data, headers=headers, timeout=ASK_S, retries=False
            )
        except (HTTPError, OSError) as error:
            self.said = str(error)
            return None
        said = answer.data
        if answer.status >= 300:
            self.said = f"{answer.status} {said.decode('utf-8', 'replace')[:600]}"
            return None
        return json.loads(said) if said.startswith(b"{") else said.decode()

    def apply(self, body: dict, *, status: bool = False) -> dict:
        """Make an object so by server-side apply, and with ``status`` its status too."""
        path, made = object_path(body), None
        place = body["metadata"].get("namespace") or body["metadata"]["name"]
        assert place.startswith(self.prefix), f"{path}: take the name from cluster.name()"
        for end in ("", "/status") if status else ("",):
            query = "?fieldManager=test&force=true"
            made = self.ask(path + end + query, body, "PATCH", "application/apply-patch+yaml")
            assert made is not None, f"not applied: {path}{end}: {self.said}"
        return made or {}

    def delete(self, path: str) -> None:
        """Ask for the end of an object, or of all of a collection; what is gone is gone."""
        gone = self.ask(path, method="DELETE")
        assert gone is not None or self.said.startswith("404"), f"not deleted: {path}: {self.said}"

    def wait_for(self, body: dict, condition: str, limit_s: float = 60.0) -> None:
        """Wait until an object has a condition that is true."""
        path, deadline = object_path(body), time.monotonic() + limit_s
        while not _has(self.ask(path), condition):
            assert time.monotonic() < deadline, f"{path} never was {condition}: {self.ask(path)}"
            time.sleep(0.05)


def write_kubeconfig(path: Path, name: str, cluster: dict, user: dict) -> Path:
    """Write a kubeconfig of one cluster and one user, for their eyes alone."""
    made = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": name}}],
        "current-context": "test",
    }
    path.touch(0o600)
    path.write_text(yaml.safe_dump(made))
    return path


def object_path(body: dict) -> str:
    """Return the path of an object of the API by its kind, namespace and name."""
    group, _, version = body["apiVersion"].rpartition("/")
    root = f"/apis/{group}/{version}" if group else f"/api/{version}"
    namespace = body["metadata"].get("namespace")
    inside = f"/namespaces/{namespace}" if namespace else ""
    kind = body["kind"].lower()
    plural = f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}{'e' * (kind[-1] == 's')}s"
    return f"{root}{inside}/{plural}/{body['metadata']['name']}"


def _has(found, condition: str) -> bool:
    there = (found or {}).get("status", {}).get("conditions") or []
    return any(each["type"] == condition and each["status"] == "True" for each in there)
