"""What each event says, over an example of every event that there is."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from herkomst.domain.calendar import Occurred
from herkomst.domain.events import EventData, Recorded, encode
from herkomst.domain.journal import Read
from herkomst.investigations import trail, wording
from herkomst.investigations.printing import drawn
from herkomst.investigations.wording import facts_of, of_read, span, word
from tests.domain.examples import ENVELOPE, EXAMPLES

STREAM = UUID(int=1)
TOLD = [each for each in EXAMPLES if each.TOPIC in wording.TOPICS]
LANGUAGES: tuple[wording.Language, ...] = ("en", "nl")


def recorded(data: EventData) -> Recorded:
    at = datetime(2026, 3, 9, tzinfo=UTC)
    return Recorded(1, STREAM, 7, data.TOPIC, encode(data, ENVELOPE), at)


def test_there_is_an_example_of_each() -> None:
    assert {each.TOPIC for each in TOLD} == wording.TOPICS


@pytest.mark.parametrize("data", TOLD, ids=[each.TOPIC for each in TOLD])
def test_each_is_told_in_words_of_both_languages_that_paper_can_bear(data: EventData) -> None:
    facts = facts_of(recorded(data), lambda _: "opened")

    assert trail.kind_of(data.TOPIC) in trail.KINDS
    for language in LANGUAGES:
        assert word(data.TOPIC, language).endswith(".")
        for fact in facts:
            told = word(fact.name, language)
            assert told == drawn(told)
    assert all(fact.value for fact in facts), "what is not said is left out"


@pytest.mark.parametrize("data", TOLD, ids=[each.TOPIC for each in TOLD])
def test_what_is_sealed_is_told_where_its_key_exists_alone(data: EventData) -> None:
    shut = facts_of(recorded(data), lambda _: None)
    opened = facts_of(recorded(data), lambda _: "opened")

    assert [fact.name for fact in shut] == [fact.name for fact in opened]
    for before, after in zip(opened, shut, strict=True):
        assert after.value == (None if before.value == "opened" else before.value)


def test_of_a_read_only_the_records_of_the_trail_are_told() -> None:
    (data,) = (each for each in TOLD if isinstance(each, Read))
    returned = (f"identity:{STREAM}", f"hit:{UUID(int=2)}")
    read = Read(
        **{n: getattr(data, n) for n in data.__struct_fields__ if n != "returned"},
        returned=returned,
    )

    assert [(f.name, f.value) for f in of_read(read, [str(STREAM)])] == [("identity", str(STREAM))]


def test_a_span_is_told_with_both_its_ends() -> None:
    assert span(Occurred(from_="2026-02-28", to="2026-03-01")) == "2026-02-28 – 2026-03-01"
    assert span(Occurred(from_="2026-02-28")) == "2026-02-28"
