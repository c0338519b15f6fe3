"""A tiny universe of goods, in which numbers and brands collide all the time."""

from hypothesis import strategies as st

from herkomst.domain.register.records import PurchaseCorrection, PurchaseRecord, StolenItemRecord
from tests.archives import a_moment
from tests.processes.scenes import (
    AFTER,
    BEFORE,
    WITHIN,
    Number,
    bought,
    correction,
    item_change,
    line,
    stolen,
)

LATER = a_moment("2026-03-12T10:00:00+01:00")

NUMBERS: tuple[Number, ...] = (
    ("frame", "GZ4711001"),
    ("frame", "GZ4711001"),
    ("frame", "GZ4711002"),
    ("serial", "gz-4711.002"),
    ("plate", "XX-123-Y"),
    ("imei", "352099001761481"),
    ("serial", "onbekend"),
    ("serial", "GZ47I1OO2"),
    ("serial", "352099001716481"),
    ("imei", "3520990O1761481"),
    *(("serial", f"GZK7TX4M9A47{last}") for last in ("11001", "11021", "12001", "O2O21")),
    ("serial", "GZK7TX4W9A4711001"),
    ("serial", "A4711001"),
    ("serial", "TX4M9A4711001"),
)
DESCRIPTIONS = (None, None, None, "met doos, IMEI 352099001761481", "kenteken XX-123-Y, met krat")
numbers = st.lists(st.sampled_from(NUMBERS), max_size=2, unique=True)
goods = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["bicycle", "bicycle", "bicycle", "phone"]),
        "brand": st.sampled_from(["Gazelle", "Gazelle", "GAZELLE", None, "Batavus"]),
        "model": st.sampled_from(["Orange C8", "Orange C8", None]),
        "description": st.sampled_from(DESCRIPTIONS),
    }
)
lines = st.lists(st.tuples(numbers, goods), min_size=1, max_size=2).map(
    lambda told: [line(*n, line=at, **good) for at, (n, good) in enumerate(told, 1)]
)
moments = st.sampled_from([AFTER, AFTER, AFTER, BEFORE, WITHIN, LATER])
keys = st.integers(1, 6)
statuses = st.sampled_from(
    [
        {"status": "reported"},
        {"status": "reported"},
        {"status": "reported", "offence": "found"},
        {"status": "withdrawn", "withdrawn_reason": "mistaken"},
        {"status": "recovered", "recovered_at": "2026-03-10"},
        {"status": "recovered", "recovered_at": "2026-03-02"},
        {"status": "recovered"},
    ]
)
codes = st.sampled_from(["open", "open", "consent", "closed"])
thefts = st.sampled_from([{}, {}, {"stolen": a_moment("2026-02-20")}])
branches = st.sampled_from([None, "oost"])
modes = st.sampled_from(["bought", "offer_refused"])


@st.composite
def purchases(draw: st.DrawFn) -> PurchaseRecord:
    return bought(
        f"p{draw(keys)}",
        at=draw(moments),
        lines=draw(lines),
        mode=draw(modes),
        branch=draw(branches),
    )


@st.composite
def reports(draw: st.DrawFn) -> StolenItemRecord:
    record: StolenItemRecord = stolen(
        f"s{draw(keys)}",
        *draw(numbers),
        good=draw(goods),
        handling=draw(codes),
        **draw(statuses),
        **draw(thefts),
    )
    return record


@st.composite
def corrections(draw: st.DrawFn) -> PurchaseCorrection:
    items = item_change(*draw(numbers), **draw(goods))
    return correction(f"p{draw(keys)}", f"c{draw(st.integers(0, 20))}", items=items)


records = st.one_of(purchases(), reports(), reports(), corrections())
