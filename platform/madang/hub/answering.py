"""Tells whether a notebook server answers, so that the hub need not find out late."""

import contextlib

import httpx


async def answers(http: httpx.AsyncClient, url: str) -> bool:
    """Ask a server for its API once.

    Parameters
    ----------
    url
        Address of the server with its prefix and a slash at the end.
    """
    with contextlib.suppress(httpx.HTTPError):
        return (await http.get(url + "api")).status_code < 500
    return False
