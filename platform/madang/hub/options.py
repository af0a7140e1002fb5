"""What a person asked for: from the form, from the hub's API, or left out. Pure.

Options come from anybody who may start a server, in any structure, so only known keys of the right
kind pass. Whether a project or a profile exists, and whether it may be used, is for the service.
"""

from collections.abc import Mapping
from typing import Any

from madang.errors import InvalidError
from madang.units import MS_PER_S, parse_duration_ms

_NAMES = ("project", "profile", "flavor", "environment")
_LIMIT_CHARACTERS = 100
_YES = frozenset({"1", "on", "true", "yes"})


def from_form(form: Mapping[str, Any]) -> dict[str, Any]:
    """Read the posted form: lists of strings, of which the first counts."""
    first = {
        key: values[0].strip()
        for key, values in form.items()
        if isinstance(values, list) and values and isinstance(values[0], str)
    }
    # The form has one group of choices for each project, of which one is shown.
    chosen = first.get("choice", "")
    project, _, profile = chosen.partition("/")
    project = first.get("project") or project
    given = {
        "project": project,
        "profile": first.get("profile") or profile,
        "environment": _environment(form.get("environment"), project),
        "hours": first.get("hours", ""),
        "start_without_me": first.get("start_without_me", ""),
    }
    return {key: value for key, value in given.items() if value}


def _environment(values: Any, project: str) -> str:
    """Return the environment that was chosen for a project; the form has a list for each."""
    chosen = [value for value in values or () if isinstance(value, str)]
    for value in chosen:
        place, sign, name = value.partition("/")
        if sign and place == project:
            return name
    return next((value for value in chosen if "/" not in value), "")


def lease_body(options: Mapping[str, Any], server: str) -> dict[str, Any]:
    """Return the body of ``POST leases`` for what was asked.

    Raises
    ------
    InvalidError
        ``spawn_option`` names the option that cannot be read.
    """
    body: dict[str, Any] = {"kind": "notebook", "name": server}
    for key in _NAMES:
        value = options.get(key)
        if value in (None, ""):
            continue
        if not isinstance(value, str) or len(value) > _LIMIT_CHARACTERS:
            raise InvalidError("spawn_option", option=key, given=_shown(value))
        body[key] = value
    if options.get("devices") not in (None, ""):
        body["devices"] = _whole(options["devices"], "devices", least=0)
    limit_s = _limit_s(options)
    if limit_s is not None:
        body["limit_s"] = limit_s
    if _is_yes(options.get("start_without_me")):
        body["start_without_me"] = True
    return body


def _limit_s(options: Mapping[str, Any]) -> int | None:
    if options.get("limit_s") not in (None, ""):
        return _whole(options["limit_s"], "limit_s", least=1)
    hours = options.get("hours")
    if hours in (None, ""):
        return None
    if isinstance(hours, bool) or not isinstance(hours, (int, float, str)):
        raise InvalidError("spawn_option", option="hours", given=_shown(hours))
    try:
        seconds = parse_duration_ms(f"{hours}h") // MS_PER_S
    except InvalidError as error:
        raise InvalidError("spawn_option", option="hours", given=_shown(hours)) from error
    if seconds < 1:
        raise InvalidError("spawn_option", option="hours", given=_shown(hours))
    return seconds


def _whole(value: Any, option: str, least: int) -> int:
    try:
        number = -1 if isinstance(value, (bool, float)) else int(str(value))
    except ValueError:
        number = -1
    if number < least or number > 10**9:
        raise InvalidError("spawn_option", option=option, given=_shown(value))
    return number


def _is_yes(value: Any) -> bool:
    return value is True or (isinstance(value, (str, int)) and str(value).lower() in _YES)


def _shown(value: Any) -> str:
    return repr(value)[:60]


def first_choice(profiles: Mapping[str, Any], project: str = "") -> tuple[str, str]:
    """Return (project, profile) for somebody who did not choose: the first that may be used.

    Parameters
    ----------
    profiles
        The profiles view.
    project
        Stay inside this project when it is given.
    """
    known = [p for p in profiles.get("projects", []) if not project or p.get("name") == project]
    for entry in known:
        for profile in entry.get("profiles", []):
            if profile.get("allowed"):
                return str(entry["name"]), str(profile["name"])
    return (str(known[0]["name"]) if known else project), ""
