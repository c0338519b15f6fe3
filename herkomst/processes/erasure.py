"""Erasure: what was ordered is carried out, and every store that held something acknowledges it.

Names are stored only encrypted, so erasing a person is destroying the data keys; what read models
hold beside, keyed hashes, goes when they fold the same event. The process waits for them before it
acknowledges, and states the clock of what the engine underneath still has to let go of.

Before it acknowledges it also lists the erasure outside the database. When an identity comes in
that is on this list, because the database was restored to before its purchase and that is sent
again, it is erased again.
"""

from collections.abc import Mapping, Sequence, Set
from uuid import UUID

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from herkomst.domain.events import Event, Recorded
from herkomst.domain.register import erasure, identity, keeping
from herkomst.processes.keeping import BY_CLOCK
from herkomst.projections import registry
from herkomst.projections.follower import Kind, NotYet
from herkomst.projections.hits import Hits
from herkomst.projections.links import Links
from herkomst.projections.match_keys import MatchKeys
from herkomst.projections.measures import Measures
from herkomst.projections.model import Model
from herkomst.projections.officers import Officers
from herkomst.projections.passages import Passages
from herkomst.projections.presentations import Presentations
from herkomst.record.application import Custody, envelope, pending, this_moment
from herkomst.record.casework import Casework
from herkomst.record.database import Row
from herkomst.record.erasures import Erased, Erasures, order_again
from herkomst.record.personnel import forget
from herkomst.record.register import Register
from herkomst.record.vault import destroy
from herkomst.steps import reached

ACTOR = "process:erasure"
KEY_CLOCK = (
    "the deleted key leaves the table at its next vacuum (minutes) and the write-ahead log "
    "when the segments before the second checkpoint from now are removed, which wait for a backup "
    "that is gone on with; a backup keeps the key until it is destroyed, and a restore destroys "
    "it again"
)
ROW_CLOCK = "keyed hashes leave the table at its next vacuum (minutes)"
SEALED_CLOCK = "sealed parts stay and cannot be opened: their key is destroyed"
HASHED: tuple[Model, ...] = (Presentations(), Links(), MatchKeys())
INDEX = "index"
"""The store of what is searched; a description is in it as words, and a name where it is police
data."""
INDEX_CASEWORK = "index_casework"
"""What puts into it, and takes out, who is in a hit or in a case."""
STORES = {model.name: ROW_CLOCK for model in HASHED}
"""Read models that hold keyed hashes, with their clocks."""
SEALED = ("register", "purchases")
"""Stores that hold nothing but sealed parts."""
SEALED_BY_KIND: Mapping[keeping.Kind, tuple[str, ...]] = {
    "case": ("casework", "cases", "case_entries", "case_items"),
    "stolen_item": ("register", "stolen_items"),
    "reveal": ("casework",),
    "glass": ("casework", "glasses"),
    "hold": ("casework", "holds"),
    "access_request": ("casework", "access_requests"),
    "authorisation": ("casework", "authorisations"),
    "review": ("casework", "reviews"),
    "person_request": ("casework", "person_requests"),
    "sequel": ("casework", "measures"),
    "alert": ("casework", "alerts", "mutes", "sightings"),
    "number_mute": ("casework", "muted_numbers"),
    "dealer": ("register", "dealers"),
    "purchase": ("register", "purchases"),
    "officer": ("casework",),
}
"""The same of what has a key of its own and is no identity."""
HITS: tuple[Model, ...] = (Hits(), Passages(), Measures())
"""Read models that hold hits, and what followed them."""
HASHED_BY_KIND: Mapping[keeping.Kind, tuple[Model, ...]] = {
    "officer": (Officers(),),
    "purchase": (MatchKeys(),),
    "stolen_item": (MatchKeys(),),
}
"""Read models that hold keyed hashes of what has a key and is no identity."""
SEARCHED_BY_KIND: frozenset[keeping.Kind] = frozenset({"case", "dealer", "purchase", "stolen_item"})
"""What of these is searched; of a case, who is in it."""
HIT_CLOCK = "rows leave the table at its next vacuum (minutes)"
TOLD_CLOCK = "what was told of goods stays, names no person, and is found by nothing"
ALL_STORES = frozenset({"vault", INDEX, *STORES, *SEALED})
"""Every store that acknowledges."""
FOLLOWERS = frozenset({"presentations", "links", "matching", INDEX})
"""Followers that must have folded the erasure before it can be acknowledged."""


class Erasure:
    """The process of that name."""

    name = "erasure"
    kind: Kind = "process"
    sequence = "register"
    models: Sequence[Model] = ()
    topics: Set[str] = frozenset(
        {
            erasure.ErasureOrdered.TOPIC,
            identity.Presented.TOPIC,
            keeping.KeyDestroyed.TOPIC,
            keeping.HitsRemoved.TOPIC,
        }
    )

    def __init__(
        self,
        register: Register,
        casework: Casework,
        listed: Erasures | None = None,
        *,
        index_clock: str,
    ) -> None:
        self._register, self._casework = register, casework
        self._list, self._index_clock = listed, index_clock
        known = listed.all() if listed else []
        # What the register's clock destroyed is all that it ever held: too many to remember, and
        # what of it comes in again after a restore is due at the next run.
        ordered = [one for one in known if one.ground != BY_CLOCK]
        self._grounds = {UUID(hex=i): one.ground for one in ordered for i in one.identities}

    def apply(self, connection: Connection[Row], facts: Sequence[Recorded]) -> None:
        if self._grounds:
            self._erase_again(connection, facts)
        orders = [fact for fact in facts if fact.topic in _ORDERS]
        if not orders:
            return
        self._must_have_folded(connection, orders[-1].position)
        self._must_have_forgotten(connection, orders)
        if hits := [each for order in orders for each in _hits_of(order)]:
            _must_be_gone(connection, hits)
            self._must_be_searched_no_more(connection, hits)
        keyed = [order for order in orders if not _hits_of(order)]
        if self._list is not None:
            self._list.add([Erased.of(order) for order in keyed])
        with connection.cursor() as cursor:
            events = []
            for order in keyed:
                # The order did this; after a restore from before it, it is done again.
                destroy(cursor, Erased.of(order).all_keys)
            for order in orders:
                events += _acknowledgements(order, self._index_clock)
            self._register.recorder.append(cursor, [pending(event) for event in events])
            assert reached("erasure.acknowledged")

    def _erase_again(self, connection: Connection[Row], facts: Sequence[Recorded]) -> None:
        """Order the erasure of who was erased before the database was restored to an earlier day.
        The order is a transaction of its own, because repeating it orders nothing new."""
        topic = identity.Presented.TOPIC
        again = [f.stream for f in facts if f.topic == topic and f.stream in self._grounds]
        streams = self._register.recorder.reader.streams(connection, again) if again else {}
        for stream, events in streams.items():
            order_again(self._register, events, self._grounds[stream])

    def _must_have_forgotten(self, connection: Connection[Row], orders: Sequence[Recorded]) -> None:
        """That nothing is hashed any more of officers whose keys were destroyed. It is told to
        casework in a transaction of its own, because telling it again tells nothing new."""
        gone = [each for order in orders for each in _officers_of(order)]
        for officer in gone:
            forget(self._casework, officer)
        if gone:
            _must_be_unhashed(connection, gone)

    def _must_be_searched_no_more(self, connection: Connection[Row], hits: Sequence[UUID]) -> None:
        """That no name is searched any more because of these hits. Raises `NotYet`."""
        told = self._casework.recorder.reader.streams(connection, hits)
        last = max((events[-1].position for events in told.values()), default=0)
        for standing in registry.standings(connection):
            if standing.name == INDEX_CASEWORK and standing.position < last:
                raise NotYet(f"{standing.name} stands at {standing.position}, before {last}")

    @staticmethod
    def _must_have_folded(connection: Connection[Row], position: int) -> None:
        for standing in registry.standings(connection):
            if standing.name in FOLLOWERS and standing.position < position:
                raise NotYet(f"{standing.name} stands at {standing.position}, before {position}")
        for model in HASHED:
            # What a killed rebuild left holds hashes too, and nothing folds into it any more.
            if not registry.sweep(connection, model):
                raise NotYet(f"{model.name} is being rebuilt")


_HASHED_STILL = SQL(
    "SELECT EXISTS (SELECT FROM {} WHERE officer = ANY(%s) "
    "AND (num_nonnulls(name_token, born_token, document_token, phone_token, address_token, "
    "door_token) > 0 OR former_tokens <> '[]' OR beside_tokens <> '[]'))"
)
_ORDERS = frozenset(
    {erasure.ErasureOrdered.TOPIC, keeping.KeyDestroyed.TOPIC, keeping.HitsRemoved.TOPIC}
)


def _hits_of(order: Recorded) -> list[UUID]:
    """The hits that an order removes."""
    data = order.data
    return [UUID(hex=each) for each in data.hits] if isinstance(data, keeping.HitsRemoved) else []


def _officers_of(order: Recorded) -> list[UUID]:
    """The officer whose key an order destroyed."""
    data = order.data
    if isinstance(data, keeping.KeyDestroyed) and data.kind == "officer":
        return [UUID(hex=data.record)]
    return []


def _must_be_unhashed(connection: Connection[Row], officers: Sequence[UUID]) -> None:
    """Raises `NotYet`."""
    model, built = Officers(), registry.generations(connection)
    if model.name not in built or not registry.sweep(connection, model):
        raise NotYet(f"{model.name} is being built")
    held = _HASHED_STILL.format(model.table(built[model.name][0]))
    if connection.execute(held, (list(officers),)).fetchone() == (True,):
        raise NotYet(f"{model.name} holds hashes of who was forgotten")


def _must_be_gone(connection: Connection[Row], hits: Sequence[UUID]) -> None:
    """That no read model holds these hits any more. Raises `NotYet`."""
    built = registry.generations(connection)
    for model in HITS:
        if model.name not in built or not registry.sweep(connection, model):
            raise NotYet(f"{model.name} is being built")
        table, owner = model.table(built[model.name][0]), Identifier(model.owner)
        held = SQL("SELECT EXISTS (SELECT FROM {} WHERE {} = ANY(%s))").format(table, owner)
        if connection.execute(held, (list(hits),)).fetchone() == (True,):
            raise NotYet(f"{model.name} holds what was removed")


def _acknowledgements(order: Recorded, index_clock: str) -> list[Event]:
    sealed = order.envelope
    custody = Custody(sealed.controller, sealed.ground, sealed.regime, sealed.unit)
    return [
        Event(
            order.stream,
            erasure.ErasureAcknowledged(clock=clock, store=store),
            envelope(ACTOR, custody, this_moment(), 1),
        )
        for store, clock in _clocks(order, index_clock).items()
    ]


def _clocks(order: Recorded, index_clock: str) -> dict[str, str]:
    """The stores that acknowledge an order, each with what must still happen."""
    data, index = order.data, {INDEX: index_clock}
    if isinstance(data, keeping.HitsRemoved):
        hits = {model.name: HIT_CLOCK for model in HITS}
        return {"casework": TOLD_CLOCK, **hits, **index}
    if isinstance(data, keeping.KeyDestroyed):
        sealed = dict.fromkeys(SEALED_BY_KIND[data.kind], SEALED_CLOCK)
        hashed = {model.name: ROW_CLOCK for model in HASHED_BY_KIND.get(data.kind, ())}
        searched = index if data.kind in SEARCHED_BY_KIND else {}
        return {"vault": KEY_CLOCK, **sealed, **hashed, **searched}
    return {"vault": KEY_CLOCK, **STORES, **index, **dict.fromkeys(SEALED, SEALED_CLOCK)}
