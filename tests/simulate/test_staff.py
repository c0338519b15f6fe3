"""The staff reads for reasons that stand in its feed, with few exceptions, some of them planted."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from herkomst.simulate import rates
from herkomst.simulate.crimes import misuse
from herkomst.simulate.desk import Served
from herkomst.simulate.world import simulate
from tests.simulate import strict
from tests.simulate.conftest import read_lines


class Rehearsed(msgspec.Struct):
    """A staff with what it read, read back through the strict formats."""

    folder: Path
    served: Served
    officers: dict[str, strict.Officer]
    cases: dict[str, strict.Case]
    tasks: dict[str, strict.Task]
    duties: dict[str, strict.Duty]
    reads: dict[str, strict.Read]
    stories: list[strict.Misuse]
    purchases: dict[str, strict.Purchase]

    def story(self, kind: str) -> list[strict.Misuse]:
        found = [story for story in self.stories if story.kind == kind]
        assert found
        return found

    def seen(self, story: strict.Misuse) -> list[strict.Purchase]:
        reads = [self.reads[reference.key] for reference in story.reads]
        return [self.purchases[read.purchase.key] for read in reads if read.purchase]

    def explains(self, read: strict.Read) -> bool:
        """Say whether a case, a task or a duty of the officer is about what was read."""
        what, _, key = read.purpose.partition(":")
        assert read.purchase
        seen, at = read.purchase.key, strict.moment(read.at)
        if what == "case":
            case = self.cases[key]
            return seen in {s.purchase.key for s in case.subjects} and any(
                member.officer == read.officer
                and strict.moment(member.since) <= at
                and (member.until is None or at < strict.moment(member.until))
                for member in case.members
            )
        on: strict.Task | strict.Duty = self.tasks[key] if what == "task" else self.duties[key]
        in_time = strict.moment(on.since) <= at <= strict.moment(on.until) + timedelta(minutes=1)
        about = {reference.key for reference in on.about or []}
        dealer = on.dealer if isinstance(on, strict.Duty) else None
        controlled = dealer == self.purchases[seen].dealer
        return on.officer == read.officer and in_time and (seen in about or controlled)


def rehearse(folder: Path, seed: int) -> Rehearsed:
    counts = simulate(folder, dealers=100, purchases=8_000, stolen=8_000, seed=seed, staff=True)
    assert counts.staff
    staff: list[strict.Staff] = read_lines(folder / "staff.ndjson", strict.Staff)  # type: ignore[arg-type]
    return Rehearsed(
        folder,
        counts.staff,
        {r.key: r for r in staff if isinstance(r, strict.Officer)},
        {r.key: r for r in staff if isinstance(r, strict.Case)},
        {r.key: r for r in staff if isinstance(r, strict.Task)},
        {r.key: r for r in staff if isinstance(r, strict.Duty)},
        {read.key: read for read in read_lines(folder / "reads.ndjson", strict.Read)},
        read_lines(folder / "truth/misuse.ndjson", strict.Misuse),
        {p.key: p for p in read_lines(folder / "purchases.ndjson", strict.Purchase)},
    )


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Rehearsed:
    return rehearse(tmp_path_factory.mktemp("staff"), seed=1)


def test_a_small_world_has_a_small_staff(rehearsed: Rehearsed) -> None:
    served = rehearsed.served
    assert served.officers == len(rehearsed.officers) == rates.OFFICERS_AT_LEAST
    assert served.cases == len(rehearsed.cases) == rates.CASES_AT_LEAST
    assert served.reads == len(rehearsed.reads) == rates.READS_AT_LEAST
    assert len({officer.unit for officer in rehearsed.officers.values()}) == 10


def test_a_million_purchases_have_the_whole_misuse() -> None:
    assert misuse.counts(1_000_000) == misuse.counts(10_000_000) == rates.MISUSE
    assert sum(rates.MISUSE.values()) == 65


def test_93_of_100_reads_have_a_path_that_explains_them(rehearsed: Rehearsed) -> None:
    explained = sum(rehearsed.explains(read) for read in rehearsed.reads.values())
    assert 0.91 < explained / len(rehearsed.reads) < 0.95


def test_misuse_is_explained_by_nothing(rehearsed: Rehearsed) -> None:
    planted = [story for story in rehearsed.stories if story.look_alike_of is None]
    assert Counter(story.kind for story in planted) == dict.fromkeys(rates.MISUSE, 1)
    assert len(planted) == rehearsed.served.misuse
    reads = [rehearsed.reads[r.key] for story in planted for r in story.reads]
    # Chance may put somebody's own record among what a shift was about.
    assert sum(rehearsed.explains(read) for read in reads) <= 1


def test_everyone_reads_as_themselves(rehearsed: Rehearsed) -> None:
    for story in rehearsed.stories:
        assert all(rehearsed.reads[r.key].officer == story.officer for r in story.reads)


def test_an_officer_who_reads_about_themselves_is_that_seller(rehearsed: Rehearsed) -> None:
    for kind in ("self", "reviewer_self"):
        for story in rehearsed.story(kind):
            born = rehearsed.officers[story.officer.key].person.born
            for purchase in rehearsed.seen(story):
                assert purchase.seller
                assert purchase.seller.born in (None, born)


def test_a_former_partner_lived_at_the_same_address(rehearsed: Rehearsed) -> None:
    for story in rehearsed.story("former_partner"):
        former = rehearsed.officers[story.officer.key].former_addresses
        for purchase in rehearsed.seen(story):
            assert purchase.seller
            assert former


def test_a_neighbour_lives_next_door(rehearsed: Rehearsed) -> None:
    for story in rehearsed.story("neighbour"):
        home = rehearsed.officers[story.officer.key].person.address
        assert home
        streets = {p.seller.address.street for p in rehearsed.seen(story)
                   if p.seller and p.seller.address}  # fmt: skip
        assert streets <= {home.street}


def test_a_broker_reads_thirty_persons_within_an_hour(rehearsed: Rehearsed) -> None:
    for story in rehearsed.story("broker"):
        times = sorted(strict.moment(rehearsed.reads[r.key].at) for r in story.reads)
        assert len(times) == 30
        assert times[-1] - times[0] <= timedelta(hours=1)


def test_who_left_a_case_reads_on_or_hands_over(rehearsed: Rehearsed) -> None:
    def days_after(story: strict.Misuse) -> float:
        read = rehearsed.reads[story.reads[0].key]
        case = rehearsed.cases[read.purpose.partition(":")[2]]
        until = max(
            strict.moment(member.until or case.opened)
            for member in case.members
            if member.officer == read.officer
        )
        return (strict.moment(read.at) - until).total_seconds() / 86_400

    assert all(days_after(story) > 14 for story in rehearsed.story("after_leaving"))
    assert all(days_after(story) < 5 for story in rehearsed.story("hand_over"))


def test_the_glass_is_broken_with_need_and_without(rehearsed: Rehearsed) -> None:
    broken = {read.key for read in rehearsed.reads.values() if read.break_glass}
    kinds = {
        story.kind for story in rehearsed.stories if broken & {r.key for r in story.reads}
    }  # fmt: skip
    assert kinds == {"break_glass", "on_call"}


def test_what_is_written_by_who_breaks_the_glass_tells_not_whether_there_was_need(
    rehearsed: Rehearsed,
) -> None:
    reasons: dict[str, set[str | None]] = {}
    for kind in ("break_glass", "on_call"):
        reads = [rehearsed.reads[r.key] for story in rehearsed.story(kind) for r in story.reads]
        reasons[kind] = {read.reason for read in reads if read.break_glass}
    assert len(reasons["on_call"]) > 1
    assert reasons["break_glass"] | reasons["on_call"] <= set(rates.GLASS_BROKEN_BECAUSE)


def test_reads_lie_in_the_order_of_time_and_keys_tell_nothing(rehearsed: Rehearsed) -> None:
    times = [strict.moment(read.at) for read in rehearsed.reads.values()]
    minutes = [time.replace(second=0) for time in times]
    assert minutes == sorted(minutes)
    planted = {r.key for s in rehearsed.stories if s.look_alike_of is None for r in s.reads}
    ranks = [rank for rank, key in enumerate(sorted(rehearsed.reads)) if key in planted]
    middle = len(rehearsed.reads) / 2
    assert 0.25 < sum(rank < middle for rank in ranks) / len(ranks) < 0.75


def test_the_same_seed_gives_the_same_staff(rehearsed: Rehearsed, tmp_path: Path) -> None:
    again = rehearse(tmp_path, seed=1)
    for name in ("staff.ndjson", "reads.ndjson", "truth/misuse.ndjson", "purchases.ndjson"):
        assert (again.folder / name).read_bytes() == (rehearsed.folder / name).read_bytes()


def test_a_world_without_staff_leaves_nothing_of_an_earlier_one(tmp_path: Path) -> None:
    simulate(tmp_path, dealers=20, purchases=300, stolen=100, seed=1, staff=True)
    counts = simulate(tmp_path, dealers=20, purchases=300, stolen=100, seed=1)
    assert counts.staff is None
    assert not list(tmp_path.glob("**/reads.ndjson"))
    assert not list(tmp_path.glob("**/misuse.ndjson"))
