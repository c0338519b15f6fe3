"""Matching: each new or changed good is compared, both ways, with what bears the same number, or
one like it.

It follows the register in one order, so no pair is missed: whichever of the two goods comes last
finds the other. What it does is the same whether events come one by one or in batches, because a
batch is walked in order over a board of what the record held before it. It is a process: its
position, its keys and the hits that it appends commit together, and it is never rewound, which is
why no hit is ever found twice.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from datetime import UTC, datetime
from itertools import product
from typing import NamedTuple
from uuid import UUID

from msgspec.structs import asdict, replace
from psycopg import Connection

from herkomst.domain import ids
from herkomst.domain.batches import batched
from herkomst.domain.calendar import interval
from herkomst.domain.casework import hit
from herkomst.domain.casework import mute as muting
from herkomst.domain.events import Event, EventData, Recorded, known_events
from herkomst.domain.goods import normal_brand
from herkomst.domain.matching import (
    SERIES,
    Around,
    Pairing,
    Reason,
    Side,
    Verdict,
    among,
    fingerprint,
    is_by_chance,
    judge,
    paired,
    pool,
)
from herkomst.domain.register import identity, keeping
from herkomst.domain.register.purchase import Content
from herkomst.domain.register.stolen_item import Report, Signal
from herkomst.domain.register.stolen_item import signal as stolen_signal
from herkomst.projections import registry
from herkomst.projections.follower import Keeper, Kind
from herkomst.projections.match_keys import (
    PURCHASE,
    STOLEN,
    Keyed,
    MatchKeys,
    Stock,
    side,
    stock_of,
)
from herkomst.projections.model import Token, Unsealed, begins
from herkomst.record.application import envelope, pending, this_moment
from herkomst.record.casework import CUSTODY
from herkomst.record.database import Row
from herkomst.record.reader import SequenceReader
from herkomst.record.recorder import SequenceRecorder
from herkomst.record.vault import Vault

RULES = 4
"""Version of the rules, which every finding names."""
FLOOD = 25
"""A number that stands on more goods of one side than this identifies none of them."""
CROWD = 12
"""So many goods of a brand whose numbers begin alike are a series, whatever their numbers are."""
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
_REGISTER = SequenceReader("register")
_OTHER = {PURCHASE: STOLEN, STOLEN: PURCHASE}
_CODED = frozenset({"imei", "vin"})
"""Classes whose numbers name a type, by which they are counted in the place of the model."""
_NO_GOODS: frozenset[Goods] = frozenset()
_NO_STOLEN: frozenset[Good] = frozenset()
_CORRECTED, _REMOVED = "number_corrected", "good_removed"
_NO_SIGNAL = frozenset({"not_a_theft", "withdrawn", "recovered_before", _REMOVED})
"""Why nothing stands on a report any more, or on a good, however alike the two are."""
_MUTED = Verdict("none", None, 0, None, (), (), "muted")
_CLOSED_BECAUSE = {"no_common_number": _CORRECTED}


class Board:
    """The goods on some numbers, as they are at one point of the sequence."""

    def __init__(self) -> None:
        self.rows: dict[Good, tuple[Keyed, ...]] = {}
        self.closed: set[Good] = set()
        """Stolen goods of which not even the existence is told."""
        self.crowded: set[str] = set()
        """Stems of which no good was read, because too many stand there."""
        self._on: dict[tuple[str, str], set[Good]] = defaultdict(set)

    def put(self, rows: Iterable[Keyed]) -> None:
        """Add rows; a good may come in parts, one for each number that was looked up."""
        for row in rows:
            present = self.rows.get(row.good, ())
            if all(row.key != other.key for other in present):
                self.rows[row.good] = (*present, row)
                for key in _meetings(row):
                    self._on[key, row.side].add(row.good)
                if row.closed:
                    self.closed.add(row.good)

    def take(self, good: Good) -> tuple[Keyed, ...]:
        """Remove a good; its rows."""
        rows = self.rows.pop(good, ())
        self.closed.discard(good)
        for row in rows:
            for key in _meetings(row):
                self._on[key, row.side].discard(good)
        return rows

    def on(self, key: str) -> tuple[Set[Good], Set[Good]]:
        """The purchases and the stolen goods that meet on a key."""
        return self._on[key, PURCHASE], self._on[key, STOLEN]

    def floods(self, key: str) -> Floods:
        """The sides on which a number stands on too many goods. An ending is shared by chance, so
        it floods only where goods of both sides meet on it."""
        purchases, stolen = self.on(key)
        if len(purchases) <= FLOOD and len(stolen) <= FLOOD:
            return _NO_FLOODS
        known_stolen = stolen - self.closed
        known, whole = _over(purchases, known_stolen), _over(purchases, stolen)
        if _is_ending(key):
            known = known if purchases and known_stolen else _NEITHER
            whole = whole if purchases and stolen else _NEITHER
        return Floods(known, whole)

    def flooded(self, keys: Iterable[str], *, closed: bool) -> set[str]:
        """Which of these numbers stand on too many goods of either side, for a stolen good that
        may itself be closed."""
        return {key for key in keys if self.floods(key).over(closed=closed)}

    def is_series(self, stem: str, *, closed: bool) -> bool:
        """Whether so many goods stand on a stem that they are a series, for a stolen good that may
        itself be closed: others must not notice those that are."""
        if stem in self.crowded:
            return True
        purchases, stolen = self.on(stem)
        goods = purchases | (stolen if closed else stolen - self.closed)
        return len(goods) >= CROWD or len(self._numbers(stem, goods)) >= 2 + SERIES

    def _numbers(self, stem: str, goods: Iterable[Good]) -> set[str]:
        return {
            row.exact or row.key for good in goods for row in self.rows[good] if row.stem == stem
        }

    def meeting(self, row: Keyed, key: str) -> Iterator[tuple[Keyed, Pairing]]:
        """The numbers of the other side that are like that of a row, and meet it here alone: what
        bears the same key is found by that, and only a series bears on it."""
        purchases, stolen = self.on(key)
        for other in stolen if row.side == PURCHASE else purchases:
            for theirs in self.rows[other]:
                if key not in _meetings(theirs):
                    continue
                pairing = _paired(row, theirs)
                if pairing and (theirs.key != row.key or pairing.likeness == "looks_alike"):
                    yield theirs, pairing


def _meetings(row: Keyed) -> tuple[str, ...]:
    return tuple(key for key in (row.key, row.ends, row.stem) if key)


def _is_ending(key: str) -> bool:
    return ":*" in key


def _is_stem(key: str) -> bool:
    return "*@" in key and ":*" not in key


def _over(purchases: Set[Good], stolen: Set[Good]) -> frozenset[str]:
    over = ((PURCHASE, purchases), (STOLEN, stolen))
    return frozenset(side for side, goods in over if len(goods) > FLOOD)


def _paired(row: Keyed, other: Keyed) -> Pairing | None:
    mine, theirs = (row, other) if row.side == PURCHASE else (other, row)
    return paired(mine.number, theirs.number, _brand(mine, theirs))


def _brand(purchase: Keyed, stolen: Keyed) -> str | None:
    return normal_brand(purchase.brand) or normal_brand(stolen.brand)


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
            said = _said_to_flood(_facts(connection, "casework", 0, _FLOODS))
            for keys in batched(self.model.shared(connection, generation), REMATCH_BATCH):
                walk = _Walk(connection, generation, self.model, self._casework)
                walk.again(keys, said)
                counts.update(walk.topics())
                if not dry_run:
                    walk.commit()
        return dict(counts)

    def settle(self, connection: Connection[Row], position: int) -> None:
        """What was found by numbers that nothing opens any more is judged by what is left of them,
        and floods that have ended are said to: of what was destroyed behind this position no row
        was made, and of goods that were removed before it there are no rows any more."""
        generation = registry.kept(connection, self.model)
        walk = _Walk(connection, generation, self.model, self._casework)
        destroyed = {
            self.model.owner_of(fact)
            for fact in _facts(connection, "register", position, _DESTROYED)
        }
        found = _facts(connection, "casework", 0, _FOUND) if destroyed else ()
        said = _said_to_flood(_facts(connection, "casework", 0, _FLOODS))
        # Other rules may call a number otherwise: what floods is said of it under its new name.
        flooding = dict.fromkeys(self.model.crowded(connection, generation, FLOOD), _NO_FLOODS)
        walk.settle(_pairs_on(destroyed, found), flooding | said)
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
        self._loaded: set[str] = set()
        self._stocks: dict[str, Counter[Stock]] = {}
        self._here: Counter[Stock] = Counter()
        """What stands on the stolen goods of this batch, which the table does not count."""
        self._events: list[Event] = []
        self._why = _CORRECTED
        """Why a pair is closed of which a good bears no number any more."""
        self._locked = False
        self._mutes: dict[str, muting.Mutes] = {}
        self._at: tuple[int | None, datetime] = (None, datetime.now(UTC))
        """Position and moment of the event that is judged; no position where none is."""

    def through(self, facts: Sequence[Recorded], unsealed: Unsealed) -> None:
        """Fold each event into its good and judge what it touches."""
        steps = self._fold(facts, unsealed)
        self._here = stock_of(row for rows in self._items.values() for row in rows)
        touched = [row for _, _, rows in steps for row in rows]
        touched += [row for rows in self._items.values() for row in rows]
        self._load(touched)
        suggested = self._suggestions(facts)
        for item, fact, rows in steps:
            self._why, self._at = _because(fact), (fact.position, fact.recorded_at)
            self._replace(item, rows)
            self._end_suggestions(fact, suggested.get(item, ()))

    def again(self, keys: Sequence[str], said: Mapping[str, Floods]) -> None:
        """Judge the pairs that meet on these as they stand, and say of numbers that flood what was
        not said yet."""
        self._read(keys)
        candidates: set[Goods] = set()
        for key in keys:
            if not _is_stem(key):
                candidates |= self._flood(key, said.get(key, _NO_FLOODS), self._board.floods(key))
            candidates |= self._pairs_on(key)
        self._judge_all(candidates)

    def settle(self, pairs: Set[Goods], flooding: Mapping[str, Floods]) -> None:
        """Judge these pairs by what is there, and numbers that were said to flood."""
        self._read(list(flooding))
        candidates = set(pairs)
        for key, was in flooding.items():
            candidates |= self._flood(key, was, self._board.floods(key))
        self._judge_all(candidates)

    def _suggestions(self, facts: Sequence[Recorded]) -> dict[UUID, list[UUID]]:
        """What people took up by what is said of goods of which these say that they are stolen no
        more. No number need lead there."""
        items = {fact.stream for fact in facts if _ended(fact) is not None}
        if not items:
            return {}
        self._lock()
        streams = {ids.suggestions_of(item): item for item in items}
        told = self._casework.reader.streams(self._connection, list(streams))
        found = {
            streams[stream]: [
                UUID(hex=fact.data.hit)
                for fact in noted
                if isinstance(fact.data, hit.SuggestionNoted)
            ]
            for stream, noted in told.items()
        }
        self._remember({pair for pairs in found.values() for pair in pairs})
        return found

    def _end_suggestions(self, fact: Recorded, pairs: Iterable[UUID]) -> None:
        """Close these suggestions where an event says that there is no signal any more."""
        signal = _ended(fact)
        if signal is None:
            return
        for pair_id in sorted(pairs):
            known = self._pairs[pair_id]
            if known is None or not (known.stands and known.is_suggestion):
                continue
            why = "not_a_theft" if signal.never else "withdrawn" if signal.withdrawn else None
            if why is None and self._is_after(known.pair, fact, signal):
                why = "recovered_before"
            if why is not None:
                self._append(pair_id, hit.Closed(reason=why))

    def _is_after(self, pair: hit.Pair, fact: Recorded, signal: Signal) -> bool:
        """Whether a purchase, as it was known by an event, lies after the recovery it tells of."""
        stream = UUID(hex=pair.purchase)
        told = _REGISTER.streams(self._connection, [stream]).get(stream, [])
        contents = [
            earlier.data
            for earlier in told
            if isinstance(earlier.data, Content) and earlier.position < fact.position
        ]
        back = signal.recovered_end or signal.recovered
        return bool(contents) and back is not None and interval(contents[-1].acquired).start >= back

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

    def _load(self, touched: Sequence[Keyed]) -> None:
        """What the record held before the batch where these numbers meet others. Enough of each is
        read to tell a flood, and to tell when it ends."""
        times = Counter([row.key for row in touched])
        self._contested = {key for key, many in times.items() if many > 1}
        held = self._held(times)
        self._board.put(held)
        self._contested.update([row.key for row in held])
        self._load_endings(touched)
        self._load_stems(touched)
        self._loaded.update(key for row in touched for key in _meetings(row))
        for rows in self._items.values():
            self._board.put(rows)

    def _held(self, times: Mapping[str, int]) -> list[Keyed]:
        if not times:
            return []
        limits = [FLOOD + 1 + many for many in times.values()]
        return self._model.on(self._connection, self._generation, list(times), limits)

    def _load_endings(self, touched: Sequence[Keyed]) -> None:
        """The goods of the other side that end so, and only where there are any, of their own."""
        times = Counter([row.ends for row in touched if row.ends])
        sides = {(row.ends, row.side) for row in touched if row.ends}
        others = {(ends, _OTHER[s]) for ends, s in sides}
        held = self._ending(others, times)
        met = {(row.ends, _OTHER[row.side]) for row in held if row.ends}
        held += self._ending(met - others, times)
        self._board.put(held)
        both = {ends for ends, s in sides if (ends, _OTHER[s]) in sides}
        self._contested |= both | {ends for ends, _ in met}

    def _ending(self, wanted: Set[tuple[str, str]], times: Mapping[str, int]) -> list[Keyed]:
        if not wanted:
            return []
        asked = [(ends, s, FLOOD + 1 + times.get(ends, 0)) for ends, s in sorted(wanted)]
        return self._model.ending(self._connection, self._generation, asked)

    def _load_stems(self, touched: Sequence[Keyed]) -> None:
        """The goods that begin so, unless there are so many that one more changes nothing."""
        times = Counter([row.stem for row in touched if row.stem])
        held = self._stemming(times)
        sides: defaultdict[str, set[str]] = defaultdict(set)
        for row in (*touched, *held):
            if row.stem:
                sides[row.stem].add(row.side)
        self._contested |= {
            stem for stem in times if len(sides[stem]) > 1 and stem not in self._board.crowded
        }

    def _stemming(self, times: Mapping[str, int]) -> list[Keyed]:
        if not times:
            return []
        limits = [CROWD + 1 + many for many in times.values()]
        held, crowded = self._model.stemming(
            self._connection, self._generation, list(times), limits
        )
        self._board.crowded |= crowded
        self._board.put(held)
        return held

    def _read(self, keys: Iterable[str]) -> None:
        """All that meets on these."""
        keys = set(keys) - self._loaded
        self._loaded |= keys
        stems = {key for key in keys if _is_stem(key)}
        endings = {key for key in keys if _is_ending(key)}
        self._board.put(self._held(dict.fromkeys(keys - stems - endings, 0)))
        both = {(key, s) for key in endings for s in (PURCHASE, STOLEN)}
        self._board.put(self._ending(both, {}))
        self._stemming(dict.fromkeys(stems - self._board.crowded, 0))

    def _replace(self, item: UUID, rows: list[Keyed]) -> None:
        """Let the item be what it is after an event, and judge everything that this touches."""
        before = self._items[item]
        self._items[item] = rows
        keys = {key for row in (*before, *rows) for key in _meetings(row)}
        if not before and self._contested.isdisjoint(keys):
            self._here.update(stock_of(rows))
            return  # Nothing is like these numbers, nor does this batch touch them: the usual case.
        goods = {row.good for row in (*before, *rows)}
        stems = sorted(key for key in keys if _is_stem(key))
        told = sorted(key for key in keys if not _is_stem(key))
        was = [self._board.floods(key) for key in told]
        were = [self._series(stem) for stem in stems]
        candidates = self._pairs_of(goods, keys, before)
        for good in goods:
            self._board.take(good)
        self._board.put(rows)
        self._here.subtract(stock_of(before))
        self._here.update(stock_of(rows))
        candidates |= self._pairs_of(goods, keys, rows, new=not before)
        for key, flooded in zip(told, was, strict=True):
            candidates |= self._flood(key, flooded, self._board.floods(key))
        for stem, series in zip(stems, were, strict=True):
            if series != self._series(stem):
                candidates |= self._pairs_on(stem)
        self._judge_all(candidates)

    def _series(self, stem: str) -> tuple[bool, bool]:
        """Whether a stem is one of a series, without what is closed and with it."""
        board = self._board
        return board.is_series(stem, closed=False), board.is_series(stem, closed=True)

    def _judge_all(self, candidates: Set[Goods]) -> None:
        if not candidates:
            return
        self._recall(candidates)
        # Of what two goods share not all was read, nor what they do not share; a rejection is
        # remembered by all of it.
        self._know(good for pair in candidates for good in pair)
        for purchase, stolen in sorted(candidates):
            self._judge(purchase, stolen)

    def _pairs_of(
        self, goods: set[Good], keys: Iterable[str], rows: Sequence[Keyed], *, new: bool = False
    ) -> set[Goods]:
        """The pairs of these goods with what bears the same number on the other side, or one like
        it. A number that floods founds no hit, so nothing on it is looked at while it does; and
        where nothing was known of a good, nothing that chance explains."""
        pairs: set[Goods] = set()
        for key in keys:
            purchases, stolen = self._board.on(key)
            if not purchases or not stolen:
                continue
            seen = self._seen(stolen, self._board.floods(key))
            if _is_ending(key) or _is_stem(key):
                pairs |= {pair for pair in self._like_on(key, rows, new=new) if pair[1] in seen}
            else:
                pairs.update(product(goods & purchases, seen))
                pairs.update(product(purchases, goods & seen))
        return pairs

    def _pairs_on(self, key: str) -> set[Goods]:
        """All pairs that meet on a key and bear numbers that are alike."""
        if _is_ending(key) or _is_stem(key):
            return set(self._like_all(key))
        purchases, stolen = self._board.on(key)
        return set(product(purchases, self._seen(stolen, self._board.floods(key))))

    def _like_all(self, key: str) -> Iterator[Goods]:
        purchases, _ = self._board.on(key)
        rows = [row for good in purchases for row in self._board.rows[good]]
        return self._like_on(key, rows, new=False)

    def _like_on(self, key: str, rows: Iterable[Keyed], *, new: bool) -> Iterator[Goods]:
        for row in rows:
            if key in _meetings(row):
                for other, pairing in self._board.meeting(row, key):
                    mine, theirs = (row, other) if row.side == PURCHASE else (other, row)
                    if not (new and self._by_chance(pairing, mine, theirs)):
                        yield mine.good, theirs.good

    def _by_chance(self, pairing: Pairing, purchase: Keyed, stolen: Keyed) -> bool:
        stock = self._stock(*among(pairing), *pool(side([purchase]), side([stolen])))
        return is_by_chance(pairing, _brand(purchase, stolen), stock)

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
        if _is_ending(key):
            return {pair for pair in self._like_all(key) if pair[1] in stolen}
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
            self._read({key for row in rows for key in _meetings(row)})

    def _judge(self, purchase: Good, stolen: Good) -> None:
        """Compare the two as they are now, and say what changed in what is known of them."""
        pair_id = ids.pair_id(purchase[1], purchase[2], stolen[1])
        known = self._pairs[pair_id]
        mine, theirs = self._board.rows.get(purchase), self._board.rows.get(stolen)
        if mine is None or theirs is None:
            gone = Verdict("none", None, 0, None, (), (), self._why)
            event = decide(known, gone, "", known.pair) if known is not None else None
            if event is not None:
                self._append(pair_id, event)
            return
        left, right = side(mine), side(theirs)
        verdict = judge(left, right, self._around(left, right, closed=theirs[0].closed))
        facts, pair = fingerprint(left, right), _pair(mine[0], theirs[0])
        event = decide(known, verdict, facts, pair)
        if _raises(known, verdict, event) and self._withhold(pair_id, mine, theirs):
            event = decide(known, _MUTED, facts, pair)
        if event is not None:
            self._append(pair_id, event)

    def _withhold(self, pair_id: UUID, purchase: Sequence[Keyed], stolen: Sequence[Keyed]) -> bool:
        """Whether nothing but numbers that are muted makes a hit of the two; what is withheld so
        is said once of each mute."""
        left, right, closed = side(purchase), side(stolen), stolen[0].closed
        brand = _brand(purchase[0], stolen[0])
        shared = {row.key for row in purchase} & {row.key for row in stolen}
        self._know_mutes(shared)
        muted = {
            (key, which): each
            for key in sorted(shared)
            for which, each in self._mutes[key].of.items()
            if each.holds(*self._at) and each.covers(brand, closed=closed)
        }
        if not muted:
            return False
        around = self._around(left, right, closed=closed)
        without = around._replace(flooded={*around.flooded, *(key for key, _ in muted)})
        if judge(left, right, without).outcome == "hit":
            return False
        for (key, which), each in muted.items():
            if pair_id.hex not in each.withheld:
                each.withheld.add(pair_id.hex)
                said = muting.NumberWithheld(
                    mute=which, pair=pair_id.hex, stolen=stolen[0].item.hex
                )
                self._append(ids.number_id(key), said)
        return True

    def _know_mutes(self, keys: Set[str]) -> None:
        """Read the mutes of these numbers, under the lock under which people mute and lift."""
        unread = {ids.number_id(key): key for key in sorted(keys - self._mutes.keys())}
        if unread:
            self._lock()
            told = self._casework.reader.streams(self._connection, list(unread))
            for stream, key in unread.items():
                self._mutes[key] = muting.folded(told.get(stream, []))

    def _around(self, purchase: Side, stolen: Side, *, closed: bool) -> Around:
        """What else the record holds that bears on the two."""
        theirs = {key for number in stolen.numbers for key in number.keys}
        shared = {key for number in purchase.numbers for key in number.keys} & theirs
        stems = {key for key in shared if _is_stem(key)}
        return Around(
            flooded=self._board.flooded(shared - stems, closed=closed),
            series={stem for stem in stems if self._board.is_series(stem, closed=closed)},
            stock=lambda class_, code: self._stock(class_, code, *pool(purchase, stolen)),
        )

    def _stock(self, class_: str, code: str | None, brand: str, model: str | None) -> int:
        """How many stolen goods of a brand and model bear a number of a class, at this point of
        the sequence: those that the batch holds are not in the table."""
        if brand not in self._stocks:
            self._stocks[brand] = self._model.stock(self._connection, self._generation, brand)
        held, here = self._stocks[brand], self._here
        if code is not None:
            stocks = {Stock(class_, brand, code)}
        elif model is None or class_ in _CODED:
            stocks = {s for s in (*held, *here) if s.class_ == class_ and s.brand == brand}
        else:
            stocks = {Stock(class_, brand, model), Stock(class_, brand, "")}
        return sum(held[stock] + here[stock] for stock in stocks)

    def _recall(self, candidates: Iterable[Goods]) -> None:
        """Read what is known of these pairs."""
        pairs = {ids.pair_id(mine[1], mine[2], theirs[1]) for mine, theirs in candidates}
        self._remember(pairs)

    def _lock(self) -> None:
        """People decide on hits at the same time; what is read must still hold when it is appended
        to."""
        if not self._locked:
            with self._connection.cursor() as cursor:
                self._casework.lock(cursor)
            self._locked = True

    def _remember(self, pairs: Set[UUID]) -> None:
        unread = sorted(pairs - self._pairs.keys())
        if not unread:
            return
        self._lock()
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

    What a person took up by what is said of the goods rests on no number, so it does not end where
    no number shows it. When one does, it becomes a hit of that grade and keeps what he decided, and
    goes back when that number does so no more.
    """
    if known is not None and known.state == "removed":
        return None
    if verdict.outcome == "earlier_passage":
        if known is not None and known.state == "passage":
            return None
        return hit.PassageNoted(pair=pair, reasons=verdict.reasons)
    if verdict.outcome == "none":
        why = verdict.why_not or ""
        if known is None or not _ends(known, why):
            return None
        if known.stands and known.suggestion is not None and why not in _NO_SIGNAL:
            return hit.Regraded(**asdict(known.suggestion))
        return hit.Closed(reason=_CLOSED_BECAUSE.get(why, why))
    if known is None or known.finding is None:
        return _finding(hit.Found, verdict, facts, pair)
    if known.rejected == facts and known.is_suggestion:
        return None
    if known.rejected == facts and known.state not in ("assessed", "confirmed"):
        return hit.Closed(reason="rejected") if known.state in ("found", "passage") else None
    if known.stands:
        regraded = _finding(hit.Regraded, verdict, facts, pair)
        return None if _same(known.finding, regraded) else regraded
    return _finding(hit.Reopened, verdict, facts, pair)


def _raises(known: hit.Hit | None, verdict: Verdict, event: EventData | None) -> bool:
    """Whether an event makes a hit of what was none by its numbers."""
    if verdict.outcome != "hit" or not isinstance(event, hit.Finding):
        return False
    return known is None or not known.stands or known.is_suggestion


def _ended(fact: Recorded) -> Signal | None:
    """What a report says of the theft, where it says that the good is stolen no more."""
    data = fact.data
    if not isinstance(data, Report):
        return None
    signal = stolen_signal(data.status, data.recovered, data.offence)
    is_over = signal.never or signal.withdrawn or signal.recovered is not None
    return signal if is_over else None


def _ends(known: hit.Hit | None, why: str) -> bool:
    """Whether what is known of a pair ends where numbers show nothing, for that reason."""
    if known is None or known.state in ("closed", "rejected", "removed"):
        return False
    return not (known.stands and known.is_suggestion) or why in _NO_SIGNAL


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
    names = ("against", "fingerprint", "grade", "score", "time")
    return (
        before is not None
        and all(getattr(before, n) == getattr(after, n) for n in names)
        and _uncomputed(before.reasons) == _uncomputed(after.reasons)
    )


def _uncomputed(reasons: Iterable[Reason]) -> list[Reason]:
    """Reasons without what was computed, which changes with every stolen good that is reported."""
    return [replace(reason, value=None) for reason in reasons]


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
