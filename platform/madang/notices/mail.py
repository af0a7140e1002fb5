"""Mail through the SMTP server of policy.yaml.

The library blocks, so each mail has a thread of its own; when its time is over the connection is
cut from outside, which ends the thread however the server behaves.
"""

import re
import smtplib
import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

from madang.notices.detached import detached
from madang.notices.ports import Message, refused, undelivered
from madang.settings.files import SmtpPolicy

MAX_ADDRESS_CHARS = 254
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_STEP_S = 10.0


def is_address(text: str) -> bool:
    """Tell whether a text is one plain mail address; nothing else may reach a header."""
    return len(text) <= MAX_ADDRESS_CHARS and _ADDRESS.fullmatch(text) is not None


def compose(message: Message, sender: str) -> EmailMessage:
    """Return a message as a mail."""
    mail = EmailMessage()
    domain = sender.rpartition("@")[2] or "localhost"
    mail["Subject"] = " ".join(message.subject.split())
    mail["From"] = sender
    mail["To"] = message.to
    mail["Date"] = format_datetime(datetime.fromtimestamp(message.at_ms / 1000, UTC))
    mail["Message-ID"] = f"<{message.id}@{domain}>"
    # Keeps answers of absent people's mailboxes away.
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(f"{message.body}\n\n{message.link}\n")
    return mail


class MailNotifier:
    """Sends mails, one connection each.

    Parameters
    ----------
    password
        Never logged; empty for a server that asks for none.
    """

    def __init__(
        self,
        policy: SmtpPolicy,
        password: str = "",
        *,
        timeout_s: float = 20.0,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.timeout_s = timeout_s
        self._policy = policy
        self._password = password
        self._context = context

    async def send(self, message: Message) -> None:
        """Hand a mail to the server."""
        if not is_address(message.to):
            raise refused("address")
        attempt = _Attempt(
            self._policy, self._password, self._context, min(_STEP_S, self.timeout_s)
        )
        mail = compose(message, self._policy.sender)
        try:
            await detached(lambda: attempt.run(mail), OSError, smtplib.SMTPException, ValueError)
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0]
            raise (refused if code >= 500 else undelivered)("recipient") from error
        except smtplib.SMTPAuthenticationError as error:
            raise undelivered("login") from error
        except smtplib.SMTPResponseException as error:
            raise (refused if error.smtp_code >= 550 else undelivered)("server") from error
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise undelivered("server") from error
        finally:
            attempt.cut()


class _Attempt:
    """One mail over one connection."""

    def __init__(
        self, policy: SmtpPolicy, password: str, context: ssl.SSLContext | None, step_s: float
    ) -> None:
        self._policy, self._password, self._context = policy, password, context
        self._step_s = step_s
        self._client: smtplib.SMTP | None = None
        self._is_cut = False

    def run(self, mail: EmailMessage) -> None:
        """Connect, greet, log in, send."""
        policy = self._policy
        name = policy.sender.rpartition("@")[2] or "localhost"
        # The library would ask a name server for our own name, and wait for it.
        client = smtplib.SMTP(timeout=self._step_s, local_hostname=name)
        self._client = client
        try:
            code, greeting = client.connect(policy.host, policy.port)
            if code != 220 or self._is_cut:
                raise smtplib.SMTPConnectError(code, greeting)
            if policy.starttls:
                # The name that the certificate must be for; ``connect`` alone does not keep it.
                client._host = policy.host  # type: ignore[attr-defined]
                client.starttls(context=self._context or ssl.create_default_context())
            if policy.user:
                client.login(policy.user, self._password)
            client.send_message(mail)
            with suppress(OSError, smtplib.SMTPException):
                client.quit()
        finally:
            client.close()

    def cut(self) -> None:
        """End the connection, from another thread."""
        self._is_cut = True
        sock = self._client.sock if self._client else None
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
