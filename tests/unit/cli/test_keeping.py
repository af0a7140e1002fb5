"""What `backup`, `restore` and `migrate` print and return."""

import json
import sqlite3
import tarfile

import pytest

from madang.settings.home import Home
from madang.store import Store


@pytest.fixture
def home(tmp_path, bare_env):
    bare_env.delenv("MADANG_DATABASE_URL", raising=False)
    made = Home(tmp_path / "one")
    made.root.mkdir(mode=0o700)
    store = Store(made.database_url)
    store.migrate()
    store.close()
    made.secrets.write_text("{}")
    return made


def test_a_copy_and_back(home, madang, tmp_path):
    status, out, err = madang("backup", "--home", str(home.root), "--to", str(tmp_path))
    assert status == 0
    made = out.strip()
    assert made.startswith(str(tmp_path / "madang-"))
    assert "schema 0" in err
    assert "passwords" not in err
    other = tmp_path / "two"
    status, out, err = madang("restore", made, "--home", str(other))
    assert (status, out.startswith("Restored as of")) == (0, True)
    assert "new passwords" in err
    assert f"madang up --policy {other}/config/policy.yaml" in err
    assert not (other / "secrets.json").exists()
    assert madang("restore", made, "--home", str(other))[0] == 1
    status, out, _ = madang("restore", made, "--home", str(other), "--force", "--json")
    assert json.loads(out)["put_aside"].startswith(str(other / "backups" / "replaced-"))


def test_secrets_only_when_asked_for(home, madang, tmp_path):
    to = tmp_path / "s.tar.gz"
    _, out, _ = madang(
        "backup", "--home", str(home.root), "--to", str(to), "--with-secrets", "--json"
    )
    assert json.loads(out)["has_secrets"] is True
    assert to.stat().st_mode & 0o777 == 0o600
    with tarfile.open(to) as tar:
        assert "secrets/secrets.json" in tar.getnames()
    madang("restore", str(to), "--home", str(tmp_path / "three"))
    assert (tmp_path / "three" / "secrets.json").read_text() == "{}"
    assert madang("backup", "--home", str(home.root), "--to", str(to))[0] == 1


def test_what_cannot_be_copied_is_said(home, madang, bare_env, tmp_path):
    status, _, err = madang("backup", "--home", str(tmp_path / "none"))
    assert (status, "no database" in err) == (1, True)
    bare_env.setenv("MADANG_DATABASE_URL", "postgresql://u:secret@h/madang")
    status, _, err = madang("backup", "--home", str(home.root))
    assert status == 2
    assert "pg_dump --format=custom" in err
    assert "secret" not in err
    assert madang("restore", "x", "--home", str(home.root))[0] == 2


def versions(path):
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    connection.close()
    return found


def test_a_new_database_gets_its_tables_and_a_newer_one_is_left_alone(tmp_path, bare_env, madang):
    database = tmp_path / "rows.sqlite"
    bare_env.setenv("MADANG_DATABASE_URL", f"sqlite:///{database}")
    status, out, _ = madang("migrate")
    assert (status, out.startswith("The database has the tables of Madang ")) == (0, True)
    assert versions(database)
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    status, _, err = madang("migrate")
    assert status == 1
    assert "9999" in err
    assert versions(database) == [("9999",)]
