"""A key before everything that a scheduler answers over HTTP; Dask preloads this module there.

The dashboard shows code, names and logs, and on a shared machine every user reaches loopback. The
service, which hands dashboards on to who may see them, and the cluster's owner know the key.
"""

from typing import Any

from tornado.web import ErrorHandler

from madang.client.scheduler_routes import is_known


def dask_setup(scheduler: Any) -> None:
    """Close the door; called by Dask once the scheduler has been made."""
    application = scheduler.http_application
    find = application.find_handler

    def find_if_known(request: Any, **kwargs: Any) -> Any:
        if is_known(request.headers):
            return find(request, **kwargs)
        refused = {"status_code": 403}
        return application.get_handler_delegate(request, ErrorHandler, refused)

    application.find_handler = find_if_known
