"""The hub's configuration on Kubernetes; the chart mounts it with site.json beside it.

site.json holds settings by class and name, made of the chart's values. They are set last, so what
`hub.config` of the values says stands.
"""

import json
from pathlib import Path

from madang.hub import configure

c = get_config()  # noqa: F821  (JupyterHub defines it)
configure(c)

_site = json.loads(Path(__file__).with_name("site.json").read_text("utf-8"))
for _section, _settings in _site["settings"].items():
    for _name, _value in _settings.items():
        setattr(c[_section], _name, _value)
