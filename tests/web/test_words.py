"""Dutch and English say the same, and have a word for every code of the register."""

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import pytest

from herkomst.access import policy
from herkomst.access.viewer import Role
from herkomst.domain import matching
from herkomst.domain.casework import hit
from herkomst.domain.goods import KINDS
from herkomst.domain.identifiers import IDENTIFIER_TYPES, match_class
from herkomst.domain.register import purchase
from herkomst.domain.register.records import Mode
from tests.web.site import WEB

Words = dict[str, Any]
SAID = re.compile(r"""(?:\b(?:say|counted)\(|data-say(?:-label)?=)"([a-z_.]+)\"""")


def words(tag: str) -> Words:
    found: Words = json.loads((WEB / "assets" / f"{tag}.json").read_text())
    return found


def names(group: Words, prefix: str = "") -> Iterator[str]:
    for name, value in group.items():
        if isinstance(value, dict):
            yield from names(value, f"{prefix}{name}.")
        else:
            yield prefix + name


def test_both_languages_have_the_same_names_and_places() -> None:
    dutch, english = words("nl"), words("en")
    assert list(names(dutch)) == list(names(english))
    for name in names(dutch):
        places = [set(re.findall(r"{\w+}", find(group, name))) for group in (dutch, english)]
        assert places[0] == places[1], name


def find(group: Words, name: str) -> str:
    value: Any = group
    for part in name.split("."):
        value = value[part]
    return str(value)


def test_everything_that_is_said_has_words() -> None:
    known = set(names(words("nl")))
    groups = {name.rpartition(".")[0] for name in known}
    files = [*WEB.glob("*.html"), *WEB.glob("assets/*.js")]
    said = {name for file in files for name in SAID.findall(file.read_text())}
    assert len(said) > 50
    assert said <= known | groups


@pytest.mark.parametrize(
    ("group", "codes"),
    [
        ("grade", set(matching.Grade)),
        ("means", set(matching.Grade)),
        ("state", set(get_args(hit.State)) - {"passage", "removed"}),
        ("identifier", set(IDENTIFIER_TYPES)),
        ("mode", set(get_args(Mode))),
        ("status", {"reported", "withdrawn", "recovered"}),
        ("role", set(Role)),
        ("purpose", {f"duty:{duty}" for duty in policy.duties()}),
        ("ground", set(policy.grounds())),
        ("why", set(get_args(get_type_hints(hit.Rejected)["reason"]))),
        (
            "reason",
            {
                f"{match_class(type_, 'A1B2', 'other')}_{likeness}"
                for type_ in IDENTIFIER_TYPES - {"hallmark"}
                for likeness in get_args(matching.Likeness)
            },
        ),
        (
            "reason",
            set(
                re.findall(
                    r'"(\w+_(?:agrees|contradicts|differs?|missing|unclear|refused|text))"',
                    inspect.getsource(matching),
                )
            ),
        ),
        ("mark", set(re.findall(r'Mark\(\s*"(\w+)"', inspect.getsource(purchase)))),
    ],
)
def test_every_code_has_words(group: str, codes: set[str]) -> None:
    assert codes
    assert codes <= words("nl")[group].keys()


def test_goods_are_called_what_the_catalogue_calls_them() -> None:
    assert words("nl")["kind"] == {slug: kind.dutch for slug, kind in KINDS.items()}
    assert words("en")["kind"] == {slug: kind.english for slug, kind in KINDS.items()}
