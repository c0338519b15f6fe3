"""names: one person among 300,000, looked for by a name that was written carelessly.

Both engines hold the same persons and are asked the same in one run: recall of the person that was
meant among the first one and ten, and milliseconds with one client and with four. A name alone
cannot tell namesakes apart, so the ceiling that they set is worked out beside it.

The persons are made of the simulator's names. It has 74 given names and 36 foreign family names,
which would make far more namesakes than there are, so given names are drawn from more, by Zipf's
law, and the halves of foreign names are put together anew. Slips are those that typists make
(Damerau's four, on the keys of a keyboard, with doubled letters apart) and spellings that people
use for a sound, listed here by hand; nothing of the product is used to make them. The code was made
on seeds 1 to 3, and is reported on 11 to 13.
"""

import argparse
import asyncio
from bisect import bisect
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import accumulate
from random import Random
from time import perf_counter
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import namedtuple_row
from psycopg.sql import Composed

from bench.report import report
from bench.world import fresh_archive
from herkomst.domain.batches import batched
from herkomst.domain.register.records import Seller
from herkomst.record.database import connect
from herkomst.search import opensearch
from herkomst.search.documents import NO_TEXT, Source
from herkomst.search.engines import Change
from herkomst.search.names import presented
from herkomst.search.postgres import PostgresEngine, PostgresIndex
from herkomst.search.questions import NameFound, NameQuestion, Seen, Subject, named
from herkomst.simulate import names as made_up

_COMMON = (
    "Jan", "Johannes", "Maria", "Peter", "Anna", "Cornelia", "Willem", "Elisabeth", "Hans",
    "Catharina", "Dirk", "Jacob", "Emma", "Daan", "Sem", "Lucas", "Julia", "Mila", "Tess",
    "Sophie", "Zoë", "Levi", "Finn", "Noah", "Luuk", "Milan", "Bram", "Thomas", "Jesse", "Sara",
    "Eva", "Isa", "Lotte", "Lisa", "Fleur", "Anne", "Sanne", "Iris", "Linda", "Monique", "Petra",
    "Esther", "Sandra", "Marieke", "Ingrid", "Astrid", "Karin", "Patricia", "Ellen", "Wilma",
    "Truus", "Corrie", "Riet", "Ans", "Toos", "Jannie", "Greetje", "Trijntje", "Grietje", "Antje",
    "Piet", "Kees", "Henk", "Gerrit", "Arie", "Klaas", "Theo", "Frans", "Wim", "Ad", "Koos",
    "Leo", "Martin", "Rob", "Ron", "Erik", "Mark", "Marcel", "Michel", "Dennis", "Jeroen", "Bart",
    "Maarten", "Sander", "Joost", "Stefan", "Robin", "Kevin", "Patrick", "Jeffrey", "Danny",
    "Ricardo", "Mohammed", "Ahmed", "Ali", "Fatima", "Khadija", "Aicha", "Hassan", "Hicham",
    "Abdelkader", "Mustafa", "Hüseyin", "İbrahim", "Özlem", "Elif", "Zeynep", "Gülşen", "Murat",
    "Yusuf", "Krzysztof", "Małgorzata", "Katarzyna", "Piotr", "Łukasz", "Stanisław", "Andrzej",
    "Sunil", "Anil", "Radjesh", "Soenita", "Giovanni", "Clarence", "Winston", "Ludmila", "Dmitri",
    "Olena", "Thi", "Wei", "Mei", "Carlos", "José", "Mónica", "Ângela", "François", "Hélène",
    "Benoît", "Jürgen", "Käthe", "Søren", "Åse", "Björn", "Jorien", "Roelof", "Wubbo", "Auke",
    "Foppe", "Sjoerd", "Tjeerd", "Baukje", "Hielke", "Pytrik", "Nynke", "Rixt", "Geesje",
    "Harmke", "Evert", "Lambertus", "Hubertus", "Franciscus", "Wilhelmus", "Petronella",
    "Hendrika", "Gerardus", "Antonius", "Theodora", "Jacoba", "Adriana", "Christiaan",
)  # fmt: skip
_GIVEN_SKEW, _FOREIGN_SKEW = 0.55, 0.3


class Person(NamedTuple):
    given: tuple[str, ...]
    prefix: str
    family: str


class Asked(NamedTuple):
    """A name as it was typed, who was meant, and how many would have been as right."""

    kind: str
    text: str
    person: int
    namesakes: int
    alike: int
    """Persons of whom the same could have been typed, before any slip of the pen."""


class Population:
    """Persons with realistic frequencies of names: who they are is all that they are."""

    def __init__(self, size: int, seed: int) -> None:
        chance = Random(f"persons:{seed}")  # noqa: S311
        given = list(dict.fromkeys([*made_up._WOMEN, *made_up._MEN, *_COMMON]))
        chance.shuffle(given)
        self._given = _Frequent(given, _GIVEN_SKEW)
        halves = [_halved(name) for name in made_up._FOREIGN]
        foreign = list(dict.fromkeys(a + b for a, _ in halves for _, b in halves))
        chance.shuffle(foreign)
        self._foreign = _Frequent(foreign, _FOREIGN_SKEW)
        self.persons = [self._person(chance) for _ in range(size)]

    def _person(self, chance: Random) -> Person:
        prefix, family = made_up.family(chance)
        if family in made_up._FOREIGN:
            family = self._foreign.draw(chance)
        number = len(made_up.given(chance))
        given = tuple(dict.fromkeys(self._given.draw(chance) for _ in range(number)))
        return Person(given, prefix, family)


class _Frequent:
    """Values of which the n-th is drawn in proportion to n to the power of minus the skew."""

    def __init__(self, values: Sequence[str], skew: float) -> None:
        self._values = values
        self._sums = list(accumulate(n**-skew for n in range(1, len(values) + 1)))

    def draw(self, chance: Random) -> str:
        return self._values[bisect(self._sums, chance.random() * self._sums[-1])]


def _halved(name: str) -> tuple[str, str]:
    return name[: (len(name) + 1) // 2], name[(len(name) + 1) // 2 :]


class Typist:
    """Somebody who types names as people do: `kinds` are the ways in which it goes wrong."""

    def __init__(self, persons: Sequence[Person], seed: int) -> None:
        self._chance = Random(f"typist:{seed}")  # noqa: S311
        self._persons = persons
        self._namesakes = Counter(persons)
        self._sharing: dict[str, Counter[object]] = {}

    def asked(self, kind: str) -> Asked:
        """Draw a person whose name can be written in this way, and write it."""
        write, kept = KINDS[kind]
        while True:
            at = int(self._chance.random() * len(self._persons))
            person = self._persons[at]
            text = write(self._chance, person)
            if text is not None:
                break
        if kept not in self._sharing:
            self._sharing[kept] = Counter(_KEPT[kept](person) for person in self._persons)
        alike = self._sharing[kept][_KEPT[kept](person)]
        return Asked(kind, text, at, self._namesakes[person], alike)


def _written(person: Person, given: Sequence[str] | None = None) -> str:
    names = person.given if given is None else given
    return " ".join(part for part in (*names, person.prefix, person.family) if part)


def _mistyped(chance: Random, person: Person) -> str | None:
    return _slip(chance, _written(person))


def _mistyped_twice(chance: Random, person: Person) -> str | None:
    given = _slip(chance, " ".join(person.given))
    family = _slip(chance, person.family)
    if given is None or family is None:
        return None
    return _written(person._replace(family=family), [given])


def _unmarked(chance: Random, person: Person) -> str | None:
    text = _written(person)
    if text.isascii():
        return None
    for letter, plain in _SPELT_OUT.items() if chance.random() < 0.5 else ():
        text = text.replace(letter, plain)
    text = made_up.plain(text).translate(_UNMARKED)
    return chance.choice((text, text.lower(), text.upper()))


def _swapped(chance: Random, person: Person) -> str | None:
    given, family = " ".join(person.given), person.family
    behind = f"{given} {person.prefix}".strip()
    before = f"{person.prefix} {family}".strip()
    text = chance.choice((f"{family}, {behind}", f"{before}, {given}", f"{before} {given}"))
    return (_slip(chance, text) or text) if chance.random() < 0.3 else text


def _by_initials(chance: Random, person: Person) -> str | None:
    letters = [name[:2] if name.startswith("IJ") else name[0] for name in person.given]
    text = chance.choice(
        (
            "".join(f"{letter}." for letter in letters),
            " ".join(f"{letter}." for letter in letters),
            " ".join(letters),
        )
    )
    family = person.family
    if chance.random() < 0.3:
        family = _slip(chance, family) or family
    if chance.random() < 0.3:
        return f"{family}, {text} {person.prefix}".strip()
    return _written(person._replace(family=family), [text])


def _without_prefix(chance: Random, person: Person) -> str | None:
    if not person.prefix:
        return None
    given, run_on = " ".join(person.given), person.prefix.replace(" ", "") + person.family.lower()
    text = chance.choice(
        (
            f"{given} {person.family}",
            f"{given} {run_on.replace(chr(39), '').title()}",
            f"{given} {person.family} {person.prefix}",
            f"{given} {''.join(word[0] for word in person.prefix.split())}. {person.family}"
            if person.prefix.startswith("van d")
            else f"{given} {person.family}",
        )
    )
    return (_slip(chance, text) or text) if chance.random() < 0.3 else text


def _by_sound(chance: Random, person: Person) -> str | None:
    text = _written(person).lower()
    ways = [(old, new) for old, new in _SOUNDS if old in text.replace(f"{person.prefix} ", "")]
    if len(ways) < 2:
        return None
    for old, new in chance.sample(ways, 1 if chance.random() < 0.6 else 2):
        at = chance.choice([n for n in range(len(text)) if text.startswith(old, n)] or [-1])
        text = text if at < 0 else text[:at] + new + text[at + len(old) :]
    return text


def _shortened(chance: Random, person: Person) -> str | None:
    if len(person.given) < 2:
        return None
    text = _written(person, person.given[:1])
    return (_slip(chance, text) or text) if chance.random() < 0.3 else text


def _run_together(chance: Random, person: Person) -> str | None:
    words = _written(person).split()
    if len(words) < 3 and "-" not in person.family and chance.random() < 0.7:
        return None
    at = int(chance.random() * (len(words) - 1))
    return " ".join([*words[:at], words[at] + words[at + 1].lower(), *words[at + 2 :]])


def _slip(chance: Random, text: str) -> str | None:
    """One slip inside a word: a key beside the right one, a letter too many, too few, twice or
    before the one that it belongs behind."""
    places = [
        n
        for n in range(1, len(text) - 1)
        if text[n - 1 : n + 2].isalpha() and text[n].lower() in _BESIDE
    ]
    if not places:
        return None
    at = chance.choice(places)
    letter = text[at]
    beside = chance.choice(_BESIDE[letter.lower()])
    return chance.choice(
        (
            text[:at] + beside + text[at + 1 :],
            text[:at] + text[at + 1 :],
            text[:at] + letter + text[at:],
            text[:at] + beside + text[at:],
            text[:at] + text[at + 1] + letter + text[at + 2 :],
        )
    )


_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_BESIDE = {
    letter: "".join(
        row[n]
        for row in _ROWS[max(0, y - 1) : y + 2]
        for n in range(max(0, x - 1), min(len(row), x + 2))
        if row[n] != letter
    )
    for y, keys in enumerate(_ROWS)
    for x, letter in enumerate(keys)
}
_SPELT_OUT = {
    "ü": "ue",
    "ö": "oe",
    "ä": "ae",
    "Ö": "Oe",
    "å": "aa",
    "ø": "oe",
    "ş": "sh",
    "ç": "ch",
}
_UNMARKED = str.maketrans("ğńüİÅğŁłÂâêîûÉÓóúéàùáő", "gnuIAgLlAaeiuEOoueauao")
_SOUNDS = (
    ("ij", "ei"), ("ij", "y"), ("ij", "ie"), ("ei", "ij"), ("y", "ij"), ("y", "i"), ("ie", "i"),
    ("i", "ie"), ("ou", "au"), ("au", "ou"), ("ou", "oe"), ("oe", "ou"), ("oe", "u"), ("u", "oe"),
    ("uu", "u"), ("aa", "a"), ("ee", "e"), ("oo", "o"), ("ae", "aa"), ("ui", "uy"), ("eu", "ue"),
    ("c", "k"), ("k", "c"), ("k", "ck"), ("ck", "k"), ("ph", "f"), ("f", "ph"), ("th", "t"),
    ("t", "th"), ("t", "tt"), ("d", "dt"), ("d ", "t "), ("sch", "sg"), ("sch", "s"), ("sch", "sh"),
    ("g", "ch"), ("g", "gh"), ("ch", "g"), ("kh", "ch"), ("kh", "k"), ("z", "s"), ("s", "z"),
    ("s", "ss"), ("v", "f"), ("f", "v"), ("w", "v"), ("ll", "l"), ("l", "ll"), ("nn", "n"),
    ("n", "nn"), ("mm", "m"), ("m", "mm"), ("rr", "r"), ("pp", "p"), ("x", "ks"), ("ks", "x"),
    ("ş", "sj"), ("ç", "tsj"), ("ı", "i"), ("ł", "l"), ("sz", "sj"), ("cz", "tsj"), ("dj", "j"),
    ("j", "dj"), ("ah", "a"), ("ha", "a"), ("mo", "mu"), ("en ", "e "), ("e ", "en "), ("é", "ee"),
)  # fmt: skip

_KEPT: dict[str, Callable[[Person], object]] = {
    "all": lambda person: person,
    "initials": lambda p: (tuple(name[0] for name in p.given), p.prefix, p.family),
    "first": lambda p: (p.given[0], p.prefix, p.family),
    "no_prefix": lambda p: (p.given, p.family),
}
KINDS: dict[str, tuple[Callable[[Random, Person], str | None], str]] = {
    "slip": (_mistyped, "all"),
    "slip_in_each": (_mistyped_twice, "all"),
    "no_marks": (_unmarked, "all"),
    "swapped": (_swapped, "all"),
    "initials": (_by_initials, "initials"),
    "prefix": (_without_prefix, "all"),
    "sound": (_by_sound, "all"),
    "first_name_alone": (_shortened, "first"),
    "run_together": (_run_together, "all"),
}


class Engine(NamedTuple):
    """One of the two, filled: how a client of its own is made, which asks."""

    name: str
    client: Callable[[AsyncExitStack], Awaitable["Ask"]]


Ask = Callable[[NameQuestion], Awaitable[Sequence[NameFound]]]
_LAW = "wpg:8 open politie"
_SEEN = (Seen(laws=frozenset({_LAW})),)
_BATCH = 5000


def main(persons: int, queries: int, seeds: Sequence[int], url: str) -> None:
    everybody = Population(persons, seeds[0]).persons
    asked = [
        typist.asked(kind)
        for typist in (Typist(everybody, seed) for seed in seeds)
        for kind in KINDS
        for _ in range(queries)
    ]
    figures = asyncio.run(_measured(everybody, asked, url))
    report(
        "names",
        {
            "persons": persons,
            "queries": len(asked),
            "seeds": list(seeds),
            "ceiling_of_namesakes": _ceiling([each.namesakes for each in asked]),
            "ceiling_of_what_was_asked": _ceiling([each.alike for each in asked]),
            **figures,
            "goal": {"recall": [0.865, 0.97], "p95_ms": 50},
        },
    )


async def _measured(
    everybody: Sequence[Person], asked: Sequence[Asked], url: str
) -> dict[str, object]:
    figures: dict[str, object] = {}
    async with _postgres(everybody) as postgres, _opensearch(everybody, url) as other:
        for engine in (postgres, other):
            await _run(engine, asked[:: len(asked) // 50 or 1], 1)  # So that both are warm.
            alone = await _run(engine, asked, 1)
            together = await _run(engine, asked, 4)
            figures[engine.name] = {
                "recall": _recall([rank for rank, _ in alone]),
                "one_client_ms": _times(alone),
                "four_clients_ms": _times(together),
                "by_kind": _by_kind(asked, [rank for rank, _ in alone]),
            }
    return figures


async def _run(
    engine: Engine, asked: Sequence[Asked], clients: int
) -> list[tuple[int | None, float]]:
    """The place of who was meant among the first ten, and seconds, for each name."""
    answers: dict[int, tuple[int | None, float]] = {}
    waiting = iter(enumerate(asked))

    async def work() -> None:
        async with AsyncExitStack() as stack:
            ask = await engine.client(stack)
            for number, each in waiting:
                started = perf_counter()
                found = await ask(NameQuestion(name=named(each.text), seen=_SEEN, first=10))
                seconds = perf_counter() - started
                places = [one.record.int for one in found]
                rank = places.index(each.person) if each.person in places else None
                answers[number] = rank, seconds

    await asyncio.gather(*(work() for _ in range(clients)))
    return [answers[number] for number in range(len(asked))]


@asynccontextmanager
async def _postgres(everybody: Sequence[Person]) -> AsyncIterator[Engine]:
    with fresh_archive() as archive:
        with connect(archive.urls.app, "bench") as connection:
            index = PostgresIndex(connection)
            index.create(Subject.PERSONS, 1)
            for some in batched(_changes(everybody), _BATCH):
                index.put(Subject.PERSONS, 1, some)
            index.swap(Subject.PERSONS, 1)
            live = (PostgresIndex.name, Subject.PERSONS, 1, 1, True)
            connection.execute("INSERT INTO follow.indexes VALUES (%s, %s, %s, %s, %s)", live)
            # What was written lately is in a list that each question would look through.
            connection.execute("VACUUM ANALYZE search.persons_1")

        async def client(stack: AsyncExitStack) -> Ask:
            connected = await psycopg.AsyncConnection[Any].connect(
                archive.urls.app, autocommit=True, row_factory=namedtuple_row
            )
            connection = await stack.enter_async_context(connected)

            async def ask(statement: Composed) -> Sequence[Any]:
                return await (await connection.execute(statement, binary=True)).fetchall()

            return PostgresEngine(ask).names

        yield Engine("postgresql", client)


@asynccontextmanager
async def _opensearch(everybody: Sequence[Person], url: str) -> AsyncIterator[Engine]:
    prefix = f"bench-{uuid4().hex[:12]}"
    with opensearch.Index(url, prefix=prefix) as index:
        index.create(Subject.PERSONS, 1)
        try:
            index.put(Subject.PERSONS, 1, _changes(everybody))
            index.swap(Subject.PERSONS, 1)

            async def client(stack: AsyncExitStack) -> Ask:
                engine = opensearch.Engine(url, prefix=prefix)
                stack.push_async_callback(engine.close)
                return engine.names

            yield Engine("opensearch", client)
        finally:
            index.drop(Subject.PERSONS, 1)


def _changes(everybody: Sequence[Person]) -> Iterator[Change]:
    for number, person in enumerate(everybody):
        source = Source(
            at=0,
            fields={},
            law=_LAW,
            name=presented(
                Seller(
                    family_name=person.family,
                    prefix=person.prefix or None,
                    given_names=" ".join(person.given),
                )
            ),
            record=UUID(int=number),
            revision=1,
            text=NO_TEXT,
        )
        yield Change(source.id, 1, source.regime, source)


def _recall(ranks: Sequence[int | None]) -> dict[str, float]:
    return {
        "at_1": _share([rank == 0 for rank in ranks]),
        "at_10": _share([rank is not None for rank in ranks]),
    }


def _ceiling(alike: Sequence[int]) -> dict[str, float]:
    """What nobody can exceed who has nothing but the name."""
    return {
        "at_1": round(sum(1 / number for number in alike) / len(alike), 3),
        "at_10": round(sum(min(1, 10 / number) for number in alike) / len(alike), 3),
    }


def _by_kind(asked: Sequence[Asked], ranks: Sequence[int | None]) -> dict[str, object]:
    told: dict[str, object] = {}
    for kind in KINDS:
        some = [n for n, each in enumerate(asked) if each.kind == kind]
        told[kind] = {
            **_recall([ranks[n] for n in some]),
            "ceiling": list(_ceiling([asked[n].alike for n in some]).values()),
        }
    return told


def _share(met: Sequence[bool]) -> float:
    return round(sum(met) / len(met), 3)


def _times(answers: Sequence[tuple[int | None, float]]) -> dict[str, float]:
    seconds = sorted(seconds for _, seconds in answers)
    return {
        f"p{share}": round(1000 * seconds[len(seconds) * share // 100], 1) for share in (50, 95, 99)
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=300_000)
    parser.add_argument("--queries", type=int, default=20, help="of each kind and seed")
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13])
    parser.add_argument("--opensearch", dest="url", default="http://127.0.0.1:9200")
    main(**vars(parser.parse_args()))
