"""Names of people become folders that stay inside and apart."""

from pathlib import Path

from madang.settings.home import Home


def test_a_harmless_name_is_the_folders_name() -> None:
    assert Home(Path("/data")).person("ada").name == "ada"


def test_other_names_stay_inside_and_apart() -> None:
    names = ["../ada", "ada/../bora", "김철수", "Ada", "", ".", "a" * 80, "~x", "ada\n"]
    home = Home(Path("/data"))
    made = [home.person(name) for name in names]
    assert len(set(made)) == len(names)
    assert {path.parent for path in made} == {home.people}
    assert all(path.name.startswith("~") and len(path.name) < 64 for path in made)
