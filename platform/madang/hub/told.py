"""Words that the hub shows a person: both languages side by side, escaped, one of them visible.

Template callables see only the user, not the browser's language, so pages carry both and a class
on ``<html>`` hides one (templates/page.html). API clients get both in one line.
"""

from html import escape
from typing import Any

from tornado.web import HTTPError

from madang.errors import MadangError
from madang.hub.service import RefusedError
from madang.i18n import LANGUAGES, text


def both(key: str, **values: Any) -> dict[str, str]:
    """Return a text of the catalogue by language."""
    return {lang: text(key, lang, **values) for lang in LANGUAGES}


def both_plain(texts: dict[str, str]) -> str:
    """Write both languages in one line, for API answers and logs."""
    return " / ".join(dict.fromkeys(value for value in (texts["en"], texts["ko"]) if value))


def both_html(texts: dict[str, str]) -> str:
    """Write both languages as HTML of which the page shows one."""
    return "".join(
        f'<span class="m-t" lang="{lang}">{escape(texts[lang])}</span>' for lang in LANGUAGES
    )


def spawn_error(
    code: str, status: int, messages: dict[str, str], hints: dict[str, str], extra: str = ""
) -> HTTPError:
    """Return the exception that makes the hub show message, hint and ``extra`` (plain text)."""
    plain = " ".join(part for part in (both_plain(messages), both_plain(hints), extra) if part)
    html = both_html(messages)
    if any(hints.values()):
        html += f'<br><span class="note">{both_html(hints)}</span>'
    if extra:
        html += f"<pre class='log-tail'>{escape(extra)}</pre>"
    error: Any
    try:
        from jupyterhub.spawner import SpawnException
    except ImportError:  # Hub 5.5 and older have no exception for a refusal.
        error = HTTPError(status, plain)
    else:
        error = SpawnException(plain, reason=code, message_html=html, status_code=status)
    # Pages read these two, in every version.
    error.jupyterhub_message = plain
    error.jupyterhub_html_message = html
    refusal: HTTPError = error
    return refusal


def from_problem(error: MadangError | RefusedError) -> HTTPError:
    """Turn an error with a code, ours or the service's, into one that the hub shows."""
    if isinstance(error, RefusedError):
        return spawn_error(error.code, error.status, error.messages, error.hints)
    messages = both(f"error.{error.code}.message", **error.details)
    hints = both(f"error.{error.code}.hint", **error.details)
    return spawn_error(error.code, error.status, messages, hints)


def ended_error(lease: dict[str, Any]) -> HTTPError:
    """Say why a lease ended before its server could start."""
    reason = str(lease.get("reason") or "unknown")

    def texts(key: str, given: str) -> dict[str, str]:
        found = both(key)
        return {lang: given if value == key else value for lang, value in found.items()}

    messages = texts(f"reason.{reason}", str(lease.get("reason_text") or reason))
    hints = texts(f"reason.{reason}.hint", str(lease.get("reason_hint") or ""))
    return spawn_error(f"lease_{reason}", 409, messages, hints)
