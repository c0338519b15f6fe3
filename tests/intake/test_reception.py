"""Reception: whatever stands on a line, the line answers for itself alone."""

from codecs import BOM_UTF8

import msgspec
import pytest

from herkomst.intake.reception import only_from, read_line
from herkomst.record.receipts import Receipt
from tests.archives import TILL, a_purchase


def refused(raw: bytes) -> Receipt:
    read = read_line(7, raw, "purchases", only_from(TILL))
    assert isinstance(read, Receipt)
    return read


def test_a_byte_order_mark_before_a_record_is_no_part_of_it() -> None:
    # Given a line as a program of Windows begins its files
    raw = BOM_UTF8 + msgspec.json.encode(a_purchase())
    # When it is read
    read = read_line(1, raw, "purchases", only_from(TILL))
    # Then it is the record
    assert read == (1, a_purchase())


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b'"\xc7inar"', id="Latin-1"),
        pytest.param(b'"\xed\xa0\x80"', id="a lone surrogate"),
        pytest.param(b'{"a":' * 20_000 + b"1" + b"}" * 20_000, id="20,000 deep"),
    ],
)
def test_a_value_that_cannot_be_read_refuses_its_line_and_no_other(value: bytes) -> None:
    # Given a whole record, but for one value deep inside it
    whole = msgspec.json.encode(a_purchase())
    raw = whole.replace(b'"line":1', b'"line":1,"description":' + value)
    assert raw != whole
    # When it is read
    receipt = refused(raw)
    # Then it is a refusal with its line, for the whole record, and nothing was raised
    assert (receipt.line, receipt.status) == (7, "rejected")
    assert [problem.field for problem in receipt.errors] == [""]
    assert receipt.errors[0].code == "not_json"
