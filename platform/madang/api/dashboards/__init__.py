"""Dashboards of clusters, served from an origin of their own.

A dashboard is HTML and JavaScript out of a process that runs a tenant's code. So it never shares an
origin with the hub or with our pages: a second listener (:mod:`.listener`) hands it on, knows no
session of ours, and gives neither cookies nor headers of the visitor to the tenant. Opened through
a ticket of one use (:mod:`.tickets`); :mod:`.gate` asks again and again whether the visitor may
still look; :mod:`.handing_on` decides which headers pass.
"""

from madang.api.dashboards.listener import Listener

__all__ = ["Listener"]
"""The listener; started and stopped with the application."""
