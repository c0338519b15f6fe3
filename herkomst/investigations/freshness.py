"""Read your writes: waiting until the read models show what was written."""

import re
from collections.abc import Mapping

import anyio
import psycopg
from psycopg.sql import SQL
from psycopg_pool import PoolTimeout

from herkomst.investigations.inquiry import Desk
from herkomst.record.database import DatabaseDown

PATIENCE = 2.0
"""Seconds that a read waits at most."""
POLL = 0.01
SEQUENCES = ("register", "casework")
_WANTED = re.compile(r"(register|casework)=(\d{1,18})")
_STANDINGS = SQL(
    "SELECT sequence, min(position) FROM follow.followers "
    "WHERE kind = 'projection' OR name = 'matching' GROUP BY sequence "
    "UNION ALL SELECT 'head', coalesce(max(notification_id), 0) FROM record.casework_events"
)


class Stale(Exception):
    """The read models are behind what was to be waited for."""

    code = "stale"
    cure = "Ask again later, or without `Herkomst-Wait-For`; `herkomst status` says who is behind."

    def __init__(self, wanted: Mapping[str, int]) -> None:
        self.message = (
            f"After {PATIENCE:g} seconds the read models are still before {as_header(wanted)}."
        )
        super().__init__(f"{self.message} {self.cure}")


class InvalidWaitFor(Exception):
    """The header cannot be read."""

    code = "wait_for_invalid"
    message = "`Herkomst-Wait-For` cannot be read."
    cure = "Write it as register=41, casework=7 or register=41,casework=7."

    def __init__(self) -> None:
        super().__init__(f"{self.message} {self.cure}")


def as_header(positions: Mapping[str, int]) -> str:
    """Positions as headers carry them: `register=41, casework=7`."""
    return ", ".join(f"{name}={positions[name]}" for name in SEQUENCES if name in positions)


def told(
    stood: Mapping[str, int], named: Mapping[str, int], returned: Mapping[str, int]
) -> dict[str, int]:
    """Positions that an answer tells: all up to them is in it, of what may be known of.

    Where the followers stood grows with what a viewer may not know of. So what is told is no more
    than he named himself, or than the newest revision of what is returned to him.
    """
    known = {name: max(named.get(name, 0), returned.get(name, 0)) for name in SEQUENCES}
    at = {name: min(known[name], stood[name]) for name in SEQUENCES if name in stood}
    return {name: at[name] for name in at if at[name] or name == SEQUENCES[0]}


def parse_wait_for(header: str | None) -> dict[str, int]:
    """What is to be waited for. Raises `InvalidWaitFor`."""
    wanted: dict[str, int] = {}
    for part in header.split(",") if header else ():
        found = _WANTED.fullmatch(part.strip())
        if found is None:
            raise InvalidWaitFor
        wanted[found[1]] = int(found[2])
    return wanted


async def wait(desk: Desk, wanted: Mapping[str, int]) -> None:
    """Wait until the followers stand at these positions. Raises `Stale`, `DatabaseDown`.

    What is in the register is answered in casework: who waits for the register waits for the
    matching process, and then for the hits that it had appended by then.
    """
    if not wanted:
        return
    goal = dict(wanted)
    deadline = anyio.current_time() + PATIENCE
    matched = "register" not in wanted
    while True:
        positions, head = await look(desk)
        if not matched and positions.get("register", 0) >= goal["register"]:
            goal["casework"] = max(goal.get("casework", 0), head)
            matched = True
        if matched and all(positions.get(name, 0) >= at for name, at in goal.items()):
            return
        if anyio.current_time() >= deadline:
            raise Stale(wanted)
        await anyio.sleep(POLL)


async def look(desk: Desk) -> tuple[Mapping[str, int], int]:
    """Where the followers of each sequence stand, and where casework ends.

    Raises `DatabaseDown`.
    """
    try:
        async with desk.pool.connection() as connection:
            rows = await (await connection.execute(_STANDINGS)).fetchall()
    except (psycopg.OperationalError, PoolTimeout) as error:
        raise DatabaseDown(f"The database for reading cannot be reached: {error}") from error
    positions = {name: int(position) for name, position in rows}
    return positions, positions.pop("head")
