"""Who may not, first; then who may. The table is what is tested, not a copy of it."""

import ast
from datetime import date
from pathlib import Path

import pytest

import herkomst
from herkomst.access import policy
from herkomst.access.policy import Action, NotPermitted, allows, may_erase, may_record, permit
from herkomst.access.purpose import verify
from herkomst.access.viewer import Reading, Role, Viewer, operator

PACKAGE = Path(herkomst.__file__).parent
AUTHORISING = {
    Action.READ_AUTHORISATIONS,
    Action.GRANT_AUTHORISATION,
    Action.END_AUTHORISATION,
}
CONTENT = [action for action in Action if action not in AUTHORISING]
READING = [a for a in CONTENT if a.startswith(("read_", "see_", "open_", "export_"))]
EVERY_WAY = [
    (purpose, ground)
    for purpose in ("case:1", "task:1", *(f"duty:{duty}" for duty in sorted(policy.duties())))
    for ground in sorted(policy.grounds())
]


def reading(role: str, purpose: str = "case:1", ground: str = "wpg:8") -> Reading:
    return verify(Viewer(subject="dev:x", role=Role(role), unit="amsterdam"), purpose, ground)


def ever(role: str, action: Action) -> bool:
    """Whether any purpose and ground allow it to this role."""
    return any(allows(reading(role, *way), action) for way in EVERY_WAY)


class TestWhoMayNot:
    @pytest.mark.parametrize("role", ["access_reviewer", "auditor", "administrator", "defence"])
    @pytest.mark.parametrize("action", CONTENT)
    def test_who_controls_or_runs_the_system_sees_none_of_its_content(
        self, role: str, action: Action
    ) -> None:
        assert not ever(role, action)

    @pytest.mark.parametrize("role", ["source", "dealer", "depot", "privacy_officer"])
    @pytest.mark.parametrize("action", READING)
    def test_who_hands_in_or_erases_reads_nothing(self, role: str, action: Action) -> None:
        assert not ever(role, action)

    @pytest.mark.parametrize("role", ["boa_1", "boa_2", "municipal_clerk"])
    def test_who_controls_dealers_sees_dealers_and_purchases_alone(self, role: str) -> None:
        assert {a for a in Action if ever(role, a)} == {
            Action.READ_DEALERS,
            Action.READ_PURCHASES,
        }

    @pytest.mark.parametrize("action", [Action.SEE_CLOSED, Action.EXPORT_HITS])
    def test_nobody_but_the_authorised_officer_sees_what_is_closed(self, action: Action) -> None:
        assert {role for role in Role if ever(role, action)} == {Role.AUTHORISED_OFFICER}

    def test_a_control_of_the_register_opens_no_name(self) -> None:
        shown = reading("district_detective", "task:1", "sr:437")

        assert allows(shown, Action.READ_PRESENTATIONS)
        assert not allows(shown, Action.OPEN_IDENTITY)

    def test_a_front_desk_opens_no_name(self) -> None:
        assert not allows(reading("district_detective", "duty:front_desk"), Action.OPEN_IDENTITY)

    def test_a_ground_of_another_task_allows_nothing(self) -> None:
        with pytest.raises(NotPermitted, match="may not read_hits on sr:437 for case") as refusal:
            permit(reading("district_detective", ground="sr:437"), Action.READ_HITS)

        assert "on wpg:13 or wpg:8 or wpg:9" in refusal.value.cure

    def test_a_permission_for_one_thing_is_none_for_another(self) -> None:
        permitted = permit(reading("district_detective"), Action.READ_DEALERS)

        with pytest.raises(NotPermitted):
            permitted.must_be(Action.READ_HITS)

    @pytest.mark.parametrize("action", sorted(AUTHORISING))
    def test_who_works_with_the_content_authorises_nobody(self, action: Action) -> None:
        assert {role for role in Role if ever(role, action)} <= {
            Role.ACCESS_REVIEWER,
            Role.ADMINISTRATOR,
            Role.AUDITOR,
            Role.AUTHORISED_OFFICER,
            Role.PRIVACY_OFFICER,
        }

    def test_nobody_but_the_administrator_grants(self) -> None:
        granting = {role for role in Role if ever(role, Action.GRANT_AUTHORISATION)}
        assert granting == {Role.ADMINISTRATOR}


class TestWhoMay:
    def test_a_detective_reads_hits_and_not_what_is_closed(self) -> None:
        permitted = permit(reading("district_detective"), Action.READ_HITS)

        assert permitted.readable == {"open"}
        assert permitted.known == {"open", "consent", "confidential"}

    def test_the_authorised_officer_sees_every_handling_code(self) -> None:
        permitted = permit(reading("authorised_officer"), Action.READ_HITS)

        assert permitted.readable == permitted.known == {"open", *policy.HANDLING}

    def test_whoever_runs_a_command_is_written_down_by_name(self) -> None:
        viewer = operator(Role.AUTHORISED_OFFICER)

        assert viewer.subject.startswith("os:")
        assert viewer.subject != "os:"


class TestRecording:
    @pytest.mark.parametrize("role", ["source", "dealer"])
    def test_a_token_hands_in_records_of_its_own_source_alone(self, role: str) -> None:
        viewer = Viewer(subject="dev:x", role=Role(role), unit="kassa")

        assert may_record(viewer, "kassa")
        assert not may_record(viewer, "another-till")

    def test_a_dealer_reports_nothing_stolen(self) -> None:
        viewer = Viewer(subject="dev:x", role=Role.DEALER, unit="kassa")

        assert may_record(viewer, "kassa", Action.RECORD_PURCHASES)
        assert not may_record(viewer, "kassa", Action.RECORD_STOLEN_ITEMS)

    @pytest.mark.parametrize("role", sorted(set(Role) - {Role.SOURCE, Role.DEALER}))
    def test_nobody_else_hands_anything_in(self, role: Role) -> None:
        assert not may_record(Viewer(subject="dev:x", role=role, unit="kassa"), "kassa")

    def test_an_erasure_needs_its_own_role_and_ground(self) -> None:
        assert may_erase(operator(Role.PRIVACY_OFFICER), "avg:17")
        assert not may_erase(operator(Role.PRIVACY_OFFICER), "wpg:8")
        assert not may_erase(operator(Role.AUTHORISED_OFFICER), "avg:17")


class TestTheTable:
    def test_every_rule_names_its_source_and_is_valid_from_a_day(self) -> None:
        for rule in policy.rules():
            assert rule.source
            assert rule.valid_from <= date(2026, 1, 1)
            assert rule.grounds
            assert rule.purposes

    def test_a_rule_holds_up_to_its_last_day(self) -> None:
        rule = policy.rules()[0]._replace(valid_from=date(2025, 1, 1), valid_to=date(2025, 12, 31))

        assert rule.holds(date(2025, 12, 31))
        assert not rule.holds(date(2026, 1, 1))
        assert not rule.holds(date(2024, 12, 31))

    def test_no_reading_is_allowed_without_a_ground_or_a_purpose(self) -> None:
        for rule in policy.rules():
            if rule.actions & set(READING):
                assert policy.NONE_ASKED not in rule.grounds | rule.purposes


def test_nobody_but_the_policy_makes_a_permission() -> None:
    """Given the whole product, when its syntax is read, then `Permitted` is made in one place."""
    makers = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if _makes_permission(node)
    }

    assert makers == {"access/policy.py"}


def _makes_permission(node: ast.AST) -> bool:
    """A call of it, or a way around one: a copy with changes, `__new__`, a subclass, a decoder."""
    if isinstance(node, ast.ClassDef):
        return any(_names_it(base) for base in node.bases)
    if not isinstance(node, ast.Call):
        return False
    called = node.func
    if _names_it(called):
        return True
    if isinstance(called, ast.Attribute) and called.attr == "__new__":
        return any(map(_names_it, [called.value, *node.args]))
    around = isinstance(called, ast.Attribute) and called.attr in {"replace", "convert", "Decoder"}
    return around and any(
        _names_it(part) or (isinstance(part, ast.Name) and part.id == "permitted")
        for part in [*node.args, *(keyword.value for keyword in node.keywords)]
    )


def _names_it(node: ast.AST) -> bool:
    name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
    return name == "Permitted"
