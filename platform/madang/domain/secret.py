"""A secret: a value of a project that runs get in their environment, by name.

Rows, requests and outputs carry names and versions; where a value may go is in
``platform/docs/secrets.md``. Plain data and its rules.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from madang.errors import InvalidError

MAX_VALUE_BYTES = 32 * 1024
MAX_SECRETS = 100
"""Secrets of one project."""

MAX_SECRETS_OF_RUN = 20
"""Names of one run: Linux starts no program whose environment is larger than two megabytes."""

_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_TAKEN = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "PWD", "TERM", "LANG", "LANGUAGE", "TZ"),
        *("TMPDIR", "TEMP", "TMP", "HOSTNAME", "IFS", "ENV", "BASH_ENV", "PS4", "VIRTUAL_ENV"),
        *("MPLBACKEND", "MPLCONFIGDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    }
)
_TAKEN_PREFIXES = (
    *("MADANG", "JUPYTER", "JPY_", "IPYTHON", "PYTHON", "PYDEVD", "LD_", "DYLD_", "GLIBC_"),
    *("MALLOC_", "LC_", "XDG_", "CUDA_", "NVIDIA_", "NCCL_", "OMP_", "KMP_", "MKL_", "OPENBLAS_"),
    *("DASK_", "CONDA_", "BASH_FUNC"),
)
"""Variables that decide how a kernel, a shell or Madang itself works: a value there is no secret
but a setting, and one that a whole project would have to trust."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """One row of the table of secrets, as plain data.

    Attributes
    ----------
    sealed
        The value under the service's own key; empty once it was removed, so that the next one of
        that name gets another version.
    version
        Counts how often it was set, from 1.
    """

    project: str
    name: str
    sealed: bytes = field(repr=False)
    version: int
    set_by: str
    set_at_ms: int


def check_secret_name(name: str) -> str:
    """Return a name that a secret may have.

    Raises
    ------
    InvalidError
        ``secret_name_form``, or ``secret_name_taken`` for variables that have a meaning already.
    """
    if not _NAME.fullmatch(name):
        raise InvalidError("secret_name_form")  # it may be the value, in the wrong place
    if name in _TAKEN or name.startswith(_TAKEN_PREFIXES):
        raise InvalidError("secret_name_taken", given=name)
    return name


def check_secret_value(value: str) -> str:
    """Return a value that a variable can hold; no error says anything of it but its size.

    Raises
    ------
    InvalidError
        ``secret_value_empty``, ``secret_value_large`` or ``secret_value_unfit``.
    """
    if not value:
        raise InvalidError("secret_value_empty")
    try:
        size_bytes = len(value.encode())
    except UnicodeEncodeError:  # the error itself would carry the value on
        size_bytes = -1
    if size_bytes < 0 or "\0" in value:
        raise InvalidError("secret_value_unfit")
    if size_bytes > MAX_VALUE_BYTES:
        raise InvalidError("secret_value_large", given=size_bytes, limit=MAX_VALUE_BYTES)
    return value


def check_secret_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that a run asks for, each once and in order.

    Raises
    ------
    InvalidError
        As :func:`check_secret_name`; ``secrets_too_many``.
    """
    found = tuple(sorted({check_secret_name(name) for name in names}))
    if len(found) > MAX_SECRETS_OF_RUN:
        raise InvalidError("secrets_too_many", given=len(found), limit=MAX_SECRETS_OF_RUN)
    return found
