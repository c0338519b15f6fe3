"""Scenes of matching: goods with made-up numbers, told in one line each."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from msgspec.structs import replace

from herkomst.domain import ids
from herkomst.domain.casework import hit
from herkomst.domain.events import EventData
from herkomst.domain.likeness import folded
from herkomst.domain.register.records import (
    Identifier,
    Moment,
    PurchaseCorrection,
    PurchaseLine,
    PurchaseRecord,
    StolenItemRecord,
)
from herkomst.record.archive import Archive
from tests.archives import POLICE, TILL, a_line, a_moment, a_purchase, a_stolen_good, a_stolen_item
from tests.projections.following import connected, follow, rows, take_in

Number = tuple[str, str]
Decision = Callable[[hit.Hit], EventData]
BEFORE, WITHIN, AFTER = (
    a_moment("2026-02-27T12:00:00+01:00"),
    a_moment("2026-03-01T01:00:00+01:00"),
    a_moment("2026-03-02T14:05:00+01:00"),
)
"""Moments of a purchase beside the theft of `a_stolen_item`, a night from 28 February."""
DETECTIVE = "user:rechercheur"


def identifiers(numbers: Sequence[Number]) -> list[Identifier]:
    return [Identifier(type=t, value=v) for t, v in numbers]  # type: ignore[arg-type]


def line(*numbers: Number, **good: Any) -> PurchaseLine:
    return a_line(identifiers=identifiers(numbers), **good)


def bought(
    key: str,
    *numbers: Number,
    at: Moment = AFTER,
    lines: Sequence[PurchaseLine] = (),
    good: dict[str, Any] | None = None,
    **changes: Any,
) -> PurchaseRecord:
    """A purchase of one good with these numbers, or of these lines."""
    items = list(lines) or [line(*numbers, **(good or {}))]
    return a_purchase(key=key, acquired=at, items=items, **changes)


def stolen(key: str, *numbers: Number, good: dict[str, Any] | None = None, **changes: Any) -> Any:
    """A report of one stolen good with these numbers."""
    item = a_stolen_good(identifiers=identifiers(numbers), **(good or {}))
    record: StolenItemRecord = a_stolen_item(key=key, item=item, **changes)
    return record


def correction(corrects: str, key: str, **changes: object) -> PurchaseCorrection:
    """A correction of a purchase; `changes` are top-level fields of its record."""
    return PurchaseCorrection(
        type="purchase_correction",
        v=1,
        source=TILL,
        key=key,
        corrects=corrects,
        reason="Verkeerd overgenomen.",
        changes=changes,
    )


def item_change(*numbers: Number, **good: object) -> list[dict[str, object]]:
    """The items of a correction: one bicycle with these numbers."""
    told = [{"type": t, "value": v} for t, v in numbers]
    return [{"line": 1, "kind": "bicycle", "identifiers": told, **good}]


class Scene(NamedTuple):
    """An archive, and a tag that keeps the goods of one test from those of another."""

    archive: Archive
    tag: str

    @property
    def number(self) -> Number:
        """A number that no other scene uses."""
        return "frame", f"GZ{self.tag}"

    @property
    def key(self) -> str:
        """Where that number meets others."""
        return f"number:{folded(self.number[1])}"

    def given(self, *records: Any, batch: int = 2000) -> "Scene":
        """Take these records in, one after the other, and let all followers follow."""
        take_in(self.archive, *map(self.own, records))
        follow(self.archive, batch=batch)
        return self

    def own(self, record: Any) -> Any:
        """The record under keys of this scene."""
        names = ("key", "corrects", "purchase")
        told = {name: getattr(record, name) for name in names if hasattr(record, name)}
        return replace(record, **{name: f"{self.tag}-{key}" for name, key in told.items()})

    def purchase(self, key: str) -> UUID:
        return ids.purchase_id(TILL, f"{self.tag}-{key}")

    def stolen_item(self, key: str) -> UUID:
        return ids.stolen_item_id(POLICE, f"{self.tag}-{key}")

    def pair(self, purchase: str, stolen_item: str, number: int = 1) -> UUID:
        """The stream of what is known of a line of a purchase beside a stolen item."""
        return ids.pair_id(self.purchase(purchase), number, self.stolen_item(stolen_item))

    def row(self, purchase: str, stolen_item: str, number: int = 1) -> dict[str, Any]:
        """What is told of a hit; nothing where there is none."""
        wanted = self.pair(purchase, stolen_item, number)
        return next((row for row in rows(self.archive, "hits") if row["hit"] == wanted), {})

    def grade(self, purchase: str, stolen_item: str, number: int = 1) -> str | None:
        """The grade of a hit that stands, or the word `closed` and why, or None."""
        row = self.row(purchase, stolen_item, number)
        if row.get("state") in ("closed", "rejected"):
            return f"{row['state']}: {row['why']}"
        return row.get("grade")

    def reasons(self, purchase: str, stolen_item: str) -> list[str]:
        return [reason["code"] for reason in self.row(purchase, stolen_item)["reasons"]]

    def against(self, purchase: str, stolen_item: str) -> list[str]:
        return [reason["code"] for reason in self.row(purchase, stolen_item)["against"]]

    def story(self, purchase: str, stolen_item: str, number: int = 1) -> list[str]:
        """What happened to a pair, in short."""
        return list(map(_short, self.stream(self.pair(purchase, stolen_item, number))))

    def stream(self, stream: UUID) -> list[EventData]:
        with connected(self.archive) as connection:
            reader = self.archive.casework.recorder.reader
            return [fact.data for fact in reader.streams(connection, [stream]).get(stream, [])]

    def floods(self) -> list[tuple[str, str]]:
        """Side and key of the numbers of this scene that flood."""
        found = [(row["side"], row["key"]) for row in rows(self.archive, "floods")]
        return sorted(one for one in found if folded(self.tag) in one[1])

    def decide(self, purchase: str, stolen_item: str, decide: Decision) -> None:
        """A person decides on a hit."""
        pair = self.pair(purchase, stolen_item)
        self.archive.casework.decide(pair, decide, actor=DETECTIVE, ground="wpg:8")
        follow(self.archive)


def reject(found: hit.Hit) -> EventData:
    return found.reject("other_good")


def _short(data: EventData) -> str:
    name = data.TOPIC.rpartition(".")[2]
    return f"{name}: {data.reason}" if isinstance(data, hit.Closed) else name
