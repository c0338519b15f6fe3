import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect
from msgspec.structs import replace

import herkomst.domain
from herkomst.domain import events, topics
from herkomst.domain.calendar import Occurred
from herkomst.domain.events import (
    Envelope,
    EventData,
    Recorded,
    UnknownTopic,
    UnknownVersion,
    Upcast,
    decode,
    encode,
    known_events,
    must_know,
)
from herkomst.domain.register import purchase
from tests.domain.examples import ENVELOPE, EXAMPLES

GOLDEN = Path(__file__).parents[1] / "golden" / "events"

for module in pkgutil.walk_packages(herkomst.domain.__path__, "herkomst.domain."):
    importlib.import_module(module.name)  # Every topic, whoever imports its module.

KNOWN: Mapping[str, type[EventData]] = dict(known_events())
VERSIONS = [(topic, v) for topic, kind in KNOWN.items() for v in range(1, kind.VERSION + 1)]


def test_who_loads_the_topics_knows_every_event() -> None:
    assert {kind.__module__ for kind in KNOWN.values()} == {m.__name__ for m in topics.MODULES}


# What is stored is canonical.


def structs_in(found: inspect.Type) -> Iterator[inspect.StructType]:
    """Every struct that a value of this type may hold, itself included."""
    if isinstance(found, inspect.StructType):
        yield found
        for field in found.fields:
            yield from structs_in(field.type)
    elif isinstance(found, inspect.UnionType):
        for member in found.types:
            yield from structs_in(member)
    elif isinstance(found, inspect.VarTupleType):
        yield from structs_in(found.item_type)
    elif isinstance(found, inspect.TupleType):
        for member in found.item_types:
            yield from structs_in(member)
    elif isinstance(found, inspect.DictType):
        yield from structs_in(found.value_type)


def leaves_in(found: inspect.Type) -> Iterator[inspect.Type]:
    """Every type that is not made of others."""
    if isinstance(found, inspect.StructType):
        for field in found.fields:
            yield from leaves_in(field.type)
    elif isinstance(found, inspect.UnionType):
        for member in found.types:
            yield from leaves_in(member)
    elif isinstance(found, inspect.VarTupleType):
        yield from leaves_in(found.item_type)
    elif isinstance(found, inspect.TupleType):
        for member in found.item_types:
            yield from leaves_in(member)
    elif isinstance(found, inspect.DictType):
        yield from leaves_in(found.key_type)
        yield from leaves_in(found.value_type)
    else:
        yield found


@pytest.mark.parametrize("kind", [*KNOWN.values(), Envelope], ids=lambda kind: kind.__name__)
def test_every_struct_that_is_stored_declares_its_fields_in_alphabetical_order(
    kind: type[msgspec.Struct],
) -> None:
    for found in structs_in(inspect.type_info(kind)):
        names = [field.encode_name for field in found.fields]

        assert names == sorted(names), found.cls


@pytest.mark.parametrize("kind", [*KNOWN.values(), Envelope], ids=lambda kind: kind.__name__)
def test_nothing_that_is_stored_is_a_float_or_of_no_known_type(kind: type[msgspec.Struct]) -> None:
    allowed = (
        inspect.StrType,
        inspect.BytesType,
        inspect.IntType,
        inspect.BoolType,
        inspect.NoneType,
        inspect.LiteralType,
    )

    assert [t for t in leaves_in(inspect.type_info(kind)) if not isinstance(t, allowed)] == []


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
numbers = st.integers(-(2**53) + 1, 2**53 - 1)
attributes = st.dictionaries(
    text, text | st.integers() | st.booleans() | st.floats(allow_nan=False), max_size=4
)


def values_of(found: inspect.Type) -> st.SearchStrategy[Any]:
    """Any value of a type, at its default now and then."""
    match found:
        case inspect.StructType():
            return st.builds(
                found.cls,
                **{
                    field.name: values_of(field.type)
                    if field.required
                    else values_of(field.type) | st.just(default_of(field))
                    for field in found.fields
                },
            )
        case inspect.UnionType():
            return st.one_of([values_of(member) for member in found.types])
        case inspect.VarTupleType():
            return st.lists(values_of(found.item_type), max_size=2).map(tuple)
        case inspect.TupleType():
            return st.tuples(*[values_of(member) for member in found.item_types])
        case inspect.DictType():  # As they come in: sorted and rid of floats on the way.
            return attributes.map(purchase.plain_attributes)
        case inspect.LiteralType():
            return st.sampled_from(found.values)
        case _:
            return PLAIN[type(found)]


def default_of(field: inspect.Field) -> object:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


PLAIN: Mapping[type[inspect.Type], st.SearchStrategy[Any]] = {
    inspect.StrType: text,
    inspect.BytesType: st.binary(max_size=20),
    inspect.IntType: numbers,
    inspect.BoolType: st.booleans(),
    inspect.NoneType: st.none(),
}
ANY_ENVELOPE = values_of(inspect.type_info(Envelope))
ANY_EVENT = {topic: values_of(inspect.type_info(kind)) for topic, kind in KNOWN.items()}


@pytest.mark.parametrize("topic", KNOWN)
@given(drawn=st.data())
def test_stored_bytes_are_canonical_and_say_the_same_when_they_are_read(
    topic: str, drawn: st.DataObject
) -> None:
    data = drawn.draw(ANY_EVENT[topic])
    sealed = replace(drawn.draw(ANY_ENVELOPE), v=data.VERSION)

    state = encode(data, sealed)

    assert rfc8785.dumps(msgspec.json.decode(state)) == state
    body = decode(topic, state)
    assert (body.data, body.envelope) == (data, sealed)


@given(attributes)
def test_attributes_are_stored_without_floats_and_lose_nothing(
    given_: dict[str, str | int | float | bool],
) -> None:
    plain = purchase.plain_attributes(given_)

    assert {key: type(given_[key])(value) for key, value in plain.items()} == given_
    assert rfc8785.dumps(plain) == msgspec.json.encode(plain)


# Every version ever committed still decodes.


@pytest.mark.parametrize(("topic", "version"), VERSIONS)
def test_every_version_of_every_topic_has_a_golden_file(topic: str, version: int) -> None:
    assert (GOLDEN / f"{topic}.v{version}.json").is_file()


def test_every_golden_file_is_of_a_known_topic() -> None:
    names = {path.name for path in GOLDEN.iterdir()}

    assert names == {f"{topic}.v{version}.json" for topic, version in VERSIONS}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.TOPIC)
def test_a_golden_file_decodes_to_what_was_committed(example: EventData) -> None:
    state = (GOLDEN / f"{example.TOPIC}.v{example.VERSION}.json").read_bytes()

    body = decode(example.TOPIC, state)

    assert body.data == example
    assert body.envelope == replace(ENVELOPE, v=example.VERSION)
    assert encode(body.data, body.envelope) == state


def test_every_topic_has_an_example() -> None:
    assert [example.TOPIC for example in EXAMPLES].count("dor.book.entered") == 1
    assert {example.TOPIC for example in EXAMPLES} == set(KNOWN)


@pytest.mark.parametrize("path", sorted(GOLDEN.iterdir()), ids=lambda path: path.stem)
def test_golden_bytes_are_canonical(path: Path) -> None:
    state = path.read_bytes()

    assert rfc8785.dumps(msgspec.json.decode(state)) == state


# Versions and topics.


def lift(data: dict[str, Any]) -> dict[str, Any]:
    return {"colour": data["color"], "moment": data["moment"], "sealed": data["sealed"]}


def add_shade(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"shade": f"dark {data['colour']}"}


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> type[EventData]:
    """An event in its third shape; the first two are only known by what lifts them."""
    monkeypatch.setattr(events, "_codecs", dict(events._codecs))

    @events.event
    class Painted(EventData, frozen=True, kw_only=True):
        TOPIC = "test.wall.painted"
        VERSION = 3
        UPCASTS: ClassVar[Mapping[int, Upcast]] = {1: lift, 2: add_shade}

        colour: str
        moment: Occurred
        sealed: bytes
        shade: str

    return Painted


def stored(data: dict[str, Any], version: int) -> bytes:
    sealed: Any = msgspec.to_builtins(replace(ENVELOPE, v=version))
    return rfc8785.dumps({"data": data, "envelope": sealed})


FIRST: dict[str, Any] = {
    "color": "red",
    "moment": {"from": "2026-03", "precision": "month"},
    "sealed": "AAEC",
}


def test_given_an_event_of_the_first_shape_when_it_is_read_then_it_is_lifted_to_the_third(
    painted: type[EventData],
) -> None:
    body = decode("test.wall.painted", stored(FIRST, 1))

    assert body.data == painted(
        colour="red",
        moment=Occurred("2026-03", "month"),
        sealed=b"\0\1\2",
        shade="dark red",
    )
    assert body.envelope == ENVELOPE


def test_given_an_event_of_the_second_shape_when_it_is_read_then_only_what_is_left_is_done(
    painted: type[EventData],
) -> None:
    body = decode("test.wall.painted", stored(lift(FIRST), 2))

    assert msgspec.structs.asdict(body.data)["shade"] == "dark red"


def test_given_an_event_of_a_newer_shape_when_it_is_read_then_it_is_refused_and_not_guessed(
    painted: type[EventData],
) -> None:
    with pytest.raises(UnknownVersion, match=r"Version 4 of 'test\.wall\.painted'") as raised:
        decode("test.wall.painted", stored(FIRST, 4))

    assert raised.value.code == "unknown_version"


# What is recorded is decoded when it is asked for.


def recorded(topic: str, state: bytes) -> Recorded:
    return Recorded(1, UUID(int=1), 1, topic, state, datetime(2026, 3, 1, tzinfo=UTC))


@pytest.mark.parametrize("data", EXAMPLES, ids=lambda data: data.TOPIC)
def test_given_a_recorded_event_when_asked_then_it_says_what_was_encoded(data: EventData) -> None:
    fact = recorded(data.TOPIC, encode(data, replace(ENVELOPE, v=data.VERSION)))

    assert fact.data == data
    assert fact.envelope == replace(ENVELOPE, v=data.VERSION)


def test_given_a_recorded_event_when_asked_twice_then_it_is_decoded_once() -> None:
    fact = recorded(EXAMPLES[0].TOPIC, encode(EXAMPLES[0], ENVELOPE))

    assert fact.data is fact.data
    assert fact.envelope is fact.envelope


def test_given_an_older_shape_when_a_recorded_event_is_asked_then_it_is_lifted(
    painted: type[EventData],
) -> None:
    fact = recorded(painted.TOPIC, stored(FIRST, 1))

    assert msgspec.structs.asdict(fact.data)["shade"] == "dark red"


def test_given_a_newer_shape_when_only_its_place_is_asked_then_nothing_is_refused(
    painted: type[EventData],
) -> None:
    fact = recorded(painted.TOPIC, stored(FIRST, 4))

    assert fact.position == 1
    with pytest.raises(UnknownVersion, match="Version 4"):
        _ = fact.data


def test_given_topics_when_one_is_known_to_nobody_then_it_is_named() -> None:
    must_know(KNOWN)

    with pytest.raises(UnknownTopic, match=r"'dor\.purchase\.teleported'"):
        must_know(["dor.book.entered", "dor.purchase.teleported"])


def test_a_topic_that_nobody_knows_is_named() -> None:
    with pytest.raises(UnknownTopic, match=r"'dor\.purchase\.teleported'") as raised:
        decode("dor.purchase.teleported", encode(EXAMPLES[2], ENVELOPE))

    assert raised.value.code == "unknown_topic"


def test_an_event_without_a_topic_of_its_own_is_refused_when_it_is_declared() -> None:
    class Nameless(EventData, frozen=True):
        pass

    class Copied(EventData, frozen=True):
        TOPIC = "dor.book.entered"

    for kind in (Nameless, Copied):
        with pytest.raises(TypeError, match="needs a topic of its own"):
            events.event(kind)


def test_no_topic_names_its_version() -> None:
    assert [topic for topic in KNOWN if topic != topic.lower() or topic[-1].isdigit()] == []
