"""Amounts as Kubernetes writes them: ``8Gi``, ``1073741824``, ``500m``. Pure."""

from decimal import Decimal
from math import ceil

_SUFFIXES = {
    "m": Decimal("0.001"),
    **{f"{letter}i": Decimal(1024**power) for power, letter in enumerate("KMGTPE", 1)},
    **{letter: Decimal(1000**power) for power, letter in enumerate("kMGTPE", 1)},
}


def quantity(text: str) -> int:
    """Return an amount as a whole number, rounded up.

    Examples
    --------
    >>> quantity("1.5Gi"), quantity("8e9"), quantity("2500m")
    (1610612736, 8000000000, 3)
    """
    for suffix, factor in _SUFFIXES.items():
        if text.endswith(suffix):
            return ceil(Decimal(text.removesuffix(suffix)) * factor)
    return ceil(Decimal(text))
