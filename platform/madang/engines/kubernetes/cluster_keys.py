"""A cluster's keys as they lie in its Secret. Data in, data out."""

import base64
import binascii
from typing import Any

from madang.engines.dask_commands import CA_FILE, CERT_FILE, KEY_FILE
from madang.pki import ClusterKeys


def keys_in(secret: dict[str, Any] | None) -> ClusterKeys | None:
    """Return the three texts; None when there is no Secret, or it is none of a cluster."""
    data = (secret or {}).get("data") or {}
    try:
        texts = [
            base64.b64decode(data[name], validate=True).decode("ascii")
            for name in (CA_FILE, CERT_FILE, KEY_FILE)
        ]
    except (KeyError, binascii.Error, UnicodeDecodeError):
        return None
    return ClusterKeys(ca_pem=texts[0], cert_pem=texts[1], key_pem=texts[2])
