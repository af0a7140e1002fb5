"""The only place that picks an engine and a store by name, and the ways to tell people."""

import os
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path

from madang import notices
from madang.domain.profile import Flavor
from madang.engines.local import build as build_local
from madang.engines.ports import Engine
from madang.errors import InvalidError
from madang.pki.seal import Seal
from madang.services import Services
from madang.services.bus import ChangeBus
from madang.services.core import Core
from madang.services.leading import Leading
from madang.settings.config import ServiceSettings
from madang.settings.files import Policy, load_examples, load_policy, load_profiles
from madang.store import Store


def build(settings: ServiceSettings) -> Services:
    """Put the use-cases of an installation together; nothing is started or changed yet."""
    policy = load_policy(settings.policy_path)
    store = Store(settings.database_url)
    leading = _leading(settings, store)
    engine, flavors, devices_total = _engine(settings, policy, leading)
    bus = ChangeBus()
    password = _smtp_password(policy)
    core = Core(
        store=store,
        engine=engine,
        policy=policy,
        profiles=load_profiles(settings.profiles_path),
        examples=load_examples(settings.policy_path.parent / "environments"),
        flavors={flavor.name: flavor for flavor in flavors},
        devices_total=devices_total,
        service_url=settings.service_url,
        login_is_shared=settings.login_is_shared,
        isolation_rules=settings.isolation_rules,
        seal=Seal(settings.api_token),
        bus=bus,
        public_url=settings.public_url,
        notifiers=notices.build(policy.notices, password, lambda: bus.publish("notices")),
        cluster_flavors={flavor.name: flavor for flavor in policy.cluster.flavors},
        leading=leading,
    )
    return Services(core)


def _leading(settings: ServiceSettings, store: Store) -> Leading | None:
    """Return what lets one replica lead; a file has one user, whom its lock makes sure of."""
    if not store.is_shared:
        return None
    # Without a name of its own a process is never taken for one that was there before.
    name = settings.replica or f"{socket.gethostname()}-{secrets.token_hex(4)}"
    return Leading(store, name[:128], settings.replica_address)


def _engine(
    settings: ServiceSettings, policy: Policy, leading: Leading | None
) -> tuple[Engine, list[Flavor], Mapping[str, int]]:
    if settings.engine == "local":
        return build_local(settings, policy)
    if settings.engine == "kubernetes":
        # Its library takes a second and 50 MiB, which no workstation needs.
        from madang.engines.kubernetes.building import build as build_kubernetes

        check = leading.check if leading is not None else lambda: None
        return build_kubernetes(settings, policy, check)
    raise InvalidError("unknown_engine", given=settings.engine, known=["local", "kubernetes"])


def _smtp_password(policy: Policy) -> str:
    """Read the password of the mail server; it never stands in the policy itself."""
    smtp = policy.notices.smtp
    if smtp is None or not smtp.password_file:
        return os.environ.get("MADANG_SMTP_PASSWORD", "")
    try:
        return Path(smtp.password_file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidError("password_missing", path=smtp.password_file) from error
