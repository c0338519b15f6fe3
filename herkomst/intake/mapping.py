"""Files of other people as records of ours: a mapping says how, this module does it.

A mapping is a TOML file, `mappings/NAME.toml`:

- `description`: one line for `import --help`; `record`: the type of record that comes out.
- `[format]`: `type`, `encoding`, `delimiter`, and `absent`, the texts that mean "not known".
- `[key]`: `column` is the source's own number. Where that names a report and not a thing,
  `describe` lists the columns that tell the things of one report apart; their digest joins the key.
  `alike = { column, order, are }` says what rows of one key mean that differ in `column`: `one`
  thing, of which the earliest in `order` is told, or `separate` things, numbered in `order`.
- `[constants]`: JSON pointer into the record = value.
- `[fields]`: JSON pointer into the record = a source, named by `as` (the classes below); every
  source may be `required`, and may hold only `when = { column, is }`.
- `[tables.NAME]`: text in the file = what it means. A list is the brands (or whatever) that a code
  may mean: only a list of one has a meaning, nothing is guessed. `"THEFT*"` is a beginning.

Texts are compared without regard to case, blanks around and runs of blanks inside them. What a row
becomes depends on the rows of the file and never on their order: a file is therefore spooled, and
held in memory while it is read are its keys, some 200 bytes a row, and for keys that several rows
share their records, about a kilobyte each.
"""

import csv
import hashlib
import io
import re
import shutil
import tomllib
import zoneinfo
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Annotated, BinaryIO, Literal, NamedTuple, TypeVar

import msgspec

from herkomst.domain.problems import Problem

FieldProblem = Problem
"""What is wrong with a cell; `field` is the pointer `/COLUMN`, or empty for the whole row."""

Cells = list[str]
Reader = Callable[[Cells], object]
"""What a row says for one field of the record, or None where it says nothing."""

Sign = Annotated[str, msgspec.Meta(min_length=1, max_length=1)]
Columns = Annotated[list[str], msgspec.Meta(min_length=1)]
Constant = str | int | float | bool | list[str]
Meaning = str | list[str]

_T = TypeVar("_T")
_GIVEN = frozenset({"/type", "/v", "/source", "/key"})
_POINTER = re.compile(r"(/[^/~]+)+")
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?")
_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]+)?")
_CASES: dict[str, Callable[[str], str]] = {"keep": str, "lower": str.lower, "upper": str.upper}


class MappingError(Exception):
    """A mapping that is broken, or that does not fit the file it is used for."""

    def __init__(self, code: str, message: str, cure: str) -> None:
        self.code = code
        self.message = message
        self.cure = cure
        super().__init__(f"{message} {cure}")


class MappedRow(NamedTuple):
    """One row of the file: the record that it stands for, or why it stands for none."""

    line: int
    """The physical line on which the row begins; the header is line 1."""
    record: dict[str, object] | None
    errors: tuple[Problem, ...]


class CellError(Exception):
    """A cell that cannot be read; it becomes a problem of its row."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem


def _refused(column: str, code: str, message: str, cure: str) -> CellError:
    pointer = column.replace("~", "~0").replace("/", "~1")
    return CellError(Problem(f"/{pointer}", code, message, cure))


def _missing(column: str) -> CellError:
    message = f"{column} says nothing, and no record does without it."
    return _refused(column, "missing", message, "Fill the cell.")


def _tidy(text: str) -> str:
    return text if text.isalnum() else " ".join(text.split())


def _folded(texts: Iterable[str]) -> frozenset[str]:
    return frozenset([_tidy(text).casefold() for text in texts])


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:39]}…")


class Table:
    """What the codes of a file mean: exact texts first, then the longest beginning that fits."""

    def __init__(self, meanings: dict[str, Meaning]) -> None:
        self._exact: dict[str, str | None] = {}
        starts: dict[str, str | None] = {}
        for code, meant in meanings.items():
            one = meant if isinstance(meant, str) else meant[0] if len(meant) == 1 else None
            target = starts if code.endswith("*") else self._exact
            target[code.removesuffix("*").casefold()] = one
        self._starts = sorted(starts.items(), key=lambda start: -len(start[0]))

    def meaning(self, text: str) -> str | None:
        """What the text means, None where that is open. Raises `KeyError` for a text not listed."""
        folded = text.casefold()
        if folded in self._exact:
            return self._exact[folded]
        for start, meant in self._starts:
            if folded and folded.startswith(start):
                return meant
        raise KeyError(text)


class Sheet:
    """The file that a mapping is bound to: where its columns stand, what its texts mean."""

    def __init__(self, header: Cells, mapping: "Mapping") -> None:
        self.absent = _folded(mapping.format.absent)
        self.missing: dict[str, None] = {}
        self._at = {name: index for index, name in enumerate(header)}
        self._tables = {name: Table(meanings) for name, meanings in mapping.tables.items()}

    def position(self, column: str) -> int:
        if column not in self._at:
            self.missing[column] = None
        return self._at.get(column, 0)

    def table(self, name: str) -> Table:
        return self._tables[name]


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the mapping file; a key that is not named here is an error."""


class When(Part, frozen=True, kw_only=True):
    """A condition: the column holds one of these texts."""

    column: str
    is_: list[str] = msgspec.field(name="is")

    def bind(self, sheet: Sheet, read: Reader) -> Reader:
        at, texts = sheet.position(self.column), _folded(self.is_)
        return lambda cells: read(cells) if cells[at].casefold() in texts else None


class SourcePart(Part, tag_field="as", frozen=True, kw_only=True):
    """Where a field of the record comes from."""

    required: bool = False
    when: When | None = None

    @property
    def named(self) -> str:
        """The column that is blamed when a required field finds nothing."""
        return ""

    def bind(self, sheet: Sheet) -> Reader:
        raise NotImplementedError


class CellPart(SourcePart, frozen=True, kw_only=True):
    """A source that reads one cell; `absent` adds to the texts that mean "not known"."""

    column: str
    absent: list[str] = []

    @property
    def named(self) -> str:
        return self.column

    def bind(self, sheet: Sheet) -> Reader:
        at, parse = sheet.position(self.column), self.parse
        absent = sheet.absent | _folded(self.absent)

        def read(cells: Cells) -> object:
            text = cells[at]
            return None if text.casefold() in absent else parse(text)

        return read

    def parse(self, text: str) -> object:
        raise NotImplementedError

    def refused(self, text: str, is_no: str, cure: str) -> CellError:
        message = f"{_shown(text)} in {self.column} is no {is_no}."
        return _refused(self.column, str(self.__struct_config__.tag), message, cure)


class ColumnsPart(SourcePart, frozen=True, kw_only=True):
    """A source that reads several cells."""

    columns: Columns

    @property
    def named(self) -> str:
        return self.columns[0]


class Text(CellPart, tag="text", frozen=True, kw_only=True):
    """The cell as it is, without the blanks around it."""

    case: Literal["keep", "lower", "upper"] = "keep"

    def parse(self, text: str) -> object:
        return _CASES[self.case](text)


class Code(CellPart, tag="code", frozen=True, kw_only=True):
    """The meaning of a code by a table; a code with several meanings has none.

    `otherwise` says what a text outside the table becomes. With `keep`, a text of at most
    `codes_up_to` characters is still taken for a code that nobody explained, and is absent.
    The table is asked before `absent`, so that it may give "UNKNOWN" a meaning.
    """

    table: str
    otherwise: Literal["keep", "absent", "refuse"] = "refuse"
    codes_up_to: int = 0

    def bind(self, sheet: Sheet) -> Reader:
        at, table = sheet.position(self.column), sheet.table(self.table)
        unlisted = super().bind(sheet)

        def read(cells: Cells) -> object:
            try:
                return table.meaning(cells[at])
            except KeyError:
                return unlisted(cells)

        return read

    def parse(self, text: str) -> object:
        if self.otherwise == "refuse":
            raise self.refused(
                text,
                f"code of the table {self.table!r}",
                f"Mend the cell, or say in [tables.{self.table}] of the mapping what it means.",
            )
        return text if self.otherwise == "keep" and len(text) > self.codes_up_to else None


class Codes(CellPart, tag="codes", frozen=True, kw_only=True):
    """A list from codes of one width that are run together, such as BLKRED.

    Unless the whole text or each of its codes is in the table, the text is kept as it is.
    """

    table: str
    width: Annotated[int, msgspec.Meta(ge=1)]

    def bind(self, sheet: Sheet) -> Reader:
        table, text_of = sheet.table(self.table), super().bind(sheet)

        def read(cells: Cells) -> object:
            text = text_of(cells)
            return self._meanings(text, table) if isinstance(text, str) else []

        return read

    def parse(self, text: str) -> object:
        return text

    def _meanings(self, text: str, table: Table) -> list[str]:
        pieces = [text[i : i + self.width] for i in range(0, len(text), self.width)]
        for codes in ([text], pieces):
            try:
                meant = dict.fromkeys([table.meaning(code) for code in codes])
            except KeyError:
                continue
            return [colour for colour in meant if colour is not None]
        return [text]


class Number(CellPart, tag="number", frozen=True, kw_only=True):
    """A JSON number within its limits, both included."""

    decimal: Sign = "."
    minimum: float = float("-inf")
    maximum: float = float("inf")

    def parse(self, text: str) -> object:
        digits = text.replace(self.decimal, ".")
        if _NUMBER.fullmatch(digits) and self.minimum <= float(digits) <= self.maximum:
            return float(digits) if "." in digits else int(digits)
        limits = (
            f" from {self.minimum:g} to {self.maximum:g}"
            if isfinite(self.minimum + self.maximum)
            else ""
        )
        raise self.refused(
            text,
            f"number{limits}",
            f"Write digits with {self.decimal!r} before the decimals, or leave the cell empty.",
        )


class Money(CellPart, tag="money", frozen=True, kw_only=True):
    """An amount in one currency; nought means that no amount is known."""

    currency: str
    decimal: Sign = "."
    decimals: int = 2

    def parse(self, text: str) -> object:
        digits = text.replace(self.decimal, ".")
        if not _AMOUNT.fullmatch(digits) or len(digits.partition(".")[2]) > self.decimals:
            raise self.refused(
                text,
                f"amount in {self.currency}",
                f"Write digits with {self.decimal!r} before at most {self.decimals} decimals and "
                "no mark between thousands, or leave the cell empty.",
            )
        amount = Decimal(digits)
        if not amount:
            return None
        return {"amount": f"{amount:.{self.decimals}f}", "currency": self.currency}


class Date(CellPart, tag="date", frozen=True, kw_only=True):
    """A day, by a pattern of `strptime`."""

    pattern: str

    def parse(self, text: str) -> object:
        return _instant(text, self.pattern, self.column).date().isoformat()


class Moment(ColumnsPart, tag="moment", frozen=True, kw_only=True):
    """A date and time on the clocks of a zone, with its offset.

    The cells are joined with a blank and read by a pattern of `strptime`. A time that the clocks
    show twice is the first of the two; one that they skip is moved on by as much as they skip.
    """

    pattern: str
    zone: str

    def bind(self, sheet: Sheet) -> Reader:
        places = [sheet.position(column) for column in self.columns]
        zone = zoneinfo.ZoneInfo(self.zone)

        def read(cells: Cells) -> object:
            texts = [cells[at] for at in places]
            if all(text.casefold() in sheet.absent for text in texts):
                return None
            at = _instant(" ".join(texts), self.pattern, self.named, zone)
            return at.isoformat(timespec="seconds")

        return read


class Join(ColumnsPart, tag="join", frozen=True, kw_only=True):
    """The cells that say something, with a text between them."""

    between: str = msgspec.field(name="with", default=" ")

    def bind(self, sheet: Sheet) -> Reader:
        places = [sheet.position(column) for column in self.columns]

        def read(cells: Cells) -> object:
            said = [cells[at] for at in places if cells[at].casefold() not in sheet.absent]
            return self.between.join(said) or None

        return read


class FirstOf(SourcePart, tag="first_of", frozen=True, kw_only=True):
    """The first of several sources that says something."""

    sources: Annotated[list["Source"], msgspec.Meta(min_length=1)]

    @property
    def named(self) -> str:
        return self.sources[0].named

    def bind(self, sheet: Sheet) -> Reader:
        readers = [_reader(source, sheet) for source in self.sources]

        def read(cells: Cells) -> object:
            return next((said for r in readers if (said := r(cells)) is not None), None)

        return read


class Value(SourcePart, tag="value", frozen=True, kw_only=True):
    """The same value for every row."""

    value: Constant

    def bind(self, sheet: Sheet) -> Reader:  # noqa: ARG002 - it needs nothing of the file
        value = self.value
        # Records do not share a list: whoever changes one would change the others.
        return (lambda _: list(value)) if isinstance(value, list) else (lambda _: value)


Source = Text | Code | Codes | Number | Money | Date | Moment | Join | FirstOf | Value
_KINDS: dict[str, type[SourcePart]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (Text, Code, Codes, Number, Money, Date, Moment, Join, FirstOf, Value)
}


@lru_cache(maxsize=1024)  # several fields of a row may tell the same moment
def _instant(
    text: str, pattern: str, column: str, zone: zoneinfo.ZoneInfo | None = None
) -> datetime:
    try:
        local = datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone is the mapping's
        if zone is None:
            return local
        # The way through UTC moves a time that the clocks skip; fold 0 takes the first of two.
        at = local if local.tzinfo else local.replace(tzinfo=zone)
        return at.astimezone(UTC).astimezone(zone)
    except (ValueError, OverflowError):
        raise _refused(
            column,
            "date",
            f"{_shown(text)} in {column} is no date of the pattern {pattern}.",
            "Mend the cell, or the pattern in the mapping.",
        ) from None


def _reader(source: SourcePart, sheet: Sheet) -> Reader:
    read = source.bind(sheet)
    if source.required:
        read = _insisting(read, source.named)
    return source.when.bind(sheet, read) if source.when else read


def _insisting(read: Reader, column: str) -> Reader:
    def insist(cells: Cells) -> object:
        value = read(cells)
        if value is None:
            raise _missing(column)
        return value

    return insist


class Format(Part, frozen=True, kw_only=True):
    """How the bytes of the file become cells."""

    type: Literal["csv"]
    encoding: str = "utf-8-sig"
    delimiter: Sign = ","
    absent: tuple[str, ...] = ("",)


class Alike(Part, frozen=True, kw_only=True):
    """What rows of one key mean that differ in one column."""

    column: str
    order: Columns
    are: Literal["one", "separate"]

    def bind(self, sheet: Sheet) -> Callable[[Cells], int]:
        at, ranks = sheet.position(self.column), {t.casefold(): n for n, t in enumerate(self.order)}

        def rank(cells: Cells) -> int:
            found = ranks.get(cells[at].casefold())
            if found is None:
                raise _refused(
                    self.column,
                    "code",
                    f"{_shown(cells[at])} in {self.column} is none of {', '.join(self.order)}.",
                    "Mend the cell, or give it a place in `key.alike.order` of the mapping.",
                )
            return found

        return rank


def _unranked(_: Cells) -> int:
    return 0


class Key(Part, frozen=True, kw_only=True):
    """How a record is named, so that the same thing has the same name in every edition."""

    column: str
    describe: list[str] = []
    alike: Alike | None = None


class Mapping(Part, frozen=True, kw_only=True):
    """How the rows of one foreign source become records."""

    name: str
    description: str
    record: Literal["stolen_item"]
    format: Format
    key: Key
    constants: dict[str, Constant] = {}
    fields: dict[str, Source]
    tables: dict[str, dict[str, Meaning]] = {}

    def sources(self) -> dict[str, Source]:
        """The source of each field, constants among them."""
        constants: dict[str, Source] = {to: Value(value=v) for to, v in self.constants.items()}
        return constants | self.fields


def available(directory: Path) -> dict[str, str]:
    """The mappings of a folder: name and the first line of the description."""
    return {path.stem: _first_line(path) for path in sorted(directory.glob("*.toml"))}


def _first_line(path: Path) -> str:
    lines = str(_toml(path).get("description", "")).strip().splitlines()
    return lines[0] if lines else ""


def load_mapping(path: Path) -> Mapping:
    """The mapping in a file. Raises `MappingError`, which names the key and what is allowed."""
    raw = _toml(path)
    fields = raw.get("fields")
    for pointer, source in fields.items() if isinstance(fields, dict) else ():
        _check_source(source, f'fields."{pointer}"')
    mapping = _convert({**raw, "name": path.stem}, Mapping, path.name)
    _check_format(mapping.format)
    _check_key(mapping.key)
    _check_pointers(mapping)
    _check_tables(mapping.tables)
    for pointer, field in mapping.fields.items():
        _check_references(field, f'fields."{pointer}"', mapping)
    return mapping


def _toml(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingError(
            "toml", f"{path.name} is no TOML: {error}.", "Mend it at the place named."
        ) from error
    except OSError as error:
        raise MappingError(
            "unreadable",
            f"{path.name} cannot be read: {error.strerror}.",
            "`herkomst import --help` lists the mappings there are.",
        ) from error


def _convert(raw: object, kind: type[_T], where: str) -> _T:
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        raise MappingError(
            "mapping", f"In {where}: {error}.", f"Allowed here: {', '.join(_keys(kind))}."
        ) from error


def _keys(kind: type) -> list[str]:
    info = msgspec.inspect.type_info(kind)
    if not isinstance(info, msgspec.inspect.StructType):
        return []
    tag = [info.tag_field] if info.tag_field else []
    return tag + [field.encode_name for field in info.fields if field.name != "name"]


def _check_source(raw: object, where: str) -> None:
    """Looks at one source at a time, so that the error can say which field it stands under."""
    named = raw.get("as") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or named not in _KINDS:
        raise MappingError(
            "mapping",
            f"In {where}: `as` is {named!r}, which is no source.",
            f"Write a table with `as` one of {', '.join(_KINDS)}.",
        )
    inner = raw.get("sources")
    for index, source in enumerate(inner if isinstance(inner, list) else ()):
        _check_source(source, f"{where}.sources[{index}]")
    _convert(raw, _KINDS[named], where)


def _check_format(form: Format) -> None:
    try:
        "".encode(form.encoding)
    except LookupError:
        raise MappingError(
            "mapping",
            f"In format: there is no encoding {form.encoding!r}.",
            "Write a name that Python knows, such as utf-8-sig, cp1252 or latin-1.",
        ) from None


def _check_key(key: Key) -> None:
    if key.alike and key.alike.are == "separate" and not key.describe:
        raise MappingError(
            "mapping",
            "In key: alike things are separate, but nothing describes them.",
            "Name in `describe` the columns that tell the things of one report apart.",
        )


def _check_pointers(mapping: Mapping) -> None:
    both = mapping.constants.keys() & mapping.fields.keys()
    pointers = {*mapping.constants, *mapping.fields}
    parents = {parent for pointer in pointers for parent in _parents(pointer)}
    for pointer in sorted(pointers):
        if not _POINTER.fullmatch(pointer) or pointer in _GIVEN | parents | both:
            raise MappingError(
                "mapping",
                f'In fields and constants: "{pointer}" cannot be set.',
                'Write a JSON pointer such as "/item/brand", each once and none inside another; '
                f"{', '.join(sorted(_GIVEN))} are set by the import.",
            )


def _parents(pointer: str) -> list[str]:
    names = pointer.split("/")[1:-1]
    return ["/" + "/".join(names[: depth + 1]) for depth in range(len(names))]


def _check_tables(tables: dict[str, dict[str, Meaning]]) -> None:
    for name, table in tables.items():
        folded = [_tidy(code).casefold() for code in table]
        for code in table:
            if code != _tidy(code) or folded.count(code.casefold()) > 1:
                raise MappingError(
                    "mapping",
                    f'In tables.{name}: "{code}" stands there twice or has blanks to spare.',
                    "Write each code once; case does not matter, blanks around it are dropped.",
                )


def _check_references(source: Source, where: str, mapping: Mapping) -> None:
    if isinstance(source, FirstOf):
        for index, inner in enumerate(source.sources):
            _check_references(inner, f"{where}.sources[{index}]", mapping)
    if isinstance(source, Code | Codes) and source.table not in mapping.tables:
        raise MappingError(
            "mapping",
            f"In {where}: there is no [tables.{source.table}].",
            f"The tables are {', '.join(mapping.tables) or 'none'}.",
        )
    if isinstance(source, Date | Moment) and not _is_pattern(source.pattern):
        raise MappingError(
            "mapping",
            f"In {where}: {source.pattern!r} is no pattern of a date.",
            "Write it with the signs of strptime, such as %Y-%m-%d %H:%M.",
        )
    if isinstance(source, Moment) and source.zone not in zoneinfo.available_timezones():
        raise MappingError(
            "mapping",
            f"In {where}: there is no zone {source.zone!r}.",
            "Write a name of the IANA time zone database, such as America/Toronto.",
        )


def _is_pattern(pattern: str) -> bool:
    written = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC).strftime(pattern)
    try:
        return datetime.strptime(written, pattern).year == 2001  # noqa: DTZ007 - no moment is meant
    except ValueError:
        return False


class _Row(NamedTuple):
    line: int
    cells: Cells
    problem: Problem | None = None


class _Name(NamedTuple):
    """What a row is about: rows of one key and rank are the same thing."""

    key: str
    rank: int


class _Plan:
    """A mapping bound to the columns of one file and to the source that the file is from."""

    def __init__(self, mapping: Mapping, header: Cells, source: str) -> None:
        sheet = Sheet(header, mapping)
        self._given = {"type": mapping.record, "v": 1, "source": source}
        self._branches: list[tuple[int, str]] = []
        self._leaves: list[tuple[int, str, Reader]] = []
        self._place(mapping.sources(), sheet)
        self._key = mapping.key
        self._column = sheet.position(mapping.key.column)
        self._describe = [sheet.position(column) for column in mapping.key.describe]
        self._rank = mapping.key.alike.bind(sheet) if mapping.key.alike else _unranked
        if sheet.missing:
            raise _misfit(f"The file has no column {', '.join(sheet.missing)}", mapping, header)

    def _place(self, sources: dict[str, Source], sheet: Sheet) -> None:
        """Lays the fields out as a list of objects to make and a list of values to set."""
        objects = {"": 0}
        for pointer, source in sources.items():
            for path in _parents(pointer):
                if path not in objects:
                    parent, _, name = path.rpartition("/")
                    self._branches.append((objects[parent], name))
                    objects[path] = len(self._branches)
            parent, _, name = pointer.rpartition("/")
            self._leaves.append((objects[parent], name, _reader(source, sheet)))

    def name(self, cells: Cells) -> _Name:
        """Raises `CellError` for a row that does not say what it is about."""
        key = cells[self._column]
        if not key:
            raise _missing(self._key.column)
        if self._describe:
            described = msgspec.json.encode([cells[at].casefold() for at in self._describe])
            key = f"{key}.{hashlib.sha256(described).hexdigest()[:16]}"
        return _Name(key, self._rank(cells))

    def record(self, cells: Cells, key: str) -> tuple[dict[str, object], list[Problem]]:
        """The record of a row and everything that is wrong with it."""
        record: dict[str, object] = {**self._given, "key": key}
        objects, problems = [record], []
        for parent, name in self._branches:
            made: dict[str, object] = {}
            objects[parent][name] = made
            objects.append(made)
        for parent, name, read in self._leaves:
            try:
                value = read(cells)
            except CellError as refused:
                problems.append(refused.problem)
                continue
            if value is not None:
                objects[parent][name] = value
        return record, list(dict.fromkeys(problems))

    def numbered(self, told: dict[int, bytes]) -> dict[int, bytes]:
        """For each rank of one key, the record that its rows stand for."""
        ranks = sorted(told)
        if self._key.alike is None or self._key.alike.are == "one":
            return dict.fromkeys(ranks, told[ranks[0]])
        return {rank: _renamed(told[rank], number) for number, rank in enumerate(ranks, 1)}


def _renamed(content: bytes, number: int) -> bytes:
    record = msgspec.json.decode(content)
    suffix = "" if number == 1 else f".{number}"
    return msgspec.json.encode({**record, "key": f"{record['key']}{suffix}"})


def _misfit(what: str, mapping: Mapping, header: Cells) -> MappingError:
    return MappingError(
        "columns",
        f"{what}, which the mapping {mapping.name} reads.",
        f"Use the mapping made for this file; its columns are {', '.join(header) or 'none'}.",
    )


def read_records(mapping: Mapping, stream: BinaryIO, source: str) -> Iterator[MappedRow]:
    """Every row of a file as a record of the source, in the order of the file.

    Rows that say the same give the same record, and a row gives the same record wherever it stands
    in the file. The stream is read once, to its end, before the first row comes out. Raises
    `MappingError` with the first row when the file has not the columns of the mapping.
    """
    with TemporaryFile() as spool:
        shutil.copyfileobj(stream, spool)
        plan = _Plan(mapping, _header(mapping, spool), source)
        told = _told(plan, mapping.format, spool)
        for row in _rows(mapping.format, spool):
            yield _mapped(plan, row, told)


def _mapped(plan: _Plan, row: _Row, told: dict[_Name, bytes]) -> MappedRow:
    if row.problem:
        return MappedRow(row.line, None, (row.problem,))
    try:
        name = plan.name(row.cells)
    except CellError as refused:
        _, problems = plan.record(row.cells, "")
        return MappedRow(row.line, None, tuple(dict.fromkeys([refused.problem, *problems])))
    record, problems = plan.record(row.cells, name.key)
    if problems:
        return MappedRow(row.line, None, tuple(problems))
    content = told.get(name)
    return MappedRow(row.line, msgspec.json.decode(content) if content else record, ())


def _told(plan: _Plan, form: Format, spool: IO[bytes]) -> dict[_Name, bytes]:
    """What the rows of a key say together, for the keys that several rows share.

    Rows of one thing that still differ are told by the least of them, byte by byte: an arbitrary
    choice, but one that no order of the rows can change.
    """
    shared = _shared_keys(plan, form, spool)
    told: defaultdict[str, dict[int, bytes]] = defaultdict(dict)
    for cells, name in _named(plan, form, spool) if shared else ():
        if name.key not in shared:
            continue
        record, problems = plan.record(cells, name.key)
        if not problems:
            content = msgspec.json.encode(record, order="sorted")
            ranks = told[name.key]
            ranks[name.rank] = min(content, ranks.get(name.rank, content))
    return {
        _Name(key, rank): content
        for key, ranks in told.items()
        for rank, content in plan.numbered(ranks).items()
    }


def _shared_keys(plan: _Plan, form: Format, spool: IO[bytes]) -> set[str]:
    seen: set[str] = set()
    shared: set[str] = set()
    for _, name in _named(plan, form, spool):
        (shared if name.key in seen else seen).add(name.key)
    return shared


def _named(plan: _Plan, form: Format, spool: IO[bytes]) -> Iterator[tuple[Cells, _Name]]:
    """The rows that say what they are about; the others speak for no record but themselves."""
    for row in _rows(form, spool):
        if row.problem:
            continue
        try:
            name = plan.name(row.cells)
        except CellError:
            continue
        yield row.cells, name


def _header(mapping: Mapping, spool: IO[bytes]) -> Cells:
    row = next(_lines(mapping.format, spool), _Row(1, []))
    if row.problem:
        raise MappingError("header", f"The header: {row.problem.message}", row.problem.cure)
    twice = [name for name in row.cells if row.cells.count(name) > 1]
    if twice:
        raise _misfit(f"The file has several columns {twice[0]}", mapping, row.cells)
    return row.cells


def _rows(form: Format, spool: IO[bytes]) -> Iterator[_Row]:
    """The rows below the header, each with as many cells as the header has."""
    lines = _lines(form, spool)
    width = len(next(lines).cells)
    for row in lines:
        if row.problem or len(row.cells) == width:
            yield row
        else:
            message = f"The row has {len(row.cells)} cells and the header has {width}."
            cure = f"Put a cell that holds {form.delimiter!r} or a line break in double quotes."
            yield row._replace(problem=Problem("", "columns", message, cure))


def _lines(form: Format, spool: IO[bytes]) -> Iterator[_Row]:
    """Every row of the file, the header among them; blank lines are none."""
    spool.seek(0)
    text = io.TextIOWrapper(spool, form.encoding, errors="surrogateescape", newline="")
    reader = csv.reader(text, delimiter=form.delimiter, strict=True)
    try:
        while True:
            line = reader.line_num + 1
            try:
                raw = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield _Row(line, [], _no_csv(error))
                continue
            if raw:
                cells = [_tidy(cell) for cell in raw]
                yield _Row(line, cells, _unreadable("".join(cells), form))
    finally:
        text.detach()


def _no_csv(error: csv.Error) -> Problem:
    cure = "Close each quote, and write a double quote inside a cell twice."
    return Problem("", "csv", f"The row is no CSV: {error}.", cure)


def _unreadable(text: str, form: Format) -> Problem | None:
    """Bytes outside the encoding were read as lone surrogates, which are in no text."""
    if text.isascii() and "\0" not in text:
        return None
    try:
        text.encode()
    except UnicodeEncodeError:
        message = f"The row has bytes that are no {form.encoding}."
        return Problem("", "encoding", message, "Save the file in that encoding.")
    if "\0" in text:
        return Problem("", "encoding", "The row has a NUL character.", "Remove it.")
    return None
