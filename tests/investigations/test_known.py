"""A case as it was known: the same whenever it is asked, and what came between two days."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from herkomst.access.policy import Action
from herkomst.access.reading import Returned
from herkomst.access.viewer import Role
from herkomst.domain import ids
from herkomst.domain.casework.reveal import Revealed, Reveals
from herkomst.investigations import cases, hits, known, presentations, purchases, stolen_items
from herkomst.investigations.goods import Withheld
from herkomst.investigations.hits import Hit
from herkomst.investigations.inquiry import Inquiry
from herkomst.investigations.known import Change, Difference, KnownCase, Moment
from herkomst.investigations.pages import Page
from herkomst.investigations.presentations import Identity, Presentation
from herkomst.investigations.purchases import Purchase
from herkomst.investigations.stolen_items import StolenItem
from herkomst.record.archive import Archive
from herkomst.record.casework import CaseOpened, Seal, Standpoint
from tests.archives import POLICE, TILL, a_correction, a_dealer, a_seller
from tests.investigations.inquiring import inquire
from tests.investigations.test_cases import a_case, allowed, do, join
from tests.projections.following import take_in
from tests.serving import follow, pair

PURCHASE = ids.purchase_id(TILL, "purchase-1")
STOLEN = ids.stolen_item_id(POLICE, "stolen-1")
HIT = ids.pair_id(PURCHASE, 1, STOLEN)


def encoded(told: object) -> bytes:
    """What is told, as bytes; what would count it is left out."""
    return msgspec.json.encode(told, enc_hook=lambda _: None)


@pytest.fixture
def case(archive: Archive) -> CaseOpened:
    """A case with a purchase, a stolen item and the hit between them."""
    take_in(archive, a_dealer(), *pair(1))
    follow(archive)
    case = a_case(archive)
    join(archive, case)
    for kind, item in (("purchase", PURCHASE), ("stolen_item", STOLEN), ("hit", HIT)):
        do(archive, case, lambda s, _, k=kind, i=item: s.add(k, i.hex, None))  # type: ignore[misc]
    return case


def as_known(archive: Archive, case: CaseOpened, at: Moment, **viewer: Any) -> KnownCase | None:
    permitted = allowed(Action.READ_CASES, **viewer)
    follow(archive)

    async def ask(inquiry: Inquiry) -> KnownCase | None:
        found = await cases.one(permitted, inquiry, case=case.id)
        assert found is not None
        return await known.case_as_known(permitted, inquiry, found, at, Page(10))

    return inquire(archive, ask)


def records(told: KnownCase | None) -> dict[str, Any]:
    assert told is not None
    return {item.item.kind: item.record for item in told.items.nodes}


def this_moment() -> Moment:
    return Moment(datetime.now(UTC))


def what_came_later(archive: Archive, case: CaseOpened) -> None:
    take_in(archive, a_correction("c", payment={"form": "card"}))
    take_in(
        archive,
        replace(pair(1)[1], status="withdrawn", withdrawn_reason="mistaken"),
    )
    do(archive, case, lambda s, seal: s.note("fact", seal("Ingetrokken."), STOLEN.hex))
    do(archive, case, lambda s, seal: s.remove(PURCHASE.hex, seal("vergissing")))


def test_given_a_moment_when_asked_later_then_the_answer_is_the_same_to_the_byte(
    archive: Archive, case: CaseOpened
) -> None:
    then = this_moment()
    before = encoded(as_known(archive, case, then))

    what_came_later(archive, case)

    assert encoded(as_known(archive, case, then)) == before
    assert encoded(as_known(archive, case, this_moment())) != before


def test_given_now_then_what_is_known_is_what_the_registers_tell(
    archive: Archive, case: CaseOpened
) -> None:
    take_in(archive, a_correction("c", payment={"form": "card"}))
    told = records(as_known(archive, case, this_moment()))
    by = {
        action: allowed(action, role=Role.DISTRICT_DETECTIVE)
        for action in (Action.READ_HITS, Action.READ_PURCHASES)
    }

    async def ask(inquiry: Inquiry) -> tuple[Any, Any, Any]:
        bought = await purchases.by_ids(by[Action.READ_PURCHASES], inquiry, [PURCHASE])
        stolen = await stolen_items.by_ids(by[Action.READ_HITS], inquiry, [STOLEN])
        hit = await hits.one(by[Action.READ_HITS], inquiry, HIT)
        return bought[PURCHASE], stolen[STOLEN], hit

    now = inquire(archive, ask)

    for one, (kind, shape) in zip(
        now, (("purchase", Purchase), ("stolen_item", StolenItem), ("hit", Hit)), strict=True
    ):
        assert isinstance(one, shape)
        marked = {} if kind == "stolen_item" else {"as_known": True}
        assert replace(told[kind], revision=0) == replace(one, revision=0, **marked)


def test_given_an_answer_then_all_that_it_tells_of_is_returned_to_the_journal(
    archive: Archive, case: CaseOpened
) -> None:
    do(archive, case, lambda s, seal: s.note("fact", seal("Zeven fietsen."), None))
    permitted, returned = allowed(Action.READ_CASES), Returned()
    follow(archive)

    async def ask(inquiry: Inquiry) -> None:
        found = await cases.one(permitted, inquiry, case=case.id)
        assert found is not None
        await known.case_as_known(permitted, inquiry, found, this_moment(), Page(10))

    inquire(archive, ask, returned)

    told = {identity.partition(":")[0] for identity in returned.ids}
    assert told == {"case", "case_item", "case_entry", "purchase", "stolen_item", "hit"}


def test_given_a_moment_before_it_was_opened_then_there_was_no_case(
    archive: Archive, case: CaseOpened
) -> None:
    early = Moment(datetime.now(UTC) - timedelta(days=1))

    assert as_known(archive, case, early) is None


def test_given_a_record_that_arrived_later_then_it_was_not_known(archive: Archive) -> None:
    case = a_case(archive)
    join(archive, case)
    do(archive, case, lambda s, _: s.add("purchase", PURCHASE.hex, None))
    then = this_moment()
    take_in(archive, a_dealer(), *pair(1))

    assert records(as_known(archive, case, then)) == {"purchase": None}
    assert isinstance(records(as_known(archive, case, this_moment()))["purchase"], Purchase)


def test_given_a_day_on_the_axis_of_what_happened_then_what_happened_later_is_left_out(
    archive: Archive, case: CaseOpened
) -> None:
    now = datetime.now(UTC)

    assert as_known(archive, case, Moment(now, now - timedelta(days=365))) is None
    told = records(as_known(archive, case, Moment(now, datetime.now(UTC))))
    assert isinstance(told["purchase"], Purchase)


@pytest.mark.parametrize(("handling", "told"), [("confidential", Withheld), ("closed", type(None))])
def test_given_what_may_not_be_read_now_then_it_is_not_told_of_then(
    archive: Archive, handling: str, told: type
) -> None:
    take_in(archive, a_dealer(), *pair(1, handling))
    case = a_case(archive)
    join(archive, case)
    do(archive, case, lambda s, _: s.add("stolen_item", STOLEN.hex, None))
    do(archive, case, lambda s, _: s.add("hit", HIT.hex, None))
    follow(archive)

    found = records(as_known(archive, case, this_moment()))

    assert isinstance(found["stolen_item"], told)
    assert found["hit"] is None or (found["hit"].withheld and found["hit"].grade is None)
    assert (found["hit"] is None) == (handling == "closed")


def changes(archive: Archive, case: CaseOpened, days: int) -> list[Change]:
    """What was recorded since the day that lies so many days ago."""
    permitted = allowed(Action.READ_CASES)
    today = datetime.now(UTC).date() + timedelta(days=1)
    follow(archive)

    async def ask(inquiry: Inquiry) -> list[Change]:
        found = await cases.one(permitted, inquiry, case=case.id)
        assert found is not None
        since = today - timedelta(days=days)
        page = await known.case_changes(permitted, inquiry, found, since, today, Page(100))
        return list(page.nodes)

    return inquire(archive, ask)


def test_given_two_days_then_what_came_between_is_told_and_late_arrivals_are_marked(
    archive: Archive, case: CaseOpened
) -> None:
    found = {change.topic: change for change in changes(archive, case, 3)}

    assert {"dor.purchase.registered", "heling.item.reported", "casework.hit.found"} <= set(found)
    assert found["dor.purchase.registered"].late, "it was bought long before"
    assert not found["casework.case.opened"].late
    assert changes(archive, case, 0) == []


def test_given_more_changes_than_a_page_when_paged_then_each_is_told_once_in_order(
    archive: Archive, case: CaseOpened
) -> None:
    permitted = allowed(Action.READ_CASES)
    until = datetime.now(UTC).date() + timedelta(days=1)
    follow(archive)

    async def ask(inquiry: Inquiry) -> list[Change]:
        found = await cases.one(permitted, inquiry, case=case.id)
        assert found is not None
        told: list[Change] = []
        page, since = Page(2), until - timedelta(days=9)
        while True:
            part = await known.case_changes(permitted, inquiry, found, since, until, page)
            told += part.nodes
            end = part.page_info.end_cursor
            if not part.more:
                return told
            assert len(told) < 50, "it goes on for ever"
            page = inquiry.cursors.page(known.CHANGES, 2, end)

    told = inquire(archive, ask)

    assert told == changes(archive, case, 9)
    assert len({change.revision for change in told}) == len(told) > 4


def differences(
    archive: Archive, case: CaseOpened, early: Moment, late: Moment, page: Page | None = None
) -> list[Difference]:
    permitted = allowed(Action.READ_CASES)
    follow(archive)

    async def ask(inquiry: Inquiry) -> list[Difference]:
        found = await cases.one(permitted, inquiry, case=case.id)
        assert found is not None
        told = await known.case_differences(
            permitted, inquiry, found, early, late, page or Page(100)
        )
        return list(told.nodes)

    return inquire(archive, ask)


def test_given_two_moments_then_what_differs_is_told_by_field(
    archive: Archive, case: CaseOpened
) -> None:
    early = this_moment()
    take_in(archive, a_correction("c", payment={"form": "card"}))
    do(archive, case, lambda s, seal: s.note("fact", seal("Zeven fietsen."), STOLEN.hex))
    do(archive, case, lambda s, seal: s.remove(HIT.hex, seal("vergissing")))

    told = differences(archive, case, early, this_moment())

    assert [(each.kind, each.became) for each in told] == [
        ("case_item", "gone"),
        ("case_entry", "there"),
        ("purchase", "other"),
        ("hit", "gone"),
    ]
    (paid,) = [field for field in told[2].fields if field.field == "/payment/form"]
    assert (paid.before, paid.after) == ('"cash"', '"card"')
    assert '"Zeven fietsen."' in {field.after for field in told[1].fields}
    assert {field.after for field in told[3].fields} == {None}


def test_given_the_same_moment_twice_then_nothing_differs(
    archive: Archive, case: CaseOpened
) -> None:
    now = this_moment()

    assert differences(archive, case, now, now) == []


def test_given_what_may_not_be_read_when_it_changes_then_no_field_of_it_is_told(
    archive: Archive,
) -> None:
    take_in(archive, a_dealer(), *pair(1, "confidential"))
    case = a_case(archive)
    join(archive, case)
    do(archive, case, lambda s, _: s.add("stolen_item", STOLEN.hex, None))
    early = this_moment()
    withdrawn = replace(pair(1, "confidential")[1], status="withdrawn", withdrawn_reason="mistaken")
    take_in(archive, withdrawn)

    assert differences(archive, case, early, this_moment()) == []


def test_given_more_differences_than_a_page_then_the_next_page_goes_on(
    archive: Archive, case: CaseOpened
) -> None:
    long_ago = Moment(datetime.now(UTC) - timedelta(days=1))
    now = this_moment()
    whole = differences(archive, case, long_ago, now)

    assert differences(archive, case, long_ago, now, Page(2)) == whole[:2]
    rest = differences(archive, case, long_ago, now, Page(100, whole[1].revision))
    assert rest == whole[2:]


def named(archive: Archive) -> tuple[CaseOpened, UUID]:
    """A case with a person in it, by what he presented."""
    take_in(archive, a_dealer(), *pair(1))
    case = a_case(archive)
    join(archive, case)
    person = ids.presentation_id(PURCHASE)
    do(archive, case, lambda s, seal: s.name(person.hex, "suspect", "wpg:8", seal("verkocht")))
    follow(archive)
    return case, person


def reveal(archive: Archive, case: CaseOpened, person: UUID) -> None:
    def revealed(_: Reveals, seal: Seal) -> Revealed:
        return Revealed(
            basis="case",
            by="dev:someone",
            case=case.id.hex,
            presentation=person.hex,
            purpose=f"case:{case.number}",
            why=seal("aanhouding"),
        )

    standpoint = Standpoint("user:dev:someone", "wpg:8", "amsterdam")
    archive.casework.in_reveals("dev:someone", revealed, standpoint)


def test_given_a_person_then_the_identity_is_known_from_when_it_was_revealed_in_the_case(
    archive: Archive,
) -> None:
    case, person = named(archive)
    hidden = this_moment()
    reveal(archive, case, person)
    told = this_moment()
    follow(archive)

    before = records(as_known(archive, case, hidden))["presentation"]
    after = records(as_known(archive, case, told))["presentation"]

    assert isinstance(before.identity, Withheld)
    assert isinstance(after.identity, Identity)
    assert after.identity.family_name == a_seller().family_name
    assert before.pseudonym == after.pseudonym


def test_given_a_person_then_he_is_known_as_the_register_tells_him(archive: Archive) -> None:
    case, person = named(archive)
    permitted = allowed(Action.READ_PRESENTATIONS, role=Role.DISTRICT_DETECTIVE)
    told = records(as_known(archive, case, this_moment()))["presentation"]

    async def ask(inquiry: Inquiry) -> Presentation | None:
        return await presentations.one(permitted, inquiry, person)

    now = inquire(archive, ask)

    assert now is not None
    assert told == now


def test_given_an_identity_that_was_corrected_away_then_it_was_known_before(
    archive: Archive,
) -> None:
    case, person = named(archive)
    reveal(archive, case, person)
    then = this_moment()
    before = encoded(as_known(archive, case, then))
    take_in(archive, a_correction("c", seller=None))

    assert encoded(as_known(archive, case, then)) == before
    assert records(as_known(archive, case, this_moment())) == {"presentation": None}
    (gone,) = differences(archive, case, then, this_moment())
    assert (gone.kind, gone.became, gone.of) == ("presentation", "gone", person)


def test_given_what_was_revealed_in_another_case_then_it_is_not_known_in_this_one(
    archive: Archive,
) -> None:
    case, person = named(archive)
    reveal(archive, a_case(archive), person)

    told = records(as_known(archive, case, this_moment()))

    assert isinstance(told["presentation"].identity, Withheld)


def test_given_differences_then_the_journal_is_told_of_them_and_of_nothing_that_stayed(
    archive: Archive,
) -> None:
    case, person = named(archive)
    early = this_moment()
    reveal(archive, case, person)
    take_in(archive, a_dealer(key="dealer-2"))
    permitted, returned = allowed(Action.READ_CASES), Returned()
    follow(archive)

    async def ask(inquiry: Inquiry) -> None:
        found = await cases.one(permitted, inquiry, case=case.id)
        assert found is not None
        await known.case_differences(permitted, inquiry, found, early, this_moment(), Page(10))

    inquire(archive, ask, returned)

    assert returned.ids == (f"case:{case.id}", f"presentation:{person}", f"identity:{person}")
