"""Posts: records that are sent one by one, and share a transaction with those that wait with them.

A till never waits for another on purpose, and is told of its own record alone. What one post brings
about is no other's: when a record makes the transaction fail, each is taken in for itself.
"""

import logging
from collections.abc import Sequence

from herkomst.intake.reception import BATCH, Read
from herkomst.record.database import LOST, DatabaseDown
from herkomst.record.gathering import Gathering
from herkomst.record.receipts import Receipt
from herkomst.record.register import Register, Sent

log = logging.getLogger(__name__)
AWAY = (*LOST, DatabaseDown)
"""What is no record's fault: whoever comes next meets it too."""


class Posts:
    """Takes in what is posted, one record at a time, for any number of senders."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._gathering: Gathering[Sent, list[Receipt]] = Gathering(self._take_in, most=BATCH)

    async def take_in(self, read: Read, *, actor: str, is_told: bool = True) -> Receipt:
        """The receipt of one record, once it is durable."""
        if isinstance(read, Receipt):
            return read
        (receipt,) = await self._gathering.outcome(Sent([read], actor, is_told))
        return receipt

    def _take_in(self, sent: Sequence[Sent]) -> Sequence[list[Receipt] | Exception]:
        try:
            return self._register.take_in_all(sent)
        except AWAY:
            raise
        except Exception:
            if len(sent) == 1:
                raise
            log.warning("a transaction of %d posts failed; each is taken in alone", len(sent))
            return self._one_by_one(sent)

    def _one_by_one(self, sent: Sequence[Sent]) -> list[list[Receipt] | Exception]:
        outcomes: list[list[Receipt] | Exception] = []
        for one in sent:
            try:
                outcomes += self._register.take_in_all([one])
            except AWAY as error:
                return outcomes + [error] * (len(sent) - len(outcomes))
            except Exception as error:
                outcomes.append(error)
        return outcomes
