"""What is asked of a reason is one rule, and every command that asks for one keeps to it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import herkomst
from herkomst.domain.casework import reasons
from herkomst.domain.casework.case import CaseRefused

ROOT = Path(herkomst.__file__).parent
ROOMS = ("investigations", "record", "graphql")
CASE_FILE = ROOT / "graphql" / "casework.py"
"""What is said in a case is part of its file, which its members read."""


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "text_missing"),
        ("  ", "text_missing"),
        ("spoed", "reason_short"),
        ("spoed" + " " * 20, "reason_short"),
        ("x" * 20_001, "text_too_long"),
    ],
)
def test_a_reason_that_says_nothing_is_refused(text: str, code: str) -> None:
    with pytest.raises(CaseRefused) as refusal:
        reasons.said(text)

    assert refusal.value.code == code
    assert refusal.value.cure


def test_one_that_says_something_is_taken_as_it_is() -> None:
    assert reasons.said(" Kind vermist. ") == " Kind vermist. "


def test_no_command_seals_a_reason_that_was_not_looked_at() -> None:
    bare = [f"{path.relative_to(ROOT)}:{line}" for path, line in sealed_reasons() if line]

    assert bare == []
    assert len(list(sealed_reasons())) >= 8


def sealed_reasons() -> Iterator[tuple[Path, int]]:
    """Each `why=seal(…)`, with its line where what is sealed is not `reasons.said(…)`."""
    for room in ROOMS:
        for path in sorted((ROOT / room).glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                match node:
                    case ast.keyword(arg="why", value=ast.Call(func=ast.Name("seal"), args=[text])):
                        if path != CASE_FILE:
                            is_looked_at = ast.unparse(text).startswith("reasons.said(")
                            yield path, 0 if is_looked_at else node.lineno
