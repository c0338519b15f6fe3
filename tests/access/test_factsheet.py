"""The factsheet says what the table says, and the page in the documents is the factsheet."""

from datetime import date
from pathlib import Path

from herkomst.access import policy, reason
from herkomst.access.factsheet import factsheet
from herkomst.access.viewer import Role
from herkomst.domain.casework import glass, reveal

PAGE = Path(__file__).parents[2] / "docs" / "policy.md"


def test_the_page_in_the_documents_is_what_the_table_says() -> None:
    assert PAGE.read_text("utf-8") == factsheet().rstrip() + "\n", (
        "The policy was changed: herkomst policy > docs/policy.md"
    )


def test_given_a_role_without_a_row_then_it_is_told_that_nothing_is_allowed() -> None:
    told = factsheet([])

    assert told.count("No row allows anything to this role.") == len(Role)


def test_given_a_rule_that_ends_then_its_last_day_its_source_and_its_records_are_told() -> None:
    rule = next(r for r in policy.rules() if Role.BOA_1 in r.roles)

    told = factsheet([rule._replace(valid_to=date(2027, 3, 1))])

    (line,) = {line for line in told.splitlines() if "up to 2027-03-01" in line}
    assert rule.source in line
    assert "open under avg of the own municipality" in line
    assert "| dealer, gemeente |" in line
    assert line.count("|") == 8


def test_what_holds_beside_every_row_is_told_with_its_figures() -> None:
    told = " ".join(factsheet().split())

    assert f"More than {reveal.AT_MOST} in an hour take a second person" in told
    assert f"one look-up in {reason.ONE_IN} a reason in writing" in told
    assert f"holds for {glass.LONGEST} hours at most" in told


def test_who_answers_is_told_with_whose_reports_he_has() -> None:
    (line,) = {line for line in factsheet().splitlines() if line.startswith("| `private` |")}

    assert "any other source, afac, imei, vbv" in line
