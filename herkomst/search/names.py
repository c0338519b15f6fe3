"""Names of persons as they are looked for: across spellings, orders, slips of the pen and sound.

A name becomes folded parts. From them come the keys by which an engine finds candidates, the same
in every engine, and the comparison that ranks what was found.

Nothing here says who somebody is. Many people share a name, and one person is written in many ways:
a likeness of 1000 is a reason to look at birth date, document and address, and never enough alone.
"""

import re
import unicodedata
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import combinations, pairwise, permutations, product
from typing import Literal, NamedTuple, get_args
from uuid import UUID

import msgspec
from msgspec.structs import replace
from rapidfuzz.distance import OSA

from herkomst.domain.register.records import Seller
from herkomst.domain.tables import rows

LONGEST = 40
"""Letters of a part that are looked at."""
MOST_PARTS = 8
"""Parts of a name that are looked at: so many fit on a document, and the work stays bounded."""

COMPARED = 200
"""Candidates that are compared; who shares his name with more is found by something else too."""
ENOUGH = 930
"""A likeness at which nobody looks further for one that is greater."""
FOUND_AT = 500
"""From how much likeness on a name is an answer."""

How = Literal["same", "sound", "spelling", "initial", "joined", "particle"]


class Name(msgspec.Struct, frozen=True):
    """A name in folded parts, without saying which script, case or marks it was written in."""

    family: tuple[str, ...] = ()
    """Without what goes before it (tussenvoegsel)."""
    given: tuple[str, ...] = ()
    particles: tuple[str, ...] = ()
    """What goes before a family name: `van`, `den`, `el`."""
    initials: tuple[str, ...] = ()
    """Of given names that are not written out; `ij` is one."""

    @property
    def parts(self) -> tuple[str, ...]:
        """The written-out parts, given names first."""
        return self.given + self.family


class Meeting(NamedTuple):
    """Two parts that met, as a person can check it."""

    asked: str
    presented: str
    how: How
    likeness: int


class Likeness(NamedTuple):
    """How alike two names are, from 0 to 1000, and why.

    It compares names and not persons: 1000 says that the names are the same, and namesakes have the
    same name.
    """

    score: int
    meetings: tuple[Meeting, ...]
    unmet: tuple[str, ...]
    """Parts that were asked for and not found."""
    in_order: bool
    """Whether the parts stand in the order in which they were asked for."""


class Candidate(NamedTuple):
    """A person that an engine found by keys."""

    id: str
    record: UUID
    name: Name


class Wanted(NamedTuple):
    """The keys of one part that is looked for."""

    strong: tuple[str, ...]
    """It sounds or is spelt the same, or is one slip away from that."""
    weak: tuple[str, ...]
    """Its consonants, its beginning or its end are the same."""
    initial: str
    """Of a part that is written out: that there is its initial alone. Of an initial: that there is
    one, or a part that begins with it."""


Look = Literal["nearly_all", "closely", "widely"]
"""How closely an engine looks."""
Way = tuple[tuple[str, ...], ...]
"""Groups of keys: who is met in this way has one of each."""


class Plan(NamedTuple):
    """What an engine looks for.

    It looks for nearly all first: where three parts or more were asked for, for names in which all
    but one of them are strong, because there are many with two common given names. Where nothing
    alike is among them it looks closely: for names in which two parts are strong, or one is and the
    initial of another is there; and then widely: for those with a strong part, or an initial that
    was asked for, and a weak one. Of the many, those are compared that are worth most: the sum over
    the parts of the best that met, and of what the whole name adds.
    """

    parts: tuple[Wanted, ...]
    whole: tuple[str, ...]
    """Keys of all parts together, and of all initials."""

    def ways(self, look: Look) -> list[Way]:
        """In which ways a candidate may meet it."""
        if look == "nearly_all":
            strong = [part.strong for part in self.parts if part.strong]
            return list(combinations(strong, len(strong) - 1)) if len(strong) >= _MANY else []
        return self._pairs(widely=look == "widely")

    def _pairs(self, *, widely: bool) -> list[Way]:
        if len(self.parts) == 1:
            only = self.parts[0].weak if widely else self.parts[0].strong
            return [(only,)] if only else []
        found: list[Way] = []
        for at, part in enumerate(self.parts):
            others = [other for n, other in enumerate(self.parts) if n != at]
            if widely:
                second = {key for other in others for key in other.weak}
            else:
                second = {key for other in others for key in (*other.strong, other.initial)}
            first = part.strong or ((part.initial,) if widely else ())
            if first and second:
                found.append((first, tuple(sorted(second))))
        return found


class Worth:
    """What a key that met is worth."""

    STRONG = 4
    WEAK = 2
    INITIAL = 1
    WHOLE = 2


# Reading.


def presented(seller: Seller) -> Name:
    """The name that a seller presented, as it was written into the fields of a register."""
    family = _read(seller.family_name).named()
    before = _read(seller.prefix or "")
    given = _read(seller.given_names or "")
    letters = _initials(seller.initials or "")
    return Name(
        family=family.words,
        given=given.words,
        particles=before.particles + before.words + family.particles + given.particles,
        initials=family.letters + (given.letters or _not_written(letters, given.words)),
    )


def typed(text: str) -> Name:
    """The name that somebody typed, in whatever order: `Berg, Jan van den`, `J. van den Berg`.

    Which part is the family name is a guess, on which nothing but the order rests.
    """
    first, comma, last = text.partition(",")
    if comma:
        family, given = _read(first).named(), _read(last)
        return Name(
            family=family.words,
            given=given.words,
            particles=given.particles + family.particles,
            initials=given.letters + family.letters,
        )
    found = _read(text).named()
    return Name(
        family=found.words[-1:],
        given=found.words[:-1],
        particles=found.particles,
        initials=found.letters,
    )


def fold(text: str) -> str:
    """A text in small Latin letters without marks; a letter that has none is left out."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.translate(_LETTERS)).casefold()
    return "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_LETTERS)


class _Read(NamedTuple):
    words: tuple[str, ...]
    particles: tuple[str, ...]
    letters: tuple[str, ...]

    def named(self) -> "_Read":
        """The same, for what must be a name: `De` and `Al` are, where there is nothing else."""
        if self.words or not self.particles:
            return self
        return self._replace(words=self.particles[-1:], particles=self.particles[:-1])


def _read(text: str) -> _Read:
    words: list[str] = []
    particles: list[str] = []
    letters: list[str] = []
    plain = _SHORTENED.sub("van de ", fold(text.translate(_APOSTROPHES)))
    plain = _RUN_TOGETHER.sub(r"van \1", plain)
    for found in _WORDS.findall(plain)[:MOST_PARTS]:
        word = found.strip(".'").replace("'", "")[:LONGEST]
        if found.startswith("'") if len(word) == 1 else word in _PARTICLES:
            particles.append(word)
        elif _is_initials(found, word):
            letters.extend(_initials(found))
        elif word:
            words.append(word)
    return _Read(tuple(words), tuple(particles), tuple(letters))


def _is_initials(found: str, word: str) -> bool:
    """`J`, `J.H.`, `IJ.`, and `JH`, which nobody can say."""
    if len(word) == 1 or "." in word or (found.endswith(".") and word in _DOTTED):
        return True
    return word == "ij" or (len(word) <= _MOST_RUN_ON and not _VOWEL.search(word))


def _initials(text: str) -> tuple[str, ...]:
    """`J.H.`, `J H` and `JH` are two initials, `IJ.` and `Th.` one each."""
    found: list[str] = []
    for word, stop in _LETTERS_AND_STOPS.findall(fold(text))[:MOST_PARTS]:
        is_one = word == "ij" or (stop and word in _DOTTED)
        found.extend([word] if is_one else word[:MOST_PARTS])
    return tuple(_first(each) for each in found)


def _not_written(letters: Sequence[str], given: Sequence[str]) -> tuple[str, ...]:
    """The initials of which no given name is written out."""
    left = list(letters)
    for name in given:
        if _first(name) in left:
            left.remove(_first(name))
    return tuple(left)


def _first(part: str) -> str:
    """The initial of a part by its sound: of IJsbrand and of Ysbrand it is the same."""
    if part.startswith("ij"):
        return "y"
    return part[:1]


_DOTTED = frozenset({"ij", "th", "ch", "ph", "chr", "fr", "st", "tj", "sj"})
"""What is written with a full stop and is one initial."""
_WORDS = re.compile(r"'[a-z](?![a-z'])|(?:[a-z]+\.)+[a-z]?(?![a-z])|[a-z][a-z']*")
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘`´ʼ", "'"))
_SHORTENED = re.compile(r"\bv\s*[./]?\s*d\s*[./]?\s+(?=[a-z]{2})")
_RUN_TOGETHER = re.compile(r"\bvan(de[nr]?|het|t)\b(?=.*[a-z])")
_VOWEL = re.compile(r"[aeiouy]")
_LETTERS_AND_STOPS = re.compile(r"([a-z]+)(\.?)")
_MOST_RUN_ON = 4
_LETTERS = str.maketrans(
    {"ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "đ": "d", "Đ": "d", "ð": "d", "Ð": "d", "þ": "th",
     "Þ": "th", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "ı": "i", "ə": "e", "Ə": "e"}
)  # fmt: skip
_PARTICLES = frozenset(row["particle"] for row in rows("name_particles"))


# Sound.


def codes(part: str) -> tuple[str, ...]:
    """How a folded part may sound to a Dutch ear, written down: mostly one code, two for `ch`.

    Letters that are confused in names have one sign: `ij`, `y`, `ei` and `ie`; `ou`, `au` and `oe`;
    `c`, `k` and `ck`; `ph`, `v`, `w` and `f`; `th`, `dt`, and `d` at the end; `g`, `ch` and `kh`;
    `sch`, `sh`, `sz` and `z`. A doubled letter is one, an `h` inside and an `n` behind the last `e`
    are not heard.
    """
    first = _sounded(part)
    if "ch" not in part:
        return (first,)
    second = _sounded(part.replace("sch", "s").replace("ch", "s"))
    return (first,) if first == second else (first, second)


def _sounded(part: str) -> str:
    text = _CONSONANTS.sub(_consonant, part.replace("uw", "u"))
    text = _DOUBLED.sub(r"\1", _VOWELS.sub(_vowel, text))
    if text.endswith("in") and len(text) > _SHORTEST_SLIP:
        return text[:-1]
    return text[:-1] + _HARDENED.get(text[-1], text[-1]) if text else part


def _consonant(found: re.Match[str]) -> str:
    if found.group() == "c" and found.string[found.end() : found.end() + 1] in _SOFTENING:
        return "s"
    return _SIGNS[found.group()]


def _vowel(found: re.Match[str]) -> str:
    """One sign for vowels in a row, by how they begin and whether they end round."""
    run = found.group()
    if run[0] in "ou" or "u" in run or (run[0] == "a" and "o" in run):
        return "o"
    return "a" if run[0] == "a" else "i"


_SIGNS = {
    "tsch": "s", "tsj": "s", "tch": "s", "cz": "s", "tj": "s", "sch": "s", "sh": "s", "sj": "s",
    "sz": "s", "zh": "s", "dzj": "j", "dj": "j", "ph": "f", "th": "t", "dt": "t", "kh": "g",
    "gh": "g", "ch": "g", "ck": "k", "q": "k", "x": "ks", "c": "k", "v": "f",
    "w": "f", "z": "s", "h": "", "ij": "y", "nb": "mb", "np": "mp", "y": "j", "j": "i",
}  # fmt: skip
_SOFTENING = frozenset("eiy")
_CONSONANTS = re.compile(
    r"tsch|tsj|tch|cz|tj|sch|s[hjz]|zh|dzj|dj|ph|th|dt|[kgc]h|ck|q|x|c|[vwz]"
    r"|(?<!^)h|ij|n[bp]|^y(?=[aeou])|(?<=[bdfgklmnprstvwz])j(?=[aeou])"
)
_VOWELS = re.compile(r"[aeiouy]+")
_DOUBLED = re.compile(r"(.)\1+")
_HARDENED = {"d": "t", "b": "p"}


# Keys.


def keys(name: Name) -> tuple[str, ...]:
    """All keys by which a name is found, each once, in alphabetical order."""
    found = set(_whole(name))
    for part in name.parts:
        for code in _readings(part):
            found |= _strong(code)
        found |= _spelling(part) | _weak(codes(part)[0])
        found.add(f"{_BEGINS}{_first(part)}")
    for joined in _joined(name):
        found.update(codes(joined))
    for letter in name.initials:
        found |= {f"{_BEGINS}{letter}", f"{_INITIAL_ALONE}{letter}"}
    return tuple(sorted(found))


def plan(name: Name) -> Plan:
    """What an engine looks for when this name is asked for."""
    wanted = []
    for at, part in enumerate(name.parts):
        strong = {code for joined in _beside(name, at) for code in codes(joined)}
        for code in _readings(part):
            strong |= _strong(code)
        strong |= _spelling(part)
        weak, alone = _weak(codes(part)[0]), f"{_INITIAL_ALONE}{_first(part)}"
        wanted.append(Wanted(tuple(sorted(strong)), tuple(sorted(weak)), alone))
    wanted += [Wanted((), (), f"{_BEGINS}{letter}") for letter in name.initials]
    return Plan(tuple(wanted), tuple(_whole(name)))


def _strong(code: str) -> set[str]:
    """The code, and what is left of it without one of its letters: two that are one slip apart have
    one of these in common."""
    if len(code) < _SHORTEST_SLIP:
        return {code}
    return {code} | {code[:at] + code[at + 1 :] for at in range(len(code))}


def _spelling(part: str) -> set[str]:
    """The same of its letters: a slip may change how a whole syllable sounds."""
    return {f"{_LETTER_BY_LETTER}{each}" for each in _strong(_spelt(part))}


def _weak(code: str) -> set[str]:
    found = set()
    consonants = code[:1] + code[1:].translate(_VOWEL_SIGNS)
    if len(consonants) >= _SHORTEST_WEAK:
        found.add(f"~{consonants}")
    if len(code) > _SHORTEST_END:
        found |= {f"^{code[:_SHORTEST_END]}", f"${code[-_SHORTEST_END:]}"}
    return found


def _whole(name: Name) -> Iterator[str]:
    letters = sorted([*map(_first, name.given), *name.initials])
    if letters:
        yield f"#{''.join(letters)}"
    if len(name.parts) > 1:
        yield f"={'+'.join(sorted(codes(part)[0] for part in name.parts))}"


def _readings(part: str) -> list[str]:
    """The codes of a part, and of what is left of `vandenberg` without what goes before it."""
    rest = _without_particles(part)
    return [*codes(part), *(codes(rest) if rest else ())]


def _without_particles(part: str) -> str | None:
    found = _RUN_ON.match(part)
    return part[found.end() :] if found else None


def _joined(name: Name) -> list[str]:
    """Neighbours as somebody may write them in one: `annemijn`, `vandenberg`."""
    found = [a + b for run in (name.given, name.family) for a, b in pairwise(run)]
    if name.particles and name.family:
        found.append("".join(name.particles) + name.family[0])
    if name.given and name.family:
        found.append(name.given[-1] + name.family[0])
    return found


def _beside(name: Name, at: int) -> list[str]:
    """What a part becomes with the part before it, the one behind it, or what goes before it."""
    parts = name.parts
    found = [parts[at - 1] + parts[at]] if at else []
    found += [parts[at] + parts[at + 1]] if at + 1 < len(parts) else []
    return found + (["".join(name.particles) + parts[at]] if name.particles else [])


_BEGINS, _INITIAL_ALONE, _LETTER_BY_LETTER = "1", "0", "2"
_MANY = 3
"""Parts from which two are shared by many."""
_SHORTEST_SLIP = 3
_SHORTEST_WEAK = 3
_SHORTEST_END = 4
_VOWEL_SIGNS = str.maketrans("", "", "aio")
_RUN_ON = re.compile(
    r"(?:van(?:den|der|de|het|t)?|ter|ten|de[nr]?|el|al|ben|ait)(?=[a-z]{4})(?![aeiou]{2})"
)
_RUN_BEHIND = re.compile(r"([a-z]{3,})(van|von|ter|ten|el|al)")


# Comparing.


_Met = tuple[int, How]
_Pair = tuple[int, int, int, How]
"""Likeness, the place of the part that was asked for, that of the one that was presented, how."""


def likeness(asked: Name, name: Name) -> int:
    """How alike two names are, from 0 to 1000; the order of their parts makes no difference.

    It says nothing about who bears them: a name alone is never enough.
    """
    return Asked(asked).compared(name).score


async def found(
    asked: Name,
    first: int,
    candidates: Callable[[Plan, Sequence[Way]], Awaitable[Sequence[Candidate]]],
) -> list[tuple[Candidate, Likeness]]:
    """The persons whose names are most alike, of candidates that an engine finds for a plan; it is
    asked to look further only where nothing was found that is enough alike."""
    wanted = plan(asked)
    met: dict[str, Candidate] = {}
    answer: list[tuple[Candidate, Likeness]] = []
    for look in get_args(Look):
        if not (ways := wanted.ways(look)):
            continue
        met |= {each.id: each for each in await candidates(wanted, ways)}
        answer = ranked(asked, met.values(), first)
        if answer and answer[0][1].score >= ENOUGH:
            break
    return answer


def ranked(
    asked: Name, candidates: Iterable[Candidate], first: int
) -> list[tuple[Candidate, Likeness]]:
    """The candidates whose names are most alike; of equal ones those in the same order first, and
    then by their id, so that every engine answers the same."""
    question = Asked(asked)
    compared = [(candidate, question.compared(candidate.name)) for candidate in candidates]
    found = [pair for pair in compared if pair[1].score >= FOUND_AT]
    found.sort(key=lambda pair: (-pair[1].score, not pair[1].in_order, pair[0].id))
    return found[:first]


class Asked:
    """A name that is compared with many, as it was written or as it may have been meant."""

    def __init__(self, name: Name) -> None:
        self._readings = [_Reading(each) for each in _read_as(name)]

    def compared(self, name: Name) -> Likeness:
        """How alike the other is, and which parts met how."""
        found = [each.compared(other) for other in _read_as(name) for each in self._readings]
        best, *others = found
        for other in others:
            meant = other._replace(score=_MEANT * other.score // 1000)
            best = meant if meant.score > best.score else best
        return best


def _read_as(name: Name) -> list[Name]:
    """A name as it was written, and without what goes before a family name where that seems to be
    written onto it, `vandenberg`, or onto the name before it, `janvan den berg`."""
    found = [name]
    for at, part in enumerate(name.family):
        before = _RUN_ON.match(part)
        if before:
            family = (*name.family[:at], part[before.end() :], *name.family[at + 1 :])
            written = tuple(_RUN_TOGETHER.sub(r"van \1", f"{before.group()} a").split()[:-1])
            found.append(replace(name, family=family, particles=name.particles + written))
    behind = _RUN_BEHIND.fullmatch(name.given[-1]) if name.given else None
    if behind:
        given = (*name.given[:-1], behind[1])
        found.append(replace(name, given=given, particles=(behind[2], *name.particles)))
    return found


class _Reading:
    """One reading of a name that is compared with many.

    What two parts have in common is worked out once, and remembered no longer than the question
    lives: a process that kept it would keep names after they were erased.
    """

    def __init__(self, name: Name) -> None:
        self.name = name
        self._parts = name.parts[:MOST_PARTS]
        self._known: list[dict[str, _Met]] = [{} for _ in self._parts]
        self._letters = [_spelt(part) for part in self._parts]
        self._codes = [codes(part) for part in self._parts]
        self._theirs: dict[str, tuple[str, ...]] = {}

    def compared(self, name: Name) -> Likeness:
        """How alike the other is, and which parts met how."""
        tally = _Tally(self._parts, name.parts[:MOST_PARTS])
        tally.pair(self._aligned(tally.theirs))
        particles = True
        if tally.left or tally.right:
            particles = not self._met_in_one(tally, name)
            tally.meet_initials(self.name, name)
        elif name.initials or self.name.initials:
            tally.meet_initials(self.name, name)
        if particles and (name.particles or self.name.particles):
            tally.meet_particles(self.name.particles, name.particles)
        return tally.likeness(len(name.given))

    def _aligned(self, parts: tuple[str, ...]) -> list[_Pair]:
        """Pairs of parts, the most alike first; a part meets one other."""
        found: list[_Pair] = []
        for i, known in enumerate(self._known):
            for j, theirs in enumerate(parts):
                value, how = known.get(theirs) or self._met(i, theirs)
                if value:
                    found.append((value, i, j, how))
        if len(self._parts) != len(parts):
            found = [pair for pair in found if not _is_of_joined(pair, self._parts, parts)]
        if len(found) > 1:
            found.sort(key=_best_first)
        return found

    def _met(self, i: int, theirs: str) -> _Met:
        found = self._known[i][theirs] = self._parts_met(i, theirs)
        return found

    def _parts_met(self, i: int, theirs: str) -> _Met:
        """How alike two parts are by their letters and by their sound; 0 for parts that are not."""
        if self._parts[i] == theirs:
            return 1000, "same"
        spelling = OSA.normalized_similarity(self._letters[i], _spelt(theirs))
        if spelling < _STRANGE:
            return 0, "spelling"
        ours, others = self._codes[i], self._coded(theirs)
        if any(code in others for code in ours):
            return 900 + int(80 * spelling), "sound"
        sound = max(OSA.normalized_similarity(a, b) for a in ours for b in others)
        best = int(1000 * max(spelling, (2 * spelling + 3 * sound) / 5))
        return (best if best >= _ALIKE else 0), "spelling"

    def _coded(self, theirs: str) -> tuple[str, ...]:
        if theirs not in self._theirs:
            self._theirs[theirs] = codes(theirs)
        return self._theirs[theirs]

    def _met_in_one(self, tally: "_Tally", name: Name) -> bool:
        """Let parts meet that one of the two writes together; whether what goes before the family
        name was among them."""
        if len(tally.asked) != len(tally.theirs):
            tally.join_neighbours()
        ours, theirs = self.name.particles, name.particles
        if not (ours or theirs):
            return False
        for i, j in product(tally.left, tally.right):
            asked, presented = tally.asked[i], tally.theirs[j]
            if theirs and _is_written_together(asked, *theirs, presented):
                tally.join((i,), (j,), asked, " ".join((*theirs, presented)))
                return True
            if ours and _is_written_together(presented, *ours, asked):
                tally.join((i,), (j,), " ".join((*ours, asked)), presented)
                return True
        return False


class _Tally:
    """What met, what it adds up to, and what has met nothing yet."""

    def __init__(self, asked: tuple[str, ...], theirs: tuple[str, ...]) -> None:
        self.asked, self.theirs = asked, theirs
        self.left, self.right = list(range(len(asked))), list(range(len(theirs)))
        self._meetings: list[Meeting] = []
        self._gained = self._whole = 0
        self._unmet: tuple[str, ...] = ()
        self._in_order = True

    def pair(self, pairs: Iterable[_Pair]) -> None:
        taken: dict[int, int] = {}
        for likeness, i, j, how in pairs:
            if i in self.left and j in self.right:
                self.left.remove(i)
                self.right.remove(j)
                taken[i] = j
                self._meet(self.asked[i], self.theirs[j], how, likeness, _PART)
        if len(taken) > 1:
            self._in_order = all(taken[a] < taken[b] for a, b in pairwise(sorted(taken)))

    def join_neighbours(self) -> None:
        """Let parts meet of which two are one on the other side."""
        if len(self.right) > 1:
            for i, (j, k) in product(self.left, permutations(self.right, 2)):
                if _is_written_together(self.asked[i], self.theirs[j], self.theirs[k]):
                    both = f"{self.theirs[j]} {self.theirs[k]}"
                    self.join((i,), (j, k), self.asked[i], both)
        if len(self.left) > 1:
            for j, (i, k) in product(self.right, permutations(self.left, 2)):
                if _is_written_together(self.theirs[j], self.asked[i], self.asked[k]):
                    both = f"{self.asked[i]} {self.asked[k]}"
                    self.join((i, k), (j,), both, self.theirs[j])

    def join(
        self, ours: tuple[int, ...], theirs: tuple[int, ...], asked: str, presented: str
    ) -> None:
        """Let them meet, unless one of them has met another meanwhile."""
        if set(ours) <= set(self.left) and set(theirs) <= set(self.right):
            self.left = [i for i in self.left if i not in ours]
            self.right = [j for j in self.right if j not in theirs]
            self._meet(asked, presented, "joined", _IN_ONE, _PART)

    def meet_initials(self, ours: Name, theirs: Name) -> None:
        """Let initials meet each other, and then parts that have met nothing."""
        mine, others = list(ours.initials), list(theirs.initials)
        for letter in ours.initials:
            if letter in others:
                mine.remove(letter)
                others.remove(letter)
                self._meet(letter, letter, "initial", 1000, _INITIAL)
        for i in tuple(self.left):
            if (letter := _first(self.asked[i])) in others:
                others.remove(letter)
                self.left.remove(i)
                self._meet(self.asked[i], letter, "initial", _BY_INITIAL, _INITIAL)
        for j in tuple(self.right):
            if (letter := _first(self.theirs[j])) in mine:
                mine.remove(letter)
                self.right.remove(j)
                self._meet(letter, self.theirs[j], "initial", _BY_INITIAL, _INITIAL)
        self._whole += _INITIAL * len(mine) + _OMITTED_INITIAL * len(others)
        self._unmet = tuple(mine)

    def meet_particles(self, ours: tuple[str, ...], theirs: tuple[str, ...]) -> None:
        """What goes before a family name: left out, it weighs next to nothing; another, or one that
        is not there, little."""
        if not ours or not theirs:
            self._whole += _PARTICLE_ADDED if ours else _PARTICLE_OMITTED
            return
        alike = 1000
        if sorted(ours) != sorted(theirs):
            mine, others = (frozenset(map(_article, each)) for each in (ours, theirs))
            alike = _NEARLY * len(mine & others) // len(mine | others)
        self._meet(" ".join(ours), " ".join(theirs), "particle", alike, _PARTICLE)

    def likeness(self, given: int) -> Likeness:
        """The whole of it. That a given name was not asked for weighs little, and least behind the
        one that was: few ask for all, and most are called by the first."""
        first = min(set(range(given)).difference(self.right), default=given)
        whole = self._whole + _PART * len(self.left)
        for j in self.right:
            whole += _PART if j >= given else _SKIPPED if j < first else _OMITTED
        unmet = (*(self.asked[i] for i in self.left), *self._unmet)
        score = self._gained // whole if whole else 0
        return Likeness(score, tuple(self._meetings), unmet, self._in_order)

    def _meet(self, asked: str, presented: str, how: How, likeness: int, weight: int) -> None:
        self._meetings.append(Meeting(asked, presented, how, likeness))
        self._gained += 2 * weight * likeness
        self._whole += 2 * weight


def _article(particle: str) -> str:
    """`de`, `den` and `der` are one to most who write them, and so are `het` and `'t`."""
    return _ARTICLES.get(particle, particle)


def _spelt(part: str) -> str:
    """`ij` and `y` are one letter, as many write them."""
    return part.replace("ij", "y")


def _is_written_together(single: str, *several: str) -> bool:
    """Whether somebody wrote in one what is several, with one slip at most behind the first
    letter."""
    if single[0] != several[0][0] or abs(len(single) - sum(map(len, several))) > 1:
        return False
    return OSA.distance(single, "".join(several), score_cutoff=1) <= 1


def _best_first(pair: _Pair) -> tuple[int, int, int]:
    return -pair[0], abs(pair[1] - pair[2]), pair[1]


def _is_of_joined(pair: _Pair, asked: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    """Whether one seems to be the other with more written onto it: `janvoorbeeld`, `voorbeeld`."""
    likeness, i, j, _ = pair
    return likeness < _SURE and abs(len(asked[i]) - len(parts[j])) >= _WRITTEN_ON


# Weights, and from how much likeness on two parts are taken for one.
_PART, _INITIAL, _PARTICLE = 20, 8, 2
_OMITTED, _SKIPPED, _OMITTED_INITIAL = 1, 4, 1
_PARTICLE_OMITTED, _PARTICLE_ADDED = 1, 3
_ALIKE, _SURE, _IN_ONE, _BY_INITIAL = 600, 900, 950, 850
_MEANT, _NEARLY = 980, 900
_ARTICLES = {"den": "de", "der": "de", "het": "t"}
_WRITTEN_ON = 3
_STRANGE = 0.3
"""Parts whose letters are less alike than this do not sound alike either."""
