"""Live firing over a replayed year equals the dry run over it, and both equal a plain fold.

The fold below knows records as a till sends them, and nothing of rows, statements, hashes, stems or
batches: what a word meets is a table that was written by hand.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from herkomst.domain import ids
from herkomst.domain.casework.predicates import (
    PersonOfInterest,
    Predicate,
    SavedSearch,
    Windowed,
)
from herkomst.domain.register.records import (
    Address,
    Amount,
    Document,
    PurchaseLine,
    PurchaseRecord,
    Reference,
    Seller,
)
from herkomst.processes.firing import Watched
from herkomst.record.postgres import EmbeddedPostgres
from tests.alerts import SINCE, Fired, a_case, active, dry, live, watch
from tests.archives import TILL, a_dealer, a_moment, an_establishment, make_archive
from tests.processes.scenes import correction
from tests.projections.following import facts, rebuilt, rows, take_in

FIRST = datetime(2026, 1, 5, 9, tzinfo=UTC)
BEHIND = datetime(2027, 1, 1, tzinfo=UTC)
HOME, AWAY = (
    Address(street="Fictielaan", number=number, postcode="1000 AB", city="Amsterdam")
    for number in ("12", "14")
)
PASSPORT = Document(type="passport", number="NXX00FAKE")


def person(name: str, born: str | None, at: Address | None, shown: Document | None) -> Seller:
    return Seller(family_name=name, initials="T.", born=born, address=at, document=shown)


SELLERS = (
    person("Voorbeeld", "1980-02-29", HOME, PASSPORT),
    person("Voorbeeld", "1980-02-29", AWAY, None),
    person("Voorbeeld", "2001-05-06", HOME, None),  # A daughter, at home.
    person("Voorbeeld", None, HOME, None),
    person("Verzonnen", None, AWAY, None),
    person("Andersom", "1990-01-01", None, PASSPORT),  # Another name, and the same document.
    person("Naamloos", None, None, None),  # Nobody can be told apart by this.
    None,
)
MODELS = (None, "Kinderfiets 20", "Galaxy S23", "Oude fietsen")
MEETS: dict[str, Any] = {
    "fiets": lambda li: li.kind == "bicycle" or li.model in ("Kinderfiets 20", "Oude fietsen"),
    "kinderfiets": lambda li: li.model == "Kinderfiets 20",
    "galaxy -zwart": lambda li: li.model == "Galaxy S23" and "zwart" not in li.colours,
    "gazelle": lambda li: (li.brand or "").lower() == "gazelle",
}
"""What words mean, told by hand."""
TOWNS = {"noord": "GM0363", "zuid": "GM0599"}

lines = st.builds(
    lambda kind, brand, model, colours, cents: PurchaseLine(
        line=1,
        kind=kind,
        brand=brand,
        model=model,
        colours=colours,
        price=None if cents is None else Amount(amount=f"{cents // 100}.{cents % 100:02}"),
    ),
    st.sampled_from(["phone", "bicycle", "tablet"]),
    st.sampled_from([None, "Gazelle", "GAZELLE", "Samsung"]),
    st.sampled_from(MODELS),
    st.sampled_from([[], ["zwart"], ["zwart", "groen"]]),
    st.sampled_from([None, 2_500, 8_000, 12_550]),
)
# Days and hours, so that some lie exactly a window apart.
moments = st.builds(
    lambda days, hours: FIRST + timedelta(days=days, hours=hours),
    st.integers(0, 40),
    st.sampled_from([0, 0, 1, 23]),
)


@st.composite
def purchases(draw: st.DrawFn) -> PurchaseRecord:
    goods = draw(st.lists(lines, min_size=1, max_size=2))
    return PurchaseRecord(
        type="purchase",
        v=1,
        source=TILL,
        key="to be named",
        dealer=Reference(source=TILL, key="dealer-1"),
        branch=draw(st.sampled_from(["noord", "zuid"])),
        acquired=a_moment(draw(moments).isoformat()),
        mode=draw(st.sampled_from(["bought", "traded_in", "consigned"])),
        seller=draw(st.sampled_from(SELLERS)),
        items=[replace(good, line=number) for number, good in enumerate(goods, 1)],
    )


some_kinds = st.sampled_from([(), ("phone",), ("phone", "tablet")])
some_modes = st.sampled_from([(), ("bought",), ("bought", "traded_in")])
windows = st.one_of(
    st.builds(
        Windowed,
        count=st.integers(1, 4),
        days=st.sampled_from([1, 7, 30]),
        kinds=some_kinds,
        modes=some_modes,
    ),
    st.builds(
        Windowed,
        amount=st.sampled_from([8_000, 10_500, 25_100]),
        currency=st.just("EUR"),
        days=st.sampled_from([1, 7, 30]),
        kinds=some_kinds,
        modes=some_modes,
    ),
)
searches = st.builds(
    SavedSearch,
    brands=st.sampled_from([(), ("gazelle",)]),
    colours=st.sampled_from([(), ("groen",)]),
    kinds=st.sampled_from([("bicycle",), ("phone", "bicycle")]),
    modes=some_modes,
    municipalities=st.sampled_from([(), ("GM0363",)]),
    words=st.sampled_from([None, *MEETS]),
) | st.builds(
    SavedSearch,
    currency=st.just("EUR"),
    least=st.sampled_from([None, 2_500, 2_501]),
    most=st.sampled_from([8_000, 12_549]),
)


class World(NamedTuple):
    """Purchases in the order in which they arrive, how many at once, and what is looked for."""

    told: Sequence[PurchaseRecord]
    parts: Sequence[int]
    batch: int
    wanted: Sequence[Predicate]
    before: int
    """How many arrived before the alerts were activated."""


@st.composite
def worlds(draw: st.DrawFn) -> World:
    drawn = draw(st.lists(purchases(), min_size=6, max_size=16))
    told = [replace(record, key=f"p{number}") for number, record in enumerate(drawn)]
    persons = st.builds(
        lambda one: PersonOfInterest(presentation=ids.presentation_id(_id(one)).hex),
        st.sampled_from(told),
    )
    kinds: list[st.SearchStrategy[Any]] = [windows, windows, windows, searches, searches, persons]
    return World(
        told,
        draw(st.lists(st.integers(1, 5), min_size=len(told), max_size=len(told))),
        draw(st.sampled_from([1, 2, 3, 7, 2000])),
        [draw(kind) for kind in kinds],
        draw(st.integers(0, 4)),
    )


def few(base: settings, part: int) -> settings:
    return settings(
        base,
        max_examples=max(3, base.max_examples // part),
        suppress_health_check=list(HealthCheck),
    )


def test_live_firing_over_a_replayed_year_equals_the_dry_run_and_a_plain_fold(
    server: EmbeddedPostgres, model_settings: settings
) -> None:
    @few(model_settings, 3)
    @given(worlds())
    def any_world(world: World) -> None:
        with make_archive(server, followed=True) as archive:
            take_in(archive, _shops())
            case = a_case(archive)
            alerts = active(archive, case, world.wanted)
            for part in _parts(world.told, world.parts):
                take_in(archive, *part)
                watch(archive, batch=world.batch)

            watched = [
                Watched(alert, predicate, SINCE, BEHIND)
                for alert, predicate in zip(alerts, world.wanted, strict=True)
            ]
            expected = _folded(watched, world.told)
            assert dry(archive, watched) == expected
            assert live(archive) == expected
            told = {row["purchase"]: row["firings"] for row in rows(archive, "sightings")}
            assert sum(told.values()) == len(expected)
            about = Counter(_subject(_by_id(world.told)[purchase]) for _, purchase, _ in expected)
            assert Counter(
                {_subject(_by_id(world.told)[of]): number for of, number in told.items()}
            ) == (about)
            assert len(told) == len(about)

            before = [fact.position for fact in facts(archive, "casework")]
            rebuilt(archive, ["purchases", "presentations", "firings", "sightings", "alerts"])
            watch(archive)
            assert [fact.position for fact in facts(archive, "casework")] == before

    any_world()


def test_what_fires_after_an_activation_does_not_hang_on_batches(
    server: EmbeddedPostgres, model_settings: settings
) -> None:
    @few(model_settings, 6)
    @given(worlds())
    def any_world(world: World) -> None:
        found = [_fired_later(server, world, batch) for batch in (1, world.batch, 2000)]
        assert found[0] == found[1] == found[2]
        # It fires on all that the dry run counts of what arrived after it.
        after = {_id(record) for record in world.told[world.before :]}
        watched = [Watched(UUID(int=n), each, SINCE, BEHIND) for n, each in enumerate(world.wanted)]
        expected = {(f[0].int, *f[1:]) for f in _folded(watched, world.told) if f[1] in after}
        assert expected <= found[0]

    any_world()


def test_what_was_corrected_stays_fired_and_all_that_a_dry_run_counts_has_fired(
    server: EmbeddedPostgres, model_settings: settings
) -> None:
    @few(model_settings, 6)
    @given(worlds(), st.data())
    def any_world(world: World, data: st.DataObject) -> None:
        with make_archive(server, followed=True) as archive:
            take_in(archive, _shops())
            alerts = active(archive, a_case(archive), world.wanted)
            seen: set[Fired] = set()
            for place, part in enumerate(_parts(world.told, world.parts)):
                take_in(archive, *part)
                one = data.draw(st.sampled_from(part))
                # A correction changes something: nothing was acquired at such a minute.
                at = data.draw(moments) + timedelta(minutes=1)
                moved = {"from": at.isoformat()}
                take_in(archive, correction(one.key, f"c-{place}", acquired=moved))
                watch(archive, batch=world.batch)
                assert seen <= live(archive)
                seen = live(archive)

            watched = [
                Watched(alert, predicate, SINCE, BEHIND)
                for alert, predicate in zip(alerts, world.wanted, strict=True)
            ]
            assert dry(archive, watched) <= seen

    any_world()


def _fired_later(server: EmbeddedPostgres, world: World, batch: int) -> set[tuple[int, UUID, int]]:
    """What fires of alerts that are activated when some purchases are there already."""
    with make_archive(server, followed=True) as archive:
        take_in(archive, _shops(), *world.told[: world.before])
        alerts = active(archive, a_case(archive), world.wanted)
        take_in(archive, *world.told[world.before :])
        watch(archive, batch=batch)
        return {(alerts.index(alert), *rest) for alert, *rest in live(archive)}  # type: ignore[misc]


# The plain fold


def _folded(watched: Sequence[Watched], told: Sequence[PurchaseRecord]) -> set[Fired]:
    return {
        (each.alert, _id(record), line)
        for each in watched
        for record in told
        for line in _holds(each.predicate, record, told)
    }


def _holds(
    predicate: Predicate, record: PurchaseRecord, told: Sequence[PurchaseRecord]
) -> list[int]:
    """The lines that it holds on; 0 is the purchase."""
    if isinstance(predicate, SavedSearch):
        return [good.line for good in record.items if _is_searched(predicate, record, good)]
    if isinstance(predicate, PersonOfInterest):
        of = next(o for o in told if ids.presentation_id(_id(o)).hex == predicate.presentation)
        return [0] if _is_same(of.seller, record.seller) else []
    return [0] if _is_reached(predicate, record, told) else []


def _is_searched(wanted: SavedSearch, record: PurchaseRecord, good: PurchaseLine) -> bool:
    cents = _cents(good)
    if wanted.currency and (
        cents is None or not (wanted.least or 0) <= cents <= (wanted.most or cents)
    ):
        return False
    return (
        (not wanted.kinds or good.kind in wanted.kinds)
        and (not wanted.brands or (good.brand or "").lower() in wanted.brands)
        and (not wanted.colours or bool({*good.colours} & {*wanted.colours}))
        and (not wanted.modes or record.mode in wanted.modes)
        and (not wanted.municipalities or TOWNS[record.branch or ""] in wanted.municipalities)
        and (wanted.words is None or MEETS[wanted.words](good))
    )


def _is_same(one: Seller | None, other: Seller | None) -> bool:
    if one is None or other is None:
        return False
    if one.document is not None and one.document == other.document:
        return True
    if one.family_name != other.family_name:
        return False
    if one.born and other.born:
        return one.born == other.born
    return one.address is not None and one.address == other.address


def _is_reached(wanted: Windowed, record: PurchaseRecord, told: Sequence[PurchaseRecord]) -> bool:
    key = _key(record.seller)
    if key is None or not _measured(wanted, record):
        return False
    end = _at(record)
    begin = end - timedelta(days=wanted.days)
    within = [o for o in told if _key(o.seller) == key and begin < _at(o) <= end]
    goods = [good for other in within for good in _measured(wanted, other)]
    if wanted.count is not None:
        return len(goods) >= wanted.count
    assert wanted.amount is not None
    return sum(_cents(good) or 0 for good in goods) >= wanted.amount


def _measured(wanted: Windowed, record: PurchaseRecord) -> list[PurchaseLine]:
    """The goods of a purchase that count; an amount is of goods that have a price."""
    if wanted.modes and record.mode not in wanted.modes:
        return []
    return [
        good
        for good in record.items
        if (not wanted.kinds or good.kind in wanted.kinds)
        and (wanted.amount is None or good.price is not None)
    ]


def _key(seller: Seller | None) -> tuple[Any, ...] | None:
    """Who is told apart: by name and birth date, or by name and address."""
    if seller is None or not (seller.born or seller.address):
        return None
    if seller.born:
        return seller.family_name, seller.born
    assert seller.address is not None
    return seller.family_name, seller.address.number


def _subject(record: PurchaseRecord) -> object:
    return _key(record.seller) or record.key


def _by_id(told: Sequence[PurchaseRecord]) -> dict[UUID, PurchaseRecord]:
    return {_id(record): record for record in told}


def _id(record: PurchaseRecord) -> UUID:
    return ids.purchase_id(TILL, record.key)


def _at(record: PurchaseRecord) -> datetime:
    return datetime.fromisoformat(record.acquired.from_)


def _cents(good: PurchaseLine) -> int | None:
    return None if good.price is None else round(float(good.price.amount) * 100)


def _shops() -> Any:
    return a_dealer(
        establishments=[
            an_establishment(branch=branch, municipality=code) for branch, code in TOWNS.items()
        ]
    )


def _parts(told: Sequence[PurchaseRecord], sizes: Sequence[int]) -> list[Sequence[PurchaseRecord]]:
    found, start = [], 0
    for size in sizes:
        if start < len(told):
            found.append(told[start : start + size])
            start += size
    return found
