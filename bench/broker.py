"""broker: a slow broker beside what the simulated world plants.

A detective who does nothing else that he should not looks up a dozen persons whom nothing connects
with him, one every third day, each on a shift of his own: what stands about them is sold piece by
piece. Written into the files of a world, before they are imported.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec

PERSONS: Final = 12
EVERY: Final = timedelta(days=3)
KIND: Final = "slow_broker"
ROLE: Final = "district_detective"
Record = dict[str, Any]


def plant(world: Path, seed: int) -> None:
    """Add his reads to `reads.ndjson`, and the story to the truth."""
    chance = Random(f"slow broker {seed}")  # noqa: S311 - any officer will do
    shifts = _shifts_of_somebody_clean(world, chance)
    sold = list(_lines(world / "purchases.ndjson"))
    seen = [each for each in sold if each.get("seller") and each["type"] == "purchase"]
    reads = [
        _read(place, shift, each)
        for place, (shift, each) in enumerate(
            zip(shifts, chance.sample(seen, PERSONS), strict=True)
        )
    ]
    story = {
        "kind": KIND,
        "officer": shifts[0]["officer"],
        "reads": [{"source": read["source"], "key": read["key"]} for read in reads],
    }
    _append(world / "reads.ndjson", reads)
    _append(world / "truth/misuse.ndjson", [story])


def _shifts_of_somebody_clean(world: Path, chance: Random) -> list[Record]:
    """Shifts of a detective of no story of misuse, the first that there are after each third
    day."""
    stories = _lines(world / "truth/misuse.ndjson")
    told = {story["officer"]["key"] for story in stories if not story.get("look_alike_of")}
    by_officer: dict[str, list[Record]] = {}
    for record in _lines(world / "staff.ndjson"):
        if record["type"] == "officer" and record["roles"][0]["role"] != ROLE:
            told.add(record["key"])
        if record["type"] == "duty" and record["kind"] == "shift":
            by_officer.setdefault(record["officer"]["key"], []).append(record)
    clean = sorted(by_officer.keys() - told)
    chance.shuffle(clean)
    for officer in clean:
        shifts = list(_spread(by_officer[officer]))
        if len(shifts) > PERSONS:
            first = chance.randrange(len(shifts) - PERSONS)
            return shifts[first : first + PERSONS]
    raise SystemExit("Nobody of the staff has shifts enough.")


def _spread(shifts: list[Record]) -> Iterator[Record]:
    last: datetime | None = None
    for shift in sorted(shifts, key=lambda each: _moment(each["from"])):
        if last is None or _moment(shift["from"]) >= last + EVERY:
            last = _moment(shift["from"])
            yield shift


def _read(place: int, shift: Record, seen: Record) -> Record:
    at = _moment(shift["from"]) + timedelta(minutes=37 * (place % 9) + 20)
    return {
        "type": "read",
        "v": 1,
        "source": shift["source"],
        "key": f"SLOW-{place}",
        "at": at.isoformat(timespec="seconds"),
        "officer": shift["officer"],
        "purpose": f"duty:{shift['key']}",
        "kind": "seller",
        "device": "wp-1",
        "purchase": {"source": seen["source"], "key": seen["key"]},
    }


def _moment(written: str) -> datetime:
    return datetime.fromisoformat(written)


def _lines(path: Path) -> Iterator[Record]:
    with path.open("rb") as file:
        yield from map(msgspec.json.decode, file)


def _append(path: Path, records: list[Record]) -> None:
    with path.open("ab") as file:
        file.writelines(msgspec.json.encode(record) + b"\n" for record in records)
