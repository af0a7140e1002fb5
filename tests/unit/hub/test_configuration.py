from pathlib import Path

import pytest
from traitlets.config import Config

from madang.errors import InvalidError
from madang.hub import configure
from madang.hub.configuration import ACCESS_SCOPE
from madang.hub.kube_settings import KubeSettings
from madang.hub.settings import HubSettings
from madang.settings.home import Home


def settings(**changes):
    base = {
        "home": Home(Path("/data")),
        "service_url": "http://127.0.0.1:9999/services/madang",
        "service_token": "s" * 32,
        "stack_token": "t" * 32,
        "public_url": "http://127.0.0.1:8000/",
        "bind_url": "http://127.0.0.1:9998",
        "proxy_api_url": "http://127.0.0.1:9997",
        "proxy_token": "p" * 32,
        "user_password": "u" * 12,
        "admin_password": "a" * 32,
        "admins": ("admin",),
    }
    return HubSettings(**{**base, **changes})


def test_environment_round_trip():
    kube = KubeSettings(namespace="n", images=("a", "b"), home_storage="", project_storage="1Gi")
    for given in (
        settings(tutorials=Path("/t")),
        settings(spawner="kubernetes", connect_url="http://hub:8081", kube=kube),
    ):
        assert HubSettings.from_env(given.to_env()) == given


def test_a_login_of_the_site_is_left_to_the_site():
    c = Config()
    c.JupyterHub.authenticator_class = "generic-oauth"
    c.GenericOAuthenticator.allowed_groups = {"gpu"}
    configure(c, settings(login="site"))
    assert c.JupyterHub.authenticator_class == "generic-oauth"
    assert "allow_all" not in c.Authenticator
    assert c.SharedPasswordAuthenticator == {}
    assert c.Authenticator.admin_users == {"admin"}


def test_a_queue_is_no_failure():
    c = Config()
    configure(c, settings())
    assert c.JupyterHub.concurrent_spawn_limit == 0
    assert c.JupyterHub.init_spawners_timeout == 1
    assert c.JupyterHub.cleanup_servers is False
    assert c.JupyterHub.cleanup_proxy is False
    assert c.ConfigurableHTTPProxy.should_start is False
    assert c.Spawner.start_timeout >= 86_400 * 30
    assert c.JupyterHub.tornado_settings["slow_spawn_timeout"] < 1
    assert c.JupyterHub.extra_user_scopes == {ACCESS_SCOPE}


def test_roles_of_the_site_are_merged_never_replaced():
    c = Config()
    c.JupyterHub.load_roles = [
        {"name": "user", "scopes": ["self", "shares"]},
        {"name": "teachers", "scopes": ["list:users"], "groups": ["t"]},
        {"name": "madang", "scopes": ["read:metrics"], "services": ["prometheus"]},
    ]
    c.JupyterHub.services.append({"name": "culler", "api_token": "x"})
    c.JupyterHub.template_paths = ["/site"]
    configure(c, settings())
    roles = {role["name"]: role for role in c.JupyterHub.load_roles}
    assert roles["user"]["scopes"] == ["self", "shares", ACCESS_SCOPE]
    assert roles["teachers"]["groups"] == ["t"]
    assert roles["madang"]["scopes"][0] == "read:metrics"
    assert "servers" in roles["madang"]["scopes"]
    assert roles["madang"]["services"] == ["prometheus", "madang"]
    assert {s["name"] for s in c.JupyterHub.services} == {"culler", "madang", "madang-stack"}
    assert c.JupyterHub.template_paths[0] == "/site"


def test_the_service_cannot_make_tokens():
    c = Config()
    configure(c, settings())
    roles = {role["name"]: role["scopes"] for role in c.JupyterHub.load_roles}
    assert not any("tokens" in scope or "admin" in scope for scope in roles["madang"])
    assert roles["madang-stack"] == ["proxy", "tokens!user=admin"]


def test_pam_keeps_passwords_out():
    c = Config()
    configure(c, settings(login="pam"))
    assert c.JupyterHub.authenticator_class == "pam"
    assert "SharedPasswordAuthenticator" not in c
    assert c.LeasedLocalSpawner.is_system_users is True


def test_pods_are_chosen_by_a_setting():
    c = Config()
    kube = KubeSettings(image="u:1", gpu_image="g:1", images=("x:1",), project_storage="5Gi")
    configure(c, settings(spawner="kubernetes", kube=kube, connect_url="http://hub:8081"))
    assert c.JupyterHub.spawner_class == "madang.hub.kube.LeasedKubeSpawner"
    assert c.JupyterHub.hub_connect_url == "http://hub:8081"
    spawner = c.LeasedKubeSpawner
    assert (spawner.image, spawner.gpu_image, spawner.images) == ("u:1", "g:1", ["x:1"])
    assert (spawner.namespace, spawner.project_storage) == ("madang-people", "5Gi")
    assert (spawner.storage_pvc_ensure, spawner.storage_capacity) == (True, "10Gi")
    assert spawner.pvc_name_template == "home-{username}"
    assert spawner.service_token == "s" * 32
    assert "LeasedLocalSpawner" not in c


async def test_what_a_site_has_on_kubespawner_holds_but_for_its_traps(make_spawner):
    c = Config()
    c.KubeSpawner.enable_user_namespaces = True
    c.KubeSpawner.services_enabled = True
    c.KubeSpawner.events_enabled = True
    c.KubeSpawner.k8s_api_threadpool_workers = 7
    c.KubeSpawner.profile_list = [{"display_name": "x", "kubespawner_override": {"uid": 0}}]
    c.KubeSpawner.pvc_name_template = "claim-{username}"
    c.KubeSpawner.image = "site/image:1"
    c.KubeSpawner.extra_labels = {"site": "x"}
    c.KubeSpawner.cmd = "jupyterhub-singleuser"
    configure(c, settings(spawner="kubernetes", kube=KubeSettings(home_storage="")))
    spawner = make_spawner(config=c, image="site/image:1")
    assert spawner.enable_user_namespaces is False
    assert spawner.services_enabled is False
    assert spawner.events_enabled is False
    assert spawner.profile_list == []
    assert spawner.pvc_name == "claim-ada"
    assert spawner.extra_labels == {"site": "x"}
    assert spawner.cmd == ["jupyterhub-singleuser"]
    assert spawner.storage_pvc_ensure is False
    assert spawner.stop_grace_ms == 20_000
    # The mixin's, not KubeSpawner's: options are the service's to judge.
    assert spawner.options_form.__module__ == "madang.hub.profile_page"
    assert spawner.options_from_form.__module__ == "madang.hub.profile_page"


def test_an_unknown_spawner_is_named():
    with pytest.raises(InvalidError) as caught:
        configure(Config(), settings(spawner="slurm"))
    assert caught.value.code == "unknown_spawner"
    assert caught.value.details["known"] == ["kubernetes", "local"]
