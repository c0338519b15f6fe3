"""Search by PostgreSQL: the whole contract for a pilot and for a newcomer, without a second server.

Words, their places and numbers of a document are one `tsvector`, made by our own analysis: A the
title, B the body, C the heads of compounds, D words as they are written, and `#` before a number.
Of a person `@` stands before each key of his name.
What a misspelt word may stand for is looked up in a table of words first, all of it. Patterns are
held against the words and numbers of each document, written one behind the other, by an index of
three letters each: so what a document answers depends on no other one.

A subject is a table a generation, with a partition for each regime. What is searched is in clear,
and sealed where it comes from: so these tables are unlogged, which keeps them out of the
write-ahead log, of replicas and of every backup, where no erasure would reach them. A crash empties
them, and they are filled anew.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from psycopg import Connection
from psycopg.sql import SQL, Composable, Composed, Identifier, Literal
from rapidfuzz.distance import OSA

from herkomst.domain.batches import batched
from herkomst.projections.registry import ModelMissing
from herkomst.record.database import Row
from herkomst.search import names, postgres_names
from herkomst.search.analysis import stem, words
from herkomst.search.documents import Source, regime_of
from herkomst.search.engines import Change
from herkomst.search.questions import (
    COUNTED,
    COUNTED_WHOLE,
    MOST_BUCKETS,
    After,
    Among,
    Answer,
    Between,
    Bucket,
    Completion,
    Filter,
    Found,
    NameFound,
    NameQuestion,
    Order,
    Question,
    Seen,
    Subject,
    Term,
    Total,
    Typed,
    Weight,
    told_by_page,
)

NAME = "postgres"
LARGEST = 1_000_000
"""Documents up to which everything is counted; beyond, a count reads "more than 10,000"."""
REGIMES = ("avg", "wpg", "wjsg")
_AT_ONCE = 1000
_FORGOTTEN = "1 hour"
"""How long it is remembered of a document that it is gone, and as of which version."""
_UNIT, _RECORD = "\x1f", "\x1e"
_LAST = 16_380
"""The last place that a word of a text may have; PostgreSQL counts to 16,383."""
_COMPLETED = 10_000
"""Of how many documents, the newest, completions are told."""
_decode = msgspec.json.Decoder(Source).decode

Ask = Callable[[Composed], Awaitable[Sequence[Any]]]
"""Runs a statement for reading; rows have names for their columns."""


class Live(NamedTuple):
    """The generation that is asked, and how many documents it has, roughly."""

    generation: int
    documents: int


_HELD = (
    "SELECT coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint FROM follow.indexes i, "
    "pg_partition_tree('search.' || i.subject || '_' || i.generation) p "
    "JOIN pg_class c ON c.oid = p.relid WHERE i.engine = %s AND i.live AND p.isleaf"
)


def documents_held(connection: Connection[Row]) -> int:
    """How many documents there are, roughly."""
    row = connection.execute(_HELD, (NAME,)).fetchone()
    return int(row[0]) if row else 0


# Writing


class PostgresIndex:
    """Takes documents in, inside the transaction of a connection."""

    name = NAME
    clock = "rows and words leave their tables at the next vacuum (minutes)"

    def __init__(self, connection: Connection[Row]) -> None:
        self._connection = connection

    def create(self, subject: Subject, generation: int) -> None:
        table = _table(subject, generation)
        if self._exists(table):
            return
        names = {"t": table, "words": _words(subject, generation)}
        self._connection.execute(_CREATE.format(**names))
        for regime in REGIMES:
            part = Identifier("search", f"{subject.value}_{regime}_{generation}")
            self._connection.execute(
                SQL("CREATE UNLOGGED TABLE {} PARTITION OF {} FOR VALUES IN ({})").format(
                    part, table, Literal(regime)
                )
            )
        self._connection.execute(_INDEXES.format(**names))

    def is_whole(self, subject: Subject, generation: int) -> bool:
        vocabulary = _words(subject, generation)
        if not self._exists(vocabulary):
            return False
        found = self._connection.execute(_IS_WHOLE.format(words=vocabulary)).fetchone()
        return found == (True,)

    def _exists(self, table: Identifier) -> bool:
        found = self._connection.execute("SELECT to_regclass(%s)", (table.as_string(),)).fetchone()
        return found != (None,)

    def put(self, subject: Subject, generation: int, changes: Iterable[Change]) -> None:
        names = {"t": _table(subject, generation), "words": _words(subject, generation)}
        for some in batched(changes, _AT_ONCE):
            latest = list({change.id: change for change in sorted(some, key=_version)}.values())
            before = self._connection.execute(
                _WORDS_OF.format(**names), ([change.id for change in latest],)
            ).fetchall()
            columns = [list(column) for column in zip(*map(_columns, latest), strict=True)]
            self._connection.execute(_PUT.format(**names), columns)
            self._connection.execute(_LEARN.format(**names), (sorted(_surfaces(latest)),))
            self._forget(names, {word for (word,) in before} - _surfaces(latest))

    def _forget(self, names: Mapping[str, Identifier], unsure: set[str]) -> None:
        """Forget those of these words that stand in no document any more: they may name somebody
        who was erased."""
        if unsure:
            self._connection.execute(_FORGET_WORDS.format(**names), (sorted(unsure),))

    def settle(self, subject: Subject, generation: int) -> None:
        """That a document is gone, is forgotten after an hour."""
        self._connection.execute(
            _FORGET_GONE.format(t=_table(subject, generation), forgotten=_FORGOTTEN)
        )

    def swap(self, subject: Subject, generation: int) -> None:
        """The registry says which generation is asked; the planner is told how large it is."""
        self._connection.execute(SQL("ANALYZE {}").format(_table(subject, generation)))

    def drop(self, subject: Subject, generation: int) -> None:
        self._connection.execute(
            SQL("DROP TABLE IF EXISTS {}, {}").format(
                _table(subject, generation), _words(subject, generation)
            )
        )

    def documents(self, subject: Subject, generation: int) -> Iterator[Source]:
        with self._connection.transaction(), self._connection.cursor(name="documents") as cursor:
            cursor.itersize = _AT_ONCE
            cursor.execute(_ALL.format(t=_table(subject, generation)))
            for (source,) in cursor:
                yield _decode(source)


def _table(subject: Subject, generation: int) -> Identifier:
    return Identifier("search", f"{subject.value}_{generation}")


def _words(subject: Subject, generation: int) -> Identifier:
    return Identifier("search", f"{subject.value}_words_{generation}")


_CREATE = SQL(
    'CREATE TABLE {t} (id text COLLATE "C", record uuid, line integer, regime text, '
    "version bigint NOT NULL, law text, kept text, place uuid, at bigint, amount bigint, "
    'fields text[], words tsvector, parts text COLLATE "C", completions text[], '
    "source bytea, gone_at timestamptz, "
    "PRIMARY KEY (regime, id)) PARTITION BY LIST (regime); "
    'CREATE UNLOGGED TABLE {words} (word text COLLATE "C" PRIMARY KEY); '
    "INSERT INTO {words} VALUES ('')"
)
# A word that nobody writes: where it is not there, the server has crashed since it was.
_IS_WHOLE = SQL("SELECT EXISTS (SELECT FROM {words} WHERE word = '')")
_INDEXES = SQL(
    "CREATE INDEX ON {t} USING gin (words); "
    "CREATE INDEX ON {t} USING gin (fields); "
    "CREATE INDEX ON {t} USING gin (parts gin_trgm_ops); "
    "CREATE INDEX ON {t} (at, id); "
    "CREATE INDEX ON {t} (record); "
    "CREATE INDEX ON {t} (place, at) WHERE place IS NOT NULL; "
    "CREATE INDEX ON {t} (gone_at) WHERE gone_at IS NOT NULL"
)
_PUT = SQL(
    "INSERT INTO {t} SELECT id, record, line, regime, version, law, kept, place, at, amount, "
    "string_to_array(fields, E'\\x1f'), words::tsvector, parts, "
    "string_to_array(completions, E'\\x1f'), source, "
    "CASE WHEN source IS NULL THEN now() END FROM unnest(%s::text[], %s::uuid[], "
    "%s::integer[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::uuid[], %s::bigint[], "
    "%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bytea[]) AS n "
    "(id, record, line, regime, version, law, kept, place, at, amount, fields, words, parts, "
    "completions, source) "
    "ON CONFLICT (regime, id) DO UPDATE SET (record, line, version, law, kept, place, at, amount, "
    "fields, words, parts, completions, source, gone_at) = ROW (excluded.record, excluded.line, "
    "excluded.version, excluded.law, excluded.kept, excluded.place, excluded.at, excluded.amount, "
    "excluded.fields, excluded.words, excluded.parts, excluded.completions, "
    "excluded.source, excluded.gone_at) "
    "WHERE {t}.version < excluded.version"
)
_LEARN = SQL("INSERT INTO {words} SELECT unnest(%s::text[]) ON CONFLICT (word) DO NOTHING")
_WORDS_OF = SQL(
    "SELECT DISTINCT unnest(tsvector_to_array(words)) FROM {t} WHERE id = ANY(%s::text[])"
)
_FORGET_WORDS = SQL(
    "DELETE FROM {words} w WHERE w.word = ANY(%s::text[]) AND NOT EXISTS "
    "(SELECT FROM {t} WHERE words @@ (quote_literal(w.word) || ':D')::tsquery)"
)
_FORGET_GONE = SQL("DELETE FROM {t} WHERE gone_at < now() - {forgotten}::interval")
_ALL = SQL("SELECT source FROM {t} WHERE source IS NOT NULL ORDER BY id")


def _version(change: Change) -> int:
    return change.version


def _surfaces(changes: Iterable[Change]) -> set[str]:
    """All that stands in the table of words for these."""
    return {
        word
        for change in changes
        if change.source is not None
        for word in change.source.text.surfaces
    }


def _columns(change: Change) -> tuple[object, ...]:
    source = change.source
    if source is None:
        return (change.id, None, None, change.regime, change.version, *[None] * 10)
    return (
        change.id,
        source.record,
        source.line,
        change.regime,
        change.version,
        source.law,
        source.kept,
        source.place,
        source.at,
        source.amount,
        _UNIT.join(f"{name}={value}" for name, values in source.fields.items() for value in values),
        _vector(source),
        _parts(source),
        _UNIT.join(f"{_folded(text)}{_RECORD}{text}" for text in source.completions),
        source.encoded(),
    )


def _vector(source: Source) -> str:
    """The words of a document as PostgreSQL reads a `tsvector`."""
    places: dict[str, list[str]] = {}
    text = source.text
    # No phrase runs from the title into the body.
    for at, word in enumerate(text.title, 1):
        places.setdefault(word, []).append(f"{min(at, _LAST)}A")
    for at, word in enumerate(text.body, len(text.title) + 2):
        places.setdefault(word, []).append(f"{min(at, _LAST)}B")
    # A word has one weight at a place, so these have places of their own.
    for word in text.heads:
        places.setdefault(word, []).append(f"{_LAST + 1}C")
    for word in (*text.surfaces, *_numbered(source.numbers)):
        places.setdefault(word, []).append(f"{_LAST + 2}D")
    vector = [f"{_quoted(word)}:{','.join(at)}" for word, at in places.items()]
    return " ".join([*vector, *map(_quoted, postgres_names.lexemes(source.name))])


def _parts(source: Source) -> str:
    """The words of a document between spaces, and its open numbers between line feeds. A keyed hash
    is no number that somebody knows a part of."""
    numbers = [number for number in source.numbers if "~" not in number]
    return f" {' '.join(source.text.surfaces)} \n{chr(10).join(numbers)}\n"


def _numbered(numbers: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"#{number}" for number in numbers)


def _quoted(word: str) -> str:
    doubled = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"


def _folded(text: str) -> str:
    return " ".join(word.surface for word in words(text))


# Answering


class _Tier(NamedTuple):
    """A way in which a term is found, and what it is worth."""

    weight: int
    queries: tuple[str, ...] = ()
    """The words of it as `tsquery`, any of which will do."""
    pattern: str | None = None
    """Or what one of its words or numbers looks like."""


class PostgresEngine:
    """Answers questions over one snapshot of the database."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def ask(self, question: Question) -> Answer:
        live = await self._live(question.subject)
        terms = await self._tiers(question.subject, live, (*question.terms, *question.without))
        wanted, unwanted = terms[: len(question.terms)], terms[len(question.terms) :]
        t = _table(question.subject, live.generation)
        base = [_seen(question.seen), *map(_narrowed, question.filters)]
        base += [SQL("NOT {}").format(_matches(tiers)) for tiers in unwanted]
        all_of_it = [*base, *map(_matches, wanted)]
        exact = live.documents <= LARGEST
        vocabulary = _words(question.subject, live.generation)
        parts = [
            _PAGE.format(page=_page(t, question, base, wanted)),
            _LOST.format(words=vocabulary, lost=_IS_LOST),
        ]
        if question.counted:
            limit = SQL("ALL") if exact else Literal(COUNTED + 1)
            parts.append(_COUNT.format(t=t, conditions=_all_of(all_of_it), limit=limit))
        if question.facets:
            parts.append(_facets(t, all_of_it, question.facets, exact=exact))
        # One statement, so that a page and its figures are of one moment and one way there.
        return _answer(question, await self._ask(SQL(" UNION ALL ").join(parts)), all_counted=exact)

    async def complete(self, typed: Typed) -> Sequence[Completion]:
        live = await self._live(typed.subject)
        started = [word.surface for word in words(typed.text)]
        if not started:
            return ()
        query = " & ".join(f"{_quoted(word)}:*D" for word in started)
        likes = [
            SQL("' ' || split_part(c, E'\\x1e', 1) LIKE {}").format(Literal(f"% {_like(word)}%"))
            for word in started
        ]
        rows = await self._ask(
            _COMPLETE.format(
                t=_table(typed.subject, live.generation),
                seen=_seen(typed.seen),
                query=Literal(query),
                like=SQL(" AND ").join(likes),
                newest=_COMPLETED,
                first=typed.first,
            ),
        )
        return [Completion(row.text, row.number) for row in rows]

    async def names(self, question: NameQuestion) -> Sequence[NameFound]:
        live = await self._live(Subject.PERSONS)
        table, shown = _table(Subject.PERSONS, live.generation), _seen(question.seen)
        vocabulary = _words(Subject.PERSONS, live.generation)
        (whole,) = await self._ask(_IS_WHOLE.format(words=vocabulary))
        if not whole.exists:
            raise ModelMissing("index")

        async def candidates(plan: names.Plan, ways: Sequence[names.Way]) -> list[names.Candidate]:
            statement = postgres_names.statement(table, plan, ways, shown)
            return [postgres_names.candidate(row) for row in await self._ask(statement)]

        found = await names.found(question.name, question.first, candidates)
        return [NameFound(*candidate, likeness) for candidate, likeness in found]

    async def _live(self, subject: Subject) -> Live:
        rows = await self._ask(_LIVE.format(engine=NAME, subject=subject.value))
        if not rows:
            raise ModelMissing("index")
        return Live(rows[0].generation, rows[0].documents)

    async def _tiers(
        self, subject: Subject, live: Live, terms: Sequence[Term]
    ) -> list[list[_Tier]]:
        """The tiers of each term, best first. Words that a misspelling may stand for are looked up
        at once for all of them, wherever there is one, and none is left out: which those are would
        tell of other documents."""
        looked_up = [term for term in terms if term.how == "fuzzy"]
        stands_for: dict[Term, list[str]] = {}
        if looked_up:
            rows = await self._ask(
                SQL(" UNION ALL ").join(
                    _EXPAND.format(
                        number=number,
                        words=_words(subject, live.generation),
                        like=_candidates(term),
                    )
                    for number, term in enumerate(looked_up)
                )
            )
            for row in rows:
                stands_for.setdefault(looked_up[row.number], []).append(row.word)
        return [
            _tiers(term, _meant(term, stands_for[term]) if term in stands_for else ())
            for term in terms
        ]


def _answer(question: Question, rows: Sequence[Any], *, all_counted: bool) -> Answer:
    """An answer of the rows of its parts, which come in no order."""
    found = [Found(r.id, r.record, r.line, r.score, r.at) for r in rows if r.id is not None]
    found.sort(key=_SORTED_BY[question.order])
    more, page = len(found) > question.first, found[: question.first]
    total = told_by_page(question, page, more=more)
    buckets: dict[str, list[Bucket]] = {field: [] for field in question.facets}
    for row in rows:
        if row.field is not None:
            buckets[row.field].append(Bucket(row.value, row.number))
        elif row.number == _IS_LOST:
            raise ModelMissing("index")
        elif row.number is not None and all_counted:
            total = Total(row.number, exact=True)
        elif row.number is not None:
            total = Total(min(row.number, COUNTED), exact=row.number <= COUNTED)
    return Answer(
        found=tuple(page),
        more=more,
        total=total,
        facets={
            field: sorted(some, key=lambda one: (-one.number, one.value))
            for field, some in buckets.items()
        },
    )


def _all_of(conditions: Sequence[Composable]) -> Composed:
    return SQL(" AND ").join(conditions)


def _facets(
    t: Identifier, conditions: Sequence[Composable], facets: Sequence[str], *, exact: bool
) -> Composed:
    newest = SQL("") if exact else SQL("ORDER BY at DESC, id LIMIT {}").format(COUNTED)
    return _FACETS.format(
        t=t,
        conditions=_all_of(conditions),
        newest=newest,
        fields=list(facets),
        most=MOST_BUCKETS,
        whole=sorted(COUNTED_WHOLE),
    )


AT_ONCE = 500
"""Words of a `tsquery`: at each document one costs a step for each of them."""
_LIVE = SQL(
    "SELECT i.generation, (SELECT coalesce(sum(greatest(c.reltuples, 0)), 0) "
    "FROM pg_partition_tree('search.' || i.subject || '_' || i.generation) p "
    "JOIN pg_class c ON c.oid = p.relid WHERE p.isleaf)::bigint AS documents "
    "FROM follow.indexes i WHERE i.engine = {engine} AND i.subject = {subject} AND i.live"
)
_EXPAND = SQL("(SELECT {number} AS number, word FROM {words} WHERE {like})")
_PAGE = SQL(
    "SELECT id, record, line, score, at, NULL AS field, NULL AS value, NULL::bigint AS number "
    "FROM ({page}) AS p"
)
_IS_LOST = -1
"""In place of a number, that a crash emptied the index: it is being filled anew."""
_LOST = SQL(
    "SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, {lost}::bigint "
    "WHERE NOT EXISTS (SELECT FROM {words} WHERE word = '')"
)
_COUNT = SQL(
    "SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, count(*) "
    "FROM (SELECT FROM {t} WHERE {conditions} LIMIT {limit}) AS f"
)
_FACETS = SQL(
    "SELECT NULL, NULL, NULL, NULL, NULL, field, value, number FROM (SELECT "
    "split_part(f, '=', 1) AS field, "
    "substr(f, strpos(f, '=') + 1) AS value, count(*) AS number, row_number() OVER "
    "(PARTITION BY split_part(f, '=', 1) ORDER BY count(*) DESC, f COLLATE \"C\") AS place "
    "FROM (SELECT fields FROM {t} WHERE {conditions} {newest}) AS m, unnest(m.fields) AS f "
    "WHERE split_part(f, '=', 1) = ANY({fields}) GROUP BY f) AS b "
    "WHERE place <= {most} OR field = ANY({whole})"
)
_COMPLETE = SQL(
    "SELECT split_part(c, E'\\x1e', 2) COLLATE \"C\" AS text, count(*) AS number "
    "FROM (SELECT completions FROM {t} WHERE {seen} AND words @@ {query}::tsquery "
    "ORDER BY at DESC, id LIMIT {newest}) AS m, unnest(m.completions) AS c WHERE {like} "
    "GROUP BY c ORDER BY number DESC, text LIMIT {first}"
)
_BRANCH = SQL(
    "(SELECT id, record, line, {score} AS score, at FROM {t} WHERE {conditions} "
    "ORDER BY {order} LIMIT {limit})"
)
_ORDERS = {
    Order.RELEVANCE: SQL("score DESC, at DESC, id"),
    Order.NEWEST: SQL("at DESC, id"),
    Order.OLDEST: SQL("at, id"),
}
_SORTED_BY: Mapping[Order, Callable[[Found], tuple[object, ...]]] = {
    Order.RELEVANCE: lambda found: (-found.score, -found.at, found.id),
    Order.NEWEST: lambda found: (-found.at, found.id),
    Order.OLDEST: lambda found: (found.at, found.id),
}
_WITHIN = "ABC"
_WEIGHTS = (Weight.TITLE, Weight.BODY, Weight.HEAD)


def _tiers(term: Term, meant: Sequence[str]) -> list[_Tier]:
    """The ways in which a term is found, best first; of misspelt words by the words that are
    `meant`."""
    tiers = []
    if term.numbers:
        tiers.append(_Tier(Weight.NUMBER, (_any(_numbered(term.numbers)),)))
    if term.how == "wildcard":
        tiers.append(_Tier(Weight.HEAD, pattern=term.pattern))
    elif term.how == "prefix":
        (start,) = term.words
        as_number = _quoted(f"#{start.upper()}")
        tiers.append(_Tier(Weight.HEAD, (f"{_quoted(start)}:*D | {as_number}:*D",)))
    elif term.how == "phrase":
        stems = [_quoted(stem(word)) for word in term.words]
        tiers += [
            _Tier(weight, (" <-> ".join(f"{word}:{within}" for word in stems),))
            for within, weight in zip("AB", _WEIGHTS, strict=False)
        ]
    else:
        (word,) = term.words
        tiers += [
            _Tier(weight, (f"{_quoted(stem(word))}:{within}",))
            for within, weight in zip(_WITHIN, _WEIGHTS, strict=True)
        ]
    if meant:
        tiers.append(_Tier(Weight.FUZZY, tuple(map(_any, batched(meant, AT_ONCE)))))
    return tiers


def _any(found: Iterable[str]) -> str:
    return " | ".join(f"{_quoted(word)}:D" for word in found)


def _candidates(term: Term) -> Composable:
    """Words that a misspelt word may be meant for: all that begin alike and are as long."""
    (word,) = term.words
    edits, length = term.edits, len(term.words[0])
    return SQL("(word LIKE {} AND length(word) BETWEEN {} AND {})").format(
        Literal(f"{_like(word[0])}%"), Literal(length - edits), Literal(length + edits)
    )


def _meant(term: Term, found: Iterable[str]) -> list[str]:
    """Of what was looked up, what it stands for, in order."""
    if not term.edits:
        return []
    (word,) = term.words
    edits = term.edits
    return sorted(each for each in found if OSA.distance(word, each, score_cutoff=edits) <= edits)


def _looks_like(pattern: str) -> Composable:
    """Whether a word or a number of a document looks like this. `LIKE` is answered by the index,
    and may run over the end of a word; what it finds is looked at more closely."""
    return SQL("({} OR {})").format(_has_part(f" {pattern} "), _has_part(f"\n{pattern.upper()}\n"))


def _has_part(pattern: str) -> Composable:
    like = _like(pattern).replace("*", "%").replace("?", "_")
    closely = "".join(
        _CLOSELY.get(c, c if c.isalnum() or c.isspace() else f"\\{c}") for c in pattern
    )
    return SQL("(parts LIKE {} AND parts ~ {})").format(Literal(f"%{like}%"), Literal(closely))


_CLOSELY = {"*": "[^ \n]*", "?": "[^ \n]"}


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _matches(tiers: Sequence[_Tier]) -> Composable:
    if not tiers:
        return SQL("false")
    together = [tier.queries[0] for tier in tiers if len(tier.queries) == 1]
    apart = [_holds(tier) for tier in tiers if len(tier.queries) != 1]
    if together:
        apart.append(_holds_words(" | ".join(f"({query})" for query in together)))
    return SQL("({})").format(SQL(" OR ").join(apart))


def _holds(tier: _Tier) -> Composable:
    if tier.pattern is not None:
        return _looks_like(tier.pattern)
    return SQL("({})").format(SQL(" OR ").join(map(_holds_words, tier.queries)))


def _holds_words(query: str) -> Composable:
    return SQL("words @@ {}::tsquery").format(Literal(query))


def _score(terms: Sequence[Sequence[_Tier]]) -> Composable:
    parts = [
        SQL("CASE {} ELSE 0 END").format(
            SQL(" ").join(
                SQL("WHEN {} THEN {}").format(_holds(tier), Literal(tier.weight)) for tier in tiers
            )
        )
        for tiers in terms
        if tiers
    ]
    return SQL(" + ").join(parts) if parts else SQL("0")


def _seen(seen: Sequence[Seen]) -> Composable:
    """Documents of which the viewer may know, and that are there."""
    any_of = SQL(" OR ").join(map(_seen_by, seen)) if seen else SQL("false")
    return SQL("source IS NOT NULL AND regime = ANY({}) AND ({})").format(
        Literal(sorted(_regimes(seen))), any_of
    )


def _regimes(seen: Sequence[Seen]) -> set[str]:
    laws = [each.laws for each in seen]
    named = {regime_of(law) for each in laws if each is not None for law in each}
    return named if None not in laws else set(REGIMES)


def _seen_by(seen: Seen) -> Composable:
    conditions: list[Composable] = [SQL("kept = ANY({})").format(Literal(sorted(seen.kept)))]
    if seen.laws is not None:
        conditions.append(SQL("law = ANY({})").format(Literal(sorted(seen.laws))))
    if seen.records is not None:
        conditions.append(SQL("record = ANY({}::uuid[])").format(_uuids(seen.records)))
    if seen.places is not None:
        conditions.append(SQL("place = ANY({}::uuid[])").format(_uuids(seen.places)))
    return SQL("({})").format(SQL(" AND ").join(conditions))


def _uuids(ids: Iterable[UUID]) -> Literal:
    return Literal([str(each) for each in sorted(ids)])


def _narrowed(narrowing: Filter) -> Composable:
    if isinstance(narrowing, Among):
        wanted = [f"{narrowing.field}={value}" for value in narrowing.values]
        return SQL("fields && {}::text[]").format(Literal(wanted))
    return _between(narrowing)


def _between(narrowing: Between) -> Composable:
    field = Identifier(narrowing.field)
    ends = [
        SQL("{} {} {}").format(field, SQL(compared), Literal(end))
        for compared, end in ((">=", narrowing.low), ("<", narrowing.high))
        if end is not None
    ]
    return SQL(" AND ").join(ends) if ends else SQL("{} IS NOT NULL").format(field)


def _page(
    t: Identifier,
    question: Question,
    base: Sequence[Composable],
    terms: Sequence[Sequence[_Tier]],
) -> Composed:
    """One page. By relevance, documents of the best score are found first by themselves, and what
    is worse is only looked for where they do not fill the page: parts that have a limit are read
    one after the other, and never by several processes at once."""
    limit, order = question.first + 1, _ORDERS[question.order]
    branches = [
        _BRANCH.format(
            t=t,
            score=score,
            conditions=SQL(" AND ").join([*base, *conditions]),
            order=order if question.order is not Order.RELEVANCE or mixed else SQL("at DESC, id"),
            limit=limit,
        )
        for score, conditions, mixed in _branches(question, terms)
    ]
    if not branches:
        return _BRANCH.format(
            t=t, score=SQL("0"), conditions=SQL("false"), order=SQL("at"), limit=limit
        )
    return SQL("SELECT * FROM ({}) AS p LIMIT {}").format(SQL(" UNION ALL ").join(branches), limit)


def _branches(
    question: Question, terms: Sequence[Sequence[_Tier]]
) -> Iterator[tuple[Composable, list[Composable], bool]]:
    """Score, conditions, and whether the score differs among them; best scores first."""
    after = question.after
    if question.order is not Order.RELEVANCE or not terms:
        conditions = [*map(_matches, terms), *_behind(question.order, after)]
        yield _score(terms), conditions, False
        return
    if len(terms) == 1:
        (tiers,) = terms
        for number, tier in enumerate(tiers):
            if after is None or tier.weight <= after.score:
                better = [SQL("NOT {}").format(_holds(one)) for one in tiers[:number]]
                within = after if after and after.score == tier.weight else None
                yield (
                    Literal(tier.weight),
                    [_holds(tier), *better, *_behind(Order.NEWEST, within)],
                    False,
                )
        return
    score, conditions = _score(terms), [*map(_matches, terms)]
    best = [tiers[0] for tiers in terms if tiers]
    most = sum(tier.weight for tier in best)
    if len(best) == len(terms) and (after is None or after.score == most):
        in_full = SQL(" AND ").join(_holds(tier) for tier in best)
        yield Literal(most), [in_full, *_behind(Order.NEWEST, after)], False
        conditions.append(SQL("NOT ({})").format(in_full))
    elif after is not None:
        conditions.append(
            SQL("({score} < {worth} OR {score} = {worth} AND {behind})").format(
                score=score,
                worth=Literal(after.score),
                behind=SQL(" AND ").join(_behind(Order.NEWEST, after)),
            )
        )
    yield score, conditions, True


def _behind(order: Order, after: After | None) -> list[Composable]:
    """What comes behind a place among documents of one score."""
    if after is None:
        return []
    compared = SQL(">") if order is Order.OLDEST else SQL("<")
    return [
        SQL("(at {} {at} OR at = {at} AND id > {id})").format(
            compared, at=Literal(after.at), id=Literal(after.id)
        )
    ]
