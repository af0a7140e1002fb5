"""Fills a JupyterHub configuration; called by :func:`madang.hub.configure` and by nothing else.

A site's own roles and services are merged with, never replaced. Every file that the hub writes
lies in the data folder: the hub kills the pid it finds in a pid file of its working folder.
"""

from typing import Any
from urllib.parse import urlsplit

from madang import looks
from madang.errors import InvalidError
from madang.hub.pages import TEMPLATES, page_values, pages_at
from madang.hub.settings import HubSettings
from madang.settings.config import SERVICE_NAME, SERVICE_PREFIX

ACCESS_SCOPE = f"access:services!service={SERVICE_NAME}"
"""What a person's token needs to be accepted by the service."""

STACK_SERVICE = "madang-stack"
"""The hub service (a token and a role, no process) that ``madang up`` speaks as."""

_FOREVER_S = 30 * 86_400
# A name becomes a folder and an HTTP header, so it is plain ASCII from the first login on.
_USERNAMES = r"^[a-z0-9][a-z0-9._@-]{0,62}$"


def apply(c: Any, settings: HubSettings) -> None:
    """Set the options of architecture, section 10."""
    _addresses(c, settings)
    _waiting_is_no_failure(c)
    if settings.public_url.startswith("https:"):
        _xsrf_over_https_only(c)
    _service(c, settings)
    _login(c, settings)
    _spawner(c, settings)


def _addresses(c: Any, settings: HubSettings) -> None:
    home = settings.home
    hub = c.JupyterHub
    hub.hub_bind_url = settings.bind_url
    if settings.connect_url:
        hub.hub_connect_url = settings.connect_url
    hub.bind_url = settings.public_url
    hub.db_url = home.hub_database_url
    hub.cookie_secret_file = str(home.root / "hub-cookie-secret")
    own = [str(TEMPLATES), str(looks.TEMPLATES)]
    hub.template_paths = [*_listed(c, "JupyterHub", "template_paths"), *own]
    hub.template_vars = {
        **dict(hub.get("template_vars") or {}),
        "madang_login": settings.login,
        **page_values(settings.public_url, _callbacks(c)),
    }
    if not hub.get("default_url"):
        # Home says what runs, what is free and how to start; the profile page is one step on.
        hub.default_url = pages_at(settings.public_url) + "/"
    hub.cleanup_servers = False
    hub.cleanup_proxy = False
    proxy = c.ConfigurableHTTPProxy
    proxy.should_start = False
    proxy.api_url = settings.proxy_api_url
    proxy.auth_token = settings.proxy_token
    proxy.pid_file = str(home.root / "proxy-of-hub.pid")


def _waiting_is_no_failure(c: Any) -> None:
    hub = c.JupyterHub
    hub.concurrent_spawn_limit = 0
    hub.init_spawners_timeout = 1
    hub.allow_named_servers = True
    hub.tornado_settings = {
        **dict(hub.get("tornado_settings") or {}),
        "slow_spawn_timeout": 0.2,
    }
    c.Spawner.start_timeout = _FOREVER_S
    # Also the limit in which a server must answer a hub that was just started: a machine under
    # load answers late, and the hub would end the kernel of a server that it gave up on.
    c.Spawner.http_timeout = 300
    c.Spawner.poll_interval = 5
    c.Spawner.consecutive_failure_limit = 0


def _xsrf_over_https_only(c: Any) -> None:
    """Mark the one cookie that the hub does not mark itself when people come by https."""
    tornado = dict(c.JupyterHub.get("tornado_settings") or {})
    kwargs = {"secure": True, **dict(tornado.get("xsrf_cookie_kwargs") or {})}
    c.JupyterHub.tornado_settings = {**tornado, "xsrf_cookie_kwargs": kwargs}


def _service(c: Any, settings: HubSettings) -> None:
    address = urlsplit(settings.service_url)
    services = [
        {
            "name": SERVICE_NAME,
            "url": f"{address.scheme}://{address.netloc}",
            "api_token": settings.service_token,
            "oauth_client_id": f"service-{SERVICE_NAME}",
            "oauth_redirect_uri": f"{SERVICE_PREFIX}/oauth_callback",
            "oauth_no_confirm": True,
            "display": True,
        }
    ]
    roles = [
        {
            "name": "madang",
            "description": "Madang's service: names of people, and their servers",
            "scopes": ["list:users", "read:users", "servers", ACCESS_SCOPE],
            "services": [SERVICE_NAME],
        }
    ]
    if settings.stack_token:
        services.append({"name": STACK_SERVICE, "api_token": settings.stack_token})
        roles.append(
            {
                "name": STACK_SERVICE,
                "description": "madang up: checks routes, makes the token of the CLI",
                "scopes": ["proxy", *(f"tokens!user={name}" for name in settings.admins)],
                "services": [STACK_SERVICE],
            }
        )
    c.JupyterHub.services = merge_named(_listed(c, "JupyterHub", "services"), services)
    c.JupyterHub.load_roles = merge_roles(_listed(c, "JupyterHub", "load_roles"), roles)
    _let_people_in(c)


def _let_people_in(c: Any) -> None:
    """Give everybody access to the service, whichever way this hub version offers."""
    from jupyterhub.app import JupyterHub

    own = [role for role in c.JupyterHub.load_roles if role["name"] == "user"]
    if own and "scopes" in own[0]:
        grant = {"name": "user", "scopes": [ACCESS_SCOPE]}
        c.JupyterHub.load_roles = merge_roles(c.JupyterHub.load_roles, [grant])
    elif "extra_user_scopes" in JupyterHub.class_traits():
        given = set(c.JupyterHub.get("extra_user_scopes") or ())
        c.JupyterHub.extra_user_scopes = given | {ACCESS_SCOPE}
    else:  # Hub 5.5 and older: a redefined role must name "self" again.
        role = {"name": "user", "scopes": ["self", ACCESS_SCOPE]}
        c.JupyterHub.load_roles = merge_roles(c.JupyterHub.load_roles, [role])


def _login(c: Any, settings: HubSettings) -> None:
    c.Authenticator.admin_users = set(settings.admins)
    c.Authenticator.username_pattern = _USERNAMES
    if settings.login == "site":
        return
    if settings.login == "pam":
        c.JupyterHub.authenticator_class = "pam"
        if "allowed_users" not in c.Authenticator and "allow_all" not in c.Authenticator:
            c.Authenticator.allow_all = True
        c.PAMAuthenticator.open_sessions = False
        return
    c.JupyterHub.authenticator_class = "shared-password"
    c.Authenticator.allow_all = True
    c.SharedPasswordAuthenticator.user_password = settings.user_password
    c.SharedPasswordAuthenticator.admin_password = settings.admin_password


def _spawner(c: Any, settings: HubSettings) -> None:
    known = {"local": _local_spawner, "kubernetes": _kube_spawner}
    if settings.spawner not in known:
        raise InvalidError("unknown_spawner", given=settings.spawner[:40], known=sorted(known))
    spawner = known[settings.spawner](c, settings)
    spawner.service_url = settings.service_url
    spawner.service_token = settings.service_token
    spawner.stop_grace_ms = settings.stop_grace_ms
    c.Spawner.default_url = c.Spawner.get("default_url") or "/lab"
    c.Spawner.server_token_scopes = [
        "users:activity!user",
        "access:servers!server",
        ACCESS_SCOPE,
    ]


def _local_spawner(c: Any, settings: HubSettings) -> Any:
    c.JupyterHub.spawner_class = "madang.hub.local.LeasedLocalSpawner"
    spawner = c.LeasedLocalSpawner
    spawner.data_folder = str(settings.home.root)
    spawner.is_system_users = settings.login == "pam"
    spawner.tutorials = str(settings.tutorials or "")
    return spawner


def _kube_spawner(c: Any, settings: HubSettings) -> Any:
    """Choose pods; what is set on our class wins over what a site has on ``c.KubeSpawner``."""
    c.JupyterHub.spawner_class = "madang.hub.kube.LeasedKubeSpawner"
    kube, spawner = settings.kube, c.LeasedKubeSpawner
    spawner.namespace = kube.namespace
    if kube.image:
        spawner.image = kube.image
    spawner.gpu_image = kube.gpu_image
    spawner.images = list(kube.images)
    if kube.home_storage:
        spawner.storage_pvc_ensure = True
        spawner.storage_capacity = kube.home_storage
        if kube.home_storage_class:
            spawner.storage_class = kube.home_storage_class
        if "pvc_name_template" not in c.KubeSpawner:
            # One for each person; KubeSpawner's own has one more for each named server.
            spawner.pvc_name_template = "home-{username}"
    spawner.project_storage = kube.project_storage
    spawner.project_storage_class = kube.project_storage_class
    # KubeSpawner ends the hub when a watch over namespaces of people fails.
    spawner.enable_user_namespaces = False
    spawner.services_enabled = False
    # A watch of all events of the namespace, which nobody reads: the standing is told instead.
    spawner.events_enabled = False
    # What is asked for is the service's to judge; these would let options of people through.
    spawner.profile_list = []
    spawner.delete_pvc = False
    return spawner


def _callbacks(c: Any) -> list[str]:
    services = _listed(c, "JupyterHub", "services")
    return [str(service.get("oauth_redirect_uri") or "") for service in services]


def _listed(c: Any, section: str, name: str) -> list[Any]:
    """Return a list option as the site set it, also when it was built with ``append``."""
    value = c[section].get(name)
    if value is None:
        return []
    return list(value.get_value([])) if hasattr(value, "get_value") else list(value)


def merge_named(mine: list[Any], theirs: list[Any]) -> list[Any]:
    """Return both lists of named tables; a name that ``theirs`` repeats is updated by it."""
    found = {entry["name"]: dict(entry) for entry in mine}
    for entry in theirs:
        found[entry["name"]] = {**found.get(entry["name"], {}), **entry}
    return list(found.values())


def merge_roles(site: list[Any], added: list[Any]) -> list[Any]:
    """Return the site's roles with ours merged in: lists grow, nothing is taken away."""
    found = {role["name"]: dict(role) for role in site}
    for role in added:
        before = found.get(role["name"], {})
        merged = {**role, **before}
        for key in ("scopes", "services", "users", "groups"):
            if key in before and key in role:
                merged[key] = [*before[key], *(v for v in role[key] if v not in before[key])]
        found[role["name"]] = merged
    return list(found.values())
