"""Small worlds of documents, each with laws of its own, so that many lie in one engine."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from herkomst.search.analysis import heads, stem, words
from herkomst.search.documents import Source, Text
from herkomst.search.engines import Change, Engine, Index
from herkomst.search.questions import (
    After,
    Answer,
    Completion,
    Found,
    Question,
    Seen,
    Subject,
    Typed,
    understood,
)

GENERATION = 1
PLACES = (UUID(int=1), UUID(int=2))
_versions = count(1)


@dataclass(frozen=True)
class UnderTest:
    """An engine, with the loop that its answers come on."""

    index: Index
    engine: Engine
    loop: asyncio.Runner
    begun: set[Subject] = field(default_factory=set)

    def begin(self, subject: Subject) -> None:
        """Make the first generation of a subject, which is then asked."""
        if subject not in self.begun:
            self.index.create(subject, GENERATION)
            self.index.swap(subject, GENERATION)
            self.begun.add(subject)

    def ask(self, question: Question) -> Answer:
        return self.loop.run(self.engine.ask(question))

    def complete(self, typed: Typed) -> Sequence[Completion]:
        return self.loop.run(self.engine.complete(typed))


class Corpus:
    """Documents by name, seen by their laws alone."""

    def __init__(self, under_test: UnderTest, subject: Subject = Subject.GOODS) -> None:
        under_test.begin(subject)
        self.under_test, self.subject = under_test, subject
        self.tag = uuid4().hex[:12]
        self.laws = (f"avg open {self.tag}", f"wpg:8 open {self.tag}")
        self.seen = Seen(laws=frozenset(self.laws))
        self.held: dict[str, Source] = {}
        self._names: dict[UUID, str] = {}

    def record(self, name: str) -> UUID:
        record = uuid5(NAMESPACE_URL, f"{self.tag}/{name}")
        self._names[record] = name
        return record

    def a_document(
        self,
        name: str,
        title: str = "",
        body: str = "",
        fields: Mapping[str, Sequence[str]] | None = None,
        law: int = 0,
        **further: Any,
    ) -> Source:
        """A document of this name; `law` says which of the two laws it is held under."""
        values: dict[str, Any] = {"at": 0, "line": 1, "revision": 1, **further}
        # What somebody may be typing stands in the title.
        title = " ".join((title, *values.get("completions", ())))
        return Source(
            fields={field: tuple(value) for field, value in (fields or {}).items()},
            law=self.laws[law],
            record=self.record(name),
            text=text_of(title, body),
            **values,
        )

    def put(self, *documents: Source) -> None:
        """Put documents, and let them be found."""
        self.change(a_change(document) for document in documents)
        self.held |= {document.id: document for document in documents}

    def change(self, changes: Iterable[Change]) -> None:
        self.under_test.index.put(self.subject, GENERATION, changes)
        self.under_test.index.settle(self.subject, GENERATION)

    def ask(self, text: str = "", **further: Any) -> Answer:
        return self.under_test.ask(self.question(text, **further))

    def question(self, text: str = "", *, fuzzy: bool = False, **further: Any) -> Question:
        terms, without = understood(text, no_token, fuzzy=fuzzy)
        asked: dict[str, Any] = {"seen": (self.seen,), "first": 100, **further}
        return Question(subject=self.subject, terms=terms, without=without, **asked)

    def found(self, text: str = "", **further: Any) -> list[str]:
        """The names of what is found, in order."""
        return self.names(self.ask(text, **further).found)

    def names(self, found: Iterable[Found]) -> list[str]:
        return [self._names[each.record] for each in found]

    def put_titles(self, **titles: str) -> None:
        """Put a document for each name, of which nothing but its title matters."""
        self.put(*(self.a_document(name, title) for name, title in titles.items()))

    def complete(self, text: str, *seen: Seen, first: int = 8) -> Sequence[Completion]:
        typed = Typed(subject=self.subject, text=text, seen=seen or (self.seen,), first=first)
        return self.under_test.complete(typed)

    def page_through(self, text: str = "", **further: Any) -> list[Found]:
        """All that is found, one page after another."""
        found: list[Found] = []
        after: After | None = None
        while True:
            page = self.ask(text, after=after, **further)
            found += page.found
            if not page.more:
                return found
            after = page.found[-1].place


def a_change(document: Source, version: int | None = None) -> Change:
    """What a document is, as of a version or else of now."""
    version = next(_versions) if version is None else version
    return Change(document.id, version, document.regime, document)


def gone(document: Source, version: int | None = None) -> Change:
    return a_change(document, version)._replace(source=None)


def text_of(title: str, body: str) -> Text:
    titled = [word.surface for word in words(title)]
    bodied = [word.surface for word in words(body)]
    surfaces = sorted({*titled, *bodied})
    return Text(
        title=tuple(map(stem, titled)),
        body=tuple(map(stem, bodied)),
        heads=tuple(sorted({head for surface in surfaces for head in heads(surface)})),
        surfaces=tuple(surfaces),
    )


def no_token(text: str) -> str:
    """In place of a keyed hash."""
    return f"hash-of-{text}"
