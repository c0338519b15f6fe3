"""Which scenes are played in a world, and when: all of them spread evenly over its making."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Final, NamedTuple

from herkomst.simulate import companies, rates
from herkomst.simulate.crimes import (
    cash,
    documents,
    look_alikes,
    owners,
    prolific,
    rings,
    shops,
    straw,
)
from herkomst.simulate.draws import Urn
from herkomst.simulate.shops import Shop
from herkomst.simulate.slices import Slice
from herkomst.simulate.stage import Scene, Stage

Act = Callable[[Scene], None]

_MILLION: Final = 1_000_000
_PLAYED_BY: Final = 0.9
"""All scenes have been played when this share of the purchases is made."""

CRIMES: Final[Mapping[str, Mapping[str, Act]]] = {
    "prolific": {"with_hits": prolific.with_hits, "without_hits": prolific.without_hits},
    "ring": {"by_phone": rings.by_phone, "by_address": rings.by_address,
             "by_presence": rings.by_presence, "by_series": rings.by_series},
    "straw": {"linked": straw.linked, "unlinked": straw.unlinked},
    "structuring": {"one_dealer": cash.one_dealer, "branches": cash.branches,
                    "household": cash.household},
    "borrowed_document": {"own_name": documents.own_name},
    "sold_then_reported": {"owner": owners.owner},
}  # fmt: skip
LOOK_ALIKES: Final[Mapping[str, Act]] = {
    "house_clearer": look_alikes.house_clearer,
    "estate": look_alikes.estate,
    "shop_staff": look_alikes.shop_staff,
    "sports_team": look_alikes.sports_team,
    "family": look_alikes.family,
    "housemates": look_alikes.housemates,
    "market_buyers": look_alikes.market_buyers,
    "repair_shop_customers": look_alikes.repair_shop_customers,
    "heirs": look_alikes.heirs,
    "bank_transfers": look_alikes.bank_transfers,
    "pattern_of_2025": look_alikes.pattern_of_2025,
    "inherited_gold": look_alikes.inherited_gold,
    "estate_in_instalments": look_alikes.estate_in_instalments,
    "maiden_name": look_alikes.maiden_name,
    "clerks_slip": look_alikes.clerks_slip,
    "parent_and_child": look_alikes.parent_and_child,
    "stolen_from_buyer": owners.stolen_from_buyer,
}


class Entry(NamedTuple):
    """A scene to be played, and how the truth names it; a scene without a name is nothing."""

    act: Act
    kind: str = ""
    form: str | None = None
    look_alike_of: str | None = None


class Programme:
    """The scenes of a slice of the world in the order in which they are played."""

    __slots__ = ("_entries", "_every", "_played", "_stage", "bad_shops")

    def __init__(self, stage: Stage, purchases: int, chance: Random, part: Slice) -> None:
        self._stage = stage
        self.bad_shops: list[Shop] = []
        """All of the world, which are bad in every slice of it."""
        entries = [Entry(companies.fleet)] * round(rates.FLEETS * purchases / _MILLION)
        if purchases >= rates.CRIMES_FROM_PURCHASES:
            entries += self._planted(purchases, chance)
        chance.shuffle(entries)
        self._entries = part.dealt(entries)
        self._every = part.share(purchases) * _PLAYED_BY / max(1, len(self._entries))
        self._played = 0

    def play(self, done: int) -> None:
        """Play the scenes that are due when so many purchases have been made."""
        while self._played < len(self._entries) and self._played * self._every <= done:
            entry = self._entries[self._played]
            self._played += 1
            scene = Scene(self._stage)
            entry.act(scene)
            if entry.kind:
                scene.close(entry.kind, entry.form, entry.look_alike_of)
            else:
                scene.close_quietly()

    def _planted(self, purchases: int, chance: Random) -> list[Entry]:
        self.bad_shops = shops.corrupt(
            self._stage.street, purchases, counts("bad_shop", purchases), chance
        )
        entries = [
            Entry(_inventing(shop), "bad_shop", shop.vice.form)
            for shop in self.bad_shops
            if shop.vice and shop.vice.form == "invented"
        ]
        for kind, forms in CRIMES.items():
            planted = [form for form, n in counts(kind, purchases).items() for _ in range(n)]
            entries += [Entry(forms[form], kind, form) for form in planted]
            alike = Urn(rates.LOOK_ALIKES[kind])
            for _ in range(rates.LOOK_ALIKES_OF_A_CRIME * len(planted)):
                name = alike.draw(chance)
                entries.append(Entry(LOOK_ALIKES[name], name, None, kind))
        return entries


def counts(kind: str, purchases: int) -> dict[str, int]:
    """Return how many of each form of a crime a world of that size holds, one of each at least."""
    if purchases < rates.CRIMES_FROM_PURCHASES:
        return {}
    share = purchases / _MILLION
    return {form: max(1, round(count * share)) for form, count in rates.PLANTED[kind].items()}


def _inventing(shop: Shop) -> Act:
    return lambda scene: shops.invent(scene, shop)
