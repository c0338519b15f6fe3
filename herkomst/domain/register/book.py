"""The book of an establishment: it only says which purchase took which register number.

The law asks for a continuous register (doorlopend register, art. 2 Uitvoeringsbesluit ex art. 437).
The number is the version of this stream, so the primary key of the record keeps it unique and
without a gap. A book grows for ever and is never replayed.
"""

from herkomst.domain.events import EventData, event


@event
class Entered(EventData, frozen=True, kw_only=True):
    """A purchase took the next register number (volgnummer)."""

    TOPIC = "dor.book.entered"

    key: str
    purchase: str
    """Stream of the purchase, in hex."""
    source: str
