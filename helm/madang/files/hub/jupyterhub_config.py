"""The hub's configuration on Kubernetes; the chart mounts it with site.json beside it.

site.json holds settings by class and name, made of the chart's values. They are set last, so what
`hub.config` of the values says stands.
"""

import json
import os
from pathlib import Path

from madang.hub import configure

if "OAUTH_CLIENT_SECRET" in os.environ:
    # A Secret that was made of a file ends as files do, which a provider takes for another secret.
    os.environ["OAUTH_CLIENT_SECRET"] = os.environ["OAUTH_CLIENT_SECRET"].strip()

c = get_config()  # noqa: F821  (JupyterHub defines it)
configure(c)

_site = json.loads(Path(__file__).with_name("site.json").read_text("utf-8"))
for _section, _settings in _site["settings"].items():
    for _name, _value in _settings.items():
        setattr(c[_section], _name, _value)
