"""Questions to the parts over HTTP: are you there, check your routes, give me a token."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from madang.settings.config import SERVICE_PREFIX
from madang.stack.certificate import pinned
from madang.stack.state import State

_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the parts answer."""

    public_url: str
    hub_url: str
    proxy_api_url: str
    service_url: str

    @classmethod
    def of(cls, public_url: str, ports: Mapping[str, int]) -> "Addresses":
        """Build them from the recorded ports."""
        return cls(
            public_url=public_url,
            hub_url=f"http://127.0.0.1:{ports.get('hub', 0)}/hub",
            proxy_api_url=f"http://127.0.0.1:{ports.get('proxy_api', 0)}",
            service_url=f"http://127.0.0.1:{ports.get('service', 0)}{SERVICE_PREFIX}",
        )


class Probes:
    """One HTTP client for all questions; each gives False or None when nobody answers."""

    def __init__(
        self, addresses: Addresses, local_port: int, local_host: str, tls_cert: str = ""
    ) -> None:
        self._at = addresses
        host = "127.0.0.1" if local_host in ("0.0.0.0", "", "::") else local_host  # noqa: S104
        shown = f"[{host}]" if ":" in host else host
        self._front = f"{'https' if tls_cert else 'http'}://{shown}:{local_port}"
        trusted = pinned(Path(tls_cert)) if tls_cert else True
        # Loopback is never asked through a company's proxy.
        self._http = httpx.Client(trust_env=False, timeout=_TIMEOUT_S, verify=trusted)

    @classmethod
    def of_state(cls, addresses: Addresses, state: State) -> "Probes":
        """Return the questions to an installation that a state file tells of."""
        cert = state.files.get("tls_cert", "")
        is_there = bool(cert) and Path(cert).is_file()
        return cls(addresses, state.ports.get("public", 0), state.host, cert if is_there else "")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def checks(self, proxy_token: str) -> dict[str, Callable[[], bool]]:
        """Return the health questions by part."""
        proxy = {"Authorization": f"token {proxy_token}"}
        return {
            "service": lambda: self._is_ok(f"{self._at.service_url}/healthz"),
            "hub": lambda: self._is_ok(f"{self._at.hub_url}/health"),
            "proxy": lambda: (
                self._is_ok(f"{self._at.proxy_api_url}/api/routes", proxy)
                and self._is_ok(f"{self._front}/hub/health")
                and self._is_ok(f"{self._front}{SERVICE_PREFIX}/healthz")
            ),
        }

    def health_of_service(self) -> dict[str, Any]:
        """Return what the service says of itself, empty when it does not answer."""
        try:
            answer = self._http.get(f"{self._at.service_url}/healthz")
            data = answer.json() if answer.status_code == 200 else {}
        except (httpx.HTTPError, ValueError):
            return {}
        return data if isinstance(data, dict) else {}

    def check_routes(self, stack_token: str) -> bool:
        """Tell the hub that the proxy is new; returns whether it has put its routes back."""
        return self._posted(f"{self._at.hub_url}/api/proxy", stack_token) is not None

    def is_token_good(self, token: str) -> bool:
        """Tell whether the hub knows a token."""
        headers = {"Authorization": f"token {token}"}
        return bool(token) and self._is_ok(f"{self._at.hub_url}/api/user", headers)

    def new_token(self, stack_token: str, person: str, note: str) -> str | None:
        """Return a new token of a person, None when the hub does not give one."""
        url = f"{self._at.hub_url}/api/users/{person}/tokens"
        data = self._posted(url, stack_token, {"note": note})
        return str(data["token"]) if data and "token" in data else None

    def _is_ok(self, url: str, headers: Mapping[str, str] | None = None) -> bool:
        try:
            return self._http.get(url, headers=headers).status_code == 200
        except httpx.HTTPError:
            return False

    def _posted(
        self, url: str, token: str, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any] | None:
        headers = {"Authorization": f"token {token}"}
        try:
            answer = self._http.post(url, headers=headers, json=body, timeout=60)
            if answer.status_code >= 400:
                return None
            data = answer.json() if answer.content else {}
        except (httpx.HTTPError, ValueError):
            return None
        return data if isinstance(data, dict) else {}
