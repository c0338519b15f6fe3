"""The trail of a record on paper: PDF/A, with who printed it, when, what for and the number of the
page on every page, so that a sheet can be brought back to the record.

The bytes are a function of what is told and of the stamp: the same trail with the same stamp is the
same file.
"""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import NamedTuple
from unicodedata import normalize

import typst

from herkomst.access import policy
from herkomst.access.policy import Action, Permitted
from herkomst.access.reading import Question, Returned, read
from herkomst.access.viewer import Reading
from herkomst.domain.calendar import local
from herkomst.investigations import trail
from herkomst.investigations.inquiry import Inquiry, open_desk
from herkomst.investigations.pages import Page
from herkomst.investigations.trail import Entry, Narrowed, Trail
from herkomst.investigations.wording import Fact, Language, span, word
from herkomst.record.archive import Archive

Say = Callable[[str], str]
"""What a heading is called in the language of the print."""
MOST = 5000
"""Entries of one print; that is some five hundred pages."""
_DRAWN = (
    range(0x20, 0x7F),
    range(0xA1, 0xAD),
    range(0xAE, 0x300),
    range(0x384, 0x3CF),
    range(0x400, 0x460),
    range(0x1E00, 0x1F00),
    range(0x2010, 0x2028),
    range(0x2030, 0x2038),
    range(0x2039, 0x203B),
    (0x20AC,),
)
"""What the fonts draw: Latin, Greek, Cyrillic. Anything else is written by its code point, so that
nothing is left out, and nothing turns the direction of what stands beside it."""


class TooLong(Exception):
    """The trail has more entries than one print may have."""

    code = "print_too_long"
    message = f"The trail has more than {MOST} entries."
    cure = "Narrow it by kind or by time, and print it in parts."

    def __init__(self) -> None:
        super().__init__(f"{self.message} {self.cure}")


class Stamp(NamedTuple):
    """What stands on every page: who printed it, for what, when, and where that is journaled."""

    reading: Reading
    at: datetime
    journal: int


async def whole(permitted: Permitted, inquiry: Inquiry, of: str, asked: Narrowed) -> Trail:
    """A trail as it is printed. Raises `TooLong`, and what `trail.page` raises."""
    permitted.must_be(Action.EXPORT_TRAIL)
    to_read = policy.permit(permitted.reading, Action.READ_TRAIL)
    found = await trail.page(to_read, inquiry, Page(MOST), of, asked)
    if found.page.more:
        raise TooLong
    return found


def print_whole(archive: Archive, permitted: Permitted, of: str) -> bytes:
    """A trail for who runs a command. Raises what `whole` raises, and `JournalUnavailable`."""
    return asyncio.run(_print_whole(archive, permitted, of))


async def _print_whole(archive: Archive, permitted: Permitted, of: str) -> bytes:
    desk, asked = open_desk(archive, size=1), Narrowed()

    async def execute(returned: Returned) -> Trail:
        async with desk.pool, Inquiry(desk, returned) as inquiry:
            return await whole(permitted, inquiry, of, asked)

    at, reading = datetime.now(UTC), permitted.reading
    answer = await read(archive, reading, Question("print trail", {"of": of}, "export"), execute)
    return printed(answer.value, asked, Stamp(reading, at, answer.journal), "nl")


def printed(told: Trail, asked: Narrowed, stamp: Stamp, language: Language) -> bytes:
    """The PDF of a trail."""
    data = _document(told, asked, stamp, language)
    return typst.compile(
        _template(),
        format="pdf",
        ignore_system_fonts=True,
        pdf_standards=["a-2a"],
        sys_inputs={"told": json.dumps(data)},
    )


@cache
def _template() -> bytes:
    return files(__package__).joinpath("trail.typ").read_bytes()


def _document(told: Trail, asked: Narrowed, stamp: Stamp, language: Language) -> dict[str, object]:
    def say(name: str) -> str:
        return word(f"print.{name}", language)

    at = stamp.at.astimezone(UTC)
    names = ("page", "of", "number", "recorded", "what", "who", "nothing")
    return {
        "language": language,
        "title": say(told.kind),
        "moment": [at.year, at.month, at.day, at.hour, at.minute, at.second],
        "words": {name: say(name) for name in names},
        "stamp": list(map(drawn, _stamp(told, stamp, say))),
        "notes": list(map(drawn, _notes(told, asked, say))),
        "entries": [
            _entry(number, entry, language) for number, entry in enumerate(told.page.nodes, 1)
        ],
    }


def _stamp(told: Trail, stamp: Stamp, say: Say) -> list[str]:
    reading, viewer = stamp.reading, stamp.reading.viewer
    who = f"{viewer.subject} ({viewer.role}, {viewer.unit})"
    places = ", ".join(f"{name}={position}" for name, position in told.positions.items()) or "-"
    return [
        f"Herkomst · {say('record')}: {told.of}",
        f"{say('purpose')} {reading.stated or reading.purpose}, {say('ground')} {reading.ground} · "
        f"{say('printed_by')} {who} {say('at')} {_moment(stamp.at)}",
        f"{say('positions')} {places} · {say('journal')} {stamp.journal}",
    ]


def _notes(told: Trail, asked: Narrowed, say: Say) -> list[str]:
    narrowed = [
        ", ".join(asked.kinds or ()),
        ", ".join(asked.topics or ()),
        asked.actor or "",
        "" if asked.since is None else f"{say('from')} {_moment(asked.since)}",
        "" if asked.until is None else f"{say('until')} {_moment(asked.until)}",
    ]
    parts = "; ".join(part for part in narrowed if part)
    return [
        say("order"),
        f"{say('whole')} {_moment(told.whole_until or told.ended)}.",
        *([f"{say('narrowed')}: {parts}."] if parts else []),
        say("lead"),
        say("proof"),
    ]


def _entry(number: int, entry: Entry, language: Language) -> dict[str, object]:
    day, time = _moment(entry.recorded_at).split(" ", 1)
    version = word("print.version", language)
    happened = word("print.happened", language)
    facts = [Fact(name="print.withheld", value="")] if entry.withheld else entry.facts
    return {
        "number": number,
        "day": day,
        "time": time,
        "words": word(entry.topic, language),
        "facts": [_fact(fact, language) for fact in facts],
        "place": f"{entry.sequence}={entry.position} · {entry.topic} · "
        f"{entry.stream}, {version} {entry.version}",
        "leaf": entry.leaf,
        "actor": drawn(entry.actor),
        "more": [
            drawn(line)
            for line in (
                entry.role,
                entry.unit,
                entry.ground,
                f"{happened}: {span(entry.happened)}",
            )
            if line
        ],
    }


def _fact(fact: Fact, language: Language) -> dict[str, str]:
    value = f"({word('print.destroyed', language)})" if fact.value is None else fact.value
    return {"name": word(fact.name, language), "value": drawn(value)}


def _moment(at: datetime) -> str:
    """A moment in legal time, to the millisecond, with its offset."""
    return local(at).isoformat(sep=" ", timespec="milliseconds")


def drawn(text: str) -> str:
    """A text as the fonts can draw it; what they lack stands there as its code point."""
    return "".join([_drawn(each) for each in normalize("NFC", text)])


def _drawn(character: str) -> str:
    point = ord(character)
    if character == "\n" or any(point in some for some in _DRAWN):
        return character
    return " " if character.isspace() else f"<U+{point:04X}>"
