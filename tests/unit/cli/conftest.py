"""The scripted service of the client's tests, and a way to run the command line."""

import re

import pytest

from ..client.conftest import bare_env, service  # noqa: F401 - fixtures


@pytest.fixture
def madang(capsys):
    """Return a function that runs a command and returns (status, output, errors)."""
    from madang.cli.main import run

    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            run(arguments)
        printed = capsys.readouterr()
        # A key that the catalogue does not have is shown as it is.
        assert not re.search(r"\b(cli|column|state|doctor)\.[a-z_]+\b", printed.out + printed.err)
        return left.value.code, printed.out, printed.err

    return call
