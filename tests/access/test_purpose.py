import pytest

from herkomst.access import policy
from herkomst.access.purpose import PurposeRefused, known_ground, parse, verify
from herkomst.access.viewer import Purpose, Role, Viewer

VIEWER = Viewer(subject="dev:x", role=Role.DISTRICT_DETECTIVE, unit="amsterdam")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "purpose_missing"),
        ("", "purpose_missing"),
        ("curiosity", "purpose_invalid"),
        ("case:", "purpose_invalid"),
        ("case: 1", "purpose_invalid"),
        ("CASE:1", "purpose_invalid"),
        ("case:1\n", "purpose_invalid"),
        (f"case:{'1' * 65}", "purpose_invalid"),
        ("duty:gossip", "duty_unknown"),
    ],
)
def test_what_is_no_purpose_is_refused(text: str | None, code: str) -> None:
    with pytest.raises(PurposeRefused) as refusal:
        parse(text)

    assert refusal.value.code == code
    assert refusal.value.cure


@pytest.mark.parametrize(
    ("text", "code"),
    [(None, "ground_missing"), ("", "ground_missing"), ("wpg:11", "ground_unknown")],
)
def test_what_is_no_ground_is_refused(text: str | None, code: str) -> None:
    with pytest.raises(PurposeRefused) as refusal:
        known_ground(text)

    assert refusal.value.code == code


def test_a_duty_is_told_by_its_name_and_a_case_by_its_kind() -> None:
    assert parse("duty:front_desk").form == "duty:front_desk"
    assert parse("case:2026-0312") == Purpose("case", "2026-0312")
    assert parse("case:2026-0312").form == "case"
    assert str(parse("task:41")) == "task:41"


@pytest.mark.parametrize("ground", sorted(policy.grounds()))
def test_every_ground_of_the_table_is_known(ground: str) -> None:
    assert verify(VIEWER, "case:1", ground).ground == ground
