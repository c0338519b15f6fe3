"""Problems: a pointer leads to the place that is wrong."""

import msgspec
import pytest

from herkomst.domain.problems import validation_problem
from herkomst.domain.register.records import PurchaseLine

LINE = {"line": 1, "kind": "phone"}


@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        ({"foo": 1}, "/items/0/foo", "unknown_field"),
        ({"a/b": 1}, "/items/0/a~1b", "unknown_field"),
        ({"a~b": 1}, "/items/0/a~0b", "unknown_field"),
        ({"a`b": 1}, "/items/0/a`b", "unknown_field"),
        ({"": 1}, "/items/0/", "unknown_field"),
        ({"colours": [3]}, "/items/0/colours/0", "invalid"),
        ({"price": {}}, "/items/0/price/amount", "missing"),
        ({"attributes": {"a.b": []}}, "/items/0/attributes", "invalid"),
    ],
)
def test_given_a_field_that_does_not_fit_when_refused_then_its_pointer_is_told(
    wrong: dict[str, object], field: str, code: str
) -> None:
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.json.decode(msgspec.json.encode({**LINE, **wrong}), type=PurchaseLine)

    problem = validation_problem(raised.value, "/items/0")

    assert (problem.field, problem.code) == (field, code)
