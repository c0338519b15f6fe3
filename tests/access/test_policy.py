"""Who may not, first; then who may. The table is what is tested, not a copy of it."""

import ast
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

import herkomst
from herkomst.access import policy
from herkomst.access.policy import (
    Action,
    NotPermitted,
    Permitted,
    Relation,
    allows,
    may_erase,
    may_learn_of_kept,
    may_record,
    permit,
    reached,
)
from herkomst.access.viewer import Reading, Role, Viewer, operator
from herkomst.domain.controllers import CONTROLLERS
from tests.readings import under

OWN_TOWN = Relation.OWN_MUNICIPALITY
PACKAGE = Path(herkomst.__file__).parent
AUTHORISING = {
    Action.READ_AUTHORISATIONS,
    Action.GRANT_AUTHORISATION,
    Action.END_AUTHORISATION,
}
KEEPING = {Action.READ_CLOCKS, Action.RUN_CLOCKS, Action.READ_HOLDS, Action.PLACE_HOLD}
"""What is done with how long records are kept, and not with what they say."""
READING = [
    action
    for action in sorted(set(Action) - AUTHORISING - KEEPING)
    if action.startswith(("read_", "open_", "export_"))
]
REVIEWING = [Action.READ_REVIEWS, Action.DECIDE_REVIEW, Action.ANSWER_REVIEW, Action.EXPORT_REVIEW]
"""What is done with reads, and not with what was read."""
CONTROLLING = {Action.READ_TRAIL, Action.SEE_READERS}
"""Of a record who controls is told what happened to it and who looked, and nothing of its content:
`tests/investigations/test_trail.py`."""
AFTER_A_HIT = [
    Action.ANSWER_SIGNAL,
    Action.ORDER_KEEPING,
    Action.RELEASE_ORDER,
    Action.SEIZE_GOOD,
    Action.DECIDE_RETURN,
    Action.RECORD_COMPLAINT,
    Action.TELL_DEALER,
]
CONTENT = [
    Action.DECIDE_HIT,
    Action.READ_HITS,
    Action.READ_STOLEN_ITEMS,
    Action.READ_TRAIL,
]
INVESTIGATING = [
    "district_detective",
    "hic_team",
    "team_leader",
    "authorised_officer",
    "financial_investigator",
]
OF_THE_POLICE = {"politie", "kmar"}
EVERY_WAY = [
    (purpose, ground)
    for purpose in ("case:1", "task:1", *(f"duty:{duty}" for duty in sorted(policy.duties())))
    for ground in sorted(policy.grounds())
]


def reading(
    role: str, purpose: str = "case:1", ground: str = "wpg:8", unit: str = "amsterdam"
) -> Reading:
    return under(Viewer(subject="dev:x", role=Role(role), unit=unit), purpose, ground)


def codes(laws: Iterable[str]) -> set[str]:
    """The handling codes of these, which are regime, code and controller."""
    return {law.split()[1] for law in laws}


def of(controller: str, laws: Iterable[str]) -> set[str]:
    return {law for law in laws if law.split()[2] == controller}


def whose(laws: Iterable[str]) -> set[str]:
    return {law.split()[2] for law in laws}


def every_permission(role: str, action: Action) -> Iterator[Permitted]:
    for way in EVERY_WAY:
        asked = reading(role, *way)
        if allows(asked, action):
            yield permit(asked, action)


def ever(role: str, action: Action) -> bool:
    """Whether any purpose and ground allow it to this role."""
    return any(allows(reading(role, *way), action) for way in EVERY_WAY)


class TestWhoMayNot:
    @pytest.mark.parametrize("role", ["auditor", "administrator", "defence"])
    @pytest.mark.parametrize(
        "action",
        sorted(
            set(Action)
            - set(REVIEWING)
            - AUTHORISING
            - KEEPING
            - CONTROLLING
            - {Action.OVERSEE_REVIEWS}
        ),
    )
    def test_who_controls_or_runs_the_system_sees_none_of_its_content(
        self, role: str, action: Action
    ) -> None:
        assert not ever(role, action)

    def test_who_reviews_sees_reviews_and_none_of_the_content(self) -> None:
        assert {a for a in Action if ever("access_reviewer", a)} == {
            Action.SEE_GLASSES,
            Action.REVIEW_GLASS,
            Action.READ_AUTHORISATIONS,
            *CONTROLLING,
            *REVIEWING,
        }

    @pytest.mark.parametrize("role", ["source", "dealer", "depot"])
    @pytest.mark.parametrize(
        "action", [a for a in READING if a not in CONTROLLING and a != Action.READ_NOTICES]
    )
    def test_who_hands_in_reads_nothing_of_what_others_know(
        self, role: str, action: Action
    ) -> None:
        assert not ever(role, action)

    def test_a_dealer_and_a_depot_read_what_they_were_told_and_nobody_else_does(self) -> None:
        assert {r for r in Role if ever(r, Action.READ_NOTICES)} == {Role.DEALER, Role.DEPOT}

    def test_what_follows_a_hit_is_decided_by_who_has_the_power(self) -> None:
        who = {a: {str(role) for role in Role if ever(role, a)} for a in AFTER_A_HIT}
        police = {"district_detective", "hic_team", "team_leader", "authorised_officer"}

        assert who == {
            Action.ANSWER_SIGNAL: police,
            Action.ORDER_KEEPING: police,
            Action.RELEASE_ORDER: police,
            Action.SEIZE_GOOD: police,
            Action.DECIDE_RETURN: {"prosecutor"},
            Action.RECORD_COMPLAINT: {"prosecutor", "prosecution_clerk"},
            Action.TELL_DEALER: {"team_leader", "authorised_officer"},
        }

    @pytest.mark.parametrize("role", ["source", "dealer", "depot", "boa_1", "municipal_clerk"])
    def test_who_keeps_or_controls_a_register_does_nothing_after_a_hit(self, role: str) -> None:
        assert not any(ever(role, a) for a in (*AFTER_A_HIT, Action.READ_SEQUELS))

    def test_who_hands_in_is_told_of_what_was_found_and_who_controls_is_not(self) -> None:
        told = {
            role for role in Role if may_learn_of_kept(Viewer(subject="x", role=role, unit="u"))
        }
        assert told == {Role.SOURCE, Role.DEALER, Role.DEPOT}

    def test_who_erases_reads_nothing_but_the_vault_for_a_complaint(self) -> None:
        read = {a for a in READING if ever("privacy_officer", a)}
        assert read - CONTROLLING == {Action.OPEN_VAULT}
        ways = [w for w in EVERY_WAY if allows(reading("privacy_officer", *w), Action.OPEN_VAULT)]
        assert ways == [("duty:complaint", "wpg:14")]

    @pytest.mark.parametrize("action", [Action.OPEN_VAULT, Action.HANDLE_PERSON_REQUEST])
    def test_nobody_else_opens_the_vault_or_answers_persons(self, action: Action) -> None:
        assert {role for role in Role if ever(role, action)} == {Role.PRIVACY_OFFICER}

    def test_who_destroys_is_one_and_who_holds_are_two(self) -> None:
        who = {action: {role for role in Role if ever(role, action)} for action in KEEPING}

        assert who == {
            Action.RUN_CLOCKS: {Role.PRIVACY_OFFICER},
            Action.PLACE_HOLD: {Role.PRIVACY_OFFICER, Role.AUTHORISED_OFFICER},
            Action.READ_CLOCKS: {Role.PRIVACY_OFFICER, Role.AUTHORISED_OFFICER, Role.AUDITOR},
            Action.READ_HOLDS: {Role.PRIVACY_OFFICER, Role.AUTHORISED_OFFICER, Role.AUDITOR},
        }

    @pytest.mark.parametrize("role", ["source", "dealer", "depot", "administrator", "defence"])
    @pytest.mark.parametrize("action", sorted(CONTROLLING))
    def test_who_controls_nothing_opens_no_trail(self, role: str, action: Action) -> None:
        assert not ever(role, action)

    def test_of_reads_that_are_secret_only_who_controls_is_told(self) -> None:
        told = {
            role
            for role in Role
            for permitted in every_permission(role, Action.SEE_READERS)
            for sight in permitted.sights.values()
            if "closed" in codes(sight.shown)
        }

        assert told == {Role.ACCESS_REVIEWER, Role.PRIVACY_OFFICER, Role.AUDITOR}

    def test_who_else_is_told_of_reads_is_told_of_daily_work_alone(self) -> None:
        for role in (Role.PROSECUTOR, Role.PROSECUTION_CLERK, Role.AUTHORISED_OFFICER):
            for permitted in every_permission(role, Action.SEE_READERS):
                for sight in permitted.sights.values():
                    assert codes(sight.shown) == {"open"}
                    assert {law.split()[0] for law in sight.shown} == {"avg", "wpg:8", "wpg:13"}

    @pytest.mark.parametrize("role", sorted(Role))
    def test_a_trail_is_opened_of_what_may_be_read_and_of_no_more(self, role: Role) -> None:
        for way in EVERY_WAY:
            asked = reading(role, *way)
            if way[0] not in ("duty:review", "duty:break_glass"):
                # What was granted is there to be read, and not to follow who else looked at it.
                of_hits = dict(policy.sights(asked, Action.READ_HITS))
                of_hits.pop(Relation.GRANTED, None)
                assert policy.sights(asked, Action.READ_TRAIL) == of_hits, way

    @pytest.mark.parametrize("role", ["boa_1", "boa_2", "municipal_clerk"])
    def test_who_controls_dealers_sees_dealers_and_purchases_alone(self, role: str) -> None:
        assert {a for a in Action if ever(role, a)} - {Action.ANSWER_REVIEW} == {
            Action.READ_DEALERS,
            Action.READ_PURCHASES,
        }

    def test_nobody_but_the_authorised_officer_exports_hits(self) -> None:
        allowed = {role for role in Role if ever(role, Action.EXPORT_HITS)}
        assert allowed == {Role.AUTHORISED_OFFICER}

    @pytest.mark.parametrize(
        "action", sorted(set(READING) - {Action.EXPORT_HITS, Action.OPEN_VAULT})
    )
    def test_nobody_but_the_authorised_officer_sees_what_is_closed(self, action: Action) -> None:
        controls = {Role.ACCESS_REVIEWER, Role.PRIVACY_OFFICER, Role.AUDITOR}
        for role in set(Role) - {Role.AUTHORISED_OFFICER}:
            if action in CONTROLLING and role in controls:
                continue
            for permitted in every_permission(role, action):
                for sight in permitted.sights.values():
                    assert "closed" not in codes(sight.known)

    @pytest.mark.parametrize("role", ["prosecutor", "prosecution_clerk"])
    def test_the_prosecution_sees_what_is_in_its_case_alone(self, role: str) -> None:
        permitted = permit(reading(role, "case:1", "wjsg:39b"), Action.READ_PURCHASES)

        assert permitted.sights.keys() == {Relation.OWN_CASE}

    @pytest.mark.parametrize("role", ["boa_1", "boa_2", "municipal_clerk"])
    def test_who_controls_dealers_sees_those_of_his_municipality_alone(self, role: str) -> None:
        permitted = permit(reading(role, "duty:control", "sr:437"), Action.READ_PURCHASES)

        assert permitted.sights.keys() == {Relation.OWN_MUNICIPALITY}
        assert all(pair.startswith("avg ") for pair in permitted.sights[OWN_TOWN].shown)

        assert whose(permitted.sights[OWN_TOWN].known) == {"dealer", "gemeente"}

    @pytest.mark.parametrize("role", INVESTIGATING)
    @pytest.mark.parametrize("action", CONTENT)
    def test_the_fiod_reads_police_records_in_a_case_or_as_granted_alone(
        self, role: str, action: Action
    ) -> None:
        for way in EVERY_WAY:
            seen = policy.sights(reading(role, *way, unit="fiod-zwolle"), action)
            assert not whose(seen.get(Relation.ANYWHERE, policy.NOTHING).known) & OF_THE_POLICE

    def test_what_another_keeps_secret_is_not_even_known_to_the_authorised_officer(self) -> None:
        sight = permit(reading("authorised_officer"), Action.READ_HITS).sights[Relation.ANYWHERE]

        assert codes(of("kmar", sight.shown)) == {"open"}
        assert "closed" not in codes(of("kmar", sight.known))

    def test_who_controls_dealers_for_no_municipality_is_told_so(self) -> None:
        nowhere = under(
            Viewer(subject="dev:x", role=Role.BOA_1, unit="district-4"), "duty:control", "sr:437"
        )

        with pytest.raises(NotPermitted, match="'district-4' is none"):
            permit(nowhere, Action.READ_PURCHASES)

    def test_who_is_of_a_unit_that_nobody_knows_is_told_so(self) -> None:
        for role in ("district_detective", "authorised_officer", "access_reviewer"):
            nobody = under(Viewer(subject="x", role=Role(role), unit="x"), "duty:review", "wpg:32a")

            with pytest.raises(NotPermitted, match="'x' is of no controller"):
                permit(nobody, Action.READ_HITS)
            assert not any(allows(nobody, action) for action in Action)

    def test_development_login_plays_any_unit_as_of_the_police(self) -> None:
        played = Viewer(subject="dev:x", role=Role.DISTRICT_DETECTIVE, unit="x", may_accept=True)

        assert played.controller == "politie"
        permit(under(played, "duty:front_desk", "wpg:8"), Action.READ_HITS)
        kmar = replace(played, unit="kmar-x")
        assert kmar.controller == "kmar"

    @pytest.mark.parametrize(
        ("unit", "own", "other"), [("amsterdam", "politie", "kmar"), ("kmar-a", "kmar", "politie")]
    )
    @pytest.mark.parametrize("action", [Action.READ_REVIEWS, Action.DECIDE_REVIEW])
    def test_a_reviewer_reviews_the_reads_of_his_own_controller(
        self, unit: str, own: str, other: str, action: Action
    ) -> None:
        found = reached(reading("access_reviewer", "duty:review", "wpg:32a", unit), action)

        assert own in found
        assert other not in found
        assert "unlisted" not in found

    def test_what_is_of_nobody_is_reached_by_who_reaches_all(self) -> None:
        answering = reading("district_detective", "duty:answer", "wpg:32a")

        assert "unlisted" in reached(answering, Action.ANSWER_REVIEW)

    def test_nobody_but_who_controls_sees_what_others_read(self) -> None:
        for action in (Action.READ_REVIEWS, Action.EXPORT_REVIEW):
            assert {r for r in Role if ever(r, action)} == {Role.ACCESS_REVIEWER, Role.AUDITOR}
        assert {r for r in Role if ever(r, Action.DECIDE_REVIEW)} == {Role.ACCESS_REVIEWER}

    def test_a_review_is_no_ground_to_read_a_register(self) -> None:
        for role in Role:
            shown = reading(role, "duty:review", "wpg:32a")
            assert {a for a in READING if allows(shown, a)} <= {*REVIEWING, *CONTROLLING}

    def test_a_control_of_the_register_opens_no_name(self) -> None:
        shown = reading("district_detective", "task:1", "sr:437")

        assert allows(shown, Action.READ_PRESENTATIONS)
        assert not allows(shown, Action.REVEAL_IDENTITY)

    @pytest.mark.parametrize("role", ["prosecution_clerk", "boa_1", "municipal_clerk", "depot"])
    def test_who_needs_no_name_reveals_none(self, role: str) -> None:
        assert not ever(role, Action.REVEAL_IDENTITY)

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

        sight = permitted.sights[Relation.ANYWHERE]
        assert codes(sight.shown) == {"open"}
        assert codes(sight.known) == {"open", "consent", "confidential"}
        in_case = permitted.sights[Relation.OWN_CASE]
        assert codes(in_case.shown) == {"open", "consent", "confidential"}

    @pytest.mark.parametrize(("unit", "own"), [("amsterdam", "politie"), ("kmar", "kmar")])
    def test_the_authorised_officer_sees_every_handling_code_of_his_own(
        self, unit: str, own: str
    ) -> None:
        permitted = permit(reading("authorised_officer", unit=unit), Action.READ_HITS)

        sight = permitted.sights[Relation.ANYWHERE]
        assert codes(of(own, sight.shown)) == policy.CODES
        assert of(own, sight.shown) == of(own, sight.known)

    def test_whoever_runs_a_command_is_written_down_by_name(self) -> None:
        viewer = operator(Role.AUTHORISED_OFFICER)

        assert viewer.subject.startswith("os:")
        assert viewer.subject != "os:"


class TestRecording:
    @pytest.mark.parametrize("role", ["source", "dealer", "depot"])
    def test_a_token_hands_in_records_of_its_own_source_alone(self, role: str) -> None:
        viewer = Viewer(subject="dev:x", role=Role(role), unit="kassa")

        assert may_record(viewer, "kassa")
        assert not may_record(viewer, "another-till")

    @pytest.mark.parametrize("role", [Role.DEALER, Role.DEPOT])
    def test_a_dealer_and_a_depot_report_nothing_stolen(self, role: Role) -> None:
        viewer = Viewer(subject="dev:x", role=role, unit="kassa")

        assert may_record(viewer, "kassa", Action.RECORD_PURCHASES)
        assert not may_record(viewer, "kassa", Action.RECORD_STOLEN_ITEMS)

    @pytest.mark.parametrize("role", sorted(set(Role) - {Role.SOURCE, Role.DEALER, Role.DEPOT}))
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

    def test_own_is_said_to_who_works_for_a_controller_that_is_one_alone(self) -> None:
        many = {role for name in ("gemeente", "dealer", "private") for role in roles_of(name)}
        for rule in policy.rules():
            if policy.OWN in rule.controllers:
                assert not rule.roles & many

    def test_no_reading_is_allowed_without_a_ground_or_a_purpose(self) -> None:
        for rule in policy.rules():
            if rule.actions & set(READING):
                assert policy.NONE_ASKED not in rule.grounds | rule.purposes


def roles_of(controller: str) -> frozenset[str]:
    return CONTROLLERS[controller].roles


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
