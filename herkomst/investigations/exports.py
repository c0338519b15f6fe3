"""Exports: what leaves as NDJSON, line by line, each journaled before it leaves."""

from collections.abc import Callable, Generator, Iterator, Mapping

import msgspec

from herkomst.access.policy import Action, Permitted, permit
from herkomst.access.purpose import Asked, hold
from herkomst.access.viewer import Role, operator
from herkomst.investigations.hits import export_hits
from herkomst.investigations.review import export_review
from herkomst.record.archive import Archive

_encode = msgspec.json.Encoder().encode
EXPORTS: Mapping[
    str, tuple[Action, Callable[[Archive, Permitted], Iterator[dict[str, object]]]]
] = {
    "hits": (Action.EXPORT_HITS, export_hits),
    "review": (Action.EXPORT_REVIEW, export_review),
}
"""What can be exported, by name."""
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
