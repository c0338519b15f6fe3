from uuid import uuid4

import msgspec
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from herkomst.domain.calendar import Occurred
from herkomst.domain.events import decode, encode
from herkomst.record.application import Custody, Stamp
from tests.domain.examples import EXAMPLES

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(
    data=st.sampled_from(EXAMPLES),
    actor=TEXT,
    custody=st.builds(Custody, controller=TEXT, ground=TEXT, regime=TEXT, unit=TEXT),
    occurred=st.builds(Occurred, from_=TEXT, to=st.none() | TEXT, zone=TEXT),
    handling=st.sampled_from(["open", "closed"]) | TEXT,
)
def test_given_anything_when_stamped_then_the_bytes_are_what_its_envelope_encodes_to(
    data: object, actor: str, custody: Custody, occurred: Occurred, handling: str
) -> None:
    stream = uuid4().bytes

    stamped = Stamp(actor, custody, occurred, handling).pending(stream, data, 7)  # type: ignore[arg-type]

    body = decode(stamped.topic.decode(), stamped.state)
    assert body.data == data
    assert encode(body.data, body.envelope) == stamped.state
    assert rfc8785.dumps(msgspec.json.decode(stamped.state)) == stamped.state
    assert body.envelope.occurred == occurred
    told = (body.envelope.controller, body.envelope.ground, body.envelope.regime)
    assert (*told, body.envelope.unit) == custody
    assert (body.envelope.actor, body.envelope.handling) == (actor, handling)
    assert (stamped.stream, stamped.version) == (stream, 7)


def test_given_two_events_of_one_stamp_when_stamped_then_no_id_and_no_salt_is_shared() -> None:
    stamp = Stamp("source:till", Custody("dealer:1", "sr:437", "avg", "till"), Occurred("2026"))

    envelopes = [
        decode(p.topic.decode(), p.state).envelope
        for p in (stamp.pending(uuid4().bytes, EXAMPLES[0]) for _ in range(50))
    ]

    assert len({envelope.id for envelope in envelopes}) == 50
    assert len({envelope.salt for envelope in envelopes}) == 50
