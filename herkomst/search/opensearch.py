"""OpenSearch: the engine of search beyond a million goods, on one node or on several.

Each generation of a subject is an index for each regime, `herkomst-goods-avg-3`; the names without
a number are aliases and are what is asked. They move last, all at once, so that whoever asks gets
the old generation or the new one, whole.

A document is written under the version of its change, which the engine compares (`external`): what
was sent twice, late or in another order leaves the newest. So whatever failed is sent again, and
no write needs the one before it.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar
from uuid import UUID

import anyio
import msgspec
from opensearchpy import AsyncOpenSearch, JSONSerializer, OpenSearch
from opensearchpy.exceptions import (
    ConnectionError as Unreachable,
)
from opensearchpy.exceptions import (
    ConnectionTimeout,
    NotFoundError,
    RequestError,
    TransportError,
)

from herkomst.projections.registry import ModelMissing
from herkomst.search import dsl, names, opensearch_names
from herkomst.search.documents import Source
from herkomst.search.engines import Change, EngineDown, Refused, TooSlow
from herkomst.search.mapping import BETWEEN, Document, document, index_body, source
from herkomst.search.questions import (
    Answer,
    Bucket,
    Completion,
    Found,
    InvalidQuestion,
    NameFound,
    NameQuestion,
    Question,
    Subject,
    Total,
    Typed,
)

REGIMES = ("avg", "wpg", "wjsg")
ANSWERED_WITHIN = 10
"""Seconds after which nobody waits for an answer any more."""
WRITTEN_WITHIN = 60
"""Seconds that one request of a write may take."""
PERSISTENCE = 180
"""Seconds for which a write is tried again: longer than it takes to choose another manager of the
cluster and other primaries, or to start a node anew."""
SHORTEST_WAIT, LONGEST_WAIT = 0.05, 5.0
"""Seconds between two tries."""
PART = 4 * 1024 * 1024
"""Bytes of changes that are sent at once."""
SENDERS = 2
"""Parts that are under way at once; those after them wait, and what makes them waits too."""
PAGE = 5000
"""Documents that are read at once."""
ASKED = 3
"""How often a question is asked while there is no index that it reaches, or nodes die."""
MERGED_EVERY = timedelta(hours=6)
"""How long it is left between two merges of all that has something gone in it, because a merge
writes whatever lies beside that anew."""
MERGED_WITHIN = "12 hours"
"""Two of those: for half a minute after a document went it is held for copies that may have to
catch up, so the first merge may leave it, and the second does not."""
LOOKED_EVERY = 600
"""Seconds after which a write looks again whether a merge is due."""

_BUSY = frozenset({408, 429, 502, 503, 504})
_GONE = frozenset(
    {"node_disconnected_exception", "node_not_connected_exception", "node_closed_exception"}
)
"""What a node says of another one that died while both were answering."""
_OLDER = 409
"""Of a change, where what is there is as new or newer."""
_TOO_COMPLEX = "too_complex_to_determinize"
_TOO_MANY_WAYS = (
    "pattern_too_complex",
    "The pattern can be read in too many ways.",
    "Search with fewer question marks behind an asterisk.",
)
_HEXADECIMAL = "0123456789abcdef"
_Body = Mapping[str, Any]
_Answered = TypeVar("_Answered")


class _Wire(JSONSerializer):
    """Leaves reading to who knows the type of what is read."""

    def loads(self, s: Any) -> Any:
        return s


class _Error(msgspec.Struct):
    type: str = "unknown"


class _Item(msgspec.Struct):
    status: int
    error: _Error | None = None


class _Taken(msgspec.Struct):
    errors: bool
    items: list[dict[str, _Item]] = []


class _Hit(msgspec.Struct):
    sort: list[float | int | str]
    named: opensearch_names.Named | None = msgspec.field(name="_source", default=None)


class _Number(msgspec.Struct):
    value: int


class _Bucket(msgspec.Struct):
    key: str
    doc_count: int


class _Buckets(msgspec.Struct):
    buckets: list[_Bucket]


class _Hits(msgspec.Struct):
    hits: list[_Hit]
    total: _Number = msgspec.field(default_factory=lambda: _Number(0))


class _Page(msgspec.Struct):
    hits: _Hits
    aggregations: dict[str, _Buckets] = {}
    timed_out: bool = False


class _Held(msgspec.Struct):
    document: Document = msgspec.field(name="_source")


class _HeldHits(msgspec.Struct):
    hits: list[_Held]


class _HeldPage(msgspec.Struct):
    hits: _HeldHits


class _PointInTime(msgspec.Struct):
    pit_id: str


class Health(msgspec.Struct):
    """How a cluster is."""

    status: str
    """`green`; `yellow` where copies are missing; `red` where documents are."""
    number_of_nodes: int


class _Operation(NamedTuple):
    id: str
    body: bytes


class _Sending(msgspec.Struct):
    """A part under way: what is still to be taken in, and what never will be."""

    left: list[_Operation]
    refused: list[str]


class _Busy(EngineDown):
    """The engine answers that it cannot now, or does not answer in time."""


class Index:
    """Takes documents in: `engines.Index` of OpenSearch."""

    name = "opensearch"
    clock = (
        f"documents leave the files with a merge that begins within {MERGED_WITHIN}, or with the "
        "first change after that"
    )

    def __init__(self, url: str, ca_file: Path | None = None, prefix: str = "herkomst") -> None:
        self._client = OpenSearch(
            **_options(url, ca_file), timeout=WRITTEN_WITHIN, pool_maxsize=SENDERS + 1
        )
        self._prefix = prefix
        self._next_look: dict[str, float] = {}
        """When it is looked anew whether something is to be merged, by index."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for connection in _connections(self._client):
            connection.close()

    def health(self, wait_for: str | None = None) -> Health:
        """How the cluster is; as soon as it has this status, or in half a minute. Raises
        `EngineDown`."""
        waiting = f"?wait_for_status={wait_for}&timeout={WRITTEN_WITHIN // 2}s" if wait_for else ""
        return _decoded(self._ask_once("GET", f"/_cluster/health{waiting}", None), Health)

    def create(self, subject: Subject, generation: int) -> None:
        """Make the indices of a generation, those that are not there yet."""
        for regime in REGIMES:
            name = _index(self._prefix, subject, regime, generation)
            # What is written names an alias, and is refused where there is none: so a late write
            # to a generation that was removed does not bring it back, with a guessed mapping.
            body = index_body(subject) | {"aliases": {_inlet(name): {}}}
            with _unless("resource_already_exists_exception"):
                self._ask("PUT", f"/{name}", body)

    def put(self, subject: Subject, generation: int, changes: Iterable[Change]) -> None:
        """Send changes in parts, a few at once, each again where the engine is too busy."""
        operations = (self._operation(subject, generation, change) for change in changes)
        refused: list[str] = []
        with ThreadPoolExecutor(SENDERS, "search-put") as senders:
            under_way: list[Future[list[str]]] = []
            for part in _parts(operations):
                if len(under_way) > SENDERS:
                    refused += under_way.pop(0).result()
                under_way.append(senders.submit(self._send, part))
            for each in under_way:
                refused += each.result()
        if refused:
            raise Refused(f"OpenSearch refused {len(refused)} of the changes: {refused[0]}")
        for name in self._indices(subject, generation):
            if time.monotonic() > self._next_look.get(name, 0):
                self._let_go(name)

    def is_whole(self, subject: Subject, generation: int) -> bool:
        """Whether all indices of a generation are there. Raises `EngineDown` where one is, and a
        part of it is on no node: whether that comes back is for a person to say."""
        names = ",".join(self._indices(subject, generation))
        try:
            self._ask("GET", f"/{names}/_alias")
        except NotFoundError:
            return False
        if _decoded(self._ask("GET", f"/_cluster/health/{names}"), Health).status == "red":
            raise EngineDown(f"Parts of {names} are on no node of OpenSearch.")
        return True

    def settle(self, subject: Subject, generation: int) -> None:
        """Let what was put be found, and where it is due begin a merge that lets go of what is
        gone; it goes on after this returns."""
        names = self._indices(subject, generation)
        self._ask("POST", f"/{','.join(names)}/_refresh")
        for name in names:
            self._let_go(name)

    def swap(self, subject: Subject, generation: int) -> None:
        """Move the aliases of all regimes in one step."""
        names = self._indices(subject, generation)
        # Stated, so that an index which nobody asked for a while is still kept up to date.
        settings = {"index": {"refresh_interval": "1s"}}
        self._ask("PUT", f"/{','.join(names)}/_settings", settings)
        actions: list[_Body] = []
        for regime, name in zip(REGIMES, names, strict=True):
            alias = _alias(self._prefix, subject, regime)
            gone = self._named(alias) - {name}
            actions += [{"remove": {"index": old, "alias": alias}} for old in sorted(gone)]
            actions.append({"add": {"index": name, "alias": alias}})
        self._ask("POST", "/_aliases", {"actions": actions})

    def drop(self, subject: Subject, generation: int) -> None:
        for name in self._indices(subject, generation):
            with suppress(NotFoundError):
                self._ask("DELETE", f"/{name}")

    def documents(self, subject: Subject, generation: int) -> Iterator[Source]:
        """All documents as of one moment, by id, a share of all ids after another."""
        names = self._indices(subject, generation)
        self._ask("POST", f"/{','.join(names)}/_refresh")
        with self._point_in_time(names) as moment:
            for start in _shares(self._count(moment)):
                yield from self._read(moment, start)

    def gone(self, subject: Subject, generation: int) -> int:
        """How many documents, or versions of documents, are gone and still in the files."""
        return sum(map(self._gone_of, self._indices(subject, generation)))

    def _gone_of(self, name: str) -> int:
        answer = self._ask("GET", f"/{name}/_stats/docs")
        return _decoded(answer, _Stats).all.primaries.docs.deleted

    def _ask(
        self,
        method: str,
        path: str,
        body: _Body | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> str:
        """Asked again while the engine is too busy, which does no harm to anything asked here."""
        encoded = None if body is None else msgspec.json.encode(body)
        return _insist(lambda: self._ask_once(method, path, encoded, params))

    def _ask_once(
        self, method: str, path: str, body: bytes | None, params: Mapping[str, Any] | None = None
    ) -> str:
        with _reached(too_slow=_Busy):
            answer: str = self._client.transport.perform_request(
                method, path, params=dict(params or {}), body=body
            )
        return answer

    def _indices(self, subject: Subject, generation: int) -> list[str]:
        return [_index(self._prefix, subject, regime, generation) for regime in REGIMES]

    def _named(self, alias: str) -> set[str]:
        """The indices that bear an alias."""
        try:
            return set(_decoded(self._ask("GET", f"/_alias/{alias}"), dict[str, Any]))
        except NotFoundError:
            return set()

    def _operation(self, subject: Subject, generation: int, change: Change) -> _Operation:
        index = _inlet(_index(self._prefix, subject, change.regime, generation))
        target = {
            "_index": index,
            "_id": change.id,
            "version": change.version,
            "version_type": "external",
        }
        if change.source is None:
            return _Operation(change.id, _line({"delete": target}))
        body = _line({"index": target}) + _line(document(change.source))
        return _Operation(change.id, body)

    def _send(self, part: list[_Operation]) -> list[str]:
        """Those of a part that were refused for what they are; the others are kept."""
        sending = _Sending(part, [])
        _insist(lambda: self._try(sending))
        return sending.refused

    def _try(self, sending: "_Sending") -> None:
        body = b"".join(each.body for each in sending.left)
        taken = _decoded(self._ask_once("POST", _BULK, body), _Taken)
        if not taken.errors:
            return
        items = [item for each in taken.items for item in each.values()]
        answered = list(zip(sending.left, items, strict=True))
        sending.refused += [
            f"{operation.id} ({item.error.type})"
            for operation, item in answered
            if item.error and item.status not in _BUSY | {_OLDER}
        ]
        sending.left = [operation for operation, item in answered if item.status in _BUSY]
        if sending.left:
            raise _Busy(f"OpenSearch takes {len(sending.left)} changes in no further.")

    def _let_go(self, name: str) -> None:
        """Begin a merge where one is due."""
        self._next_look[name] = time.monotonic() + LOOKED_EVERY
        if self._gone_of(name) and datetime.now(UTC) - self._merged_at(name) >= MERGED_EVERY:
            self._merge(name)

    def _merged_at(self, name: str) -> datetime:
        [held] = _decoded(self._ask("GET", f"/{name}/_mapping"), dict[str, _Mappings]).values()
        return held.mappings.meta.merged

    def _merge(self, name: str) -> None:
        now = datetime.now(UTC).isoformat()
        self._ask("PUT", f"/{name}/_mapping", {"_meta": {"merged": now}})
        self._ask("POST", f"/{name}/_flush")
        merge = {"only_expunge_deletes": "true", "wait_for_completion": "false"}
        self._ask("POST", f"/{name}/_forcemerge", params=merge)

    @contextmanager
    def _point_in_time(self, names: Sequence[str]) -> Iterator[str]:
        path = f"/{','.join(names)}/_search/point_in_time"
        answer = self._ask("POST", path, params={"keep_alive": _KEEP})
        moment = _decoded(answer, _PointInTime).pit_id
        try:
            yield moment
        finally:
            self._ask("DELETE", "/_search/point_in_time", {"pit_id": [moment]})

    def _count(self, moment: str) -> int:
        body = {"pit": {"id": moment, "keep_alive": _KEEP}, "size": 0, "track_total_hits": True}
        return _decoded(self._ask("POST", "/_search", body, _WHOLE), _Page).hits.total.value

    def _read(self, moment: str, start: str) -> Iterator[Source]:
        body: dict[str, Any] = {
            "pit": {"id": moment, "keep_alive": _KEEP},
            "query": {"prefix": {"id": {"value": start}}},
            "sort": [{"id": "asc"}],
            "size": PAGE,
            "track_total_hits": False,
        }
        while True:
            page = _decoded(self._ask("POST", "/_search", body, _WHOLE), _HeldPage).hits.hits
            yield from (source(held.document) for held in page)
            if len(page) < PAGE:
                return
            body["search_after"] = [page[-1].document.id]


class Engine:
    """Answers questions: `engines.Engine` of OpenSearch."""

    def __init__(self, url: str, ca_file: Path | None = None, prefix: str = "herkomst") -> None:
        self._client = AsyncOpenSearch(**_options(url, ca_file), timeout=ANSWERED_WITHIN)
        self._prefix = prefix

    async def close(self) -> None:
        # The client closes what it has to nodes that live, and forgets the others.
        for connection in _connections(self._client):
            await connection.close()
        await self._client.close()

    async def ask(self, question: Question) -> Answer:
        page = await self._search(question.subject, dsl.question_body(question))
        found = [_found(hit.sort) for hit in page.hits.hits]
        return Answer(
            found=tuple(found[: question.first]),
            more=len(found) > question.first,
            total=Total(page.hits.total.value, exact=True),
            facets={name: _buckets(page.aggregations[name]) for name in question.facets},
        )

    async def complete(self, typed: Typed) -> Sequence[Completion]:
        body = dsl.completion_body(typed)
        if body is None:
            return ()
        page = await self._search(typed.subject, body)
        return [
            Completion(bucket.key.partition(BETWEEN)[0], bucket.doc_count)
            for bucket in page.aggregations["completions"].buckets
        ]

    async def names(self, question: NameQuestion) -> Sequence[NameFound]:
        shown = dsl.shown(question.seen)

        async def candidates(plan: names.Plan, ways: Sequence[names.Way]) -> list[names.Candidate]:
            body = opensearch_names.body(plan, ways, shown)
            page = await self._search(Subject.PERSONS, body)
            return [hit.named.candidate() for hit in page.hits.hits if hit.named]

        found = await names.found(question.name, question.first, candidates)
        return [NameFound(*candidate, likeness) for candidate, likeness in found]

    async def _search(self, subject: Subject, body: _Body) -> _Page:
        aliases = ",".join(_alias(self._prefix, subject, regime) for regime in REGIMES)
        asked = msgspec.json.encode(body)
        for _ in range(ASKED - 1):
            # What is not found is a generation that was retired since its alias was read, and of
            # a node that died while it answered another one has the shards.
            with suppress(NotFoundError, _Busy):
                return await self._answered(aliases, asked)
            await anyio.sleep(SHORTEST_WAIT)
        try:
            return await self._answered(aliases, asked)
        except NotFoundError as error:
            raise ModelMissing("index") from error

    async def _answered(self, aliases: str, body: bytes) -> _Page:
        with _reached(too_slow=TooSlow):
            answer: str = await self._client.transport.perform_request(
                "POST", f"/{aliases}/_search", params=_WHOLE, body=body
            )
        page = _decoded(answer, _Page)
        if page.timed_out:
            raise TooSlow
        return page


class _Docs(msgspec.Struct):
    deleted: int


class _Primaries(msgspec.Struct):
    docs: _Docs


class _All(msgspec.Struct):
    primaries: _Primaries


class _Stats(msgspec.Struct):
    all: _All = msgspec.field(name="_all")


class _Meta(msgspec.Struct):
    merged: datetime = datetime.min.replace(tzinfo=UTC)
    """When a merge was begun that let go of what was gone."""


class _Mapping(msgspec.Struct):
    meta: _Meta = msgspec.field(name="_meta", default_factory=_Meta)


class _Mappings(msgspec.Struct):
    mappings: _Mapping


# What the client tells of a failure is told here; of all else it would tell whole documents.
logging.getLogger("opensearch").setLevel(logging.ERROR)

_KEEP = "5m"
_WHOLE = {"allow_partial_search_results": "false"}
# In the path, because the client takes a parameter named `timeout` for its own.
_BULK = (
    f"/_bulk?require_alias=true&timeout={WRITTEN_WITHIN // 2}s"
    "&filter_path=errors,items.*.status,items.*.error.type"
)


def _options(url: str, ca_file: Path | None) -> dict[str, Any]:
    return {
        "hosts": url.split(","),
        "ca_certs": None if ca_file is None else str(ca_file),
        "serializer": _Wire(),
        "retry_on_timeout": False,
    }


def _connections(client: OpenSearch | AsyncOpenSearch) -> Sequence[Any]:
    """To every node, also to those that did not answer last."""
    pool = client.transport.connection_pool
    connections: Sequence[Any] = getattr(pool, "orig_connections", pool.connections)
    return connections


def _index(prefix: str, subject: Subject, regime: str, generation: int) -> str:
    return f"{_alias(prefix, subject, regime)}-{generation}"


def _alias(prefix: str, subject: Subject, regime: str) -> str:
    return f"{prefix}-{subject}-{regime}"


def _inlet(index: str) -> str:
    return f"{index}-in"


@contextmanager
def _reached(too_slow: type[Exception]) -> Iterator[None]:
    """Says what went wrong in the words of the port."""
    try:
        yield
    except ConnectionTimeout as error:
        raise too_slow from error
    except Unreachable as error:
        raise EngineDown("OpenSearch cannot be reached.") from error
    except RequestError as error:
        if _TOO_COMPLEX not in str(error.info):
            raise
        raise InvalidQuestion(*_TOO_MANY_WAYS) from error
    except TransportError as error:
        if error.status_code not in _BUSY and not _is_gone(error):
            raise
        raise _Busy(f"OpenSearch answers {error.status_code}: {error.error}.") from error


def _is_gone(error: TransportError) -> bool:
    """Whether a node that died meanwhile is all that went wrong."""
    told = error.info.get("error") if isinstance(error.info, dict) else None
    causes = told.get("root_cause", ()) if isinstance(told, dict) else ()
    return bool(causes) and all(cause.get("type") in _GONE for cause in causes)


def _insist(do: Callable[[], _Answered]) -> _Answered:
    """Does it, and again while the engine is too busy, waiting longer each time."""
    end, wait = time.monotonic() + PERSISTENCE, SHORTEST_WAIT
    while True:
        try:
            return do()
        except _Busy:
            if time.monotonic() > end:
                raise
        time.sleep(wait)
        wait = min(2 * wait, LONGEST_WAIT)


@contextmanager
def _unless(kind: str) -> Iterator[None]:
    """Lets pass that something is as it is wanted already."""
    try:
        yield
    except TransportError as error:
        if error.error != kind:
            raise


def _line(value: object) -> bytes:
    return msgspec.json.encode(value) + b"\n"


def _decoded(answer: str, kind: type[_Answered]) -> _Answered:
    return msgspec.json.decode(answer, type=kind)


def _parts(operations: Iterable[_Operation]) -> Iterator[list[_Operation]]:
    part: list[_Operation] = []
    size = 0
    for operation in operations:
        if part and size + len(operation.body) > PART:
            yield part
            part, size = [], 0
        part.append(operation)
        size += len(operation.body)
    if part:
        yield part


def _shares(number: int) -> Iterator[str]:
    """Beginnings of ids, so many that one page holds all ids with one of them, where ids are
    spread evenly."""
    digits = 0
    while number > PAGE and digits < 8:
        number //= len(_HEXADECIMAL)
        digits += 1
    return map("".join, product(_HEXADECIMAL, repeat=digits))


def _found(place: Sequence[float | int | str]) -> Found:
    """What was found, of its place in the order: score where that counts, time and id."""
    *score, at, id_ = place
    record, _, line = str(id_).partition(":")
    return Found(str(id_), UUID(record), int(line), int(score[0]) if score else 0, int(at))


def _buckets(counted: _Buckets) -> list[Bucket]:
    return [Bucket(bucket.key, bucket.doc_count) for bucket in counted.buckets]
