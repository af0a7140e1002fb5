"""What a spec of an environment may say: packages by name and version, and nothing that leads out.

The service checks a spec when it is asked for and hands the result to the build, so that the
build never reads what a person typed. People are hostile: no options, no paths, no addresses.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from madang.domain.environment import EnvironmentKind
from madang.errors import InvalidError

MAX_SPEC_BYTES = 16 * 1024
MAX_SPEC_LINES = 200
MAX_BRACKETS = 64
OURS = "madang"
"""Comes from the installation itself; of that name on a registry may be anybody's."""

_PATTERN_CHARACTERS = frozenset(
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.*+!_-=<>~,| "
)
_NAME_CHARACTERS = frozenset("0123456789abcdefghijklmnopqrstuvwxyz._-")
_SECTIONS = ("name", "channels", "dependencies")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """A spec that was read and found harmless.

    Attributes
    ----------
    requirements
        Packages for uv, one PEP 508 requirement each; of conda the part ``pip``.
    channels, packages
        Of conda only: where from, and what.
    """

    kind: EnvironmentKind
    python: str
    requirements: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()

    def plan(self) -> dict[str, Any]:
        """Return it as the build gets it."""
        return {
            "kind": str(self.kind),
            "python": self.python,
            "requirements": list(self.requirements),
            "channels": list(self.channels),
            "packages": list(self.packages),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A spec that people may begin with, as the administrator keeps it in a file."""

    name: str
    title: str
    kind: EnvironmentKind
    spec: str


def read_spec(
    kind: str,
    text: str,
    python: str = "",
    *,
    allows_urls: bool = False,
    channels: Collection[str] = (),
) -> Spec:
    """Read a spec.

    Parameters
    ----------
    kind
        ``uv`` for requirements, a line each; ``conda`` for an environment.yml.
    python
        Such as ``3.12``; empty for the version of the installation.
    allows_urls
        Whether packages may come from an address (https, git+https).
    channels
        Conda channels that may be named; the first is used when none is.

    Raises
    ------
    InvalidError
        A code that begins with ``spec_``, with the line that is meant.
    """
    if kind not in set(EnvironmentKind):
        raise InvalidError("spec_kind", given=kind[:40], known=[str(k) for k in EnvironmentKind])
    size, lines = len(text.encode("utf-8", "replace")), text.count("\n") + 1
    if size > MAX_SPEC_BYTES or lines > MAX_SPEC_LINES:
        raise InvalidError(
            "spec_too_large",
            given_bytes=size,
            limit_bytes=MAX_SPEC_BYTES,
            given_lines=lines,
            limit_lines=MAX_SPEC_LINES,
        )
    wanted = _python(python)
    if EnvironmentKind(kind) is EnvironmentKind.UV:
        found = _requirements(enumerate(text.splitlines(), 1), allows_urls)
        if not found:
            raise InvalidError("spec_empty")
        return Spec(kind=EnvironmentKind.UV, python=wanted, requirements=found)
    return _conda(text, wanted, allows_urls, tuple(channels))


def _python(given: str) -> str:
    if not given:
        return ""
    try:
        release = Version(given).release
    except InvalidVersion as error:
        raise InvalidError("spec_python", given=given[:40]) from error
    if len(release) != 2 or given != f"{release[0]}.{release[1]}" or release[0] != 3:
        raise InvalidError("spec_python", given=given[:40])
    return given


def _requirements(lines: Iterable[tuple[int, str]], allows_urls: bool) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for number, line in lines:
        said = _without_comment(line)
        if said:
            found[_requirement(number, said, allows_urls)] = None
    return tuple(found)


def _without_comment(line: str) -> str:
    # As pip does: a number sign begins a comment at the start or after a blank.
    line = line.strip()
    if line.startswith("#"):
        return ""
    return line.partition(" #")[0].partition("\t#")[0].strip()


def _requirement(number: int, said: str, allows_urls: bool) -> str:
    where = {"line": number, "given": said[:80]}
    if said.startswith("-"):
        raise InvalidError("spec_option", **where)
    try:
        read = Requirement(said)
    except InvalidRequirement as error:
        if said.startswith((".", "/", "~")) or "\\" in said:
            raise InvalidError("spec_path", **where) from error
        code = "spec_url" if "://" in said else "spec_line"
        raise InvalidError(code, **where) from error
    if read.url is not None and not (allows_urls and _is_web(read.url)):
        raise InvalidError("spec_url", **where)
    if canonicalize_name(read.name) == OURS:
        raise InvalidError("spec_ours", **where)
    return str(read)


def _is_web(url: str) -> bool:
    return url.startswith(("https://", "git+https://"))


def _conda(text: str, python: str, allows_urls: bool, allowed: tuple[str, ...]) -> Spec:
    data = _yaml(text)
    unknown = sorted(str(key) for key in data if key not in _SECTIONS)
    if unknown:
        raise InvalidError("spec_section", given=unknown[0][:40], known=list(_SECTIONS))
    channels = _channels(data.get("channels"), allowed)
    listed = data.get("dependencies")
    if not isinstance(listed, list):
        raise InvalidError("spec_shape", given="dependencies")
    packages: dict[str, None] = {}
    pip: list[str] = []
    for number, item in enumerate(listed, 1):
        if isinstance(item, str):
            packages[_package(number, item)] = None
        elif isinstance(item, dict) and list(item) == ["pip"] and _is_texts(item["pip"]):
            pip += item["pip"]
        else:
            raise InvalidError("spec_shape", given=f"dependencies[{number}]")
    if not packages and not pip:
        raise InvalidError("spec_empty")
    return Spec(
        kind=EnvironmentKind.CONDA,
        python=python,
        requirements=_requirements(enumerate(pip, 1), allows_urls),
        channels=channels,
        packages=tuple(packages),
    )


def _yaml(text: str) -> dict[Any, Any]:
    import yaml

    # Each level of brackets costs the parser a look at all that are open.
    if text.count("[") + text.count("{") > MAX_BRACKETS:
        raise InvalidError("spec_shape", given="[ {")
    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InvalidError("spec_shape", given=str(error)[:120]) from error
    if not isinstance(data, dict):
        raise InvalidError("spec_shape", given=type(data).__name__)
    return data


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _channels(named: object, allowed: tuple[str, ...]) -> tuple[str, ...]:
    if named is None:
        named = list(allowed[:1])
    if not isinstance(named, list) or not _is_texts(named):
        raise InvalidError("spec_shape", given="channels")
    for channel in named:
        if channel not in allowed:
            raise InvalidError("spec_channel", given=channel[:80], known=list(allowed))
    if not named:
        raise InvalidError("spec_channel", given="-", known=list(allowed))
    return tuple(dict.fromkeys(named))


def _package(number: int, said: str) -> str:
    """Return a match spec without channel, address or brackets: a name, a version, a build."""
    spec = said.strip()
    end = next((i for i, c in enumerate(spec) if c in " =<>!~"), len(spec))
    name, rest = spec[:end], spec[end:]
    if "://" in spec or "::" in spec:
        raise InvalidError("spec_url", line=number, given=said[:80])
    is_named = bool(name) and name[0] not in "._-" and set(name) <= _NAME_CHARACTERS
    if not is_named or not set(rest) <= _PATTERN_CHARACTERS:
        raise InvalidError("spec_line", line=number, given=said[:80])
    if name == OURS:
        raise InvalidError("spec_ours", line=number, given=said[:80])
    return spec
