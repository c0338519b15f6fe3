"""What people do after a hit, each an event on a stream of its own: decided under the lock, against
the events of the hit and of what followed it so far."""

from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from herkomst.domain import ids
from herkomst.domain.casework import sequel
from herkomst.domain.casework.parts import Part
from herkomst.domain.casework.sequel import Sequel
from herkomst.domain.events import EventData
from herkomst.record.casework import CUSTODY, Casework, Seal

Act = Callable[[Sequel, Seal], Sequence[EventData]]


class Followed(NamedTuple):
    """What was recorded, and where the last of it stands in casework."""

    data: Sequence[EventData]
    position: int


def begin(casework: Casework, hit: UUID, act: Act, actor: str, ground: str) -> Followed:
    """Begin a part of what follows a hit. Raises `sequel.SequelRefused`, `case.CaseRefused`."""

    def part(state: Sequel) -> Part:
        return Part(ids.measure_id(ids.sequel_of(hit), state.ended + 1), begins=True)

    return _add(casework, hit, act, actor, ground, part)


def go_on(
    casework: Casework, hit: UUID, kind: sequel.Kind, act: Act, actor: str, ground: str
) -> Followed:
    """Say something of the part of this kind that runs. Raises as `begin`."""

    def part(state: Sequel) -> Part:
        found = state.running(kind)
        return Part(ids.measure_id(ids.sequel_of(hit), found.number if found else 0), begins=False)

    return _add(casework, hit, act, actor, ground, part)


def _add(
    casework: Casework,
    hit: UUID,
    act: Act,
    actor: str,
    ground: str,
    part: Callable[[Sequel], Part],
) -> Followed:
    streams = [hit, ids.sequel_of(hit)]
    custody = CUSTODY._replace(ground=ground)
    return Followed(*casework.add_all(streams, sequel.folded, act, actor, custody, part))
