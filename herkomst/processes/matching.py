"""Matching: each new or changed good is compared, both ways, with what bears the same number.

It follows the register in one order, so no pair is missed: whichever of the two goods comes last
finds the other. What it does is the same whether events come one by one or in batches, because a
batch is walked in order over a board of what the record held before it. It is a process: its
position, its keys and the hits that it appends commit together, and it is never rewound, which is
why no hit is ever found twice.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import product
from typing import NamedTuple
from uuid import UUID

from psycopg import Connection

from herkomst.domain import ids
from herkomst.domain.batches import batched
from herkomst.domain.casework import hit
from herkomst.domain.events import Event, EventData, Recorded, known_events
from herkomst.domain.matching import Verdict, fingerprint, judge
from herkomst.domain.register import identity, keeping
from herkomst.projections import registry
from herkomst.projections.follower import Keeper, Kind
from herkomst.projections.match_keys import PURCHASE, STOLEN, Keyed, MatchKeys, side
from herkomst.projections.model import Token, Unsealed, begins
from herkomst.record.application import envelope, pending, this_moment
from herkomst.record.casework import CUSTODY
from herkomst.record.database import Row
from herkomst.record.reader import SequenceReader
from herkomst.record.recorder import SequenceRecorder
from herkomst.record.vault import Vault

RULES = 3
"""Version of the rules, which every finding names."""
FLOOD = 25
"""A number that stands on more goods of one side than this identifies none of them."""
ACTOR = "process:matching"
REMATCH_BATCH = 500
AT_ONCE = 20_000
"""Positions that are looked through at a time."""

Good = tuple[str, UUID, int]
Goods = tuple[Good, Good]
_NEITHER: frozenset[str] = frozenset()


class Floods(NamedTuple):
    """The sides on which a number stands on too many goods.

    What is closed must not change what others see: a hit that they see and that vanished would
    tell of it. So a flood that takes closed goods founds no hit of a closed good, and leaves the
    others as they are.
    """

    known: frozenset[str] = _NEITHER
    """By the goods alone of which anybody may know."""
    whole: frozenset[str] = _NEITHER
    """By all."""

    def over(self, *, closed: bool) -> frozenset[str]:
        """Those that count for a stolen good, which may itself be closed."""
        return self.whole if closed else self.known

    @property
    def beside(self) -> frozenset[str]:
        """Those that take closed goods."""
        return self.whole - self.known


_NO_FLOODS = Floods()
_NO_GOODS: frozenset[Goods] = frozenset()
_NO_STOLEN: frozenset[Good] = frozenset()
_CORRECTED, _REMOVED = "number_corrected", "good_removed"
_CLOSED_BECAUSE = {"no_common_number": _CORRECTED}


class Board:
    """The goods on some numbers, as they are at one point of the sequence."""

    def __init__(self) -> None:
        self.rows: dict[Good, tuple[Keyed, ...]] = {}
        self.closed: set[Good] = set()
        """Stolen goods of which not even the existence is told."""
        self._on: dict[tuple[str, str], set[Good]] = defaultdict(set)

    def put(self, rows: Iterable[Keyed]) -> None:
        """Add rows; a good may come in parts, one for each number that was looked up."""
        for row in rows:
            present = self.rows.get(row.good, ())
            if all(row.key != other.key for other in present):
                self.rows[row.good] = (*present, row)
                self._on[row.key, row.side].add(row.good)
                if row.closed:
                    self.closed.add(row.good)

    def take(self, good: Good) -> tuple[Keyed, ...]:
        """Remove a good; its rows."""
        rows = self.rows.pop(good, ())
        self.closed.discard(good)
        for row in rows:
            self._on[row.key, row.side].discard(good)
        return rows

    def on(self, key: str) -> tuple[Set[Good], Set[Good]]:
        """The purchases and the stolen goods that bear a number."""
        return self._on[key, PURCHASE], self._on[key, STOLEN]

    def floods(self, key: str) -> Floods:
        """The sides on which a number stands on too many goods."""
        purchases, stolen = self.on(key)
        if len(purchases) <= FLOOD and len(stolen) <= FLOOD:
            return _NO_FLOODS
        bought = {PURCHASE} if len(purchases) > FLOOD else set()
        known = {STOLEN} if len(stolen - self.closed) > FLOOD else set()
        whole = {STOLEN} if len(stolen) > FLOOD else set()
        return Floods(frozenset(bought | known), frozenset(bought | whole))

    def flooded(self, keys: Iterable[str], *, closed: bool) -> set[str]:
        """Which of these numbers stand on too many goods of either side, for a stolen good that
        may itself be closed."""
        return {key for key in keys if self.floods(key).over(closed=closed)}


class Matching(Keeper):
    """The process of that name."""

    name = "matching"
    kind: Kind = "process"
    sequence = "register"

    def __init__(self, vault: Vault, token: Token, casework: SequenceRecorder) -> None:
        self.model = MatchKeys()
        super().__init__([self.model], vault, token)
        self._casework = casework

    def apply(self, connection: Connection[Row], facts: Sequence[Recorded]) -> None:
        relevant = self.model.concerning(facts)
        if not relevant:
            return
        generation = registry.kept(connection, self.model)
        walk = _Walk(connection, generation, self.model, self._casework)
        walk.through(relevant, self.unsealed(connection, relevant))
        walk.commit()

    def rematch(self, connection: Connection[Row], *, dry_run: bool) -> dict[str, int]:
        """Judge every pair on a common number anew; how many events of each topic that makes.

        The process stands still meanwhile. What a person rejected stays rejected on its facts.
        """
        with connection.transaction():
            registry.position(connection, self.name)
            generation = registry.kept(connection, self.model)
            counts: Counter[str] = Counter()
            for keys in batched(self.model.shared(connection, generation), REMATCH_BATCH):
                walk = _Walk(connection, generation, self.model, self._casework)
                walk.again(keys)
                counts.update(walk.topics())
                if not dry_run:
                    walk.commit()
        return dict(counts)

    def settle(self, connection: Connection[Row], position: int) -> None:
        """What was found by numbers that nothing opens any more is judged by what is left of them,
        and floods that have ended are said to: of what was destroyed behind this position no row
        was made, and of goods that were removed before it there are no rows any more."""
        walk = _Walk(connection, registry.kept(connection, self.model), self.model, self._casework)
        destroyed = {
            self.model.owner_of(fact)
            for fact in _facts(connection, "register", position, _DESTROYED)
        }
        found = _facts(connection, "casework", 0, _FOUND) if destroyed else ()
        walk.settle(
            _pairs_on(destroyed, found), _said_to_flood(_facts(connection, "casework", 0, _FLOODS))
        )
        walk.commit()


_DESTROYED = frozenset({identity.IdentityErased.TOPIC, keeping.KeyDestroyed.TOPIC})
_FOUND = frozenset({hit.Found.TOPIC, hit.PassageNoted.TOPIC})
_FLOODS = frozenset({hit.NumberFlooded.TOPIC, hit.NumberCleared.TOPIC})


def _facts(
    connection: Connection[Row], sequence: str, after: int, topics: Set[str]
) -> Iterator[Recorded]:
    """The events of these topics behind a position."""
    reader = SequenceReader(sequence)
    head, others = reader.head(connection), known_events().keys() - topics
    for start in range(after, head, AT_ONCE):
        yield from reader.within(connection, start, min(start + AT_ONCE, head), others)


def _pairs_on(items: Set[UUID], facts: Iterable[Recorded]) -> set[Goods]:
    """The pairs that were found on these."""
    pairs: set[Goods] = set()
    for fact in facts:
        assert isinstance(fact.data, hit.Found | hit.PassageNoted)
        pair = fact.data.pair
        purchase, stolen = UUID(hex=pair.purchase), UUID(hex=pair.stolen)
        if purchase in items or stolen in items:
            pairs.add(((PURCHASE, purchase, pair.line), (STOLEN, stolen, 0)))
    return pairs


def _said_to_flood(facts: Iterable[Recorded]) -> dict[str, Floods]:
    """The numbers that are said to flood, and on which sides."""
    said: defaultdict[str, set[tuple[str, bool]]] = defaultdict(set)
    for fact in facts:
        data = fact.data
        if isinstance(data, hit.NumberFlooded):
            said[data.key].add((data.side, data.closed))
        elif isinstance(data, hit.NumberCleared):
            said[data.key].discard((data.side, data.closed))
    return {key: _floods(sides) for key, sides in said.items() if sides}


def _floods(sides: Iterable[tuple[str, bool]]) -> Floods:
    known = frozenset(side for side, closed in sides if not closed)
    return Floods(known, frozenset(side for side, _ in sides))


class _Walk:
    """One batch, event by event."""

    def __init__(
        self,
        connection: Connection[Row],
        generation: int,
        model: MatchKeys,
        casework: SequenceRecorder,
    ) -> None:
        self._connection = connection
        self._generation = generation
        self._model = model
        self._casework = casework
        self._board = Board()
        self._items: dict[UUID, list[Keyed]] = {}
        self._pairs: dict[UUID, hit.Hit | None] = {}
        self._complete: set[UUID] = set()
        self._contested: set[str] = set()
        self._events: list[Event] = []
        self._why = _CORRECTED
        """Why a pair is closed of which a good bears no number any more."""
        self._locked = False

    def through(self, facts: Sequence[Recorded], unsealed: Unsealed) -> None:
        """Fold each event into its good and judge what it touches."""
        steps = self._fold(facts, unsealed)
        touched = Counter([row.key for _, _, rows in steps for row in rows])
        for rows in self._items.values():
            touched.update([row.key for row in rows])
        self._load(touched)
        for item, fact, rows in steps:
            self._why = _because(fact)
            self._replace(item, rows)

    def again(self, keys: Sequence[str]) -> None:
        """Judge the pairs on these numbers as they stand."""
        self._load(dict.fromkeys(keys, 0))
        goods = list(self._board.rows)
        self._know(goods)
        candidates = self._pairs_of(set(goods), keys)
        self._recall(candidates)
        for purchase, stolen in sorted(candidates):
            self._judge(purchase, stolen)

    def settle(self, pairs: Set[Goods], flooding: Mapping[str, Floods]) -> None:
        """Judge these pairs by what is there, and numbers that were said to flood."""
        self._load(dict.fromkeys(flooding, 0))
        self._know(good for pair in pairs for good in pair)
        candidates = set(pairs)
        for key, was in flooding.items():
            candidates |= self._flood(key, was, self._board.floods(key))
        self._know(good for pair in candidates for good in pair)
        self._recall(candidates)
        for purchase, stolen in sorted(candidates):
            self._judge(purchase, stolen)

    def topics(self) -> list[str]:
        """Topics of what would be appended."""
        return [event.data.TOPIC for event in self._events]

    def commit(self) -> None:
        """Write the keys as they are now, and append what was found."""
        rows = [row for item in self._items.values() for row in item]
        if rows:
            self._model.write(self._connection, self._generation, rows)
        if self._events:
            with self._connection.cursor() as cursor:
                self._casework.append(cursor, [pending(event) for event in self._events])

    def _fold(
        self, facts: Sequence[Recorded], unsealed: Unsealed
    ) -> list[tuple[UUID, Recorded, list[Keyed]]]:
        """Each event with its item and the rows of it afterwards; those before the batch in
        `_items`."""
        owned = [(self._model.owner_of(fact), fact) for fact in facts]
        known = self._begin(owned)
        if known:
            taken = self._model.take(self._connection, self._generation, known)
            for item, before in taken.items():
                self._items[item] = [Keyed(*row) for row in before]
        rows = dict(self._items)
        steps = []
        for item, fact in owned:
            rows[item] = self._model.keyed(rows[item], fact, unsealed)
            steps.append((item, fact, rows[item]))
        return steps

    def _begin(self, owned: Iterable[tuple[UUID, Recorded]]) -> list[UUID]:
        """Let every item bear no number; those that may bear one already."""
        known = []
        for item, fact in owned:
            if item not in self._items:
                self._items[item] = []
                if not begins(item, fact):
                    known.append(item)
        return known

    def _load(self, touched: Mapping[str, int]) -> None:
        """What the record held on these numbers before the batch. Enough of each is read to tell
        a flood, and to tell when it ends."""
        self._contested = {key for key, times in touched.items() if times > 1}
        if touched:
            limits = [FLOOD + 1 + times for times in touched.values()]
            held = self._model.on(self._connection, self._generation, list(touched), limits)
            self._board.put(held)
            self._contested.update([row.key for row in held])
        for rows in self._items.values():
            self._board.put(rows)

    def _replace(self, item: UUID, rows: list[Keyed]) -> None:
        """Let the item be what it is after an event, and judge everything that this touches."""
        before = self._items[item]
        self._items[item] = rows
        if not before and self._contested.isdisjoint([row.key for row in rows]):
            return  # Nothing bears these numbers, nor does this batch touch them: the usual case.
        goods = {row.good for row in (*before, *rows)}
        keys = sorted({row.key for row in (*before, *rows)})
        was = [self._board.floods(key) for key in keys]
        candidates = self._pairs_of(goods, keys)
        for good in goods:
            self._board.take(good)
        self._board.put(rows)
        candidates |= self._pairs_of(goods, keys)
        for key, flooded in zip(keys, was, strict=True):
            candidates |= self._flood(key, flooded, self._board.floods(key))
        if candidates:
            self._recall(candidates)
            if self._board.flooded(keys, closed=True):
                # Of a number that floods not every good was read, so neither were all numbers
                # that two goods share; a rejection is remembered by all of them.
                self._know(good for pair in candidates for good in pair)
            for purchase, stolen in sorted(candidates):
                self._judge(purchase, stolen)

    def _pairs_of(self, goods: set[Good], keys: Iterable[str]) -> set[Goods]:
        """The pairs of these goods with what bears the same number on the other side. A number
        that floods founds no hit, so nothing on it is looked at while it does."""
        pairs: set[Goods] = set()
        for key in keys:
            purchases, stolen = self._board.on(key)
            if purchases and stolen:
                seen = self._seen(stolen, self._board.floods(key))
                pairs.update(product(goods & purchases, seen))
                pairs.update(product(purchases, goods & seen))
        return pairs

    def _seen(self, stolen: Set[Good], floods: Floods) -> Set[Good]:
        """Those of these stolen goods on which a number that floods so still founds hits."""
        if floods.known:
            return _NO_STOLEN
        return stolen - self._board.closed if floods.whole else stolen

    def _flood(self, key: str, was: Floods, now: Floods) -> Set[Goods]:
        """Say that a number floods or no longer does; the pairs on it are then judged anew."""
        if was == now:
            return _NO_GOODS
        self._say(key, was.known, now.known, closed=False)
        self._say(key, was.beside, now.beside, closed=True)
        purchases, stolen = self._board.on(key)
        if bool(was.known) == bool(now.known):
            if bool(was.whole) == bool(now.whole):
                return _NO_GOODS
            stolen = stolen & self._board.closed
        self._know([*purchases, *stolen])
        return set(product(purchases, stolen))

    def _say(self, key: str, was: Set[str], now: Set[str], *, closed: bool) -> None:
        for kind, changed in ((hit.NumberFlooded, now - was), (hit.NumberCleared, was - now)):
            for s in sorted(changed):
                said = kind(closed=closed, key=key, side=s)  # type: ignore[arg-type]
                self._append(ids.number_id(key), said)

    def _know(self, goods: Iterable[Good]) -> None:
        """Read all other numbers of these goods, which the batch did not touch."""
        unknown = {good[1] for good in goods} - self._items.keys() - self._complete
        if unknown:
            rows = self._model.of(self._connection, self._generation, list(unknown))
            self._complete |= unknown
            self._board.put(rows)
            keys = sorted({row.key for row in rows})
            limits = [FLOOD + 1] * len(keys)
            self._board.put(self._model.on(self._connection, self._generation, keys, limits))

    def _judge(self, purchase: Good, stolen: Good) -> None:
        """Compare the two as they are now, and say what changed in what is known of them."""
        pair_id = ids.pair_id(purchase[1], purchase[2], stolen[1])
        known = self._pairs[pair_id]
        mine, theirs = self._board.rows.get(purchase), self._board.rows.get(stolen)
        if mine is None or theirs is None:
            if known is not None and known.state not in ("closed", "rejected", "removed"):
                self._append(pair_id, hit.Closed(reason=self._why))
            return
        left, right = side(mine), side(theirs)
        shared = left.keys & right.keys
        verdict = judge(left, right, self._board.flooded(shared, closed=theirs[0].closed))
        event = decide(known, verdict, fingerprint(left, right), _pair(mine[0], theirs[0]))
        if event is not None:
            self._append(pair_id, event)

    def _recall(self, candidates: Iterable[Goods]) -> None:
        """Read what is known of these pairs."""
        pairs = {ids.pair_id(mine[1], mine[2], theirs[1]) for mine, theirs in candidates}
        unread = sorted(pairs - self._pairs.keys())
        if not unread:
            return
        if not self._locked:
            # People decide on hits at the same time; what is read here must still hold when it
            # is appended to.
            with self._connection.cursor() as cursor:
                self._casework.lock(cursor)
            self._locked = True
        found = self._casework.reader.streams(self._connection, unread)
        for pair_id in unread:
            state: hit.Hit | None = None
            for recorded in found.get(pair_id, []):
                state = hit.evolve(state, recorded.data)
            self._pairs[pair_id] = state

    def _append(self, stream: UUID, data: EventData) -> None:
        if isinstance(data, hit.Finding | hit.PassageNoted | hit.Closed):
            self._pairs[stream] = hit.evolve(self._pairs[stream], data)
        self._events.append(
            Event(stream, data, envelope(ACTOR, CUSTODY, this_moment(), data.VERSION))
        )


def decide(known: hit.Hit | None, verdict: Verdict, facts: str, pair: hit.Pair) -> EventData | None:
    """What a verdict changes in what is known of a pair; None when it changes nothing.

    A rejection holds as long as the facts do: only another fingerprint raises the hit again, and
    a hit that was raised so is closed when the rejected facts are back and nobody took it up.
    What was removed stays so, whatever its facts are.
    """
    if known is not None and known.state == "removed":
        return None
    if verdict.outcome == "earlier_passage":
        if known is not None and known.state == "passage":
            return None
        return hit.PassageNoted(pair=pair, reasons=verdict.reasons)
    if verdict.outcome == "none":
        if known is None or known.state in ("closed", "rejected"):
            return None
        why = verdict.why_not or ""
        return hit.Closed(reason=_CLOSED_BECAUSE.get(why, why))
    if known is None or known.finding is None:
        return _finding(hit.Found, verdict, facts, pair)
    if known.rejected == facts and known.state not in ("assessed", "confirmed"):
        return hit.Closed(reason="rejected") if known.state in ("found", "passage") else None
    if known.stands:
        regraded = _finding(hit.Regraded, verdict, facts, pair)
        return None if _same(known.finding, regraded) else regraded
    return _finding(hit.Reopened, verdict, facts, pair)


def _because(fact: Recorded) -> str:
    removed = isinstance(fact.data, keeping.KeyDestroyed | keeping.KeyRestricted)
    return _REMOVED if removed else _CORRECTED


def _finding(kind: type[hit.Finding], verdict: Verdict, facts: str, pair: hit.Pair) -> hit.Finding:
    assert verdict.grade is not None
    assert verdict.time is not None
    return kind(
        against=verdict.against,
        fingerprint=facts,
        grade=verdict.grade.value,
        pair=pair,
        reasons=verdict.reasons,
        rules=RULES,
        score=verdict.score,
        time=verdict.time,
    )


def _same(before: hit.Finding | None, after: hit.Finding) -> bool:
    names = ("against", "fingerprint", "grade", "reasons", "score", "time")
    return before is not None and all(getattr(before, n) == getattr(after, n) for n in names)


def _pair(purchase: Keyed, stolen: Keyed) -> hit.Pair:
    return hit.Pair(
        line=purchase.line,
        purchase=purchase.item.hex,
        purchase_key=purchase.source_key,
        purchase_source=purchase.source,
        stolen=stolen.item.hex,
        stolen_key=stolen.source_key,
        stolen_source=stolen.source,
    )
