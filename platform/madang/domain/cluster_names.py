"""What Kubernetes accepts as a name, a label and a resource, as it checks them itself."""

import re

MAX_LABEL = 63
MAX_SUBDOMAIN = 253

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", re.ASCII)
_SUBDOMAIN = re.compile(rf"{_LABEL.pattern}(\.{_LABEL.pattern})*", re.ASCII)
_NAME_PART = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?", re.ASCII)


def is_dns_label(name: str) -> bool:
    """Tell whether a name can be that of a namespace, a service or a queue of ours."""
    return len(name) <= MAX_LABEL and _LABEL.fullmatch(name) is not None


def is_dns_subdomain(name: str, limit: int = MAX_SUBDOMAIN) -> bool:
    """Tell whether a name can be that of most objects: labels with dots between them."""
    return len(name) <= limit and _SUBDOMAIN.fullmatch(name) is not None


def is_qualified_name(name: str) -> bool:
    """Tell whether this can be the key of a label or taint: ``name`` or ``domain/name``."""
    domain, slash, last = name.rpartition("/")
    if slash and not is_dns_subdomain(domain):
        return False
    return len(last) <= MAX_LABEL and _NAME_PART.fullmatch(last) is not None


def is_label_value(value: str) -> bool:
    """Tell whether this can be the value of a label; it may be empty."""
    return len(value) <= MAX_LABEL and (not value or _NAME_PART.fullmatch(value) is not None)


def is_extended_resource(name: str) -> bool:
    """Tell whether this can be a resource that a device plugin offers: ``vendor.domain/name``.

    Names without a domain and those below ``kubernetes.io`` are Kubernetes' own.
    """
    domain, slash, _ = name.rpartition("/")
    is_own = not slash or domain == "kubernetes.io" or domain.endswith(".kubernetes.io")
    # With "requests." before it the name must be a qualified name too, for quotas.
    return not is_own and is_qualified_name(f"requests.{name}")
