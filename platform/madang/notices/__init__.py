"""Tells people what happened: the port ``Notifier`` and its adapters for page, mail and webhook.

Only ``wiring`` builds adapters; ``services`` delivers with them. Nothing here knows rows or rules,
and nothing here may hold up the event loop, however slow the other side is.
"""

from collections.abc import Callable, Mapping

from madang.domain.notice import Channel
from madang.notices.mail import MailNotifier
from madang.notices.page import PageNotifier
from madang.notices.ports import Notifier
from madang.notices.webhook import WebhookNotifier
from madang.settings.files import NoticePolicy

__all__ = ["build"]


def build(
    policy: NoticePolicy, smtp_password: str, on_page: Callable[[], None]
) -> Mapping[Channel, Notifier]:
    """Return the adapters of an installation; without a mail server there is none for mail.

    Parameters
    ----------
    smtp_password
        From a file or the environment; empty where the server asks for none.
    on_page
        Called when the list on the page has changed.
    """
    built: dict[Channel, Notifier] = {
        Channel.PAGE: PageNotifier(on_page),
        Channel.WEBHOOK: WebhookNotifier(allows_loopback=policy.allows_loopback),
    }
    if policy.smtp is not None:
        built[Channel.MAIL] = MailNotifier(policy.smtp, smtp_password)
    return built
