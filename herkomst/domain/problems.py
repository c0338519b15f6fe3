"""What is wrong with a record: where, why, and how to mend it."""

import re
from collections.abc import Iterable, Sequence

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """One fault of one field."""

    field: str
    """JSON pointer into the record; the empty string is the whole record."""
    code: str
    message: str
    cure: str


class RecordRefused(Exception):
    """A record that cannot be taken in, with everything that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(problems)
        super().__init__("; ".join(f"{p.field}: {p.message}" for p in self.problems))


class Mark(msgspec.Struct, frozen=True):
    """What the law leaves open: it is recorded and marked, not refused."""

    code: str
    message: str


_PATH = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_MISSING = re.compile(r"missing required field `(?P<name>[^`]+)`")
_UNKNOWN = re.compile(r"unknown field `(?P<name>.*?)`(?: - at `|$)", re.DOTALL)


def validation_problem(error: msgspec.ValidationError, under: str = "") -> Problem:
    """What msgspec found wrong with the shape of a record, as a problem of one field."""
    text = str(error)
    found = _PATH.search(text)
    field = under + _pointer(found["path"] if found else "")
    message = _PATH.sub("", text).replace("`", "'")
    if missing := _MISSING.search(text):
        name = missing["name"]
        return Problem(f"{field}/{name}", "missing", f"{name!r} is missing.", f"Send {name!r}.")
    if unknown := _UNKNOWN.search(text):
        name = unknown["name"]
        return Problem(
            f"{field}/{_token(name)}",
            "unknown_field",
            f"There is no field {name!r} here.",
            "Leave it out, or mend its spelling; the formats name every field.",
        )
    return Problem(field, "invalid", f"{message}.", "Send it as the format of the record says.")


def _pointer(path: str) -> str:
    """`.items[0].kind` as `/items/0/kind`; what lies under a name of the sender's own (`[...]`)
    is told of the whole that holds it."""
    path, _, _ = path.partition("[...]")
    return path.replace("[", "/").replace("]", "").replace(".", "/")


def _token(name: str) -> str:
    """A name of any letters as one step of a pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
