"""The reference pages say what the program says, all of it, and the examples in docstrings run."""

import doctest
import importlib
import re
from pathlib import Path

import pytest
import yaml

import madang
from madang.cli import reference
from madang.errors import InvalidError
from madang.i18n import catalogue
from madang.settings import described
from madang.settings.files import load_policy, load_profiles

ROOT = Path(__file__).parents[3]
PAGES = reference.pages()


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_is_as_the_program_says(name):
    written = (ROOT / "platform" / "docs" / "reference" / name).read_text("utf-8")
    assert written == PAGES[name], "run: make docs"


def test_every_command_of_the_help_has_its_place(madang_help):
    assert len(madang_help) > 40
    for words in madang_help:
        assert f"\n## {words}\n" in PAGES["cli.md"]


@pytest.fixture
def madang_help(capsys):
    """Commands as the help itself lists them, by asking it."""
    from madang.cli.main import run

    def listed(*words):
        with pytest.raises(SystemExit):
            run([*words, "--help"])
        out = capsys.readouterr().out
        part = out.split("Commands:\n")[1] if "Commands:\n" in out else ""
        return re.findall(r"^  ([a-z-]+)(?:  |$)", part, re.MULTILINE)

    found = []
    for noun in listed():
        found.append(f"madang {noun}")
        found += [f"madang {noun} {verb}" for verb in listed(noun)]
    return found


def test_every_option_says_what_it_is():
    empty = re.findall(r"^\| `(-[^`]*)` \|  \|", PAGES["cli.md"], re.MULTILINE)
    assert empty == []


def test_every_code_that_is_raised_is_on_the_page():
    for code in reference.raised():
        assert f"\n## {code}\n" in PAGES["errors.md"], code
        assert f"error.{code}.hint" in catalogue()


def known_keys(load, path, text):
    path.write_text(text)
    with pytest.raises(InvalidError) as caught:
        load(path)
    assert caught.value.code == "policy_key"
    return set(caught.value.details["known"])


def test_settings_are_those_that_the_loaders_take(tmp_path):
    path = tmp_path / "x.yaml"
    for where, rows in described.POLICY.items():
        data = {"no_such_key": 1}
        for word in reversed(where.replace("<name>", "x").split(".") if where else []):
            data = {word: data}
        assert known_keys(load_policy, path, yaml.safe_dump(data)) == set(rows), where
    assert known_keys(load_profiles, path, "x: {no_such_key: 1}") == set(described.PROFILES)


def told(rows):
    """The defaults of the page as a file would give them; a name has no fixed default."""
    given = {key: default for key, (default, _) in rows.items() if default}
    return {key: yaml.safe_load(text) for key, text in given.items() if text != "the name"}


@pytest.mark.parametrize("where", sorted(described.POLICY))
def test_the_defaults_of_the_page_are_those_of_the_loader(tmp_path, where):
    path = tmp_path / "x.yaml"

    def loaded(data):
        for word in reversed(where.replace("<name>", "open").split(".") if where else []):
            data = {word: data}
        if where.startswith("projects"):
            data["tiers"] = {"open": {}}
        path.write_text(yaml.safe_dump(data))
        policy = load_policy(path)
        return {name: getattr(policy, name) for name in policy.__dataclass_fields__}

    some = {"host": "localhost"} if where == "notices.smtp" else {}
    plain, same = loaded(some), loaded(told(described.POLICY[where]))
    assert plain.pop("source") is not same.pop("source")
    assert plain == same


def test_the_defaults_of_profiles_are_those_of_the_loader(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("x: {}")
    plain = load_profiles(path)
    path.write_text(yaml.safe_dump({"x": told(described.PROFILES)}))
    assert load_profiles(path) == plain


def test_every_variable_is_described():
    package = Path(madang.__file__).parent
    used = set()
    for source in package.rglob("*.py"):
        if source.name != "described.py":
            used |= set(re.findall(r"[\"'](MADANG_[A-Z_]+)[\"']", source.read_text("utf-8")))
    groups = (
        described.FOR_PEOPLE,
        described.IN_PROCESSES,
        described.FOR_THE_SERVICE,
        described.FOR_THE_HUB,
        described.OURS,
    )
    assert used == set().union(*groups)


@pytest.mark.parametrize(
    "name", ["client.cluster", "client.runs", "client.report", "domain.cluster", "policy.adaptive"]
)
def test_examples_in_docstrings_run(name):
    module = importlib.import_module(f"madang.{name}")
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert result.failed == 0
    assert result.attempted > 0
