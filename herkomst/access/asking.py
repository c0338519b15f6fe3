"""What comes with every request that reads: who asks, what for, and how fresh it must be."""

from typing import NamedTuple

from starlette.requests import Request

from herkomst.access.purpose import verify
from herkomst.access.tokens import authenticate
from herkomst.access.viewer import Reading
from herkomst.settings import Settings


class Headers(NamedTuple):
    """The headers of a request that reads, verified."""

    reading: Reading
    wait_for: str | None


async def ask(request: Request, settings: Settings) -> Headers:
    """Raises `NotAuthenticated`, `PurposeRefused`."""
    headers = request.headers
    viewer = authenticate(settings, headers.get("authorization"))
    reading = verify(viewer, headers.get("herkomst-purpose"), headers.get("herkomst-ground"))
    return Headers(reading, headers.get("herkomst-wait-for"))
