"""Settings of a running service, read from the environment that ``madang up`` (or a chart) sets."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from madang.settings.home import Home

SERVICE_PREFIX = "/services/madang"
"""Where the proxy sends people to the service."""

SERVICE_NAME = "madang"
"""Name of the service in the hub."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """Everything the service must know at its start.

    Attributes
    ----------
    bind_host, bind_port
        Address that the service listens on (loopback; the proxy is in front).
    reached_at
        Address of the service with its prefix, no slash at the end, where that is not where it
        listens: in a cluster it listens on every address of its pod.
    replica
        Name of this process among the replicas of the service; empty for one that is made up.
    replica_host
        Where the other replicas reach this one; empty for where it listens.
    public_url
        Address that people use, with a slash at its end: ``http://127.0.0.1:8000/``.
    hub_api_url
        Address of the hub's API without a slash at its end.
    api_token
        The service's own token at the hub. Secret.
    policy_path, profiles_path
        The administrator's two files.
    gpus
        ``auto`` (NVML, else simulated), ``nvml``, or ``sim:8xh200``.
    engine
        ``local`` or ``kubernetes``.
    kubeconfig
        Names the cluster of the engine ``kubernetes``; None for the one that this runs in.
    prometheus_url
        Where the readings of a cluster's devices are; empty for nowhere.
    isolation_rules
        Stands for the rules of which ``helm test`` must have proved that they keep people apart;
        empty where nothing need be proved.
    metrics_token
        Opens the metrics and nothing else; empty for none. Secret.
    system_users
        Clusters and slots run as the system user of their person.
    dashboard_host, dashboard_port
        Where dashboards of clusters are served, on an origin of their own; port 0 for nowhere.
    dashboard_url
        Address by which people reach them behind a proxy of the site; empty for the port itself.
    dashboard_cert, dashboard_key
        PEM files when that port speaks TLS.
    """

    home: Home
    database_url: str
    bind_host: str
    bind_port: int
    public_url: str
    hub_api_url: str
    api_token: str
    policy_path: Path
    profiles_path: Path
    gpus: str = "auto"
    engine: str = "local"
    kubeconfig: Path | None = None
    prometheus_url: str = ""
    reached_at: str = ""
    replica: str = ""
    replica_host: str = ""
    login_is_shared: bool = True
    isolation_rules: str = ""
    system_users: bool = False
    metrics_token: str = field(default="", repr=False)
    dashboard_host: str = "127.0.0.1"
    dashboard_port: int = 0
    dashboard_url: str = ""
    dashboard_cert: str = ""
    dashboard_key: str = ""

    @property
    def service_url(self) -> str:
        """Address on which kernels, slots and the hub reach the service directly."""
        return self.reached_at or f"http://{self.bind_host}:{self.bind_port}{SERVICE_PREFIX}"

    @property
    def replica_address(self) -> str:
        """Where other replicas reach this very process, as ``host:port``."""
        host = self.replica_host or self.bind_host
        return f"[{host}]:{self.bind_port}" if ":" in host else f"{host}:{self.bind_port}"

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> "ServiceSettings":
        """Read ``MADANG_*`` from the environment; see :meth:`to_env` for the names."""
        values = os.environ if env is None else env
        home = Home.find(values.get("MADANG_HOME"))
        return cls(
            home=home,
            database_url=values.get("MADANG_DATABASE_URL", home.database_url),
            bind_host=values.get("MADANG_BIND_HOST", "127.0.0.1"),
            bind_port=int(values["MADANG_BIND_PORT"]),
            public_url=values["MADANG_PUBLIC_URL"],
            hub_api_url=values["MADANG_HUB_API_URL"],
            api_token=values["MADANG_SERVICE_TOKEN"],
            policy_path=Path(values["MADANG_POLICY"]),
            profiles_path=Path(values["MADANG_PROFILES"]),
            gpus=values.get("MADANG_GPUS", "auto"),
            engine=values.get("MADANG_ENGINE", "local"),
            kubeconfig=Path(given) if (given := values.get("MADANG_KUBECONFIG")) else None,
            prometheus_url=values.get("MADANG_PROMETHEUS_URL", ""),
            reached_at=values.get("MADANG_SERVICE_URL", "").rstrip("/"),
            replica=values.get("MADANG_REPLICA", ""),
            replica_host=values.get("MADANG_REPLICA_HOST", ""),
            login_is_shared=values.get("MADANG_LOGIN_IS_SHARED", "1") == "1",
            isolation_rules=values.get("MADANG_ISOLATION_RULES", ""),
            metrics_token=values.get("MADANG_METRICS_TOKEN", ""),
            system_users=values.get("MADANG_SYSTEM_USERS", "0") == "1",
            dashboard_host=values.get("MADANG_DASHBOARD_HOST", "127.0.0.1"),
            dashboard_port=int(values.get("MADANG_DASHBOARD_PORT", "0")),
            dashboard_url=values.get("MADANG_DASHBOARD_URL", ""),
            dashboard_cert=values.get("MADANG_DASHBOARD_CERT", ""),
            dashboard_key=values.get("MADANG_DASHBOARD_KEY", ""),
        )

    def to_env(self) -> dict[str, str]:
        """Return the environment from which :meth:`from_env` reads the same settings."""
        return {
            "MADANG_HOME": str(self.home.root),
            "MADANG_DATABASE_URL": self.database_url,
            "MADANG_BIND_HOST": self.bind_host,
            "MADANG_BIND_PORT": str(self.bind_port),
            "MADANG_PUBLIC_URL": self.public_url,
            "MADANG_HUB_API_URL": self.hub_api_url,
            "MADANG_SERVICE_TOKEN": self.api_token,
            "MADANG_POLICY": str(self.policy_path),
            "MADANG_PROFILES": str(self.profiles_path),
            "MADANG_GPUS": self.gpus,
            "MADANG_ENGINE": self.engine,
            "MADANG_KUBECONFIG": str(self.kubeconfig or ""),
            "MADANG_PROMETHEUS_URL": self.prometheus_url,
            "MADANG_SERVICE_URL": self.reached_at,
            "MADANG_REPLICA": self.replica,
            "MADANG_REPLICA_HOST": self.replica_host,
            "MADANG_LOGIN_IS_SHARED": "1" if self.login_is_shared else "0",
            "MADANG_ISOLATION_RULES": self.isolation_rules,
            "MADANG_METRICS_TOKEN": self.metrics_token,
            "MADANG_SYSTEM_USERS": "1" if self.system_users else "0",
            "MADANG_DASHBOARD_HOST": self.dashboard_host,
            "MADANG_DASHBOARD_PORT": str(self.dashboard_port),
            "MADANG_DASHBOARD_URL": self.dashboard_url,
            "MADANG_DASHBOARD_CERT": self.dashboard_cert,
            "MADANG_DASHBOARD_KEY": self.dashboard_key,
        }
