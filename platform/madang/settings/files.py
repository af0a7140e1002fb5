"""The administrator's two files as domain data: ``policy.yaml`` and ``profiles.yaml``.

An unknown key is an error that names the key and the known ones; a silent typo in a policy would
cost somebody money.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from madang.domain.cluster_flavor import ClusterPolicy
from madang.domain.environment import EnvironmentKind, is_environment_name
from madang.domain.environment_spec import Example
from madang.domain.profile import Profile
from madang.domain.project import Internet, Role, Tier
from madang.errors import InvalidError
from madang.settings.cluster_policy import cluster_policy
from madang.units import MICROCREDITS_PER_CREDIT, parse_cpu_millis, parse_duration_ms

MAX_KEEP_DAYS = 36_500


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPlan:
    """A project as policy.yaml declares it for a fresh installation."""

    name: str
    title: str
    tier: str
    weight: int
    quota: Mapping[str, int]
    members: Mapping[str, Role]
    grant_microcredits: int
    grant_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpPolicy:
    """The mail server; its password is never in this file.

    Attributes
    ----------
    sender
        Address that mails come from.
    user
        Empty for a server that asks for no login.
    password_file
        File that holds nothing but the password; empty for the environment variable
        ``MADANG_SMTP_PASSWORD``.
    """

    host: str
    port: int = 25
    sender: str = "madang@localhost"
    starttls: bool = False
    user: str = ""
    password_file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticePolicy:
    """How people may be told.

    Attributes
    ----------
    smtp
        None: no mail.
    mail_domains
        Mail goes to addresses of these domains only; empty for any.
    allows_loopback
        Webhooks may call this machine, and by plain http. For trying out.
    """

    smtp: SmtpPolicy | None = None
    mail_domains: tuple[str, ...] = ()
    allows_loopback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentPolicy:
    """What environments may be built from.

    Attributes
    ----------
    allows_urls
        Packages may come from an address (https, git+https), not only from the registry.
    channels
        Conda channels that a spec may name; the first is taken when it names none. A channel that
        the administrator keeps in a folder is written as ``file:///…``.
    """

    allows_urls: bool = False
    channels: tuple[str, ...] = ("conda-forge", "rapidsai", "nvidia", "bioconda")
    max_per_project: int = 20
    build_limit_ms: int = 2 * 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactPolicy:
    """Where snapshots and outputs of runs are kept, and how long.

    Attributes
    ----------
    url
        Such as ``s3://bucket/prefix``; empty for a folder below the data folder.
    endpoint
        Address of an S3-compatible server; empty for Amazon's.
    credentials_file
        YAML file with the options of the storage, such as ``key`` and ``secret``; empty for what
        the environment says (``AWS_ACCESS_KEY_ID`` …).
    keep_days
        Outputs of runs that ended longer ago are deleted; 0 keeps them for ever.
    """

    url: str = ""
    endpoint: str = ""
    credentials_file: str = ""
    keep_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """All of policy.yaml.

    Attributes
    ----------
    rates
        Micro-credits per device-hour by flavor.
    rate_default_microcredits
        For a flavor that ``rates`` does not name.
    metrics_from_loopback
        Whether everybody on this machine may read the metrics, without the budgets.
    keep_attempts_ms
        How long the logs and records of an attempt are kept after its lease has ended.
    open_project
        Project that everybody who logs in is a member of; empty for none.
    """

    rates: Mapping[str, int]
    rate_default_microcredits: int
    half_life_ms: int
    block_ms: int
    stop_grace_ms: int
    zone: str
    tiers: Mapping[str, Tier]
    projects: tuple[ProjectPlan, ...]
    open_project: str = ""
    admins: tuple[str, ...] = ()
    keep_attempts_ms: int = 30 * 86_400_000
    metrics_from_loopback: bool = False
    notices: NoticePolicy = NoticePolicy()
    environments: EnvironmentPolicy = EnvironmentPolicy()
    artifacts: ArtifactPolicy = ArtifactPolicy()
    cluster: ClusterPolicy = field(default_factory=ClusterPolicy)
    source: Mapping[str, Any] = field(default_factory=dict)

    def rate(self, flavor: str) -> int:
        """Return micro-credits per device-hour of a flavor; ``cpu`` is free unless it is named."""
        return self.rates.get(flavor, 0 if flavor == "cpu" else self.rate_default_microcredits)


def _take(data: Mapping[str, Any], where: str, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise InvalidError("policy_shape", where=where, given=type(data).__name__)
    unknown = sorted(set(data) - known)
    if unknown:
        raise InvalidError("policy_key", where=where, given=unknown[0], known=sorted(known))
    return data


def _credits(value: Any) -> int:
    return round(float(value) * MICROCREDITS_PER_CREDIT)


def _yaml(path: Path) -> Any:
    import yaml

    try:
        return yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise InvalidError("file_missing", path=str(path)) from error
    except yaml.YAMLError as error:
        raise InvalidError("file_unreadable", path=str(path), given=str(error)[:300]) from error


def load_policy(path: Path) -> Policy:
    """Read and check policy.yaml.

    Raises
    ------
    InvalidError
        The file is missing, is no YAML, or has an unknown key, role or tier.
    """
    known = {"rates", "rate_default", "half_life", "block", "stop_grace", "zone", "tiers"}
    more = {
        "projects",
        "open_project",
        "admins",
        "keep_attempts",
        "notices",
        "metrics_from_loopback",
        "environments",
        "artifacts",
        "kubernetes",
    }
    data = _take(_yaml(path), path.name, known | more)
    tiers = {name: _tier(name, body or {}) for name, body in (data.get("tiers") or {}).items()}
    projects = tuple(_project(n, b or {}, tiers) for n, b in (data.get("projects") or {}).items())
    return Policy(
        rates={name: _credits(value) for name, value in (data.get("rates") or {}).items()},
        rate_default_microcredits=_credits(data.get("rate_default", 1)),
        half_life_ms=parse_duration_ms(data.get("half_life", "7d")),
        block_ms=parse_duration_ms(data.get("block", "15m")),
        stop_grace_ms=parse_duration_ms(data.get("stop_grace", "20s")),
        zone=str(data.get("zone", "Asia/Seoul")),
        tiers=tiers,
        projects=projects,
        open_project=str(data.get("open_project") or ""),
        admins=tuple(data.get("admins") or ()),
        metrics_from_loopback=data.get("metrics_from_loopback") is True,
        keep_attempts_ms=parse_duration_ms(data.get("keep_attempts", "30d")),
        notices=_notices(data.get("notices") or {}),
        environments=_environments(data.get("environments") or {}),
        artifacts=_artifacts(data.get("artifacts") or {}),
        cluster=cluster_policy(data.get("kubernetes")),
        source=data,
    )


def _notices(body: Mapping[str, Any]) -> NoticePolicy:
    data = _take(body, "notices", {"smtp", "mail_domains", "webhook_loopback"})
    smtp = None
    if data.get("smtp"):
        known = {"host", "port", "from", "starttls", "user", "password_file"}
        server = _take(data["smtp"], "notices.smtp", known)
        smtp = SmtpPolicy(
            host=str(server.get("host", "localhost")),
            port=int(server.get("port", 587 if server.get("starttls") else 25)),
            sender=str(server.get("from", "madang@localhost")),
            starttls=bool(server.get("starttls", False)),
            user=str(server.get("user", "")),
            password_file=str(server.get("password_file", "")),
        )
    return NoticePolicy(
        smtp=smtp,
        mail_domains=tuple(str(name).lower() for name in data.get("mail_domains") or ()),
        allows_loopback=bool(data.get("webhook_loopback", False)),
    )


def _environments(body: Mapping[str, Any]) -> EnvironmentPolicy:
    known = {"allow_urls", "channels", "max_per_project", "build_limit"}
    data = _take(body, "environments", known)
    default = EnvironmentPolicy()
    return EnvironmentPolicy(
        allows_urls=data.get("allow_urls") is True,
        channels=tuple(str(name) for name in data.get("channels", default.channels)),
        max_per_project=int(data.get("max_per_project", default.max_per_project)),
        build_limit_ms=parse_duration_ms(data.get("build_limit", "2h")),
    )


def _artifacts(body: Mapping[str, Any]) -> ArtifactPolicy:
    data = _take(body, "artifacts", {"url", "endpoint", "credentials_file", "keep_days"})
    url, endpoint = str(data.get("url") or ""), str(data.get("endpoint") or "")
    days = data.get("keep_days", 0)
    if isinstance(days, bool) or not isinstance(days, int) or not 0 <= days <= MAX_KEEP_DAYS:
        raise InvalidError("keep_days_unusable", given=str(days)[:40], limit=MAX_KEEP_DAYS)
    if any("@" in one or "?" in one for one in (url, endpoint)):
        # What stands in this file is read and copied by many; what was given is not repeated.
        raise InvalidError("artifacts_url_secret")
    return ArtifactPolicy(
        url=url,
        endpoint=endpoint,
        credentials_file=str(data.get("credentials_file") or ""),
        keep_days=days,
    )


def _tier(name: str, body: Mapping[str, Any]) -> Tier:
    where = f"tiers.{name}"
    known = {"max_devices_person", "max_devices_project", "max_hours", "preemptible"}
    data = dict(_take(body, where, known | {"internet", "idle"}))
    idle = data.pop("idle", None)
    idle_ms = None if idle is None else parse_duration_ms(idle)
    given = data.pop("internet", "off")
    # In YAML a bare on or off is true or false.
    word = ("on" if given else "off") if isinstance(given, bool) else str(given)
    try:
        return Tier(name=name, internet=Internet(word), idle_ms=idle_ms, **data)
    except ValueError as error:
        raise InvalidError("policy_internet", where=where, given=str(given)) from error


def _project(name: str, body: Mapping[str, Any], tiers: Mapping[str, Tier]) -> ProjectPlan:
    where = f"projects.{name}"
    known = {"title", "tier", "weight", "quota", "members", "grant", "grant_days"}
    data = _take(body, where, known)
    tier = str(data.get("tier", "open"))
    if tier not in tiers:
        raise InvalidError("policy_tier", where=where, given=tier, known=sorted(tiers))
    try:
        members = {str(n): Role(r) for n, r in (data.get("members") or {}).items()}
    except ValueError as error:
        raise InvalidError("policy_role", where=where, given=str(error)) from error
    return ProjectPlan(
        name=name,
        title=str(data.get("title", name)),
        tier=tier,
        weight=int(data.get("weight", 1)),
        quota={str(k): int(v) for k, v in (data.get("quota") or {}).items()},
        members=members,
        grant_microcredits=_credits(data.get("grant", 0)),
        grant_days=int(data.get("grant_days", 365)),
    )


def load_examples(folder: Path) -> tuple[Example, ...]:
    """Read the examples of environments beside policy.yaml: ``environments/*.txt`` and ``*.yml``.

    The first line of a file may be a comment; it is what people read of it.
    """
    kinds = {".txt": EnvironmentKind.UV, ".yml": EnvironmentKind.CONDA}
    found = []
    for path in sorted(folder.glob("*")) if folder.is_dir() else ():
        if path.suffix not in kinds or not is_environment_name(path.stem):
            continue
        first, _, rest = path.read_text("utf-8").partition("\n")
        is_said = first.startswith("#")
        found.append(
            Example(
                name=path.stem,
                title=first.lstrip("# ").strip() if is_said else path.stem,
                kind=kinds[path.suffix],
                spec=rest if is_said else f"{first}\n{rest}",
            )
        )
    return tuple(found)


def load_profiles(path: Path) -> tuple[Profile, ...]:
    """Read and check profiles.yaml, in the order of the file."""
    known = {"titles", "flavor", "devices", "cpu", "memory_gib", "limit", "tiers", "env", "image"}
    profiles = []
    for name, body in (_yaml(path) or {}).items():
        data = _take(body or {}, f"{path.name}: {name}", known)
        profiles.append(
            Profile(
                name=name,
                titles=data.get("titles") or {"ko": name, "en": name},
                flavor=str(data.get("flavor", "gpu")),
                devices=int(data.get("devices", 1)),
                cpu_millis=parse_cpu_millis(data.get("cpu", 2)),
                memory_bytes=int(float(data.get("memory_gib", 4)) * 1024**3),
                limit_ms=parse_duration_ms(data.get("limit", "4h")),
                tiers=tuple(data.get("tiers") or ()),
                env={str(k): str(v) for k, v in (data.get("env") or {}).items()},
                image=str(data.get("image") or ""),
            )
        )
    return tuple(profiles)
