"""The hub's own pages: light, guarded, in both languages, nothing of JupyterHub's frame in them."""

import re
from html import unescape
from types import SimpleNamespace

import jinja2
import pytest
from jupyterhub._data import DATA_FILES_PATH

from madang import looks
from madang.hub import endings
from madang.hub.pages import TEMPLATES, away_page, keep_away_page, page_values

ADA = SimpleNamespace(
    name="ada",
    admin=False,
    escaped_name="ada",
    server_url=lambda name="": f"/user/ada/{name}",
    all_spawners=lambda include_default=True: [],
)
SPAWNER = SimpleNamespace(
    name="", display_name="", ready=False, active=True, orm_spawner=None, options_form=True
)
SCOPES = [{"scope": "self", "description": "Read <your> profile", "filter": ""}]
SERVICE = SimpleNamespace(description="Binder <b>", redirect_uri="https://binder.lab/cb?a=1&b=2")
PAGES = {
    "login.html": {"user": None, "authenticator_login_url": "/hub/login?next=%2Fx%3Fa"},
    "logout.html": {"user": None},
    "home.html": {"default_server": SPAWNER, "allow_named_servers": True},
    "token.html": {"token_expires_in_options_html": "", "api_tokens": [], "oauth_clients": []},
    "spawn.html": {"spawner_options_form": "<b>form</b>", "url": "/hub/spawn?_xsrf=x"},
    "spawn_pending.html": {"spawner": SPAWNER, "progress_url": "/hub/api/x?_xsrf=</script>"},
    "stop_pending.html": {"spawner": SPAWNER},
    "not_running.html": {"server_name": "", "spawn_url": "/hub/spawn/ada"},
    "error.html": {"status_code": 500, "message": "<i>broken</i>"},
    "404.html": {"status_code": 404},
    "oauth.html": {"oauth_client": SERVICE, "scope_descriptions": SCOPES, "allowed_scopes": ["s"]},
    "accept-share.html": {
        **{"owner": SimpleNamespace(name="bora"), "spawner": SPAWNER, "code": "c"},
        **{"spawner_ready": False, "scope_descriptions": SCOPES, "next_url": "/user/bora/"},
    },
}
TEMPLATE_FILES = {path.name for path in TEMPLATES.glob("*.html")}
LARGEST_BYTES = 70_000


def rendered(name, **more):
    stock = jinja2.FileSystemLoader(DATA_FILES_PATH + "/templates")
    own = jinja2.FileSystemLoader([str(TEMPLATES), str(looks.TEMPLATES)])
    loader = jinja2.ChoiceLoader([jinja2.PrefixLoader({"templates": stock}), own, stock])
    environment = jinja2.Environment(loader=loader, autoescape=True)
    user = more.get("user", PAGES[name].get("user", ADA))
    values = page_values(
        "http://127.0.0.1:8000/", ["/services/madang/x", "https://binder.lab/cb;x"]
    )
    known = {key: value(user) if callable(value) else value for key, value in values.items()}
    base = {
        **{"base_url": "/hub/", "xsrf": "token-1", "xsrf_token": "token-1", "user": user},
        **{"madang_login": "shared", "login_url": "/hub/login", "login_service": ""},
        **{"username": "", "authenticator": SimpleNamespace(request_otp=False)},
        **{"static_url": lambda path: f"/hub/static/{path}"},
    }
    return environment.get_template(name).render({**base, **known, **PAGES[name], **more})


def test_every_page_is_looked_at():
    # What extends JupyterHub's frame is left to its administration.
    assert TEMPLATE_FILES - set(PAGES) == {"page.html"}


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_carries_nothing_heavy(name):
    html = rendered(name)
    assert len(html.encode()) < LARGEST_BYTES
    for heavy in ("bootstrap", "jquery", "require.js", "/hub/static/"):
        assert heavy not in html


@pytest.mark.parametrize("name", sorted(PAGES))
def test_only_marked_scripts_may_run(name):
    html, again = rendered(name), rendered(name)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)[1]
    nonce = re.search(r"script-src 'nonce-([^']+)'", policy)[1]
    assert f"style-src 'nonce-{nonce}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    # Scripts, styles and acts that are not marked would be dead, or an attacker's.
    for tag in re.findall(r"<(?:script|style)\b[^>]*>", html):
        assert tag.endswith(f'nonce="{nonce}">')
    assert re.findall(r"<[a-z][^>]*\s(?:style|on[a-z]+)=", html) == []
    assert nonce not in again


@pytest.mark.parametrize("name", ["login.html", "oauth.html", "accept-share.html"])
def test_forms_carry_the_guard_against_other_sites(name):
    assert '<input type="hidden" name="_xsrf" value="token-1">' in rendered(name)


def test_a_login_ends_here_or_where_a_service_of_the_site_waits():
    html = rendered("login.html")
    assert "form-action 'self' https://binder.lab\"" in unescape(html)
    assert 'action="/hub/login?next=%2Fx%3Fa" method="post"' in html
    assert "form-action *" in rendered("oauth.html")
    # What a site's own login brings is the site's matter.
    assert "Content-Security-Policy" not in rendered("login.html", custom_html="<b>SSO</b>")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Invalid username or password", "do not match"),
        ("Login form invalid or expired. Try again.", "open for too long"),
        ("Internal <Server> Error", "Internal &lt;Server&gt; Error"),
    ],
)
def test_a_failed_login_says_what_to_do(said, shown):
    html = rendered("login.html", login_error=said, username="ada")
    assert shown in html
    # The name is kept, so the cursor waits at the password.
    assert re.search(r'id="password_input"[^>]* autofocus', html)


def test_accounts_of_the_machine_get_another_hint_than_the_shared_password():
    wrong = {"login_error": "Invalid username or password"}
    assert "dashes" in rendered("login.html", **wrong)
    assert "dashes" not in rendered("login.html", **wrong, madang_login="pam")


def test_values_of_others_cannot_leave_their_place():
    assert "<i>broken" not in rendered("error.html")
    assert "Binder <b>" not in rendered("oauth.html")
    assert "/hub/api/x?_xsrf=</script>" not in rendered("spawn_pending.html", madang_viewer="root")


def test_who_watches_another_person_sees_the_progress():
    assert "EventSource" in rendered("spawn_pending.html", madang_viewer="root")
    assert "EventSource" not in rendered("spawn_pending.html")
    assert "/services/madang/wait?server=" in rendered("spawn_pending.html")


def test_the_page_of_the_proxy_stands_alone(tmp_path):
    folder = tmp_path / "proxy-pages"
    keep_away_page(folder, "http://127.0.0.1:8000/lab/")
    html = (folder / "error.html").read_text("utf-8")
    assert "No answer" in html
    assert "응답이 없습니다" in html
    assert 'href="/lab/hub/home"' in html
    # It is about nobody, and needs nothing from the part that is away.
    assert 'id="logout"' not in html
    assert re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="(?!data:)', html) == []
    assert away_page("http://127.0.0.1:8000/").count("/hub/home") == 1
    # A full disk keeps no hub from starting.
    keep_away_page(tmp_path / "missing" / "folder", "http://127.0.0.1:8000/")


def test_the_page_of_a_server_that_is_gone_says_why():
    endings.note("ada", "", "pod_memory", memory="<8> GiB")
    html = rendered("not_running.html")
    assert "used more memory than it has (&lt;8&gt; GiB)" in html
    assert "메모리" in html
    assert 'id="ending"' not in rendered("not_running.html", server_name="other")
    endings.forget("ada", "")
    assert 'id="ending"' not in rendered("not_running.html")
    for number in range(6000):
        endings.note(f"p{number}", "", "pod_deleted")
    assert not endings.of("p0", "")
    assert endings.of("p5999", "")
