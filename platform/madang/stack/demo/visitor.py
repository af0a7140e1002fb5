"""A person with a browser: logs in to the real hub, keeps cookies, opens pages and servers."""

import asyncio
import re
import time
from typing import Any

import httpx

from madang.settings.config import SERVICE_PREFIX
from madang.stack.demo.steps import check

_CSRF = re.compile(r'<meta name="madang-csrf" content="([^"]+)"')


class Visitor:
    """One logged-in person.

    Parameters
    ----------
    url
        Public address of the installation, without a slash at its end.
    """

    def __init__(self, url: str, name: str, password: str) -> None:
        self.url, self.name, self._password = url, name, password
        self.http = httpx.AsyncClient(
            base_url=url, follow_redirects=True, timeout=60, headers={"Accept": "text/html, */*"}
        )
        self._csrf = ""
        self._token = ""

    async def log_in(self) -> None:
        """Log in at the hub, and through it at the service."""
        page = await self.http.get("/hub/login")
        form = {"username": self.name, "password": self._password, "_xsrf": self._xsrf()}
        page = await self.http.post("/hub/login", data=form)
        check(page.status_code == 200, f"login answered {page.status_code}")
        page = await self.http.get(f"{SERVICE_PREFIX}/")
        found = _CSRF.search(page.text)
        check(found is not None, f"the home page has no session ({page.url}, {page.status_code})")
        self._csrf = found[1] if found else ""

    async def log_out(self) -> None:
        """Log out at the hub; the service must follow within a minute."""
        await self.http.get("/hub/logout")

    def _xsrf(self) -> str:
        for cookie in self.http.cookies.jar:
            if cookie.name == "_xsrf" and cookie.path.startswith("/hub"):
                return cookie.value or ""
        return ""

    async def api(self, method: str, path: str, **options: Any) -> Any:
        """Call the service as the page would; returns JSON, or raises with the problem's words."""
        headers = {"X-Madang-CSRF": self._csrf, **options.pop("headers", {})}
        answer = await self.http.request(
            method, f"{SERVICE_PREFIX}/api/v1/{path}", headers=headers, **options
        )
        check(answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:400]}")
        return answer.json() if answer.content else None

    async def page(self, path: str) -> str:
        """Return a page of the service."""
        answer = await self.http.get(f"{SERVICE_PREFIX}/{path}")
        check(answer.status_code == 200, f"page {path}: {answer.status_code}")
        return answer.text

    async def spawn(self, project: str, profile: str, **asked: str) -> None:
        """Send the profile page's form, as a click on Start would, with more of its fields."""
        await self.http.get("/hub/spawn")
        form = {"project": project, "profile": profile, "_xsrf": self._xsrf(), **asked}
        answer = await self.http.post(
            "/hub/spawn",
            data=form,
            follow_redirects=False,
            headers={"Referer": f"{self.url}/hub/spawn"},
        )
        check(answer.status_code in (200, 302), f"spawn: {answer.status_code} {answer.text[:400]}")

    async def stop_server(self) -> None:
        """Stop the notebook server, as the hub's home page would."""
        answer = await self.http.delete(
            f"/hub/api/users/{self.name}/server", headers={"X-XSRFToken": self._xsrf()}
        )
        check(answer.status_code in (202, 204), f"stop: {answer.status_code} {answer.text[:200]}")

    async def server(self) -> dict[str, Any]:
        """Return what the hub says of the person's server; empty when there is none."""
        answer = await self.http.get(f"/hub/api/users/{self.name}")
        check(answer.is_success, f"hub user: {answer.status_code} {answer.text[:200]}")
        found: dict[str, Any] = answer.json().get("servers", {}).get("", {})
        return found

    async def notebook_lease(self) -> dict[str, Any]:
        """Return the unfinished notebook lease of the person; empty when there is none."""
        leases = await self.api("GET", "leases", params={"kind": "notebook", "mine": "1"})
        open_ = [lease for lease in leases if lease["state"] != "ended"]
        return open_[0] if open_ else {}

    async def until_ready(self, timeout_s: float) -> dict[str, Any]:
        """Wait until the server answers; claims its turn like an open waiting page."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            lease = await self.notebook_lease()
            if lease.get("state") == "admitted" and not lease["claimed"]:
                await self.api("POST", f"leases/{lease['id']}/claim")
            if (await self.server()).get("ready"):
                return await self.notebook_lease()
            await asyncio.sleep(0.1)
        seen = f"{await self.notebook_lease()}, {await self.server()}"
        raise TimeoutError(f"the server of {self.name} was not ready after {timeout_s} s: {seen}")

    async def server_token(self) -> str:
        """Return a token of the person for their own server, made at the hub as its page does."""
        if not self._token:
            answer = await self.http.post(
                f"/hub/api/users/{self.name}/tokens",
                json={"note": "demo", "expires_in": 3600},
                headers={"X-XSRFToken": self._xsrf()},
            )
            check(answer.is_success, f"token: {answer.status_code} {answer.text[:200]}")
            self._token = answer.json()["token"]
        return self._token

    async def close(self) -> None:
        """Close the connections."""
        await self.http.aclose()
