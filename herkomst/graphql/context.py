"""What the resolvers of one operation share."""

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import strawberry
from strawberry.dataloader import DataLoader

from herkomst.access import policy
from herkomst.access.policy import Action, NotPermitted, Permitted
from herkomst.access.reading import Question
from herkomst.access.viewer import Reading
from herkomst.investigations import dealers, glasses, hits, presentations, shops, stolen_items
from herkomst.investigations.dealers import Establishment
from herkomst.investigations.glasses import Break, Viewed
from herkomst.investigations.goods import Withheld
from herkomst.investigations.hits import PurchasedGood
from herkomst.investigations.inquiry import Desk, Inquiry
from herkomst.investigations.pages import Page, Slice
from herkomst.investigations.presentations import Presentation
from herkomst.investigations.shops import Shop
from herkomst.investigations.stolen_items import StolenItem

K = TypeVar("K")
V = TypeVar("V")
Fetch = Callable[[Permitted, Inquiry, Any], Awaitable[dict[K, V]]]


class Context:
    """One operation: who asks, the inquiry that answers, and a loader for each kind of record."""

    def __init__(self, desk: Desk, reading: Reading, question: Question, inquiry: Inquiry) -> None:
        self.desk = desk
        self.reading = reading
        self.question = question
        self.inquiry = inquiry
        self.casework = 0
        """Position of the last decision of this operation; 0 without one."""
        self.counts: list[int | None] = []
        """The sizes that the answer tells."""
        self.refused: list[str] = []
        """Why its roots were refused before anything was tried, by the codes of the answers; what
        the policy refused to read is told once."""
        self.bought: DataLoader[tuple[UUID, int], PurchasedGood | None] = self._loader(
            Action.READ_HITS, hits.purchased
        )
        self.stolen: DataLoader[UUID, StolenItem | Withheld | None] = self._loader(
            Action.READ_HITS, stolen_items.by_ids
        )
        self.hit_shops: DataLoader[UUID, Shop | None] = self._loader(Action.READ_HITS, shops.by_ids)
        self.shops: DataLoader[UUID, Shop | None] = self._loader(
            Action.READ_PURCHASES, shops.by_ids
        )
        self.establishments: DataLoader[UUID, list[Establishment] | None] = self._loader(
            Action.READ_DEALERS, dealers.establishments
        )
        self.presentations: DataLoader[UUID, Presentation | None] = self._loader(
            Action.READ_PRESENTATIONS, presentations.by_ids
        )
        self.viewed: DataLoader[tuple[Break, Page], Slice[Viewed] | None] = self._loader(
            Action.SEE_GLASSES, glasses.viewed
        )

    def permit(self, action: Action) -> Permitted:
        """Raises `NotPermitted`."""
        try:
            return policy.permit(self.reading, action)
        except NotPermitted as error:
            if not self.refused:
                self.refused.append(error.code)
            raise

    async def changing(self, change: Awaitable[Any]) -> Any:
        """What a mutation comes to; it is noted where it was refused before it was tried."""
        tried, told = self.question.attempts, len(self.refused)
        outcome = await change
        del self.refused[told:]
        code = getattr(outcome, "code", None)  # Refusals alone have one.
        if code is not None and self.question.attempts == tried:
            self.refused.append(code)
        return outcome

    def _loader(self, action: Action, fetch: Fetch[K, V]) -> DataLoader[K, V | None]:
        """A loader that asks the policy, and then for all of a turn at once."""
        return DataLoader(load_fn=partial(self._load, action, fetch))

    async def _load(self, action: Action, fetch: Fetch[K, V], keys: Iterable[K]) -> list[V | None]:
        wanted = list(keys)
        # What stands beside a record is left out where it is not allowed, and nothing is tried.
        found = await fetch(policy.permit(self.reading, action), self.inquiry, wanted)
        return [found.get(key) for key in wanted]


Info = strawberry.Info[Context, None]
