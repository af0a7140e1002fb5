"""Sums a thousand numbers on somebody's cluster; keys come on standard input.

A process of its own, because distributed logs and warns a lot when a scheduler is killed under it.
"""

import json
import sys
import tempfile
from pathlib import Path

from distributed import Client
from distributed.security import Security


def main():
    keys = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for name in ("ca_pem", "cert_pem", "key_pem"):
            path = Path(folder) / name
            path.touch(mode=0o600)
            path.write_text(keys[name])
            files[name] = str(path)
        security = Security(
            require_encryption=True,
            tls_ca_file=files["ca_pem"],
            tls_client_cert=files["cert_pem"],
            tls_client_key=files["key_pem"],
        )
        with Client(keys["address"], security=security, timeout=15) as client:
            print(client.submit(sum, range(1000)).result(15))


if __name__ == "__main__":
    main()
