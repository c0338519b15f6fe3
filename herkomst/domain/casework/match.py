"""Matches on what is closed: the owner is told that somebody came upon it, who himself learns
nothing (art. 2:11(1)(d) Bpg).

Somebody came upon a closed report when he asked for it by its id, searched for a number that
stands in it, or looked at a good that a hit connects with it. The owner is told once of an officer,
his purpose and a good.
"""

from typing import Literal

from herkomst.domain.events import EventData, event

How = Literal["report", "number", "good", "case"]
"""He asked for the report itself, searched for a number of its good, looked at the good that was
bought, or took up for a case of his what belongs to an investigation that is not told to exist."""


@event
class OwnerTold(EventData, frozen=True, kw_only=True):
    """The owner of a closed report, or of a secret investigation, was told that somebody came upon
    it."""

    TOPIC = "casework.match.told"

    at: str
    """When, in UTC."""
    how: How
    officer: str | None = None
    """None where his own purpose is a case that is not open to others: then his unit alone is
    told, whose authorised officer can be asked."""
    owner: str
    """Unit that answers for the report, or that the investigation is of."""
    purchase: str | None = None
    """Stream of the purchase that he looked at, in hex."""
    purpose: str | None = None
    read: str
    """Stream of the entry in the journal, in hex."""
    record: str
    """Stream of the stolen item, or of what belongs to the investigation, in hex."""
    role: str
    unit: str
