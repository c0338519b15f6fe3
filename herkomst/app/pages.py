"""The pages and what they need: files of `web/`, known by name when the server starts.

They hold no data; what they show they fetch as anyone does, with a token and a purpose.
"""

from collections.abc import Mapping
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

DIRECTORY = Path(__file__).parents[1] / "web"
if not DIRECTORY.is_dir():  # In a checkout it lies beside the package, in a wheel inside it.
    DIRECTORY = Path(__file__).parents[2] / "web"
PAGES = {"/": "index.html", "/search": "search.html", "/explorer": "explorer.html"}
MEDIA = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
"""What is served at all; a file of another type is not."""


def known_files(directory: Path = DIRECTORY) -> Mapping[str, Path]:
    """The files that are served, by their path in the directory."""
    return {
        path.relative_to(directory).as_posix(): path
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.suffix in MEDIA
    }


class Pages:
    """Serves the files that were there when it was made, and no other."""

    def __init__(self, directory: Path = DIRECTORY) -> None:
        self._files = known_files(directory)

    async def page(self, request: Request) -> Response:
        return self._file(PAGES[request.url.path], request)

    async def asset(self, request: Request) -> Response:
        return self._file(f"assets/{request.path_params['path']}", request)

    def _file(self, name: str, request: Request) -> Response:
        path = self._files.get(name)
        if path is None or not path.is_file():
            raise HTTPException(404)
        headers = {"Cache-Control": "no-cache"}  # Asked for again each time, and mostly unchanged.
        whole = FileResponse(
            path, media_type=MEDIA[path.suffix], headers=headers, stat_result=path.stat()
        )
        if request.headers.get("if-none-match") == whole.headers["etag"]:
            return Response(status_code=304, headers=headers | {"ETag": whole.headers["etag"]})
        return whole
