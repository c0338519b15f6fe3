"""The small modules behind the page, each by what it gives back."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from herkomst.domain.municipalities import MUNICIPALITIES
from tests.web.goods import Card, occurred
from tests.web.site import Site

DIFFERENCE = """async ([left, right, significant]) => {
    const { difference } = await import("/assets/difference.js");
    const found = difference(left, right, significant ?? undefined);
    const marks = { differs: "#", written: "~" };
    const around = ({ text, mark }) => (mark ? marks[mark] + text + marks[mark] : text);
    const [one, other] = [found.left, found.right].map((runs) => runs.map(around).join(""));
    return [one, other, found.changes.length];
}"""
GAP = """async ([acquired, stolen, tag]) => {
    const { speak } = await import("/assets/words.js");
    const { gap } = await import("/assets/times.js");
    await speak(tag);
    return gap(acquired, stolen);
}"""
EVENTS = """async (text) => {
    const { events } = await import("/assets/stream.js");
    const results = new Set();
    for (let cut = 0; cut <= text.length; cut++) {
        const found = [];
        const pieces = (async function* () { yield text.slice(0, cut); yield text.slice(cut); })();
        for await (const event of events(pieces)) found.push(event);
        results.add(JSON.stringify(found));
    }
    return [...results].map((one) => JSON.parse(one));
}"""
INSIDE = """async (places) => {
    const { netherlands } = await import("/assets/map.js");
    const map = await netherlands();
    document.body.append(map.svg);
    const outside = places.filter((place) => {
        map.show(place, null);
        const area = map.svg.querySelector(".area");
        const spot = map.svg.querySelector(".spot");
        const at = new DOMPoint(spot.cx.baseVal.value, spot.cy.baseVal.value);
        return !area.isPointInFill(at);
    });
    return outside.map(({ name }) => name);
}"""


@pytest.fixture(scope="module")
def module(browser: Browser) -> Iterator[Page]:
    """A page from which modules can be imported."""
    with Site() as site:
        page = browser.new_page()
        page.goto(f"{site.url}/?lang=en")
        yield page
        page.close()


@pytest.mark.parametrize(
    ("left", "right", "significant", "told"),
    [
        ("ABC123", "ABC123", None, ["ABC123", "ABC123", 0]),
        ("AB-12", "AB-13", None, ["AB-1#2#", "AB-1#3#", 1]),
        ("WBK-1234", "wbk1234", None, ["~WBK-~1234", "~wbk~1234", 0]),
        ("F2LZK8B1", "F2LZKBB1", None, ["F2LZK#8#B1", "F2LZK#B#B1", 1]),
        ("12345", "2345", None, ["#1#2345", "2345", 1]),
        ("1234", "12 34 5", None, ["1234", "12~ ~34~ ~#5#", 1]),
        ("O0I1", "0OI1", None, ["#O0#I1", "#0O#I1", 2]),
        ("35-2099-1", "352099", 6, ["35~-~2099~-1~", "352099", 0]),
        ("", "A", None, ["", "#A#", 1]),
        ("Ë1", "ë1", None, ["~Ë~1", "~ë~1", 0]),
    ],
)
def test_characters_that_differ_are_told_from_those_written_differently(
    module: Page, left: str, right: str, significant: int | None, told: list[str | int]
) -> None:
    assert module.evaluate(DIFFERENCE, [left, right, significant]) == told


@pytest.mark.parametrize(
    ("acquired", "stolen", "english", "dutch"),
    [
        (
            occurred("2026-03-12T15:20:00+01:00"),
            occurred("2026-03-12T13:10:00+01:00"),
            "2 hours after the theft",
            "2 uur na de diefstal",
        ),
        (
            occurred("2026-03-12T15:20:00+01:00"),
            occurred("2026-03-12T15:00:00+01:00"),
            "19–21 minutes after the theft",
            "19-21 minuten na de diefstal",
        ),
        (
            occurred("2026-03-12", precision="day"),
            occurred("2026-03-11", precision="day"),
            "within 2 days after the theft",
            "binnen 2 dagen na de diefstal",
        ),
        (
            occurred("2026-03-30", precision="day"),  # The night of the 29th had 23 hours.
            occurred("2026-03-27T00:00:00+01:00", precision="second"),
            "3–4 days after the theft",
            "3-4 dagen na de diefstal",
        ),
        (
            occurred("2027-03", precision="month"),
            occurred("2026-03", precision="month"),
            "11–13 months after the theft",
            "11-13 maanden na de diefstal",
        ),
        (
            occurred("2026-03-12T15:20:00+01:00"),
            occurred("2026-03-10", "2026-03-14", precision="day"),
            "time unclear",
            "tijd onduidelijk",
        ),
        (
            occurred("2026-03-12T15:20:00+01:00"),
            occurred("2026-03-15", precision="day"),
            "2 days before the theft",
            "2 dagen vóór de diefstal",
        ),
        (occurred("2026-03-12", precision="day"), None, "time not known", "tijd niet bekend"),
        (
            {"from": "2017-12-08", "to": None, "zone": "America/Toronto", "precision": "day"},
            occurred("2017-12-08T04:30:00Z"),
            "within 25 hours after the theft",
            "binnen 25 uur na de diefstal",
        ),
    ],
)
def test_the_time_between_theft_and_purchase_is_told_in_words(
    module: Page, acquired: Card, stolen: Card | None, english: str, dutch: str
) -> None:
    assert module.evaluate(GAP, [acquired, stolen, "en"]) == english
    assert module.evaluate(GAP, [acquired, stolen, "nl"]) == dutch


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_events_are_read_alike_wherever_the_stream_was_cut(module: Page, end: str) -> None:
    lines = [
        ": a sign of life",
        "event: hit",
        "id: 12",
        'data: {"a":',
        "data:1}",
        "",
        "retry: 5",
        "",
        "data",
        "",
        "event: hit",
        "data: never finished",
    ]
    assert module.evaluate(EVENTS, end.join(lines)) == [
        [
            {"event": "hit", "id": "12", "data": '{"a":\n1}'},
            {"event": "message", "id": "", "data": ""},
        ]
    ]


def test_every_municipality_has_its_dot_within_its_borders(module: Page) -> None:
    places = [
        {"code": one.code, "name": one.name, "lat": one.lat, "lon": one.lon}
        for one in MUNICIPALITIES.values()
    ]
    assert module.evaluate(INSIDE, places) == []
