"""What people do about access: asked and answered, each an event on the stream of one record for
one purpose."""

from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from herkomst.domain import ids
from herkomst.domain.casework import request
from herkomst.domain.casework.parts import Part
from herkomst.domain.casework.request import AccessRequest
from herkomst.domain.events import EventData
from herkomst.record.application import Custody
from herkomst.record.casework import Casework, Seal


class Done(NamedTuple):
    """What was recorded: on which stream, and where in casework."""

    data: EventData
    stream: UUID
    position: int


def stream_for(
    record: UUID, case: UUID | None, officer: str, purpose: str, of_case: UUID | None = None
) -> UUID:
    """The stream of a request: of all who work in a case, or of one officer for his duty; of what
    belongs to another case (`of_case`) it is another than of what is withheld."""
    if case and of_case:
        return ids.request_of(record, f"use:{of_case.hex}:{case.hex}")
    return ids.request_of(record, f"case:{case.hex}" if case else f"{officer} {purpose}")


def act_in_request(
    casework: Casework,
    stream: UUID,
    act: Callable[[AccessRequest, Seal], EventData],
    actor: str,
    custody: Custody,
    *,
    begins: bool,
) -> Done:
    """Ask (`begins`), or answer what was asked last. Raises `request.RequestRefused`,
    `case.CaseRefused`."""

    def part(state: AccessRequest) -> Part:
        place = state.ended + 1 if begins else state.began
        return Part(ids.request_id(stream, place), begins)

    data, position = casework.add([stream], request.folded, act, actor, custody, part)
    return Done(data, stream, position)
