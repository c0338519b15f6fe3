"""What people do about mutes of numbers: decided under the lock, against the events so far."""

from collections.abc import Callable
from uuid import UUID

from psycopg import Cursor

from herkomst.domain.casework import mute
from herkomst.domain.casework.mute import Mutes
from herkomst.domain.casework.parts import Part
from herkomst.domain.events import Event, EventData
from herkomst.record.application import Outcome, envelope, pending, this_moment
from herkomst.record.casework import CUSTODY, Casework, Seal
from herkomst.record.database import Row
from herkomst.record.reader import SequenceReader

_REGISTER = SequenceReader("register")
Act = Callable[[Mutes, int, Seal], EventData]
"""What is said, given the mutes of a number, the head of the register, and what seals."""


def act_on_number(
    casework: Casework, number: UUID, part: Part, act: Act, *, actor: str, ground: str
) -> int:
    """Begin a mute of a number, or lift it; the new position.

    The head of the register is read under the lock of casework, under which matching reads mutes:
    so an event that was matched cannot come after it, and one that was not cannot be before it
    unseen. Raises what `act` raises, and `case.CaseRefused`.
    """

    def append(cursor: Cursor[Row]) -> Outcome[int]:
        connection = cursor.connection
        facts = casework.recorder.reader.streams(connection, [number]).get(number, [])
        seal, row = casework.seal_of(cursor, number, part)
        data = act(mute.folded(facts), _REGISTER.head(connection), seal)
        under = envelope(actor, CUSTODY._replace(ground=ground), this_moment(), data.VERSION)
        done = [pending(Event(number, data, under))]
        appended = casework.recorder.append_locked(cursor, done, [] if row is None else [row])
        return Outcome(appended.last, done, appended)

    return casework.committing(append)
