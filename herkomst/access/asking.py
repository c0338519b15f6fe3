"""What comes with every request that reads: who asks, what for, and how fresh it must be."""

from typing import NamedTuple

from starlette.requests import Request

from herkomst.access.gate import authenticate
from herkomst.access.purpose import verify
from herkomst.access.viewer import Reading
from herkomst.settings import Settings


class Headers(NamedTuple):
    """The headers of a request that reads, verified."""

    reading: Reading
    wait_for: str | None


async def ask(request: Request, settings: Settings) -> Headers:  # noqa: ARG001 - of the callers
    """Raises what `gate.authenticate` raises, and `PurposeRefused`."""
    headers = request.headers
    viewer = await authenticate(request)
    reading = verify(viewer, headers.get("herkomst-purpose"), headers.get("herkomst-ground"))
    return Headers(reading, headers.get("herkomst-wait-for"))
