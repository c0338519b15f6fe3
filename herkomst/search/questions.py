"""Typed questions and typed answers of search: what both engines understand and nothing else.

What is typed becomes terms, all of which must be found. How well a document answers is a sum of
weights that depend on the question and on that document alone, never on what else there is: so it
is the same in both engines, pages neither skip nor repeat while others write, and an answer tells
nothing of records that the viewer may not know of.
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

from herkomst.domain.identifiers import numbers
from herkomst.projections.model import Token
from herkomst.search import names
from herkomst.search.analysis import fold, words

LARGEST_PAGE = 100
MOST_TERMS = 16
LONGEST = 200
"""Characters of the longest text that is searched for."""
SHORTEST_PATTERN = 3
"""Letters and digits that a pattern must have, so that it is no list of everything."""
SHORTEST_PREFIX = 2
COUNTED = 10_000
"""Up to how many an engine that counts no further says how many there are."""
MOST_BUCKETS = 50
COUNTED_WHOLE = frozenset({"place"})
"""Fields of which every value is counted, because who asks sums them up: shops by municipality."""
MOST_GAPS = 8
"""Question marks that a pattern may have behind an asterisk: each doubles what an engine has to
keep in mind while it reads a word."""

How = Literal["word", "phrase", "prefix", "wildcard", "fuzzy"]


class Subject(StrEnum):
    """What is searched: an index each, and one of them for each regime."""

    GOODS = "goods"
    """Goods that dealers acquired: the lines of purchases."""
    STOLEN = "stolen"
    """Goods reported stolen."""
    DEALERS = "dealers"
    PERSONS = "persons"
    """Identities that were presented by who is in a case, on a list or in a hit."""


class Order(StrEnum):
    """In which order documents come; those that are equal in it come by their id."""

    RELEVANCE = "relevance"
    """The best answer first, of equal ones the newest."""
    NEWEST = "newest"
    OLDEST = "oldest"


class Weight:
    """What it is worth that a term was found, by where and how; of several the best counts."""

    NUMBER = 16
    TITLE = 8
    BODY = 4
    HEAD = 2
    """As what a compound is one of, or as a part of a word."""
    FUZZY = 1


class Term(msgspec.Struct, frozen=True):
    """Something that must be found."""

    how: How
    words: tuple[str, ...]
    """Folded words; several stand beside each other, in this order. A prefix or a misspelt word is
    the only one."""
    numbers: tuple[str, ...] = ()
    """Normal forms of the number that this may be, and keyed hashes of it where it is sealed."""
    pattern: str = ""
    """Of a wildcard, folded: `*` is any text, `?` any one character."""

    @property
    def edits(self) -> int:
        """Slips of the pen that a misspelt word may have: its first letter is right, and a short
        word is none."""
        length = len(self.words[0])
        return 0 if length < 4 else 1 if length < 8 else 2


class Among(msgspec.Struct, frozen=True):
    """The field has one of these values."""

    field: str
    values: tuple[str, ...]


class Between(msgspec.Struct, frozen=True):
    """The number is at least `low` and less than `high`; `at` is in milliseconds since 1970."""

    field: Literal["at", "amount"]
    low: int | None = None
    high: int | None = None


Filter = Among | Between


class Seen(msgspec.Struct, frozen=True):
    """Documents of which the viewer may know: all conditions that are given hold. The query asks
    for those that are seen by one of several; nothing is filtered afterwards."""

    laws: frozenset[str] | None = None
    """Regime, handling code and controller, as the policy writes them."""
    records: frozenset[UUID] | None = None
    places: frozenset[UUID] | None = None
    """Establishments."""
    kept: frozenset[str] = frozenset({"open"})
    """Whether it is read freely (`open`), or only compared (`comparable`)."""


class After(NamedTuple):
    """The place in the order behind which a page begins."""

    score: int
    at: int
    id: str


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of one subject."""

    subject: Subject
    terms: tuple[Term, ...] = ()
    without: tuple[Term, ...] = ()
    """What must not be found."""
    filters: tuple[Filter, ...] = ()
    seen: tuple[Seen, ...]
    order: Order = Order.RELEVANCE
    first: int = 20
    after: After | None = None
    counted: bool = True
    """Whether it is asked how many documents answer."""
    facets: tuple[str, ...] = ()


class Found(NamedTuple):
    """A document that answers, with its place in the order."""

    id: str
    record: UUID
    line: int
    score: int
    at: int

    @property
    def place(self) -> After:
        return After(self.score, self.at, self.id)


class Total(NamedTuple):
    """How many documents answer; `value` is a lower bound where it is not exact. Where it was not
    asked for, it is what the page tells of it."""

    value: int
    exact: bool


class Bucket(NamedTuple):
    """How many documents of the answer have a value."""

    value: str
    number: int


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A page of what was found, and figures of all of it."""

    found: tuple[Found, ...]
    more: bool
    total: Total
    facets: Mapping[str, Sequence[Bucket]]
    """The most frequent values of each field asked for, by number and then by value; of
    `COUNTED_WHOLE` all of them. Where the total is not exact, so are they."""


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody has typed so far, to be completed."""

    subject: Subject
    text: str
    seen: tuple[Seen, ...]
    first: int = 8


def told_by_page(question: Question, found: Sequence[Found], *, more: bool) -> Total:
    """How many there are at least, where nobody asked to count them."""
    return Total(len(found) + more, exact=question.after is None and not more)


class Completion(NamedTuple):
    """What it may become, and how many documents bear it; the most frequent first."""

    text: str
    number: int


class NameQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """Which persons bear a name like this one: of `Subject.PERSONS` alone, by likeness."""

    name: names.Name
    seen: tuple[Seen, ...]
    first: int = 20
    """At most as many as are compared (`names.COMPARED`)."""


class NameFound(NamedTuple):
    """A person of that name or one like it; never said to be the one who is looked for."""

    id: str
    record: UUID
    name: names.Name
    likeness: names.Likeness


class InvalidQuestion(Exception):
    """A text that cannot be searched for."""

    def __init__(self, code: str, message: str, cure: str) -> None:
        super().__init__(f"{message} {cure}")
        self.code, self.message, self.cure = code, message, cure


def named(text: str) -> names.Name:
    """The name that somebody typed. Raises `InvalidQuestion` where it is too little to look for."""
    if len(text) > LONGEST:
        raise InvalidQuestion(
            "too_long",
            f"The name has {len(text)} characters.",
            f"Search for at most {LONGEST}.",
        )
    found = names.typed(text)
    if not any(len(part) >= SHORTEST_PREFIX for part in found.parts):
        raise InvalidQuestion(
            "no_name",
            f"{text[:60]!r} has no name that is written out.",
            "Give a family name or a given name beside the initials.",
        )
    return found


_PIECES = re.compile(r'(-?)(?:"([^"]*)"?|(\S+))')
_HOLDS_DIGIT = re.compile(r"\d")
_PLAIN = re.compile(r"[^\W_]")
_NOT_IN_NUMBERS = re.compile(r"[\W_]+")
_SHORTEST_NUMBER = 4


def understood(
    text: str, token: Token, *, fuzzy: bool = False
) -> tuple[tuple[Term, ...], tuple[Term, ...]]:
    """The terms of what somebody typed: those that must be found, and those that must not.

    `"rode fiets"` is a phrase, `fie*` a prefix, `*lepel` and `gaz?lle` are patterns, `gazele~` is
    a word with slips of the pen, `-kapot` must not be there. With `fuzzy` every word may have
    slips. What holds a digit may be a number, also with separators.

    Raises `InvalidQuestion`.
    """
    if len(text) > LONGEST:
        raise InvalidQuestion(
            "too_long",
            f"The text has {len(text)} characters.",
            f"Search for at most {LONGEST}.",
        )
    whole = _number_in_pieces(text, token)
    if whole is not None:
        return (whole,), ()
    wanted: list[Term] = []
    unwanted: list[Term] = []
    for minus, phrase, plain in _PIECES.findall(text):
        found = _phrase(phrase) if phrase else _piece(plain, token, fuzzy=fuzzy and not minus)
        if found is not None:
            (unwanted if minus else wanted).append(found)
    if len(wanted) + len(unwanted) > MOST_TERMS:
        raise InvalidQuestion(
            "too_many_terms",
            f"The text has {len(wanted) + len(unwanted)} words.",
            f"Search for at most {MOST_TERMS}, or put words that belong together in quotes.",
        )
    return tuple(wanted), tuple(unwanted)


def _number_in_pieces(text: str, token: Token) -> Term | None:
    """The term of a number that was typed with spaces in it, as it stands on the good."""
    pieces = text.split()
    if len(pieces) < 2 or not all(_HOLDS_DIGIT.search(piece) for piece in pieces):
        return None
    if any(c in text for c in '"*?~') or any(piece.startswith("-") for piece in pieces):
        return None
    found = tuple(word.surface for word in words(text))
    return Term("phrase", found, _numbers(text, token))


def _phrase(text: str) -> Term | None:
    found = tuple(word.surface for word in words(text))
    return Term("phrase" if len(found) > 1 else "word", found) if found else None


def _piece(text: str, token: Token, *, fuzzy: bool) -> Term | None:
    if not _PLAIN.search(text):
        return None  # A hyphen between words, or the start of a quotation.
    if "*" in text or "?" in text:
        return _pattern(text)
    misspelt = fuzzy or text.endswith("~")
    found = tuple(word.surface for word in words(text))
    if not found:
        raise InvalidQuestion(
            "no_word", f"{text[:60]!r} is longer than any word.", "Search for a part of it."
        )
    if len(found) > 1:
        return Term("phrase", found, _numbers(text, token))
    return Term("fuzzy" if misspelt else "word", found, _numbers(text, token))


def _pattern(text: str) -> Term:
    pattern = "".join(c if c in "*?" else fold(c) for c in text if c in "*?" or c.isalnum())
    known = sum(c not in "*?" for c in pattern)
    is_prefix = pattern.endswith("*") and "*" not in pattern[:-1] and "?" not in pattern
    shortest = SHORTEST_PREFIX if is_prefix else SHORTEST_PATTERN
    if known < shortest:
        raise InvalidQuestion(
            "pattern_too_short",
            f"The pattern {text[:60]!r} has {known} letters and digits.",
            f"Give it at least {shortest}.",
        )
    if is_prefix:
        return Term("prefix", (pattern[:-1],))
    if pattern.partition("*")[2].count("?") > MOST_GAPS:
        raise InvalidQuestion(
            "pattern_too_complex",
            f"The pattern {text[:60]!r} can be read in too many ways.",
            f"Search with at most {MOST_GAPS} question marks behind an asterisk.",
        )
    return Term("wildcard", (), pattern=pattern)


def _numbers(text: str, token: Token) -> tuple[str, ...]:
    normal = _NOT_IN_NUMBERS.sub("", text).upper()
    if len(normal) < _SHORTEST_NUMBER or not any(c.isdigit() for c in normal):
        return ()
    sealed = numbers((("plate", text), ("engraving", text)), "", None, token)
    return (normal, *(each.exact for each in sealed))
