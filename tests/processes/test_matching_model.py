"""Matching against a brute-force matcher: whatever happens, the same hits stand.

Everything happens in a tiny world, where numbers and brands collide all the time and a number
floods from the fourth good on.
"""

from collections import Counter
from contextlib import ExitStack
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
from herkomst.domain.register.records import Moment, PurchaseLine, Record
from herkomst.processes import matching
from herkomst.record.postgres import EmbeddedPostgres
from herkomst.record.register import Receipt
from tests.archives import ACTOR, POLICE, TILL, a_moment, make_archive
from tests.processes.brute import Pair, Standing, World
from tests.processes.scenes import (
    AFTER,
    BEFORE,
    DETECTIVE,
    WITHIN,
    Number,
    bought,
    correction,
    item_change,
    line,
    stolen,
)
from tests.projections.following import BY_NAME, digests, facts, follow, rebuilt, rows

FLOOD = 3
STANDING = ("found", "assessed", "confirmed")
LATER = a_moment("2026-03-12T10:00:00+01:00")

NUMBERS: tuple[Number, ...] = (
    ("frame", "GZ4711001"),
    ("frame", "GZ4711002"),
    ("serial", "gz-4711.002"),
    ("frame", "GZ4711003"),
    ("plate", "XX-123-Y"),
    ("engraving", "1000AB12"),
    ("imei", "352099001761481"),
    ("serial", "onbekend"),
)
numbers = st.lists(st.sampled_from(NUMBERS), max_size=3, unique=True)
goods = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["bicycle", "bicycle", "e_bike", "phone"]),
        "brand": st.sampled_from([None, "Gazelle", "Gazelle", "GAZELLE", "Batavus"]),
        "model": st.sampled_from([None, "Orange C8", "Orange C8", "Grenoble"]),
    }
)
lines = st.lists(st.tuples(numbers, goods), min_size=1, max_size=2).map(
    lambda told: [line(*n, line=at, **good) for at, (n, good) in enumerate(told, 1)]
)
moments = st.sampled_from([BEFORE, WITHIN, AFTER, AFTER, LATER])
keys = st.integers(1, 6)
statuses = st.sampled_from(
    [
        {"status": "reported"},
        {"status": "reported"},
        {"status": "reported", "offence": "found"},
        {"status": "withdrawn", "withdrawn_reason": "mistaken"},
        {"status": "recovered", "recovered_at": "2026-03-10"},
        {"status": "recovered", "recovered_at": "2026-03-02"},
        {"status": "recovered"},
    ]
)
thefts = st.sampled_from([{}, {}, {"stolen": a_moment("2026-02-20")}])


class Matching(RuleBasedStateMachine):
    """Records and decisions come in any order; followers run now and then."""

    server: ClassVar[EmbeddedPostgres]

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self.archive = self._stack.enter_context(make_archive(self.server))
        self.world = World(self.archive.keyring.token, FLOOD)
        self.corrections = 0

    def teardown(self) -> None:
        try:
            self.follow(2000)
            self._then_a_rebuild_agrees()
            self._then_no_pair_was_found_twice()
        finally:
            self._stack.close()

    @initialize()
    def begin(self) -> None:
        follow(self.archive)

    @rule(key=keys, items=lines, at=moments, mode=st.sampled_from(["bought", "offer_refused"]))
    def buy(self, key: int, items: list[PurchaseLine], at: Moment, mode: Any) -> None:
        """A new purchase, a repeat, or a conflict that changes nothing."""
        record = bought(f"p{key}", at=at, lines=items, mode=mode)
        if self._taken_in(record).status == "accepted":
            self.world.purchases[record.key] = record

    @rule(key=keys, told=numbers, good=goods, status=statuses, theft=thefts)
    def report(
        self,
        key: int,
        told: list[Number],
        good: dict[str, Any],
        status: dict[str, Any],
        theft: dict[str, Any],
    ) -> None:
        """A report, an amendment, a withdrawal, a recovery, or a repeat."""
        record = stolen(f"s{key}", *told, good=good, **status, **theft)
        if self._taken_in(record).status in ("accepted", "amended"):
            self.world.stolen[record.key] = record

    @precondition(lambda self: self.world.purchases.keys() - self.world.erased)
    @rule(data=st.data(), told=numbers, good=goods, at=moments)
    def correct(
        self, data: st.DataObject, told: list[Number], good: dict[str, Any], at: Moment
    ) -> None:
        """A correction of the goods and the time of a purchase; it may drop a line."""
        key = data.draw(st.sampled_from(sorted(self.world.purchases.keys() - self.world.erased)))
        self.corrections += 1
        items, acquired = item_change(*told, **good), {"from": at.from_}
        record = correction(key, f"c{self.corrections}", items=items, acquired=acquired)
        receipt = self._taken_in(record)
        if receipt.status == "accepted":
            self.world.purchases[key] = bought(
                key, at=at, lines=[line(*told, **good)], mode=self.world.purchases[key].mode
            )

    @precondition(lambda self: self.world.purchases.keys() - self.world.erased)
    @rule(data=st.data())
    def erase(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.world.purchases.keys() - self.world.erased)))
        self.archive.register.order_erasure(f"seller:{TILL}:{key}", ground="avg:17", actor=ACTOR)
        self.world.erased.add(key)

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
        if decision == "reject":
            self.world.rejected[_pair(row)] = row["fingerprint"]

    @rule(batch=st.sampled_from([1, 2, 7, 2000]))
    def follow(self, batch: int) -> None:
        follow(self.archive, batch=batch)
        self._then_the_same_hits_stand()

    @rule(names=st.lists(st.sampled_from(sorted(BY_NAME)), min_size=1, unique=True))
    def rebuild(self, names: list[str]) -> None:
        rebuilt(self.archive, names)

    def _taken_in(self, record: Record) -> Receipt:
        (receipt,) = self.archive.register.take_in([(1, record)], actor=ACTOR)
        return receipt

    def _hits(self) -> list[dict[str, Any]]:
        return rows(self.archive, "hits")

    def _then_the_same_hits_stand(self) -> None:
        found = {_pair(row): _told(row) for row in self._hits() if row["state"] in STANDING}
        assert found == self.world.hits()
        assert self._passages() == self.world.passages()
        floods = {(row["side"], row["key"]) for row in rows(self.archive, "floods")}
        assert floods == self.world.floods()
        kept = Counter((row["side"], row["key"]) for row in rows(self.archive, "match_keys"))
        assert kept == self.world.keys()

    def _passages(self) -> set[Pair]:
        named = {ids.purchase_id(TILL, key): key for key in self.world.purchases} | {
            ids.stolen_item_id(POLICE, key): key for key in self.world.stolen
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

    def _then_no_pair_was_found_twice(self) -> None:
        found: Counter[UUID] = Counter(
            fact.stream
            for fact in facts(self.archive, "casework")
            if isinstance(fact.data, hit.Found)
        )
        assert all(times == 1 for times in found.values())


_DECISIONS = {
    "assess": hit.Hit.assess,
    "confirm": hit.Hit.confirm,
    "reject": lambda found: found.reject("other_good"),
}


def _pair(row: dict[str, Any]) -> Pair:
    return row["purchase_key"], row["line"], row["stolen_key"]


def _told(row: dict[str, Any]) -> Standing:
    return Standing(
        row["grade"],
        row["time"],
        row["score"],
        tuple(reason["code"] for reason in row["reasons"]),
        tuple(reason["code"] for reason in row["against"]),
    )


def test_given_anything_that_may_happen_when_followed_then_the_hits_of_brute_force_stand(
    server: EmbeddedPostgres, model_settings: settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Here(Matching):
        pass

    Here.server = server
    monkeypatch.setattr(matching, "FLOOD", FLOOD)
    run_state_machine_as_test(Here, settings=model_settings)
