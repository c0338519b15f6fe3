"""Goods that come to a shop again: bought and sold on, or recovered and given back."""

from random import Random
from typing import Final

from herkomst.simulate import clock, rates
from herkomst.simulate.draws import Spread, Urn
from herkomst.simulate.goods import Good

_MOST_OF_A_KIND: Final = 200
_LOOKED_AT: Final = 6
_TIMES: Final = Urn(rates.SOLD_AGAIN_TIMES)
_AFTER: Final = Spread.of_quantiles(rates.SOLD_AGAIN_AFTER_DAYS)


class Circulation:
    """Goods that wait to be sold again; beyond two hundred of a kind, some never are."""

    __slots__ = ("_chance", "_waiting", "salvaged")

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._waiting: dict[str, list[tuple[int, int, Good]]] = {}
        self.salvaged: list[tuple[int, Good]] = []
        """Recovered goods that an insurer or a depot sells, each from that moment on."""

    def sell_on(self, good: Good, at: int) -> None:
        """Draw whether a good that a shop bought comes to a shop again, and how often."""
        kind = good.model.kind
        if self._chance.random() < (rates.SOLD_AGAIN.get(kind) or rates.SOLD_AGAIN[""]):
            self._release(good, at, _TIMES.draw(self._chance))

    def give_back(self, good: Good, recovered: int) -> None:
        """Draw whether the owner of a recovered good sells it to a shop."""
        share = rates.RECOVERED_SOLD_AGAIN * rates.RECOVERED_SOLD_AGAIN_TO_SHOP
        if self._chance.random() >= share:
            return
        if self._chance.random() >= rates.RECOVERED_SOLD_BY_COMPANY:
            self._release(good, recovered, 1)
        elif len(self.salvaged) < _MOST_OF_A_KIND:
            self.salvaged.append((recovered + int(_AFTER.draw(self._chance) * clock.DAY), good))

    def take(self, kind: str, at: int) -> Good | None:
        """Take out a good of the kind that can be sold at that moment."""
        waiting = self._waiting.get(kind)
        if not waiting or self._chance.random() >= rates.WAITING_IS_TAKEN:
            return None
        for _ in range(_LOOKED_AT):
            place = int(self._chance.random() * len(waiting))
            since, times, good = waiting[place]
            if since < at:
                waiting[place] = waiting[-1]
                waiting.pop()
                if times > 1:
                    self._release(good, at, times - 1)
                return good
        return None

    def _release(self, good: Good, at: int, times: int) -> None:
        since = at + int(_AFTER.draw(self._chance) * clock.DAY)
        waiting = self._waiting.setdefault(good.model.kind, [])
        if since < clock.END and len(waiting) < _MOST_OF_A_KIND:
            waiting.append((since, times, good))
