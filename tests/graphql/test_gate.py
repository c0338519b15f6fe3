"""What the gate on changes of the schema lets through, and what not."""

from datetime import date, timedelta

import pytest
from graphql import build_schema

from tests.graphql import gate
from tests.graphql.gate import Changes, Dangerous, Deprecation, objections

BEFORE = "type Query { hits(first: Int, since: Int): Int why: Int } enum Mode { held sold }"
UNTIL = date(2027, 4, 1)
REASON = "Ask cause; gone on 2027-04-01."


def changes(*elements: str, **more: date | str) -> Changes:
    notice = {"since": date(2026, 12, 1), "until": UNTIL, "replacement": "cause", "reason": REASON}
    deprecated = [Deprecation(element=each, **{**notice, **more}) for each in elements]  # type: ignore[arg-type]
    return Changes(released="x", notice_days=92, deprecated=tuple(deprecated))


def found(after: str, listed: Changes, today: date = UNTIL, before: str = BEFORE) -> list[str]:
    return objections(build_schema(before), build_schema(after), listed, today)


def test_the_schema_that_is_served_may_be_served(capsys: pytest.CaptureFixture[str]) -> None:
    assert gate.main() == 0, capsys.readouterr().err


def test_what_is_only_added_passes() -> None:
    assert found(BEFORE.replace("why: Int", "why: Int cause: Int"), changes()) == []


@pytest.mark.parametrize(
    ("after", "element"),
    [
        (BEFORE.replace(" why: Int", ""), "Query.why"),
        (BEFORE.replace("why: Int", "why: String"), "Query.why"),
        (BEFORE.replace("held ", ""), "Mode.held"),
        (BEFORE.replace(", since: Int", ""), "Query.hits(since:)"),
    ],
)
class TestWhatGoesAway:
    def test_not_without_notice(self, after: str, element: str) -> None:
        (objection,) = found(after, changes())
        assert objection.startswith("breaks clients without notice")
        assert element in objection

    def test_not_before_its_day(self, after: str, element: str) -> None:
        (objection,) = found(after, changes(element), UNTIL - timedelta(1))
        assert objection.startswith("comes before 2027-04-01")

    def test_from_its_day_on(self, after: str, element: str) -> None:
        assert found(after, changes(element)) == []


def test_notice_of_one_thing_is_none_of_another_whose_name_begins_with_it() -> None:
    before = "type Query { why: Int whyNot: Int }"
    (objection,) = found("type Query { why: Int }", changes("Query.why"), before=before)
    assert objection.startswith("breaks clients without notice")


class TestNotice:
    @pytest.mark.parametrize(
        ("more", "told"),
        [
            ({"since": date(2027, 1, 15)}, "less than 92 days"),
            ({"until": date(2027, 4, 2)}, "another day than the first of a quarter"),
            ({"until": date(2027, 5, 1)}, "another day than the first of a quarter"),
            ({"replacement": ""}, "without a replacement"),
            ({"reason": ""}, "without a replacement or a reason"),
        ],
    )
    def test_is_given_in_time_for_a_day_of_a_quarter_and_says_what_instead(
        self, more: dict[str, date | str], told: str
    ) -> None:
        (objection,) = found(BEFORE, changes("Query.why", **more))
        assert told in objection

    @pytest.mark.parametrize(
        ("after", "element"),
        [
            (BEFORE.replace("why: Int", f'why: Int @deprecated(reason: "{REASON}")'), "Query.why"),
            (BEFORE.replace("held", f'held @deprecated(reason: "{REASON}")'), "Mode.held"),
            (
                BEFORE.replace("since: Int", f'since: Int @deprecated(reason: "{REASON}")'),
                "Query.hits(since:)",
            ),
        ],
    )
    def test_is_given_in_the_schema_and_in_the_list(self, after: str, element: str) -> None:
        assert found(after, changes()) == [f"deprecated without a date: {element}"]
        assert found(after, changes(element)) == []

    def test_the_schema_tells_the_same_day(self) -> None:
        after = BEFORE.replace("why: Int", 'why: Int @deprecated(reason: "Soon.")')

        (objection,) = found(after, changes("Query.why"))

        assert objection == "its reason does not tell the day 2027-04-01: Query.why"


def test_what_may_surprise_is_listed() -> None:
    after = BEFORE.replace("sold", "sold lent")
    change = "Enum value Mode.lent was added."
    listed = Changes("x", 92, (), (Dangerous(change, date(2026, 12, 1), "It is lent too."),))

    assert found(after, changes()) == [f"may surprise clients and is not listed: {change}"]
    assert found(after, listed) == []
