"""Finds a route by its whole address at once, where the address has no parameters.

Put before all other routes by :func:`madang.api.app.create_app`. Routes are otherwise tried one
after another, a pattern each, and there are more than a hundred.
"""

from collections.abc import Iterable

from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send


class RouteIndex(BaseRoute):
    """Answers for routes with fixed addresses, and for nothing else.

    Parameters
    ----------
    routes
        All routes, in the order in which they are tried. One with a fixed address behind one whose
        pattern fits it too is left to that order.
    """

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._routes: dict[tuple[str, str], Route] = {}
        patterns: list[Route] = []
        for route in routes:
            if not isinstance(route, Route):
                continue
            if route.param_convertors:
                patterns.append(route)
            elif not any(before.path_regex.match(route.path) for before in patterns):
                for method in route.methods or ():
                    self._routes.setdefault((method, route.path), route)

    @property
    def addresses(self) -> frozenset[tuple[str, str]]:
        """Method and path of everything that is answered from here."""
        return frozenset(self._routes)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match a known method and address; what is not known the other routes decide."""
        # Behind a mount the address is another than the one that is searched.
        if scope["type"] != "http" or scope.get("root_path"):
            return Match.NONE, {}
        route = self._routes.get((scope["method"], scope["path"]))
        if route is None:
            return Match.NONE, {}
        match, more = route.matches(scope)
        return match, {**more, "indexed_route": route}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the route that was found answer."""
        await scope["indexed_route"].handle(scope, receive, send)
