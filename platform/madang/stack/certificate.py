"""The certificate that ``madang up`` was given: whether it can be used, and for how long."""

import ssl
import time
from dataclasses import dataclass
from pathlib import Path

from madang.errors import LocalError

MS_PER_DAY = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The first certificate of a PEM file, the server's own.

    Attributes
    ----------
    names
        Host names and addresses that it is for.
    """

    path: Path
    until_ms: int
    names: tuple[str, ...]

    @property
    def days_left(self) -> int:
        """Whole days until it expires, negative when it has."""
        return (self.until_ms - time.time_ns() // 1_000_000) // MS_PER_DAY


def read(path: Path) -> Certificate:
    """Read a certificate.

    Raises
    ------
    LocalError
        ``tls_unusable``: no such file, or nothing readable in it.
    """
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())[0]
        names: tuple[str, ...] = ()
        for extension in found.extensions:
            if isinstance(extension.value, x509.SubjectAlternativeName):
                names = tuple(str(name.value) for name in extension.value)
    except (OSError, ValueError) as error:
        raise LocalError("tls_unusable", path=str(path), why=str(error)[:200]) from error
    until_ms = int(found.not_valid_after_utc.timestamp() * 1000)
    return Certificate(path=path, until_ms=until_ms, names=names)


def check_pair(cert: Path, key: Path) -> Certificate:
    """Return a certificate that fits its key and holds now.

    Raises
    ------
    LocalError
        ``tls_unusable``, or ``tls_expired`` with the day.
    """
    found = read(cert)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as error:
        raise LocalError("tls_unusable", path=str(key), why=str(error)[:200]) from error
    if found.days_left < 0:
        day = time.strftime("%Y-%m-%d", time.gmtime(found.until_ms / 1000))
        raise LocalError("tls_expired", path=str(cert), day=day)
    return found


def pinned(cert: Path) -> ssl.SSLContext:
    """Return the context of a client on this machine that trusts this very certificate.

    It asks by address, so the name is not compared; what answers must hold the key all the same.
    """
    context = ssl.create_default_context(cafile=str(cert))
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.check_hostname = False
    return context
