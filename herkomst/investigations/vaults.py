"""Opening what lies in the vault, for a complaint or an account (art. 14(1) Wpg), one by one."""

from typing import NamedTuple
from uuid import UUID

from psycopg.sql import SQL

from herkomst.access.policy import Action, Permitted
from herkomst.access.reading import Answer, Question, attempt
from herkomst.domain.casework import reasons
from herkomst.domain.casework.reveal import RevealRefused
from herkomst.investigations import presentations
from herkomst.investigations.inquiry import Desk, Inquiry
from herkomst.investigations.presentations import Identity

_IN_VAULT = SQL(
    "SELECT presentation, purchase, sealed FROM {presentations} "
    "WHERE presentation = %(presentation)s AND state = 'vault'"
)


class VaultOpened(NamedTuple):
    """An identity that was looked at in the vault; it stays there."""

    presentation: UUID
    identity: Identity


async def open_vault(
    permitted: Permitted,
    inquiry: Inquiry,
    desk: Desk,
    question: Question,
    presentation: UUID,
    why: str,
) -> Answer[VaultOpened]:
    """Look at an identity in the vault; journaled before and after, with the reason sealed.

    Raises `CaseRefused`, `RevealRefused`, `JournalUnavailable`.
    """
    permitted.must_be(Action.OPEN_VAULT)

    async def acted() -> VaultOpened:
        reasons.said(why)
        rows = await inquiry.rows(_IN_VAULT, {"presentation": presentation})
        key = await inquiry.vault_key(rows[0].purchase) if rows else None
        if not rows or key is None:
            raise RevealRefused(
                "not_in_vault",
                f"In the vault there is no presentation {presentation}.",
                "What is not there is read as other registers are.",
            )
        return VaultOpened(presentation, presentations.identity_of(inquiry, rows[0], key))

    return await attempt(
        desk.archive, permitted.reading, question, acted, lambda _: (f"vault={presentation}",)
    )
