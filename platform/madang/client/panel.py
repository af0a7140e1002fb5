"""How a cluster looks in a notebook: a panel with live numbers and buttons, or plain HTML.

The panel needs ipywidgets; without it, and wherever a notebook is only read, the HTML says the
same. Used by :mod:`madang.client.cluster`.
"""

import asyncio
import weakref
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any

from dask.widgets import get_template

from madang.client.standing import card, lines
from madang.client.words import language
from madang.errors import MadangError
from madang.i18n import text

if TYPE_CHECKING:
    from madang.client.known_cluster import KnownCluster

REFRESH_S = 1.0


def say(key: str, **values: Any) -> str:
    """Return a text of the panel in the person's language."""
    return text(f"cluster.{key}", language(), **values)


def html(cluster: "KnownCluster") -> str:
    """Return the HTML of a cluster; what people named is escaped."""
    if not cluster.is_open:
        return card("Cluster", [repr(cluster)])
    view, info = cluster.view, cluster.known_info
    if not view["ready"]:
        size = f"{view['workers']} x {view['gpus_per_worker']} GPU"
        return card(cluster.name, [size, *lines(view)])
    page = get_template("cluster.html.j2").render(
        type="madang.Cluster",
        name=escape(cluster.name),
        workers=info["workers"],
        dashboard_link=escape(cluster.dashboard_link),
        scheduler_info_repr=_info(info),
        cluster_status=f'<tr><td colspan="2" style="text-align:left">{status(cluster)}</td></tr>',
    )
    return str(page)


def _info(info: Any) -> str:
    made = getattr(info, "_repr_html_", None)
    return str(made()) if made else ""


def status(cluster: "KnownCluster") -> str:
    """Return the line about size and adapting, as HTML."""
    view = cluster.view
    here = len(cluster.known_info["workers"])
    said = [say("workers", here=here, asked=view.get("workers_asked", view["workers"]))]
    waiting = sum(
        part["workers"] for part in view.get("parts", []) if part["state"] in ("queued", "admitted")
    )
    if waiting and view["ready"]:
        said.append(say("waiting", count=waiting))
    adapt = view.get("adapt")
    if adapt:
        said.append(say("adapting", minimum=adapt["minimum"], maximum=adapt["maximum"]))
        said.append(adapt["why_not"])
    return " · ".join(escape(part) for part in said if part)


def show(cluster: "KnownCluster", **options: Any) -> None:
    """Show a cluster in a notebook, as a panel where that is possible."""
    screen: Any = import_module("IPython.display")
    bundle = {"text/plain": repr(cluster), "text/html": html(cluster)}
    panel = panel_of(cluster)
    if panel is not None:
        bundle = {**(panel._repr_mimebundle_(**options) or {}), **bundle}
    screen.display(bundle, raw=True)


def panel_of(cluster: "KnownCluster") -> Any:
    """Return the panel of a cluster, one and the same each time; None without ipywidgets."""
    if cluster.panel is None:
        try:
            kit: Any = import_module("ipywidgets")
        except ImportError:
            return None
        cluster.panel = _Panel(kit, cluster)
    return cluster.panel.box


class _Panel:
    """Numbers that follow the cluster, and buttons that change it."""

    def __init__(self, kit: Any, cluster: "KnownCluster") -> None:
        # Not held: whoever shows a cluster does not keep it.
        self._cluster = weakref.ref(cluster)
        narrow = kit.Layout(width="150px")
        self.look = kit.HTML(html(cluster))
        self.line = kit.HTML(status(cluster))
        self.said = kit.HTML("")
        number = cluster.view.get("workers_asked", cluster.view["workers"])
        self.workers = kit.BoundedIntText(
            number, min=0, max=64, description=say("label.workers"), layout=narrow
        )
        self.minimum = kit.BoundedIntText(
            0, min=0, max=64, description=say("label.minimum"), layout=narrow
        )
        self.maximum = kit.BoundedIntText(
            number, min=0, max=64, description=say("label.maximum"), layout=narrow
        )
        self.scale = kit.Button(description=say("button.scale"), layout=narrow)
        self.adapt = kit.Button(description=say("button.adapt"), layout=narrow)
        self.close = kit.Button(description=say("button.close"), layout=narrow)
        self.scale.on_click(lambda _: self._do(lambda c: c.scale(self.workers.value)))
        self.adapt.on_click(
            lambda _: self._do(lambda c: c.adapt(self.minimum.value, self.maximum.value))
        )
        self.close.on_click(lambda _: self._do(lambda c: c.close()))
        self.box = kit.VBox(
            [
                self.look,
                self.line,
                kit.HBox([self.workers, self.scale]),
                kit.HBox([self.minimum, self.maximum, self.adapt]),
                self.close,
                self.said,
            ]
        )
        cluster.loop.add_callback(follow, weakref.ref(self))

    def _do(self, act: Any) -> None:
        cluster = self._cluster()
        if cluster is None:
            return
        self.said.value = ""
        try:
            act(cluster)
        except MadangError as error:
            self.said.value = f'<span role="alert">{escape(str(error))}</span>'
        self.update()

    def update(self) -> bool:
        """Write what is known now; False once the cluster is gone."""
        cluster = self._cluster()
        if cluster is None:
            return False
        self.look.value = html(cluster)
        self.line.value = status(cluster)
        is_over = cluster.view["state"] in ("ending", "ended")
        for button in (self.scale, self.adapt, self.close):
            button.disabled = is_over
        return not is_over

    async def ask(self) -> None:
        """Ask the service, aside from the loop."""
        cluster = self._cluster()
        if cluster is not None:
            await asyncio.to_thread(cluster.ask)


async def follow(panel: "weakref.ref[_Panel]") -> None:
    """Keep a panel up to date for as long as it and its cluster are there."""
    while (here := panel()) is not None:
        try:
            await here.ask()
        except MadangError:
            # The service is away for a moment: the panel keeps what it knew.
            here.said.value = ""
        if not here.update():
            return
        del here
        await asyncio.sleep(REFRESH_S)
