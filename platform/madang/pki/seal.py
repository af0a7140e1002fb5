"""Seals a secret that must lie in the database, so that a copy of the database gives none away."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken


class Seal:
    """Authenticated encryption under a key that is not in the database.

    Parameters
    ----------
    secret
        Random text of at least 32 characters, such as the service's own token.
    """

    def __init__(self, secret: str) -> None:
        key = hashlib.sha256(b"madang seal v1\0" + secret.encode()).digest()
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    def close(self, text: str) -> bytes:
        """Return ``text`` sealed."""
        return self._fernet.encrypt(text.encode())

    def open(self, sealed: bytes) -> str | None:
        """Return the text; None when it was sealed under another key or changed."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            return None
