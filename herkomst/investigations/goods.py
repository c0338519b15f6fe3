"""Goods as both sides of a hit describe them, with their sealed parts opened where keys remain."""

from collections.abc import Iterable, Mapping

import msgspec

from herkomst.domain.money import Money
from herkomst.domain.register.purchase import Attribute, Line, PrivateLine
from herkomst.domain.register.stolen_item import Good as StolenGood
from herkomst.domain.register.stolen_item import PrivatePart


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what investigations return."""


class Withheld(Told, frozen=True, kw_only=True):
    """Something that exists and may not be shown: why, and whom to ask (art. 2:11 Bpg)."""

    reason: str
    contact: str
    can_request: bool = False
    """Whether who asks may ask for it, or reveal it himself on a ground."""


class Identifier(Told, frozen=True, kw_only=True):
    """A number on a good, as it was written; without a value it was sealed, and erased."""

    type: str
    value: str | None


class Trait(Told, frozen=True, kw_only=True):
    """A further fact of a good, such as the frame height of a bicycle."""

    name: str
    value: str


class Price(Told, frozen=True, kw_only=True):
    """An amount as a decimal string, with its currency by ISO 4217."""

    amount: str
    currency: str


class Good(Told, frozen=True, kw_only=True):
    """What is said of a good."""

    kind: str
    brand: str | None
    model: str | None
    description: str | None
    colours: tuple[str, ...]
    identifiers: tuple[Identifier, ...]
    attributes: tuple[Trait, ...]


class BoughtGood(Good, frozen=True, kw_only=True):
    """A line of a purchase."""

    line: int
    price: Price | None


def bought(line: Line, sealed: PrivateLine | None) -> BoughtGood:
    """A line with its sealed part, which is None where there is none or it was erased."""
    return BoughtGood(
        line=line.line,
        kind=line.kind,
        brand=line.brand,
        model=line.model,
        description=sealed.description if sealed else None,
        colours=line.colours,
        identifiers=_identifiers(
            line.identifiers, line.hidden, sealed.identifiers if sealed else ()
        ),
        attributes=_traits(line.attributes),
        price=price(line.price),
    )


def stolen(good: StolenGood, sealed: PrivatePart | None) -> Good:
    """A stolen good with its sealed part."""
    return Good(
        kind=good.kind,
        brand=good.brand,
        model=good.model,
        description=sealed.description if sealed else None,
        colours=good.colours,
        identifiers=_identifiers(
            good.identifiers, good.hidden, sealed.identifiers if sealed else ()
        ),
        attributes=_traits(good.attributes),
    )


def price(money: Money | None) -> Price | None:
    return None if money is None else Price(amount=money.format(), currency=money.currency)


def _identifiers(
    open_ones: Iterable[tuple[str, str]],
    hidden: Iterable[str],
    opened: Iterable[tuple[str, str]],
) -> tuple[Identifier, ...]:
    known = [Identifier(type=t, value=v) for t, v in (*open_ones, *opened)]
    missing = list(hidden)
    for type_, _ in opened:
        missing.remove(type_)
    return (*known, *(Identifier(type=t, value=None) for t in missing))


def _traits(attributes: Mapping[str, Attribute]) -> tuple[Trait, ...]:
    return tuple([Trait(name=name, value=str(value)) for name, value in attributes.items()])
