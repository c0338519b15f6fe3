"""The trail on paper: every page says what it is of, and the same trail is the same file."""

import re
import unicodedata
import zlib
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herkomst.access import policy
from herkomst.access.policy import Action, NotPermitted
from herkomst.access.viewer import Reading, Role, Viewer
from herkomst.domain.calendar import Occurred
from herkomst.investigations import printing
from herkomst.investigations.pages import Slice
from herkomst.investigations.printing import Stamp, TooLong, drawn, printed
from herkomst.investigations.trail import Entry, Narrowed, Trail
from herkomst.investigations.wording import Fact
from tests.readings import under

AT = datetime(2026, 3, 9, 13, 5, tzinfo=UTC)
ALL = Narrowed()


def a_reading(role: Role = Role.PROSECUTOR, **changes: str) -> Reading:
    viewer = Viewer(subject="dev:officier", role=role, unit="amsterdam")
    return under(
        viewer, changes.get("purpose", "case:2026-0001"), changes.get("ground", "wjsg:39b")
    )


def a_stamp() -> Stamp:
    return Stamp(a_reading(), AT, 4711)


def an_entry(position: int = 1, **changes: object) -> Entry:
    entry = {
        "sequence": "casework",
        "position": position,
        "stream": uuid4(),
        "version": 2,
        "kind": "hit",
        "topic": "casework.hit.confirmed",
        "facts": (Fact(name="text", value="Gezien bij de winkel."),),
        "withheld": False,
        "actor": "user:dev:leider",
        "role": None,
        "unit": "herkomst",
        "ground": "wpg:8",
        "happened": Occurred(from_="2026-03-09T14:05:00+01:00"),
        "recorded_at": AT,
        "leaf": "0" * 64,
        "revision": position << 2 | 2,
    }
    return Entry(**(entry | changes))  # type: ignore[arg-type]


def a_trail(*entries: Entry) -> Trail:
    async def total() -> int:
        return len(entries)

    page = Slice(entries, False, False, total, lambda some: [""] * len(some))
    return Trail("hit", uuid4(), AT + timedelta(1), None, page)


def pages(pdf: bytes) -> int:
    """How many pages a file has: those that are objects, also where they lie in a stream."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    found = pdf + b"".join(map(_inflated, streams))
    return len(re.findall(rb"/Type\s*/Page\b", found))


def _inflated(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""


class TestWhoMayNot:
    @pytest.mark.parametrize(
        ("role", "purpose", "ground"),
        [
            (Role.DISTRICT_DETECTIVE, "case:1", "wpg:8"),
            (Role.TEAM_LEADER, "duty:supervision", "wpg:8"),
            (Role.ACCESS_REVIEWER, "duty:review", "wpg:32a"),
            (Role.AUDITOR, "duty:review", "wpg:33"),
        ],
    )
    def test_who_may_open_a_trail_need_not_be_allowed_to_take_it_along(
        self, role: Role, purpose: str, ground: str
    ) -> None:
        reading = a_reading(role, purpose=purpose, ground=ground)
        assert policy.allows(reading, Action.READ_TRAIL)

        with pytest.raises(NotPermitted):
            policy.permit(reading, Action.EXPORT_TRAIL)


class TestPrinted:
    def test_the_same_trail_with_the_same_stamp_is_the_same_file(self) -> None:
        told, stamp = a_trail(an_entry()), a_stamp()

        assert printed(told, ALL, stamp, "nl") == printed(told, ALL, stamp, "nl")
        assert printed(told, ALL, stamp, "nl") != printed(
            told, ALL, stamp._replace(journal=4712), "nl"
        )

    @pytest.mark.parametrize("language", ["nl", "en"])
    def test_more_than_a_page_goes_on_on_the_next(self, language: str) -> None:
        told = a_trail(*(an_entry(n) for n in range(1, 61)))

        assert pages(printed(told, ALL, a_stamp(), language)) > 2  # type: ignore[arg-type]
        assert pages(printed(a_trail(), ALL, a_stamp(), language)) == 1  # type: ignore[arg-type]

    def test_a_text_of_many_pages_is_printed_whole(self) -> None:
        long = Fact(name="text", value="Een lange aantekening. " * 870)

        assert pages(printed(a_trail(an_entry(facts=(long,))), ALL, a_stamp(), "nl")) > 3

    @settings(deadline=None, max_examples=30)
    @given(st.text(max_size=200))
    def test_whatever_was_written_is_text_and_never_markup(self, text: str) -> None:
        entry = an_entry(actor=text, facts=(Fact(name="text", value=text),))

        assert printed(a_trail(entry), ALL, a_stamp(), "nl").startswith(b"%PDF-")

    def test_markup_is_not_obeyed(self) -> None:
        text = '#panic("x") #import "a.typ" $ x $ *b* _c_ `d` @e <f> \\ // g'

        printed(a_trail(an_entry(facts=(Fact(name="text", value=text),))), ALL, a_stamp(), "nl")

    def test_all_that_is_said_to_be_drawn_is(self) -> None:
        every = " ".join(
            each
            for some in printing._DRAWN
            for each in map(chr, some)
            if unicodedata.category(each) != "Cn"
        )

        assert drawn(every) == unicodedata.normalize("NFC", every)
        printed(a_trail(an_entry(facts=(Fact(name="text", value=every),))), ALL, a_stamp(), "nl")

    def test_what_cannot_be_drawn_stands_there_as_its_code_point(self) -> None:
        assert drawn("漢\u202ex\te\u0301") == "<U+6F22><U+202E>x \u00e9"


class TestTheDocument:
    def document(self, *entries: Entry, asked: Narrowed = ALL) -> dict[str, object]:
        return printing._document(a_trail(*entries), asked, a_stamp(), "nl")

    def test_every_page_says_who_printed_it_for_what_when_and_where_that_is_journaled(self) -> None:
        stamp = " ".join(self.document(an_entry(5))["stamp"])  # type: ignore[arg-type]

        for told in (
            "case:2026-0001",
            "wjsg:39b",
            "dev:officier (prosecutor, amsterdam)",
            "2026-03-09 14:05:00.000+01:00",
            "Laatste plaats casework=5",
            "Journaalnummer 4711",
        ):
            assert told in stamp

    def test_what_was_narrowed_is_said(self) -> None:
        notes = " ".join(self.document(asked=Narrowed(kinds=["read"], since=AT))["notes"])  # type: ignore[arg-type]

        assert "Beperkt tot: read; vanaf 2026-03-09 14:05:00.000+01:00." in notes

    def test_what_is_withheld_or_destroyed_is_said(self) -> None:
        gone = an_entry(facts=(Fact(name="why", value=None),))
        hidden = an_entry(withheld=True, facts=())

        told = self.document(gone, hidden)["entries"]

        facts = [entry["facts"][0] for entry in told]  # type: ignore[attr-defined]
        assert facts == [
            {"name": "reden", "value": "(vernietigd)"},
            {"name": "de inhoud is afgeschermd", "value": ""},
        ]


def test_a_trail_that_is_too_long_says_how_to_mend_it() -> None:
    assert (TooLong.code, "Narrow it" in str(TooLong())) == ("print_too_long", True)
