"""Weighing reads: each is explained by what held when it was made, compared, scored and ranked.

It is a function of the rows of the read models and stores nothing. Every row that may explain
something bears the moment from which, and until which, the record knew it, so a read comes out the
same whenever it is weighed; what was destroyed since is gone here too. Reads are taken officer by
officer, with what explains those alone in memory.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from psycopg import Connection

from herkomst.domain.batches import batched
from herkomst.domain.casework import indicators, reasons
from herkomst.domain.casework.circumstances import (
    Circumstances,
    Explanation,
    Identity,
    PastRead,
    person_of,
)
from herkomst.processes.comparing import Looked, Weighed, compared
from herkomst.processes.explaining import (
    AT_ONCE,
    MODELS,
    Kin,
    Living,
    Officer,
    Staff,
    Tables,
    circumstances,
    earlier_reads,
    officers,
    past_reads,
    role_at,
    same_person,
    unfolded,
)
from herkomst.processes.gathering import QUARTER
from herkomst.projections import registry
from herkomst.projections.reads import Reads
from herkomst.record.database import Row


def weigh(connection: Connection[Row], *, after: int = 0, until: int) -> list[Weighed]:
    """Reads of a part of the journal, the one that is most worth a look first.

    Runs inside the caller's transaction, which is to see one moment. Raises `ModelMissing`.
    """
    tables = registry.live_tables(connection, MODELS)
    staff = Staff(officers(connection, tables))
    looked: list[Looked] = []
    for reads in batched(past_reads(connection, tables, after, until), AT_ONCE):
        looked += _looked(connection, tables, staff, reads)
    return ranked(compared(looked, list(_earlier(connection, tables, staff, looked, after))))


def _earlier(
    connection: Connection[Row],
    tables: Tables,
    staff: Staff,
    looked: Sequence[Looked],
    until: int,
) -> Iterator[Looked]:
    """The quarter before, of who read something now that nothing explains."""
    bare = [each.read for each in looked if not each.explanation.holds]
    if not bare or not until:
        return
    since = min(read.at for read in bare) - QUARTER
    officers = {read.officer for read in bare}
    reads = earlier_reads(connection, tables, officers, since, until)
    for some in batched(reads, AT_ONCE):
        plain = unfolded(connection, tables, some)
        around = circumstances(connection, tables, plain)
        for read in plain:
            yield _remembered(around, staff, read)


def _remembered(around: Circumstances, staff: Staff, read: PastRead) -> Looked:
    """A read of before, as far as it counts for those of now."""
    officer, explanation = staff.find(read.officer), _explain(around, staff, read)
    return Looked(
        read,
        role_at(officer, read.at) or read.role or "",
        "",
        explanation,
        frozenset(_by_purpose(around, read, explanation)),
        _persons(_shown(around, read), read),
    )


def ranked(weighed: Iterable[Weighed]) -> list[Weighed]:
    """Highest score first; what nothing explains before what something does; then the oldest."""
    return sorted(
        weighed, key=lambda w: (-w.score, w.explanation.holds, w.read.at, w.read.source, w.read.key)
    )


def head(connection: Connection[Row]) -> int:
    """Position of the newest read that can be weighed."""
    row = connection.execute(
        "SELECT position FROM follow.followers WHERE name = %s", (Reads.name,)
    ).fetchone()
    return 0 if row is None else int(row[0])


def _looked(
    connection: Connection[Row], tables: Tables, staff: Staff, reads: Sequence[PastRead]
) -> Iterator[Looked]:
    plain = unfolded(connection, tables, reads)
    around = circumstances(connection, tables, plain)
    explained = [(read, _explain(around, staff, read)) for read in plain]
    bare = [read for read, explanation in explained if not explanation.holds]
    kin = Kin(connection, tables, [shown for r in bare for shown in _shown(around, r)])
    living = Living(connection, tables, {o for r in bare if (o := staff.find(r.officer))})
    for read, explanation in explained:
        yield _look(_Around(around, staff, kin, living), read, explanation)


class _Around(NamedTuple):
    """What a read is looked at by."""

    circumstances: Circumstances
    staff: Staff
    kin: Kin
    living: Living


def _explain(around: Circumstances, staff: Staff, read: PastRead) -> Explanation:
    officer = staff.find(read.officer)
    return around.explain(read, officer.unit if officer is not None else read.unit)


def _shown(around: Circumstances, read: PastRead) -> list[Identity]:
    """What those presented whose records were read."""
    people = (person_of(kind, item) for kind, item in read.items)
    return [around.identities[person] for person in people if person in around.identities]


def _look(around: _Around, read: PastRead, explanation: Explanation) -> Looked:
    officer = around.staff.find(read.officer)
    unit = officer.unit if officer is not None else read.unit
    shown = _shown(around.circumstances, read)
    codes = {
        *_by_purpose(around.circumstances, read, explanation),
        *_by_person(around, officer, shown, is_bare=not explanation.holds),
        *_by_way(read),
        *_by_time(around.circumstances, officer, read),
    }
    if not explanation.holds:
        explanation = _without(around.circumstances, explanation, read, codes)
    return Looked(
        read,
        role_at(officer, read.at) or read.role or "",
        unit or "",
        explanation,
        frozenset(codes),
        _persons(shown, read),
    )


def _persons(shown: Sequence[Identity], read: PastRead) -> tuple[str, ...]:
    """Who was read, or which records where that is not known."""
    return tuple(_person(each) for each in shown) or tuple(i.hex for _, i in read.items)


_STATED: Final = {
    "ended": "it had ended for the officer",
    "handing_over": "it had ended for the officer within the week",
    "foreign_purpose": "it was not the officer's",
    "unconnected": "it does not concern who was read",
}


def _without(
    around: Circumstances, explanation: Explanation, read: PastRead, codes: Collection[str]
) -> Explanation:
    """Why nothing explains it: what was stated, and what that lacks."""
    lacks = [text for code, text in _STATED.items() if code in codes]
    stated = f"stated: {_stated(around, read)}"
    return explanation._replace(path=(stated, *lacks, *explanation.path))


def _stated(around: Circumstances, read: PastRead) -> str:
    """The purpose that was stated; the officer's own case by its number, as other paths have it."""
    _, name = read.stated
    number = next((own.name for own in around.named(read) if own.name), name)
    return read.purpose.replace(name, number, 1)


def _person(shown: Identity) -> str:
    if shown.name and shown.born:
        return f"{shown.name}{shown.born}"
    return shown.document or shown.phone or shown.name or ""


def _by_purpose(around: Circumstances, read: PastRead, explanation: Explanation) -> Iterator[str]:
    """What speaks against the purpose that was stated."""
    kind, name = read.stated
    if not explanation.holds:
        yield "unexplained"
    # In the product a duty is one of the policy's, and nobody's own.
    if kind == "duty" and read.is_rehearsed and not around.on_stated_duty(read):
        yield "foreign_purpose"
    if kind not in ("case", "task"):
        return
    own = around.named(read)
    if explanation.holds and explanation.name in {name, *(e.name for e in own)}:
        return
    if not own:
        yield "foreign_purpose"
    elif current := [e for e in own if e.holds(read.at)]:
        yield "unconnected"
        if any(around.shares_family(e, read) for e in current):
            yield "namesake"
    else:
        ends = [e.until for e in own if e.until is not None and e.until <= read.at]
        yield _ended(read.at, max(ends)) if ends else "foreign_purpose"


def _ended(at: datetime, until: datetime) -> str:
    is_over = at - until > timedelta(days=indicators.HAND_OVER_DAYS)
    return "ended" if is_over else "handing_over"


def _by_person(
    around: _Around, officer: Officer | None, shown: Iterable[Identity], *, is_bare: bool
) -> Iterator[str]:
    """What the officer has to do with who was read; it is looked for further where nothing explains
    the read."""
    for person in _beyond_crowds(around, shown, is_bare=is_bare):
        if officer is not None:
            yield from _near(officer, person, around.living if is_bare else None)
        if around.staff.is_staff(person, officer):
            yield "colleague"


def _beyond_crowds(
    around: _Around, shown: Iterable[Identity], *, is_bare: bool
) -> Iterator[Identity]:
    """What these persons presented; a house that many share says nothing of anybody."""
    crowds = around.circumstances.crowds | around.kin.crowds
    for one in shown:
        for each in around.kin.of(one) if is_bare else (one,):
            yield each._replace(address=None, door=None) if each.address in crowds else each


def _near(officer: Officer, person: Identity, living: Living | None) -> Iterator[str]:
    own = officer.identity
    if same_person(person, own):
        yield "self"
    elif _lives(own.address, person.address, person, living):
        yield "household"
    elif any(_lives(each, person.address, person, living) for each in officer.former):
        yield "former_address"
    elif any(_lives(each, person.door, person, living) for each in (own.door, *officer.beside)):
        yield "neighbour"


def _lives(where: str | None, at: str | None, person: Identity, living: Living | None) -> bool:
    """Whether somebody lives there, by his address or, where he gave none, by his name."""
    if where is None or at is not None:
        return where is not None and where == at
    return living is not None and living.at(where, person)


def _by_way(read: PastRead) -> Iterator[str]:
    if read.break_glass:
        yield "glass_broken"
        # Why the glass of the product was broken was asked when it was broken.
        if read.is_rehearsed and read.reason_length < reasons.SHORTEST:
            yield "glass_without_reason"


def _by_time(around: Circumstances, officer: Officer | None, read: PastRead) -> Iterator[str]:
    if officer is not None and officer.roles and role_at(officer, read.at) is None:
        yield "role_ended"
    on = (e for e in around.engaged(read.officer, read) if e.kind not in ("case", "task"))
    if read.officer in around.rostered and next(on, None) is None:
        yield "off_duty"
