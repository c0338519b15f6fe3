from hashlib import sha256
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from herkomst.record.keyring import Keyring
from herkomst.record.leaf import SIZE, leaf

STREAM = bytes(range(16))
FIELDS = st.tuples(
    st.binary(min_size=16, max_size=16),
    st.integers(1, 2**63 - 1),
    st.integers(-(2**63), 2**63 - 1),
    st.binary(max_size=5),
    st.binary(max_size=5),
)


def test_the_leaf_of_an_event_is_what_was_published() -> None:
    topic, state = b"dor.book.entered", b'{"data":{},"envelope":{}}'

    found = leaf(STREAM, 3, 1_772_456_700_000_001, topic, state)

    assert len(found) == SIZE
    assert found.hex() == "0708dde252f067d7001b8eee2b5bca58589e04bbd1c9adc3f89fbc25d271a38e"
    prefix = b"\0" + STREAM + (3).to_bytes(8, "big") + (1_772_456_700_000_001).to_bytes(8, "big")
    assert found == sha256(prefix + (16).to_bytes(2, "big") + topic + state).digest()


@given(FIELDS, FIELDS)
def test_two_leaves_are_equal_only_for_the_same_event(
    one: tuple[bytes, int, int, bytes, bytes], other: tuple[bytes, int, int, bytes, bytes]
) -> None:
    assert (leaf(*one) == leaf(*other)) == (one == other)


def test_the_chain_depends_on_the_link_the_place_the_leaves_and_the_key(tmp_path: Path) -> None:
    one, other = (Keyring.create(tmp_path / name) for name in ("one", "other"))
    links = [
        one.chain(b"", 1, b"leaves"),
        one.chain(b"x", 1, b"leaves"),
        one.chain(b"", 2, b"leaves"),
        one.chain(b"", 1, b"leafs"),
        other.chain(b"", 1, b"leaves"),
    ]

    assert len(set(links)) == len(links)
    assert links[0] == one.chain(b"", 1, b"leaves")
