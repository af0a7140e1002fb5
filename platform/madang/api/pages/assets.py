"""Static files of the pages, addressed by a hash of their content.

The address changes with the content, so a browser may keep a file for ever and still never shows
a new page with an old stylesheet. All files are read once at start; no path comes from a request.
"""

import hashlib
from pathlib import Path

from fastapi import Response

from madang import looks

_FOLDERS = (Path(__file__).parent / "static", looks.FOLDER)
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Assets:
    """The static files, held in memory."""

    def __init__(self) -> None:
        files = {
            path.name: path
            for folder in _FOLDERS
            for path in sorted(folder.iterdir())
            if path.suffix in _TYPES
        }
        self._bodies = {name: path.read_bytes() for name, path in files.items()}
        self._digests = {
            name: hashlib.sha256(body).hexdigest()[:12] for name, body in self._bodies.items()
        }

    def path(self, name: str) -> str:
        """Return the address of a file below the service's prefix."""
        return f"/static/{self._digests[name]}/{name}"

    def send(self, digest: str, name: str) -> Response:
        """Answer a request for a file; an outdated hash gets the present content, not kept."""
        body = self._bodies.get(name)
        if body is None:
            return Response(status_code=404)
        is_current = digest == self._digests[name]
        keep = "public, max-age=31536000, immutable" if is_current else "no-cache"
        headers = {"Cache-Control": keep, "X-Content-Type-Options": "nosniff"}
        return Response(body, media_type=_TYPES[Path(name).suffix], headers=headers)
