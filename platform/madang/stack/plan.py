"""What to run: settings, commands and environments of the parts. Starts no process."""

import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from madang.engines.local.devices import parse_gpus
from madang.errors import InvalidError, LocalError
from madang.hub.settings import HubSettings
from madang.settings.config import ServiceSettings
from madang.settings.files import load_policy, load_profiles
from madang.settings.home import Home
from madang.stack import defaults, ports
from madang.stack.certificate import check_pair
from madang.stack.machine import refuse_without_system_users
from madang.stack.secret import Secrets
from madang.stack.state import State

MARKER = "MADANG_PART_OF"
"""Environment variable of every part: the data folder. Finds parts that no state file names."""

_DATABASE = "MADANG_DATABASE_URL"
"""Names a PostgreSQL database; without it the embedded one is used."""

_ANYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - compared with, not bound


@dataclass(frozen=True, slots=True, kw_only=True)
class UpOptions:
    """What the administrator asked ``up`` for; None means the default file."""

    host: str = "127.0.0.1"
    port: int = 8000
    gpus: str = "auto"
    policy: str | None = None
    profiles: str | None = None
    hub_config: str | None = None
    login: str = "shared"
    tls_cert: str | None = None
    tls_key: str | None = None
    public_host: str | None = None
    dashboard_port: int | None = None
    dashboard_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One process of the stack."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    log: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that :class:`madang.stack.session.Session` needs to run an installation."""

    home: Home
    host: str
    public_url: str
    ports: Mapping[str, int]
    service: ServiceSettings
    hub: HubSettings
    secrets: Secrets
    parts: Mapping[str, Part]
    files: Mapping[str, str]

    @property
    def admin(self) -> str:
        """Name of the person as whom the command line speaks."""
        return self.hub.admins[0]


def make_plan(
    home: Home, options: UpOptions, secrets: Secrets, before: State, proxy: list[str]
) -> Plan:
    """Return the plan; the ports of the last time are taken again where they are free.

    Raises
    ------
    InvalidError
        A file is missing or cannot be read; ``gpus_unreadable``.
    UnavailableError
        ``nvml_unavailable``.
    LocalError
        ``dashboard_port_busy``.
    """
    if options.login == "pam":
        refuse_without_system_users()
    policy_path = defaults.config_file("policy.yaml", options.policy)
    profiles_path = defaults.config_file("profiles.yaml", options.profiles)
    hub_config = defaults.config_file("jupyterhub_config.py", options.hub_config)
    policy = load_policy(policy_path)
    load_profiles(profiles_path)
    if options.gpus != "auto":
        # Said here at once, instead of by a service that ends as soon as it starts.
        parse_gpus(options.gpus)
    chosen = _choose_ports(options, before)
    tls = _tls(options)
    public_url = _public_url(options, is_tls=bool(tls))
    service = ServiceSettings(
        home=home,
        database_url=os.environ.get(_DATABASE) or home.database_url,
        bind_host="127.0.0.1",
        bind_port=chosen["service"],
        # One `up` for a data folder: a service that comes back need not wait for the one before it.
        replica=f"{socket.gethostname()[:64]}:{str(home.root)[-60:]}",
        public_url=public_url,
        hub_api_url=f"http://127.0.0.1:{chosen['hub']}/hub/api",
        api_token=secrets.service_token,
        policy_path=policy_path,
        profiles_path=profiles_path,
        gpus=options.gpus,
        login_is_shared=options.login == "shared",
        metrics_token=secrets.metrics_token,
        system_users=options.login == "pam",
        dashboard_host=options.host,
        dashboard_port=chosen["dashboards"],
        dashboard_url=_dashboard_url(options.dashboard_url),
        dashboard_cert=tls.get("tls_cert", ""),
        dashboard_key=tls.get("tls_key", ""),
    )
    hub = HubSettings(
        home=home,
        service_url=service.service_url,
        service_token=secrets.service_token,
        stack_token=secrets.stack_token,
        public_url=public_url,
        bind_url=f"http://127.0.0.1:{chosen['hub']}",
        proxy_api_url=f"http://127.0.0.1:{chosen['proxy_api']}",
        proxy_token=secrets.proxy_token,
        login=options.login,
        user_password=secrets.user_password,
        admin_password=secrets.admin_password,
        admins=policy.admins or ("admin",),
        stop_grace_ms=policy.stop_grace_ms,
        tutorials=defaults.tutorials(),
    )
    parts = {
        "service": _service_part(home, service),
        "hub": _hub_part(home, hub, hub_config),
        "proxy": _proxy_part(home, options, chosen, secrets, proxy),
    }
    return Plan(
        home=home,
        host=options.host,
        public_url=public_url,
        ports=chosen,
        service=service,
        hub=hub,
        secrets=secrets,
        parts=parts,
        files={
            "policy": str(policy_path),
            "profiles": str(profiles_path),
            "hub_config": str(hub_config),
            **tls,
        },
    )


def _choose_ports(options: UpOptions, before: State) -> dict[str, int]:
    wanted = options.dashboard_port
    if wanted is not None and not ports.is_free(options.host, wanted):
        raise LocalError(
            "dashboard_port_busy",
            port=wanted,
            holder=ports.holder(wanted) or "?",
            host=options.host,
        )
    taken = {options.port} | ({wanted} if wanted else set())
    chosen = {n: ports.choose(before.ports.get(n), taken) for n in ("hub", "proxy_api", "service")}
    dashboards = wanted or ports.choose(before.ports.get("dashboards"), taken)
    return {**chosen, "dashboards": dashboards, "public": options.port}


def _dashboard_url(given: str | None) -> str:
    """Return the address of the dashboards, without a slash at its end; it has no path."""
    parts = urlsplit((given or "").rstrip("/"))
    if given and (parts.scheme not in ("http", "https") or not parts.hostname or parts.path):
        raise InvalidError("dashboard_url_unusable", given=given[:80])
    return f"{parts.scheme}://{parts.netloc}" if given else ""


def _tls(options: UpOptions) -> dict[str, str]:
    """Return the two files, checked; empty without TLS."""
    if not options.tls_cert and not options.tls_key:
        return {}
    if not options.tls_cert or not options.tls_key:
        raise InvalidError("tls_half")
    check_pair(Path(options.tls_cert), Path(options.tls_key))
    return {"tls_cert": options.tls_cert, "tls_key": options.tls_key}


def _public_url(options: UpOptions, *, is_tls: bool) -> str:
    host = options.public_host or _shown_host(options.host)
    scheme, usual = ("https", 443) if is_tls else ("http", 80)
    return f"{scheme}://{host}/" if options.port == usual else f"{scheme}://{host}:{options.port}/"


def _shown_host(host: str) -> str:
    if host in _ANYWHERE:
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host


def _service_part(home: Home, settings: ServiceSettings) -> Part:
    return Part(
        name="service",
        argv=(sys.executable, "-P", "-m", "madang.api.serve"),
        env={**os.environ, **settings.to_env(), **_marker(home)},
        log=home.logs / "service.log",
    )


def _hub_part(home: Home, settings: HubSettings, config: Path) -> Part:
    beside = str(Path(sys.executable).parent)
    path = os.pathsep.join((beside, os.environ.get("PATH", os.defpath)))
    return Part(
        name="hub",
        argv=(sys.executable, "-P", "-m", "madang.hub.main", "-f", str(config)),
        env={**_without_database(), **settings.to_env(), **_marker(home), "PATH": path},
        log=home.logs / "hub.log",
    )


def _proxy_part(
    home: Home, options: UpOptions, chosen: Mapping[str, int], secrets: Secrets, command: list[str]
) -> Part:
    hub = f"http://127.0.0.1:{chosen['hub']}"
    argv = (
        *command,
        *("--ip", options.host, "--port", str(options.port)),
        *("--api-ip", "127.0.0.1", "--api-port", str(chosen["proxy_api"])),
        # A page of the hub's would be missing just when the hub is.
        *("--default-target", hub, "--error-path", str(home.proxy_pages)),
        *(("--ssl-cert", options.tls_cert) if options.tls_cert else ()),
        *(("--ssl-key", options.tls_key) if options.tls_key else ()),
    )
    env = {
        "PATH": os.environ.get("PATH", os.defpath),
        "NODE_ENV": "production",
        "CONFIGPROXY_AUTH_TOKEN": secrets.proxy_token,
        **_marker(home),
    }
    return Part(name="proxy", argv=argv, env=env, log=home.logs / "proxy.log")


def _without_database() -> dict[str, str]:
    # The address may hold a password, and the service is the only one that writes, there and to
    # the storage of artifacts.
    return {
        name: value
        for name, value in os.environ.items()
        if name != _DATABASE and not name.startswith("AWS_")
    }


def _marker(home: Home) -> dict[str, str]:
    return {MARKER: str(home.root)}
