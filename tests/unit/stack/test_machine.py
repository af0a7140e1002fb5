import os

import pytest

from madang.errors import LocalError, RefusedError
from madang.settings.system_users import system_user
from madang.stack.machine import closed_folder, refuse_without_system_users


def test_the_folder_that_others_cannot_pass_is_named(tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "python").touch()
    (tmp_path / "a").chmod(0o700)
    found = closed_folder(inner / "python")
    assert found is not None
    assert (tmp_path / "a").is_relative_to(found)


def test_only_root_can_start_servers_of_others(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LocalError, match="pam_needs_root"):
        refuse_without_system_users()


def test_accounts():
    with pytest.raises(RefusedError, match="system_user_is_root"):
        system_user("root")
    with pytest.raises(RefusedError, match="system_user_unknown"):
        system_user("nobody-of-this-name")
    assert system_user("nobody").uid > 0
