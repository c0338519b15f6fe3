"""What comes with every request that reads: who asks, what for, and how fresh it must be."""

from typing import NamedTuple

from anyio import to_thread
from starlette.requests import Request

from herkomst.access.gate import authenticate
from herkomst.access.purpose import Asked, hold
from herkomst.access.viewer import Reading
from herkomst.record.standing import Standings


class Headers(NamedTuple):
    """The headers of a request that reads, verified."""

    reading: Reading
    wait_for: str | None


async def ask(request: Request) -> Headers:
    """Raises what `gate.authenticate` raises, `PurposeRefused`, `DatabaseDown`."""
    headers = request.headers
    standings: Standings = request.state.desk.archive.standings
    viewer = await authenticate(request)
    asked = Asked.parse(
        headers.get("herkomst-purpose"),
        headers.get("herkomst-ground"),
        headers.get("herkomst-device") or headers.get("user-agent", ""),
        headers.get("herkomst-reason"),
    )
    if asked.is_looked_up:
        reading = await to_thread.run_sync(hold, standings, viewer, asked)
    else:
        reading = hold(standings, viewer, asked)
    return Headers(reading, headers.get("herkomst-wait-for"))
