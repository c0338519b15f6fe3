"""How OpenSearch holds a document: settings and mapping of an index, and the form of a document.

Words are made ready by `analysis`, so the engine cuts and folds nothing: each word comes as a value
of its own, and those of a text follow each other without a gap, so that a phrase is found. What is
not listed here is refused (`dynamic: strict`), and not guessed.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgspec

from herkomst.search.analysis import words
from herkomst.search.documents import Source, Text
from herkomst.search.names import Name, keys
from herkomst.search.questions import Subject

FIELDS = (
    "brand", "colour", "dealer", "kind", "mode", "municipality", "offence", "place", "source",
    "state", "status", "trade",
)  # fmt: skip
"""What documents of any subject can be narrowed to, and counted by."""
SHARDS: Mapping[Subject, int] = MappingProxyType(
    {Subject.GOODS: 3, Subject.STOLEN: 1, Subject.DEALERS: 1, Subject.PERSONS: 1}
)
"""Of each index. Goods of the nation are spread over three nodes; all others fit into one part."""
BETWEEN = "\x1f"
"""What stands between a completion and its folded words. No text has it."""

_TERM = {"type": "keyword", "doc_values": False}
_COUNTED = {"type": "keyword"}
_KEPT = {"type": "long", "index": False, "doc_values": False}
_WORDS = {"type": "text", "analyzer": "keyword", "norms": False, "position_increment_gap": 0}


class Words(msgspec.Struct, frozen=True):
    """The text of a document, each kind of word in a field of its own."""

    title: tuple[str, ...]
    body: tuple[str, ...]
    heads: tuple[str, ...]
    surfaces: tuple[str, ...]


class Document(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A `Source` as it is sent and kept; nothing of it is lost."""

    amount: int | None = None
    at: int
    completions: tuple[str, ...] = ()
    """Each with its folded words behind it, by which it is found."""
    fields: dict[str, tuple[str, ...]]
    id: str
    keys: tuple[str, ...] = ()
    """By which its name is found."""
    kept: str
    law: str
    line: int
    name: Name | None = None
    numbers: tuple[str, ...] = ()
    place: UUID | None = None
    record: UUID
    revision: int
    text: Words


def document(source: Source) -> Document:
    """The form in which OpenSearch holds a source."""
    return Document(
        amount=source.amount,
        at=source.at,
        completions=tuple(map(_completed, source.completions)),
        fields=source.fields,
        id=source.id,
        keys=() if source.name is None else keys(source.name),
        kept=source.kept,
        law=source.law,
        line=source.line,
        name=source.name,
        numbers=source.numbers,
        place=source.place,
        record=source.record,
        revision=source.revision,
        text=Words(*source.text),
    )


def source(held: Document) -> Source:
    """The source that is held in this form."""
    text = held.text
    return Source(
        amount=held.amount,
        at=held.at,
        completions=tuple(each.partition(BETWEEN)[0] for each in held.completions),
        fields=held.fields,
        kept=held.kept,
        law=held.law,
        line=held.line,
        name=held.name,
        numbers=held.numbers,
        place=held.place,
        record=held.record,
        revision=held.revision,
        text=Text(text.title, text.body, text.heads, text.surfaces),
    )


def folded(text: str) -> str:
    """The words of a text without case and marks, a space between each two."""
    return " ".join(word.surface for word in words(text))


def index_body(subject: Subject) -> dict[str, Any]:
    """What an index is made with."""
    return {"settings": {"index": _settings(subject)}, "mappings": _MAPPING}


def _settings(subject: Subject) -> dict[str, Any]:
    return {
        "number_of_shards": SHARDS[subject],
        # No copy where there is one node, one copy where there are more.
        "auto_expand_replicas": "0-1",
        # What was acknowledged is on the disk of every copy.
        "translog.durability": "request",
        # While it is filled nobody asks it; `swap` sets another one.
        "refresh_interval": "-1",
        # For so long it is remembered in which version a document went, so that an older one that
        # was still under way does not bring it back. No request is under way for nearly as long.
        "gc_deletes": "1h",
        # What is gone is let go of wherever it lies, and not only where it is a tenth of a part.
        "merge.policy.expunge_deletes_allowed": 0,
    }


def _completed(text: str) -> str:
    return f"{text}{BETWEEN}{folded(text)}"


_MAPPING = {
    "dynamic": "strict",
    "properties": {
        "amount": {"type": "long"},
        "at": {"type": "long"},
        "completions": _COUNTED,
        "fields": {"properties": dict.fromkeys(FIELDS, _COUNTED)},
        "id": _COUNTED,
        "keys": _TERM,
        "kept": _TERM,
        "law": _TERM,
        "line": _KEPT,
        "name": {"type": "object", "enabled": False},
        "numbers": _TERM,
        "place": _TERM,
        "record": _TERM,
        "revision": _KEPT,
        "text": {
            "properties": {
                "title": _WORDS,
                "body": _WORDS,
                "heads": _TERM,
                "surfaces": _TERM,
            }
        },
    },
}
