"""The pipeline against books kept by hand and a matcher by brute force: whatever happens, every
receipt says what it must, and the same hits stand.

Everything happens in a tiny world, where numbers and brands collide all the time and a number
floods from the fifth good on, and six goods make a series.
"""

from collections import Counter
from contextlib import ExitStack, suppress
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from herkomst.domain import ids
from herkomst.domain.casework import hit
from herkomst.domain.casework.mute import NumberWithheld
from herkomst.domain.register import book
from herkomst.domain.register.records import Record
from herkomst.domain.register.stolen_item import is_taking
from herkomst.processes import matching
from herkomst.projections.match_keys import MatchKeys
from herkomst.record.postgres import EmbeddedPostgres
from tests.archives import ACTOR, POLICE, TILL, make_archive, opened
from tests.muting import lift, mute
from tests.processes.books import Books
from tests.processes.brute import Pair, Standing, World
from tests.processes.scenes import DETECTIVE
from tests.processes.universe import records
from tests.projections.following import (
    BY_NAME,
    connected,
    digests,
    facts,
    follow,
    followers_of,
    rebuilt,
    rows,
)
from tests.record.holding import database_of

FLOOD, CROWD = 4, 6
STANDING = ("found", "assessed", "confirmed")


class Matching(RuleBasedStateMachine):
    """Records and decisions come in any order; followers run now and then."""

    server: ClassVar[EmbeddedPostgres]

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self.archive = self._stack.enter_context(make_archive(self.server, followed=True))
        self.books = Books()
        self.sent: list[Record] = []
        self.suggested: set[Pair] = set()
        self.mutes: list[tuple[str, UUID]] = []
        self.has_lifted = False
        self.world = World(self.books, self.archive.keyring.token, FLOOD, CROWD)

    def teardown(self) -> None:
        try:
            self.follow(2000)
            self._then_what_was_withheld_is_found_without_mutes()
            self._then_no_number_is_missing()
            self._then_a_rebuild_agrees()
            self._then_no_pair_was_found_twice()
        finally:
            self._stack.close()

    @initialize()
    def begin(self) -> None:
        follow(self.archive)

    @rule(told=st.lists(records, min_size=1, max_size=6))
    def take_in(self, told: list[Record]) -> None:
        """Purchases, reports and corrections, new and again; some change nothing."""
        self.sent += told
        receipts = self.archive.register.take_in(list(enumerate(told, 1)), actor=ACTOR)
        for record, receipt in zip(told, receipts, strict=True):
            expected = self.books.take(record)
            assert (receipt.status, receipt.register_number) == expected

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def take_in_again(self, data: st.DataObject) -> None:
        """Records that were sent before, whatever became of them since."""
        self.take_in(data.draw(st.lists(st.sampled_from(self.sent), min_size=1, max_size=6)))

    @rule(told=st.lists(records, min_size=1, max_size=6))
    def try_out(self, told: list[Record]) -> None:
        """A dry run, which nobody finds anything of."""
        self.archive.register.take_in(list(enumerate(told, 1)), actor=ACTOR, dry_run=True)

    @rule()
    def restart(self) -> None:
        """Everything that was held in memory is lost."""
        self.archive = self._stack.enter_context(
            opened(self.server, database_of(self.archive), self.archive.keyring)
        )

    @precondition(lambda self: self.books.purchases.keys() - self.books.erased)
    @rule(data=st.data())
    def erase(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.books.purchases.keys() - self.books.erased)))
        self.archive.register.order_erasure(f"seller:{TILL}:{key}", ground="avg:17", actor=ACTOR)
        self.books.erased.add(key)

    @rule(data=st.data(), decision=st.sampled_from(["assess", "confirm", "reject", "reject"]))
    def decide(self, data: st.DataObject, decision: str) -> None:
        """A person decides on a hit as it is shown, while the record may be further already."""
        shown = sorted((r for r in self._hits() if r["state"] in STANDING), key=_pair)
        if not shown:
            return
        row = data.draw(st.sampled_from(shown))
        if decision != "reject" and _pair(row) in self.world.rejected:
            return
        self.archive.casework.decide(
            row["hit"], _DECISIONS[decision], actor=DETECTIVE, ground="wpg:8"
        )
        if decision == "reject" and row["grade"] != "suggestion":
            self.world.rejected[_pair(row)] = row["fingerprint"]

    @precondition(lambda self: self.books.purchases and self.books.stolen)
    @rule(data=st.data(), decision=st.sampled_from(["assess", "confirm", "reject"]))
    def assess_suggestion(self, data: st.DataObject, decision: str) -> None:
        """A person is asked about a pair by what is said of it, which no number need show. Whatever
        he makes of it, what numbers show stands as it would without him."""
        self.follow(2000)
        key = data.draw(st.sampled_from(sorted(self.books.purchases)))
        stolen = data.draw(st.sampled_from(sorted(self.books.stolen)))
        pair = (key, 1, stolen)
        if pair in self.world.rejected or pair in self.world.passages():
            return
        if not self._is_looked_for(stolen):
            return
        purchase_id, item = ids.purchase_id(TILL, key), ids.stolen_item_id(POLICE, stolen)
        with suppress(hit.HitClosed):
            self.archive.casework.assess_suggestion(
                ids.pair_id(purchase_id, 1, item),
                _suggested(key, stolen),
                _DECISIONS[decision],
                actor=DETECTIVE,
                ground="wpg:8",
            )
            self.suggested.add(pair)

    @rule(batch=st.sampled_from([1, 2, 7, 2000]))
    def follow(self, batch: int) -> None:
        follow(self.archive, batch=batch)
        self._then_the_same_hits_stand()

    @rule(names=st.lists(st.sampled_from(sorted(BY_NAME)), min_size=1, unique=True))
    def rebuild(self, names: list[str]) -> None:
        """Models are built anew; what matching compares by, once it came to who was erased."""
        if MatchKeys.name in names:
            self.follow(2000)
        rebuilt(self.archive, names)

    @rule()
    def rematch(self) -> None:
        """All pairs are judged anew, by the same rules; what was not followed is not judged."""
        self.follow(2000)
        before = self.archive.casework.recorder.max_notification_id()
        (process,) = followers_of(self.archive, ["matching"])
        assert isinstance(process, matching.Matching)
        with connected(self.archive) as connection:
            process.rematch(connection, dry_run=False)
        assert self.has_lifted or self.archive.casework.recorder.max_notification_id() == before

    @rule(data=st.data())
    def mute(self, data: st.DataObject) -> None:
        """A person mutes a number, while the record may be further already."""
        found = {row["key"] for row in rows(self.archive, "match_keys")}
        if keys := sorted(found - {key for key, _ in self.mutes}):
            key = data.draw(st.sampled_from(keys))
            self.mutes.append((key, mute(self.archive, key)))

    @precondition(lambda self: self.mutes)
    @rule(data=st.data())
    def lift(self, data: st.DataObject) -> None:
        lifted = data.draw(st.sampled_from(self.mutes))
        self.mutes.remove(lifted)
        self.has_lifted = True
        lift(self.archive, *lifted)

    def _then_what_was_withheld_is_found_without_mutes(self) -> None:
        """As if nothing had ever been muted, once all is judged again."""
        for muted in self.mutes:
            lift(self.archive, *muted)
            self.has_lifted = True
        if not self.has_lifted:
            return
        self.rematch()
        self.follow(2000)
        standing = [row for row in self._hits() if row["state"] in STANDING]
        found = {_pair(row): _told(row) for row in standing if row["grade"] != "suggestion"}
        assert found == self.world.hits()

    def _withheld(self) -> set[UUID]:
        """The pairs of which it was ever said that a mute withholds them."""
        return {
            UUID(hex=fact.data.pair)
            for fact in facts(self.archive, "casework")
            if isinstance(fact.data, NumberWithheld)
        }

    def _hits(self) -> list[dict[str, Any]]:
        return rows(self.archive, "hits")

    def _then_the_same_hits_stand(self) -> None:
        standing = [row for row in self._hits() if row["state"] in STANDING]
        found = {_pair(row): _told(row) for row in standing if row["grade"] != "suggestion"}
        world, withheld = self.world.hits(), self._withheld()
        assert found == {p: told for p, told in world.items() if p in found}
        assert all(_stream(pair) in withheld for pair in world.keys() - found.keys())
        assert found.keys() <= world.keys()
        suggested = {_pair(row) for row in standing if row["grade"] == "suggestion"}
        assert suggested <= self.suggested
        assert all(self._is_looked_for(stolen) for _, _, stolen in suggested)
        assert self._passages() == self.world.passages()
        told = rows(self.archive, "floods")
        floods = {(row["side"], row["key"], row["closed"]) for row in told}
        assert floods == self.world.floods()
        kept = Counter((row["side"], row["key"]) for row in rows(self.archive, "match_keys"))
        assert kept == self.world.keys()

    def _is_looked_for(self, stolen: str) -> bool:
        """Whether its report says that it is stolen still, or may be of what was sold before."""
        record = self.books.stolen[stolen]
        is_back = record.status == "recovered" and record.recovered_at is None
        return record.status != "withdrawn" and not is_back and is_taking(record.offence)

    def _passages(self) -> set[Pair]:
        named = {ids.purchase_id(TILL, key): key for key in self.books.purchases} | {
            ids.stolen_item_id(POLICE, key): key for key in self.books.stolen
        }
        return {
            (named[row["purchase"]], row["line"], named[row["stolen_item"]])
            for row in rows(self.archive, "passages")
        }

    def _then_a_rebuild_agrees(self) -> None:
        head = self.archive.casework.recorder.max_notification_id()
        before = digests(self.archive)
        rebuilt(self.archive)
        assert digests(self.archive) == before
        follow(self.archive)
        assert self.archive.casework.recorder.max_notification_id() == head

    def _then_no_number_is_missing(self) -> None:
        """The numbers of each book are 1, 2, 3 … in the order in which they were told."""
        entered: dict[UUID, list[int]] = {}
        for fact in facts(self.archive, "register"):
            if isinstance(fact.data, book.Entered):
                entered.setdefault(fact.stream, []).append(fact.version)
        told = {
            ids.establishment_id(TILL, "dealer-1", branch): list(range(1, last + 1))
            for branch, last in self.books.last_numbers().items()
        }
        assert entered == told

    def _then_no_pair_was_found_twice(self) -> None:
        found: Counter[UUID] = Counter(
            fact.stream
            for fact in facts(self.archive, "casework")
            if isinstance(fact.data, hit.Found)
        )
        assert all(times == 1 for times in found.values())


def _suggested(purchase: str, stolen: str) -> hit.Suggested:
    pair = hit.Pair(
        line=1,
        purchase=ids.purchase_id(TILL, purchase).hex,
        purchase_key=purchase,
        purchase_source=TILL,
        stolen=ids.stolen_item_id(POLICE, stolen).hex,
        stolen_key=stolen,
        stolen_source=POLICE,
    )
    return hit.Suggested(
        fingerprint="said",
        grade="suggestion",
        pair=pair,
        reasons=(),
        rules=1,
        score=1,
        time="after",
    )


_DECISIONS = {
    "assess": hit.Hit.assess,
    "confirm": hit.Hit.confirm,
    "reject": lambda found: found.reject("other_good"),
}


def _pair(row: dict[str, Any]) -> Pair:
    return row["purchase_key"], row["line"], row["stolen_key"]


def _stream(pair: Pair) -> UUID:
    key, line, stolen = pair
    return ids.pair_id(ids.purchase_id(TILL, key), line, ids.stolen_item_id(POLICE, stolen))


def _told(row: dict[str, Any]) -> Standing:
    return Standing(
        row["grade"],
        row["time"],
        row["score"],
        tuple(reason["code"] for reason in row["reasons"]),
        tuple(reason["code"] for reason in row["against"]),
    )


@pytest.mark.long
def test_given_anything_that_may_happen_when_followed_then_the_hits_of_brute_force_stand(
    server: EmbeddedPostgres, model_settings: settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Here(Matching):
        pass

    Here.server = server
    monkeypatch.setattr(matching, "FLOOD", FLOOD)
    monkeypatch.setattr(matching, "CROWD", CROWD)
    run_state_machine_as_test(Here, settings=model_settings)
