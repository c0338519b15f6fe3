"""What thieves bring, to which trades, and how well it can be traced."""

from random import Random
from typing import Final

from herkomst.simulate import rates
from herkomst.simulate.draws import Urn
from herkomst.simulate.supply import Lot, Past

FENCES: Final = ("phones", "bicycles", "general", "electronics", "pawn", "gold")
_KINDS: Final = {
    "phones": Urn({"phone": 85, "tablet": 15}),
    "bicycles": Urn({"bicycle": 60, "e_bike": 40}),
    "general": Urn({"console": 25, "laptop": 30, "power_tool": 25, "camera": 20}),
    "electronics": Urn({"laptop": 60, "tablet": 20, "camera": 20}),
    "pawn": Urn({"ring": 30, "necklace": 30, "laptop": 25, "watch": 15}),
    "gold": Urn({"ring": 45, "necklace": 40, "coin": 15}),
    "watches": Urn({"watch": 100}),
}
_AT_ONCE: Final = Urn(rates.ITEMS_OF_A_PURCHASE)
_TRACED: Final = {"phones": "phone", "bicycles": "e_bike", "pawn": "laptop"}
_TRACED_ELSEWHERE: Final = "laptop"


def lot(chance: Random, trade: str, past: Past) -> Lot:
    """Draw something that a shop of that trade takes from a thief."""
    kinds = _KINDS.get(trade, _KINDS["general"])
    return Lot(_TRACED.get(trade, _TRACED_ELSEWHERE) if past == "traced" else kinds.draw(chance),
               past)  # fmt: skip


def bag(chance: Random, trade: str, past: Past) -> list[Lot]:
    """Draw what somebody brings at once: as many goods as anybody does, all come by alike.

    One of them at most bears the number that the police have.
    """
    others: Past = "stolen" if past == "traced" else past
    more = _AT_ONCE.draw(chance) - 1
    return [lot(chance, trade, past), *(lot(chance, trade, others) for _ in range(more))]
