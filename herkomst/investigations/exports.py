"""Exports: what leaves as NDJSON, line by line, each journaled before it leaves."""

from collections.abc import Callable, Generator, Iterator, Mapping

import msgspec

from herkomst.access.policy import Action, Permitted, permit
from herkomst.access.purpose import Asked, hold
from herkomst.access.viewer import Role, operator
from herkomst.investigations.hits import export_hits
from herkomst.investigations.printing import print_whole
from herkomst.investigations.review import export_review
from herkomst.investigations.trail import export_trail
from herkomst.record.archive import Archive

_encode = msgspec.json.Encoder().encode
EXPORTS: Mapping[
    str, tuple[Action, Callable[[Archive, Permitted], Iterator[dict[str, object]]]]
] = {
    "hits": (Action.EXPORT_HITS, export_hits),
    "review": (Action.EXPORT_REVIEW, export_review),
}
"""What can be exported, by name."""
OF_A_RECORD: Mapping[str, Action] = {"trail": Action.EXPORT_TRAIL}
"""What can be exported of one record, by name."""
_OPERATORS = {"review": Role.ACCESS_REVIEWER}
"""In which role it is exported, where not as the authorised officer."""


def export_lines(archive: Archive, what: str, *, purpose: str, ground: str) -> Generator[bytes]:
    """The lines of an export for who runs a command, as the authorised officer; of a review, as
    the access reviewer.

    Raises `PurposeRefused`, `NotPermitted`, `JournalUnavailable`.
    """
    action, export = EXPORTS[what]
    role = _OPERATORS.get(what, Role.AUTHORISED_OFFICER)
    reading = hold(archive.standings, operator(role), Asked.parse(purpose, ground))
    for line in export(archive, permit(reading, action)):
        yield _encode(line) + b"\n"


def trail_lines(archive: Archive, of: str, *, purpose: str, ground: str) -> Generator[bytes]:
    """The lines of the trail of a record, for who runs a command, as the authorised officer.

    Raises `PurposeRefused`, `NotPermitted`, `InvalidPage`, `JournalUnavailable`.
    """
    for line in export_trail(archive, _trail(archive, purpose, ground), of):
        yield _encode(line) + b"\n"


def trail_on_paper(archive: Archive, of: str, *, purpose: str, ground: str) -> bytes:
    """The same as PDF, in Dutch. Raises `TooLong` too."""
    return print_whole(archive, _trail(archive, purpose, ground), of)


def _trail(archive: Archive, purpose: str, ground: str) -> Permitted:
    officer = operator(Role.AUTHORISED_OFFICER)
    reading = hold(archive.standings, officer, Asked.parse(purpose, ground))
    return permit(reading, OF_A_RECORD["trail"])
