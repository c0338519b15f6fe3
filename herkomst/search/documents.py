"""Documents: what is searched of a row, made of that row alone.

The same row gives the same document in every engine and on every rebuild, so an index can be held
against the tables that it stands for. Rows are the read models' own, by the names of their columns.
What was sealed is opened with the key of its record; where that was destroyed, nothing of it is in
the document.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from herkomst.domain import controllers
from herkomst.domain.goods import KINDS, normal_brand
from herkomst.domain.identifiers import normal_form, numbers
from herkomst.domain.register.purchase import Line, PrivateLine
from herkomst.domain.register.purchase import PrivatePart as PurchasePart
from herkomst.domain.register.records import Seller
from herkomst.domain.register.sources import source_profile
from herkomst.domain.register.stolen_item import Good
from herkomst.domain.register.stolen_item import PrivatePart as StolenPart
from herkomst.projections.model import Token
from herkomst.record.vault import DataKey
from herkomst.search.analysis import heads, stem, words
from herkomst.search.names import Name, presented

_lines = msgspec.json.Decoder(tuple[Line, ...]).decode
_good = msgspec.json.Decoder(Good).decode
_purchase_part = msgspec.json.Decoder(PurchasePart).decode
_stolen_part = msgspec.json.Decoder(StolenPart).decode
_seller = msgspec.json.Decoder(Seller).decode
_trades = msgspec.json.Decoder(tuple[str, ...]).decode
_canonical = msgspec.json.Encoder(order="sorted").encode
_NO_LINE = PrivateLine(line=0)
_DEALER_LAW = f"avg open {controllers.DEALER}"
_NOTIFIED_LAW = f"avg open {controllers.MUNICIPALITY}"


class Text(NamedTuple):
    """Words of a document: stems in their order, and what else a word may be found by."""

    title: tuple[str, ...]
    """Kind, brand and model."""
    body: tuple[str, ...]
    """Description, colours and further facts."""
    heads: tuple[str, ...]
    """What compounds are one of."""
    surfaces: tuple[str, ...]
    """All words without case and marks, each once, in alphabetical order."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A document as an engine holds it."""

    amount: int | None = None
    """Price or value in cents."""
    at: int
    """When it was acquired, stolen or notified: milliseconds since 1970, the earliest."""
    completions: tuple[str, ...] = ()
    """What somebody may be typing who looks for this."""
    fields: dict[str, tuple[str, ...]]
    """What it can be narrowed to, by field."""
    kept: str = "open"
    law: str
    """Regime, handling code and controller, as the policy writes them."""
    line: int = 0
    name: Name | None = None
    """Of a person."""
    numbers: tuple[str, ...] = ()
    """Normal forms of its numbers, and keyed hashes of those that are sealed."""
    place: UUID | None = None
    """The establishment."""
    record: UUID
    revision: int
    """Of the row."""
    text: Text

    @property
    def id(self) -> str:
        return f"{self.record}:{self.line}"

    @property
    def regime(self) -> str:
        """Under which of the laws it is held: each has an index of its own."""
        return regime_of(self.law)

    def encoded(self) -> bytes:
        """As it is digested."""
        return _canonical(self)


def regime_of(law: str) -> str:
    """`wpg` for `wpg:8 open police`."""
    return law.partition(" ")[0].partition(":")[0]


def goods(row: Any, key: DataKey | None, token: Token) -> list[Source]:
    """The goods of a purchase, of a row of `purchases`."""
    part = PurchasePart() if key is None or not row.sealed else _purchase_part(key.open(row.sealed))
    sealed = {line.line: line for line in part.lines}
    return [
        Source(
            amount=line.price.amount if line.price else None,
            at=_milliseconds(row.acquired_from),
            completions=_completions(line.brand, line.model),
            fields={
                **_of_good(line.kind, line.brand, line.colours),
                "mode": (row.mode,),
                "source": (row.source,),
                "dealer": (str(row.dealer),),
                "place": (str(row.establishment),),
            },
            law=_DEALER_LAW,
            line=line.line,
            numbers=_numbers(line, sealed.get(line.line, _NO_LINE).identifiers, token),
            place=row.establishment,
            record=row.purchase,
            revision=row.revision,
            text=_described(line, sealed.get(line.line, _NO_LINE).description),
        )
        for line in _lines(row.lines)
    ]


def stolen(row: Any, key: DataKey | None, kept: str, token: Token) -> Source:
    """A stolen good, of a row of `stolen_items`."""
    good = _good(row.good)
    part = StolenPart() if key is None or not row.sealed else _stolen_part(key.open(row.sealed))
    return Source(
        amount=good.value.amount if good.value else None,
        at=_milliseconds(row.stolen_from),
        completions=_completions(good.brand, good.model),
        fields={
            **_of_good(good.kind, good.brand, good.colours),
            "status": (row.status,),
            "source": (row.source,),
            **({"municipality": (row.municipality,)} if row.municipality else {}),
            **({"offence": (row.offence,)} if row.offence else {}),
        },
        kept=kept,
        law=f"{row.regime} {row.handling} {source_profile(row.source).kind}",
        numbers=_numbers(good, part.identifiers, token),
        record=row.stolen_item,
        revision=row.revision,
        text=_described(good, part.description),
    )


def dealer(row: Any, establishments: Iterable[Any]) -> Source:
    """A dealer with its establishments, of rows of those two models."""
    shops = list(establishments)
    names = [shop.name for shop in shops if shop.name and shop.name != row.name]
    cities = sorted({shop.city for shop in shops})
    streets = sorted({shop.street for shop in shops})
    return Source(
        at=_milliseconds(datetime.combine(row.notified_on, datetime.min.time(), UTC))
        if row.notified_on
        else 0,
        completions=_completions(row.name, None),
        fields={
            "state": (row.state,),
            "source": (row.source,),
            "trade": _trades(row.trades),
            "municipality": tuple(sorted({s.municipality for s in shops if s.municipality})),
        },
        law=_NOTIFIED_LAW,
        numbers=(row.kvk,) if row.kvk else (),
        record=row.dealer,
        revision=max([row.revision, *(shop.revision for shop in shops)]),
        text=_text([row.name, *names], [*cities, *streets]),
    )


def person(row: Any, key: DataKey | None, kept: str, law: str) -> Source | None:
    """An identity that was presented, of a row of `presentations`; nothing where it was erased or
    its key is gone.

    Only of who is in a case, on a list or in a hit (`persons`): that is police data, so the law is
    theirs, such as `wpg:8 open politie`, and not that of the register.
    """
    if key is None or not row.sealed:
        return None
    return Source(
        at=_milliseconds(row.since),
        fields={"source": (row.source,)},
        kept=kept,
        law=law,
        name=presented(_seller(key.open(row.sealed))),
        record=row.presentation,
        revision=row.revision,
        text=NO_TEXT,
    )


def _of_good(kind: str, brand: str | None, colours: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    normal = normal_brand(brand)
    return {"kind": (kind,), "brand": (normal,) if normal else (), "colour": colours}


def _numbers(good: Line | Good, sealed: Iterable[tuple[str, str]], token: Token) -> tuple[str, ...]:
    open_ones = {normal_form(type_, value) for type_, value in good.identifiers} - {None}
    hashed = {each.exact for each in numbers(sealed, good.kind, None, token) if each.sealed}
    return tuple(sorted({*map(str, open_ones), *hashed}))


def _described(good: Line | Good, description: str | None) -> Text:
    kind = KINDS[good.kind]
    title = [kind.dutch, kind.english, good.brand or "", good.model or ""]
    traits = [str(value) for value in good.attributes.values() if isinstance(value, str)]
    return _text(title, [description or "", *good.colours, *traits])


def _text(title: Iterable[str], body: Iterable[str]) -> Text:
    titled = [word.surface for part in title for word in words(part)]
    bodied = [word.surface for part in body for word in words(part)]
    surfaces = sorted({*titled, *bodied})
    return Text(
        title=tuple(map(stem, titled)),
        body=tuple(map(stem, bodied)),
        heads=tuple(sorted({each for surface in surfaces for each in heads(surface)})),
        surfaces=tuple(surfaces),
    )


NO_TEXT = Text((), (), (), ())
"""Persons are found by their names, which are compared, and by no words."""


def _completions(name: str | None, further: str | None) -> tuple[str, ...]:
    if not name:
        return ()
    return (name, f"{name} {further}") if further else (name,)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
