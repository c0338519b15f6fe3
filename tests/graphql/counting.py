"""How many statements a question takes: those that the database was really sent."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from psycopg import AsyncCursor
from psycopg.pq import TransactionStatus


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that are sent over the snapshot of a question, while this is open.

    What is sent outside of it is the check of the session and of how fresh the answer is; the
    journal has connections of another kind.
    """
    sent: list[str] = []
    turn = threading.Lock()
    execute = AsyncCursor.execute

    async def noted(self: AsyncCursor[Any], query: Any, *more: Any, **options: Any) -> Any:
        text = query.decode() if isinstance(query, bytes) else str(query)
        with turn:
            if self.connection.info.transaction_status is TransactionStatus.INTRANS:
                sent.append(text)
            elif text.startswith("BEGIN"):  # What begins a snapshot looks around in it at once.
                sent.extend(text.split("; ")[1:])
        return await execute(self, query, *more, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AsyncCursor, "execute", noted)
        yield sent
