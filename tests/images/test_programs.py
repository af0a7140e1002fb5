"""What starts in the images, as user 1000 of a read-only root without a network."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from box import Box, box

ROOT = Path(__file__).parents[2]
ISOLATION = (ROOT / "helm/madang/files/tests/isolation.py").read_text("utf-8")
NAMES = ("hub", "service", "user")
IMPORT_ALL = """
import importlib, pkgutil, sys
for package in sys.argv[1:]:
    for found in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
        # Programs, and what only alembic can load.
        if not found.name.endswith("__main__") and ".migrations." not in found.name:
            importlib.import_module(found.name)
print("all")
"""


@pytest.fixture(scope="module", params=NAMES)
def any_box(request: pytest.FixtureRequest) -> Iterator[Box]:
    with box(request.param) as found:
        yield found


@pytest.fixture(scope="module")
def hub() -> Iterator[Box]:
    with box("hub") as found:
        yield found


@pytest.fixture(scope="module")
def service() -> Iterator[Box]:
    with box("service") as found:
        yield found


@pytest.fixture(scope="module")
def user() -> Iterator[Box]:
    with box("user") as found:
        yield found


def test_an_image_is_madang_for_nobody_in_particular(any_box: Box) -> None:
    assert any_box.user == "1000:1000"
    said = any_box.run("sh", "-c", "id -u; madang --version; cat /proc/self/status")
    assert said.splitlines()[:2] == ["1000", any_box.labels["org.opencontainers.image.version"]]
    assert "CapBnd:\t0000000000000000" in said


def test_nothing_of_an_image_can_be_written_to(any_box: Box) -> None:
    places = "/ /opt/madang /etc /home/* /var/lib/* /usr"
    can = f'for each in {places}; do test ! -w "$each" || echo "$each"; done'
    assert any_box.run("sh", "-c", can) == ""


def test_an_image_keeps_nothing_of_its_build(any_box: Box) -> None:
    for left in ("build", "own", "wheel", "opt/uv", "var/cache/uv", "root/.cache", "platform"):
        assert not (any_box.root / left).exists(), left
    words = [*any_box.env, *any_box.env.values(), *any_box.labels.values()]
    assert not [word for word in words if "proxy" in word.lower() or "cert" in word.lower()]


def test_the_packages_are_those_of_the_lock(any_box: Box) -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    pins = {line.split()[0] for line in lock if "==" in line and not line.startswith((" ", "#"))}
    listing = (
        "import importlib.metadata as m, re\n"
        "for one in m.distributions():\n"
        "    print(re.sub('[-_.]+', '-', one.name.lower()) + '==' + one.version)"
    )
    has = set(any_box.run("python", "-c", listing).split())
    assert {one for one in has if not one.startswith("madang==")} - pins == set()
    assert len(has) > 50


def test_the_hub_finds_its_spawner_and_authenticator(hub: Box) -> None:
    said = hub.run(
        "python", "-P", "-c",
        "import jupyterhub, kubespawner, oauthenticator.generic, madang.hub.kube\n"
        "from importlib.metadata import entry_points\n"
        "print(entry_points(group='jupyterhub.authenticators', name='generic-oauth'))",
    )  # fmt: skip
    assert "GenericOAuthenticator" in said
    assert hub.run("jupyterhub", "--version").startswith("6.1.1")


def test_the_service_can_do_all_that_it_may_be_asked(service: Box) -> None:
    assert "Bring the database" in service.run("madang", "migrate", "--help")
    packages = [
        f"madang.{name}"
        for name in ("api", "cli", "engines", "ledger", "notices", "policy", "services", "store")
    ]
    assert service.run("python", "-W", "ignore", "-c", IMPORT_ALL, *packages).endswith("all\n")


def test_the_service_image_runs_the_tests_of_the_chart(service: Box) -> None:
    said = service.run("python", "-P", "-c", ISOLATION, "network", "closed:127.0.0.1:9")
    assert said.startswith("ok ")


def test_people_find_notebooks_kernels_clusters_and_runs(user: Box) -> None:
    assert user.run("jupyterhub-singleuser", "--version").startswith("6.1.1")
    assert "python3" in user.run("jupyter", "kernelspec", "list")
    for part in ("scheduler", "worker"):
        said = user.run("python", "-m", f"distributed.cli.dask_{part}", "--version")
        assert "2026.7.1" in said
    packages = ("madang.agent", "madang.client", "madang.shim", "madang.runner.forked")
    assert user.run("python", "-W", "ignore", "-c", IMPORT_ALL, *packages).endswith("all\n")


def test_a_notebook_runs_in_the_user_image(user: Box) -> None:
    said = user.run(
        "sh", "-euc",
        "cd; python -c 'import nbformat.v4 as v; "
        'v4 = v.new_notebook(cells=[v.new_code_cell("import pandas; print(6 * 7)")]); '
        'import nbformat; nbformat.write(v4, "in.ipynb")\'; '
        "papermill --no-progress-bar --kernel python3 in.ipynb out.ipynb 2>&1; cat out.ipynb",
        writable=("/tmp", "/home/madang"),
        env={"HOME": "/home/madang"},
    )  # fmt: skip
    assert '"42\\n"' in said


def test_the_image_with_rapids_resolves_with_the_lock(tmp_path: Path) -> None:
    uv = shutil.which("uv", path=str(Path(sys.executable).parent))
    assert uv is not None
    command = [uv, "pip", "install", "--dry-run", "--target", str(tmp_path)]
    source = ["--requirement", "pyproject.toml", "--extra", "image-user-gpu"]
    lock = ["--constraint", "requirements.lock", "--only-binary", ":all:"]
    done = subprocess.run([*command, *source, *lock], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for wanted in ("cudf-cu13==26.10.", "dask-cuda==26.10.", "jupyterlab==", "papermill=="):
        assert f" + {wanted}" in done.stderr


def test_the_stand_ins_start_as_the_chart_starts_them(tmp_path: Path) -> None:
    with box("configurable-http-proxy") as proxy:
        assert "5.3.0" in proxy.run("configurable-http-proxy", "--version", uid=65534)
    with box("postgresql") as postgresql:
        said = postgresql.run(
            "sh", "-euc",
            "echo secret > /tmp/password; entrypoint.sh >/tmp/log 2>&1 & "
            "until pg_isready -q -U madang -h 127.0.0.1; do "
            "kill -0 $! || { cat /tmp/log; exit 1; }; sleep 0.1; done; "
            "PGPASSWORD=secret psql -h 127.0.0.1 -U madang madang -tc 'SHOW server_version'; "
            "PGPASSWORD=wrong psql -h 127.0.0.1 -U madang madang 2>&1 || kill -INT $!; wait",
            writable=("/tmp", "/var/lib/postgresql", "/run/postgresql"),
            env={
                "POSTGRES_USER": "madang", "POSTGRES_DB": "madang",
                "POSTGRES_PASSWORD_FILE": "/tmp/password",
            },
            uid=999,
        )  # fmt: skip
    assert "18.6" in said
    assert "password authentication failed" in said
