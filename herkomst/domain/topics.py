"""Every module that defines events: who loads this one knows each topic that may be stored."""

from types import ModuleType

from herkomst.domain import journal
from herkomst.domain.casework import (
    alert,
    authorisation,
    case,
    glass,
    hit,
    hold,
    kept,
    match,
    mute,
    personnel,
    rehearsal,
    request,
    reveal,
    review,
    rights,
    sequel,
)
from herkomst.domain.register import (
    book,
    dealer,
    erasure,
    identity,
    keeping,
    purchase,
    stolen_item,
)

MODULES: tuple[ModuleType, ...] = (
    alert,
    authorisation,
    book,
    case,
    dealer,
    erasure,
    glass,
    hit,
    hold,
    identity,
    journal,
    keeping,
    kept,
    match,
    mute,
    personnel,
    purchase,
    rehearsal,
    request,
    reveal,
    review,
    rights,
    sequel,
    stolen_item,
)
