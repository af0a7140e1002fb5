import re
from importlib.resources import files

from madang.domain.lease import LeaseClass, LeaseKind
from madang.domain.project import Role
from madang.domain.run import RunState
from madang.i18n import catalogue

TEXTS = {key: pair for key, pair in catalogue().items() if key.startswith("pages.")}


def sources():
    folder = files("madang.api.pages")
    return [file.read_text("utf-8") for file in folder.joinpath("templates").iterdir()] + [
        file.read_text("utf-8") for file in folder.iterdir() if file.name.endswith(".py")
    ]


def test_every_text_that_a_page_names_exists():
    named = set()
    for source in sources():
        named |= set(re.findall(r"\bt\([\"']([a-z_.0-9]+[a-z0-9])[\"'][,)]", source))
        named |= set(re.findall(r"\bwords\(\s*\"([a-z_.0-9]+[a-z0-9])\"[,)]", source))
    assert len(named) > 100
    assert [name for name in sorted(named) if f"pages.{name}" not in TEXTS] == []


def test_every_value_of_the_domain_has_a_word():
    wanted = [f"kind.{kind}" for kind in LeaseKind]
    wanted += [f"kind.{kind}.unnamed" for kind in LeaseKind]
    wanted += [f"ask.stop.{kind}" for kind in LeaseKind]
    wanted += [f"class.{name}" for name in LeaseClass]
    wanted += [f"role.{role}" for role in Role]
    wanted += [f"run.state.{state}" for state in RunState]
    assert [name for name in wanted if f"pages.{name}" not in TEXTS] == []


def test_both_languages_fill_the_same_fields():
    for key, (english, korean) in TEXTS.items():
        fields = [set(re.findall(r"(?<!{){(\w+)}(?!})", text)) for text in (english, korean)]
        assert fields[0] == fields[1], key
        assert korean == english or re.search(r"[가-힣]", korean), key
