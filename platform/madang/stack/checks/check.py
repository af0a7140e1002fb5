"""One finding of `madang doctor`."""

from dataclasses import dataclass, field
from typing import Any, Literal

from madang.i18n import catalogue, text

Status = Literal["ok", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Check:
    """One finding.

    Attributes
    ----------
    name
        Key of the check, such as ``"disk"``; its texts stand below ``doctor.<name>``.
    is_ok
        Whether nothing needs to be done.
    values
        What the texts are filled with.
    is_serious
        Whether something does not work as it is; else it is only worth knowing.
    """

    name: str
    is_ok: bool
    values: dict[str, Any] = field(default_factory=dict)
    is_serious: bool = True

    @property
    def status(self) -> Status:
        """``ok``, ``warn`` or ``bad``."""
        if self.is_ok:
            return "ok"
        return "bad" if self.is_serious else "warn"

    def text(self, lang: str) -> str:
        """Return what was found."""
        kind = "ok" if self.is_ok else "bad"
        return text(f"doctor.{self.name}.{kind}", lang, **self.values)

    def why(self, lang: str) -> str:
        """Return why it matters, empty when nothing is to be done."""
        return self._more("why", lang)

    def next_step(self, lang: str) -> str:
        """Return what to do, empty when nothing is."""
        return self._more("next", lang)

    def _more(self, kind: str, lang: str) -> str:
        key = f"doctor.{self.name}.{kind}"
        return "" if self.is_ok or key not in catalogue() else text(key, lang, **self.values)


def worth_knowing(name: str, is_ok: bool, values: dict[str, Any]) -> Check:
    """Return a finding that is a note and no fault."""
    return Check(name, is_ok, values, is_serious=False)
