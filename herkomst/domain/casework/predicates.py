"""What an alert looks for: a typed predicate over the rows of the purchase register.

A predicate holds on a purchase or on a line of it, and hangs on nothing else than what the register
says of that purchase, of its shop, of who presented himself, and of what he brought before. It is
no verdict on anybody, and has no weight and no score (art. 7a Wpg): it says what was seen.
"""

from typing import Literal, get_args

import msgspec

from herkomst.domain import municipalities
from herkomst.domain.goods import KINDS, nearest_kind
from herkomst.domain.register.records import Mode

MOST_DAYS = 366
"""Of a window: no longer than the dry run looks back."""
MOST_VALUES = 50
"""That one field may have."""
LONGEST_WORDS = 200
"""Characters, as of what is searched for."""
_EMPTY = "nothing_asked"
_MODES = frozenset(get_args(Mode))


class PersonOfInterest(msgspec.Struct, frozen=True, kw_only=True, tag="person_of_interest"):
    """Who presented himself with one purchase does so again: by the same document, or the same name
    with the same birth date or address. It holds no data of him: what he presented is read where it
    is kept, so that nothing is compared with what was destroyed."""

    presentation: str
    """Stream of the identity that he presented, in hex."""


class SavedSearch(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="saved_search"
):
    """A good is acquired, or offered, that all of this holds of; what is left out holds of any.

    Words are those of the kind, the brand, the model, the colours and further facts, as the search
    box reads them: `fiets` meets `fietsen` and a `kinderfiets`. Descriptions are sealed, and are
    not opened for an alert.
    """

    brands: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    currency: str | None = None
    """Of `least` and `most`."""
    dealers: tuple[str, ...] = ()
    """Streams of dealers, in hex."""
    kinds: tuple[str, ...] = ()
    least: int | None = None
    """Price in minor units, at least."""
    model: str | None = None
    """Words of the model alone."""
    modes: tuple[str, ...] = ()
    most: int | None = None
    """Price in minor units, at most."""
    municipalities: tuple[str, ...] = ()
    """Codes of where the shop is, such as `GM0363`."""
    words: str | None = None


class Windowed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="windowed"):
    """Somebody brings as many goods, or goods of such an amount, within a number of days: who
    presents the same name with the same birth date or address.

    It holds on each purchase with which the goods of the days that end with it come to the
    threshold. A day is 24 hours.
    """

    amount: int | None = None
    """In minor units, at least; or else `count`."""
    count: int | None = None
    """Goods, at least."""
    currency: str | None = None
    days: int
    kinds: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()


Predicate = PersonOfInterest | SavedSearch | Windowed
Kind = Literal["person_of_interest", "saved_search", "windowed"]
_KINDS: dict[type, Kind] = {
    PersonOfInterest: "person_of_interest",
    SavedSearch: "saved_search",
    Windowed: "windowed",
}
_encoder = msgspec.json.Encoder(order="sorted")
_decode = msgspec.json.Decoder(Predicate).decode


class PredicateRefused(Exception):
    """A predicate that cannot be meant, and how to mend it."""

    def __init__(self, code: str, message: str, cure: str) -> None:
        super().__init__(f"{message} {cure}")
        self.code, self.message, self.cure = code, message, cure


def kind_of(predicate: Predicate) -> Kind:
    """What it is called in an event."""
    return _KINDS[type(predicate)]


def encoded(predicate: Predicate) -> str:
    """As it is sealed."""
    return _encoder.encode(predicate).decode()


def decoded(plain: bytes) -> Predicate:
    found: Predicate = _decode(plain)
    return found


def must_mean(predicate: Predicate) -> None:
    """Raises `PredicateRefused`."""
    if isinstance(predicate, PersonOfInterest):
        return
    _must_be_known(predicate)
    if isinstance(predicate, Windowed):
        _must_be_a_window(predicate)
    else:
        _must_narrow(predicate)


def _must_be_known(predicate: SavedSearch | Windowed) -> None:
    for kind in predicate.kinds:
        if kind not in KINDS:
            raise PredicateRefused(
                "kind_unknown",
                f"There is no kind {kind[:40]!r}.",
                f"Did you mean {nearest_kind(kind)!r}?",
            )
    if unknown := set(predicate.modes) - _MODES:
        raise PredicateRefused(
            "mode_unknown", f"There is no mode {min(unknown)[:40]!r}.", "Name one of the register."
        )
    lists = [value for value in msgspec.structs.astuple(predicate) if isinstance(value, tuple)]
    if any(len(values) > MOST_VALUES for values in lists):
        raise PredicateRefused(
            "too_many_values", f"A field has more than {MOST_VALUES} values.", "Set two alerts."
        )


def _must_be_a_window(predicate: Windowed) -> None:
    if (predicate.count is None) == (predicate.amount is None):
        raise PredicateRefused(
            _EMPTY, "A window counts goods or adds up amounts.", "Name `count` or `amount`."
        )
    if (predicate.amount is None) != (predicate.currency is None):
        raise PredicateRefused(
            "currency", "An amount has a currency, and a count has none.", "Name both or neither."
        )
    if not 1 <= predicate.days <= MOST_DAYS:
        raise PredicateRefused(
            "days", f"A window has from 1 to {MOST_DAYS} days.", "Name as many as are meant."
        )
    if (predicate.count or predicate.amount or 0) < 1:
        raise PredicateRefused(
            "threshold", "The threshold is nothing, so everybody meets it.", "Name one from 1 on."
        )


def _must_narrow(predicate: SavedSearch) -> None:
    if predicate == SavedSearch(modes=predicate.modes):
        raise PredicateRefused(
            _EMPTY, "It would hold of every good.", "Say what is looked for beside the mode."
        )
    priced = predicate.least is not None or predicate.most is not None
    if priced != (predicate.currency is not None):
        raise PredicateRefused(
            "currency", "A price has a currency.", "Name it beside `least` or `most`, not alone."
        )
    if priced and not 0 <= (predicate.least or 0) <= (
        predicate.most if predicate.most is not None else predicate.least or 0
    ):
        raise PredicateRefused(
            "price_reversed", "No price is in that range.", "Let `least` be no more than `most`."
        )
    for text in (predicate.words, predicate.model):
        if text is not None and not 0 < len(text.strip()) <= LONGEST_WORDS:
            raise PredicateRefused(
                "words",
                f"Words have from 1 to {LONGEST_WORDS} characters.",
                "Send some, or leave them out.",
            )
    for code in predicate.municipalities:
        if municipalities.find(code) is None:
            raise PredicateRefused(
                "municipality_unknown", f"There is no municipality {code[:20]!r}.", "Send its code."
            )
