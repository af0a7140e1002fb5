"""What the hub must be told, read from the environment that ``madang up`` (or a chart) sets.

The hub's environment holds secrets; notebook servers get a list of allowed names only, so that none
of them is ever inherited.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from madang.hub.kube_settings import KubeSettings
from madang.settings.home import Home


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSettings:
    """Settings of one hub.

    Attributes
    ----------
    service_url
        Address on which the service is reached directly, with its prefix, no slash at the end.
    service_token
        Token of the hub service ``madang``. Secret.
    stack_token
        Token of ``madang up``, which tells the hub that the proxy is back and asks for the token of
        the command line; empty where nothing supervises the hub. Secret.
    public_url
        Address that people use, with a slash at its end.
    bind_url
        Where the hub listens.
    proxy_api_url, proxy_token
        The proxy's own API and the secret for it.
    login
        ``shared`` (one generated password), ``pam`` (system users), or ``site``: the hub's own
        configuration names the authenticator and whom it lets in.
    user_password, admin_password
        For ``shared``; at least 8 and 32 characters. Secret.
    admins
        Names with the hub's administration pages.
    stop_grace_ms
        Time that a notebook server has to save before it is killed.
    tutorials
        Folder that is copied once into each person's folder; None copies nothing.
    connect_url
        Address on which servers and the proxy reach the hub; empty for where it listens.
    spawner
        ``local`` (processes of this machine) or ``kubernetes`` (pods).
    kube
        For ``kubernetes``.
    """

    home: Home
    service_url: str
    service_token: str
    public_url: str
    bind_url: str
    proxy_api_url: str
    proxy_token: str
    stack_token: str = ""
    login: str = "shared"
    user_password: str = ""
    admin_password: str = ""
    admins: tuple[str, ...] = field(default=())
    stop_grace_ms: int = 20_000
    tutorials: Path | None = None
    connect_url: str = ""
    spawner: str = "local"
    kube: KubeSettings = field(default_factory=KubeSettings)

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> "HubSettings":
        """Read ``MADANG_*`` from the environment; see :meth:`to_env` for the names."""
        values = os.environ if env is None else env
        tutorials = values.get("MADANG_TUTORIALS", "")
        return cls(
            home=Home.find(values.get("MADANG_HOME")),
            service_url=values["MADANG_SERVICE_URL"].rstrip("/"),
            service_token=values["MADANG_SERVICE_TOKEN"],
            stack_token=values.get("MADANG_STACK_TOKEN", ""),
            public_url=values["MADANG_PUBLIC_URL"],
            bind_url=values["MADANG_HUB_BIND_URL"],
            proxy_api_url=values["MADANG_PROXY_API_URL"],
            proxy_token=values["CONFIGPROXY_AUTH_TOKEN"],
            login=values.get("MADANG_LOGIN", "shared"),
            user_password=values.get("MADANG_PASSWORD", ""),
            admin_password=values.get("MADANG_ADMIN_PASSWORD", ""),
            admins=tuple(n for n in values.get("MADANG_ADMINS", "").split(",") if n),
            stop_grace_ms=int(values.get("MADANG_STOP_GRACE_MS", "20000")),
            tutorials=Path(tutorials) if tutorials else None,
            connect_url=values.get("MADANG_HUB_CONNECT_URL", ""),
            spawner=values.get("MADANG_SPAWNER", "local"),
            kube=KubeSettings.from_env(values),
        )

    def to_env(self) -> dict[str, str]:
        """Return the environment from which :meth:`from_env` reads the same settings."""
        return {
            "MADANG_HOME": str(self.home.root),
            "MADANG_SERVICE_URL": self.service_url,
            "MADANG_SERVICE_TOKEN": self.service_token,
            "MADANG_STACK_TOKEN": self.stack_token,
            "MADANG_PUBLIC_URL": self.public_url,
            "MADANG_HUB_BIND_URL": self.bind_url,
            "MADANG_PROXY_API_URL": self.proxy_api_url,
            "CONFIGPROXY_AUTH_TOKEN": self.proxy_token,
            "MADANG_LOGIN": self.login,
            "MADANG_PASSWORD": self.user_password,
            "MADANG_ADMIN_PASSWORD": self.admin_password,
            "MADANG_ADMINS": ",".join(self.admins),
            "MADANG_STOP_GRACE_MS": str(self.stop_grace_ms),
            "MADANG_TUTORIALS": str(self.tutorials or ""),
            "MADANG_HUB_CONNECT_URL": self.connect_url,
            "MADANG_SPAWNER": self.spawner,
            **self.kube.to_env(),
        }
