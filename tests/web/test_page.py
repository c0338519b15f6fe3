"""The page of hits, in a real browser, under the policy that the server sends."""

import re

import pytest
from graphql import OperationDefinitionNode
from playwright.sync_api import Locator, Page, Response, expect

from herkomst.graphql.limits import COST, price, read
from tests.web.conftest import Visit
from tests.web.goods import (
    MAASTRICHT,
    card,
    hit_id,
    occurred,
    purchase,
    reason,
    stolen,
    telling,
    withheld,
)
from tests.web.site import DOCUMENTS, SCHEMA, WEB, Site

STATE = "data-state"


def hits(page: Page) -> Locator:
    return page.locator("#hits a")


def revisions(page: Page) -> list[str]:
    """The last digits of the ids in the list, from top to bottom."""
    ids = hits(page).evaluate_all("links => links.map((link) => link.dataset.hit)")
    return [one.split("-")[-1].lstrip("0") for one in ids]


def row(page: Page, name: str) -> list[str]:
    """What a row of the comparison says, without what is said to a screen reader alone."""
    cells = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name, exact=True))
    expect(cells).to_have_count(1)
    said: list[str] = cells.locator("td").evaluate_all(
        """cells => cells.map((cell) => {
            const copy = cell.cloneNode(true);
            for (const hidden of copy.querySelectorAll(".hidden")) hidden.remove();
            return copy.textContent;
        })"""
    )
    return said


def test_hits_that_were_found_and_those_that_come_stand_newest_first(
    visit: Visit, site: Site
) -> None:
    site.send(card(1), card(2))
    with visit() as page:
        page.clock.install()
        expect(hits(page)).to_have_count(2)
        expect(page.locator("#connection")).to_have_attribute(STATE, "live")
        site.send(telling(3))
        expect(hits(page)).to_have_count(3)
        assert revisions(page) == ["3", "2", "1"]
        expect(hits(page).first).to_contain_text("Apple iPhone 13")
        expect(hits(page).first).to_contain_text("hit")
        page.clock.fast_forward(10_000)
        expect(page.locator("#news")).to_have_text("1 new hit")


def test_every_request_says_who_asks_for_what_and_on_which_ground(visit: Visit, site: Site) -> None:
    site.send(card(1))
    with visit() as page:
        expect(page.locator("#connection")).to_have_attribute(STATE, "live")
        for headers in (site.streams[0], site.operations[0][0]):
            assert headers["authorization"] == "Bearer token-of-district_detective"
            assert headers["herkomst-purpose"] == "duty:front_desk"
            assert headers["herkomst-ground"] == "wpg:8"


def test_what_it_asks_are_trusted_documents() -> None:
    written = (WEB / "assets" / "questions.js").read_text("utf-8")

    asked = dict(re.findall(r'(\w+): "(sha256:[0-9a-f]{64})"', written))

    assert asked == {name: DOCUMENTS.named(name).id for name in asked}
    assert asked


def is_stream(response: Response) -> bool:
    return "text/event-stream" in response.request.headers.get("accept", "")


def test_a_page_of_hits_is_a_question_that_the_api_affords(visit: Visit, site: Site) -> None:
    with visit() as page:
        expect(page.locator("#connection")).to_have_attribute(STATE, "live")
        asked = site.operations[0][1]
        document = read(asked["query"])
        operation = document.definitions[0]
        assert isinstance(operation, OperationDefinitionNode)
        assert price(SCHEMA, document, operation, asked["variables"]) <= COST


def test_the_stream_is_taken_up_where_it_broke(visit: Visit, site: Site) -> None:
    site.send(card(1), card(2))
    with visit() as page:
        expect(page.locator("#connection")).to_have_attribute(STATE, "live")
        site.break_streams()
        site.send(card(7))
        expect(hits(page)).to_have_count(3)
        expect(page.locator("#connection")).to_have_attribute(STATE, "live")
        site.break_streams()
        site.send(card(8))
        expect(hits(page)).to_have_count(4)
        assert site.asked_after == [2, 2, 7]


def test_a_hit_that_changes_moves_up_and_keeps_its_place_in_the_eye(
    visit: Visit, site: Site
) -> None:
    site.send(card(1), card(2))
    with visit() as page:
        hits(page).nth(1).click()
        site.send(card(3, hit=hit_id(1), state="rejected", why="other_good"))
        expect(page.locator("#detail .tags")).to_contain_text("rejected")
        assert revisions(page) == ["1", "2"]
        assert page.evaluate("document.activeElement.dataset.hit") == hit_id(1)


def test_older_hits_come_by_the_page(visit: Visit, site: Site) -> None:
    site.send(*(card(revision) for revision in range(1, 61)))
    with visit() as page:
        expect(hits(page)).to_have_count(50)
        more = page.get_by_role("button", name="Older hits")
        more.click()
        expect(hits(page)).to_have_count(60)
        expect(more).to_be_hidden()
        assert page.evaluate("document.activeElement.dataset.hit") == hit_id(10)


def test_the_list_can_be_held_still_while_hits_come(visit: Visit, site: Site) -> None:
    site.send(card(1))
    with visit() as page:
        expect(hits(page)).to_have_count(1)
        page.get_by_role("button", name="Pause").click()
        site.send(card(2), card(3))
        resume = page.get_by_role("button", name="Resume (2)")
        expect(resume).to_be_visible()
        expect(hits(page)).to_have_count(1)
        resume.click()
        expect(hits(page)).to_have_count(3)


def test_both_goods_stand_side_by_side_with_what_differs_marked(visit: Visit, site: Site) -> None:
    site.send(telling(1))
    with visit() as page:
        hits(page).first.click()
        table = page.get_by_role("table")
        expect(table).to_be_visible()
        assert table.get_by_role("columnheader").all_inner_texts()[1:] == [
            "Bought in",
            "Reported stolen",
            "Compared",
        ]
        assert row(page, "Serial number") == [
            "F2LZK8B1N7",
            "F2LZKBB1N7",
            "1 character differs: place 6: 8 against B",
        ]
        assert row(page, "IMEI")[2] == "equal, written differently"
        assert row(page, "Model") == ["iPhone 13", "iPhone 14", "differs"]
        marked = table.locator("tr", has_text="Serial").locator("mark")
        assert marked.all_text_contents() == [
            "differs: 8 end of difference ",
            "differs: B end of difference ",
        ]


def test_a_hit_says_why_what_speaks_against_it_and_that_it_is_no_proof(
    visit: Visit, site: Site
) -> None:
    site.send(telling(1))
    with visit() as page:
        hits(page).first.click()
        detail = page.locator("#detail")
        expect(detail).to_contain_text("A lead, never proof: a person decides.")
        agrees, against, marks = detail.locator(".grounds section").all()
        expect(agrees.locator("li")).to_have_text("The IMEI agrees. 35209900176148")
        expect(against.locator("li")).to_have_text(
            ["The model differs. iPhone 13iPhone 14", re.compile("may also have been before")]
        )
        expect(marks.locator("li")).to_have_text("Entered later than the register asks.")
        expect(detail.locator(".gap")).to_have_text("Bought 3 days after the theft.")


def test_the_grade_is_explained(visit: Visit, site: Site) -> None:
    site.send(card(1))
    with visit() as page:
        hits(page).first.click()
        expect(page.locator(".verdict")).to_contain_text("Full hit: number, brand and model agree.")
        expect(page.locator("#detail")).to_contain_text("Nothing in these data speaks against it.")


def test_what_is_withheld_is_neither_shown_nor_made_up(visit: Visit, site: Site) -> None:
    site.send(withheld(1))
    with visit() as page:
        hits(page).first.click()
        detail = page.locator("#detail")
        expect(detail.locator(".notice")).to_have_text(
            "The report of the theft is not shown to you: its source must consent first. "
            "Questions: politie."
        )
        expect(detail).to_contain_text("How strong this hit is, is not shown to you.")
        expect(detail).not_to_contain_text("Nothing in these data speaks against it.")
        expect(detail.locator(".map .theft")).to_have_count(0)
        expect(detail.locator("figcaption")).to_contain_text("Shop: Almelo. Theft: not shown.")
        for name in ("Kind", "Frame number", "When", "Where", "Entry"):
            assert row(page, name)[1:] == ["not shown", ""], name


def test_what_a_register_holds_is_text_and_never_markup(visit: Visit, site: Site) -> None:
    bait = "<img src=x onerror=alert(1)><b>bold</b>"
    site.send(
        card(
            1,
            purchase=purchase(brand=bait, model=bait, establishment=bait, key=bait),
            stolen=stolen(brand=bait, identifiers=[{"type": "frame", "value": bait}]),
            reasons=[reason(bait, bait, bait)],
        )
    )
    with visit() as page:
        hits(page).first.click()
        expect(page.get_by_role("heading", level=2, name=bait)).to_be_visible()
        assert page.locator("#detail img, #detail b, #hits img").count() == 0


def test_prices_are_written_as_the_language_does(visit: Visit, site: Site) -> None:
    site.send(card(1, purchase=purchase(price={"amount": "1234567.50", "currency": "EUR"})))
    with visit() as page:
        hits(page).first.click()
        assert row(page, "How")[0].startswith("bought, €1,234,567.50")
        page.get_by_role("link", name="Nederlands").click()
        assert row(page, "Hoe")[0].startswith("ingekocht, €\xa01.234.567,50")


def test_times_are_those_of_amsterdam_and_days_stay_days(visit: Visit, site: Site) -> None:
    summer = purchase(acquired=occurred("2026-07-01T13:20:00Z"))
    day = stolen(stolen=occurred("2026-06-28", precision="day"))
    site.send(card(1, purchase=summer, stolen=day))
    with visit() as page:
        hits(page).first.click()
        assert row(page, "When") == ["1 Jul 2026, 15:20", "28 Jun 2026", "3–4 days after the theft"]
        expect(page.locator("#detail .tags")).to_contain_text("20 Nov 2026, 12:04")


def test_filters_narrow_the_list_and_stay_in_the_address(visit: Visit, site: Site) -> None:
    site.send(
        card(1), telling(2), card(3, time="unclear"), card(4, found_at="2026-11-01T09:00:00Z")
    )
    with visit() as page:
        page.clock.set_fixed_time("2026-11-20T20:00:00Z")
        expect(hits(page)).to_have_count(4)
        page.get_by_label("Grade").select_option("full hit")
        page.get_by_label("Bought").select_option("after the theft")
        assert revisions(page) == ["4", "1"]
        page.get_by_label("Found").select_option("last 7 days")
        assert revisions(page) == ["1"]
        assert page.url.endswith("?lang=en#grade=full_hit&time=after&since=7")
        page.reload()
        expect(hits(page)).to_have_count(1)
        expect(page.get_by_label("Grade")).to_have_value("full_hit")
        page.get_by_label("Bought").select_option("time unclear")
        page.get_by_label("Grade").select_option("hit")
        expect(page.locator("#note")).to_have_text("No hit matches these filters.")


def test_an_address_leads_to_its_hit_and_back_goes_to_the_one_before(
    visit: Visit, site: Site
) -> None:
    site.send(card(1), telling(2))
    with visit(f"/?lang=en#hit={hit_id(1)}") as page:
        name = page.locator("#detail-name")
        expect(name).to_have_text("Gazelle Ultimate C380")
        hits(page).first.click()
        expect(name).to_have_text("Apple iPhone 13")
        page.go_back()
        expect(name).to_have_text("Gazelle Ultimate C380")


def test_the_language_changes_in_place_and_stays_in_the_address(visit: Visit, site: Site) -> None:
    site.send(telling(1))
    with visit() as page:
        hits(page).first.click()
        page.get_by_role("link", name="Nederlands").click()
        expect(page.locator("#detail .gap")).to_have_text("Ingekocht 3 dagen na de diefstal.")
        expect(page.locator("html")).to_have_attribute("lang", "nl")
        expect(page.get_by_role("columnheader", name="Gestolen gemeld")).to_be_visible()
        expect(page.get_by_role("link", name="Zelf bevragen")).to_have_attribute(
            "href", re.compile(r"/explorer\?lang=nl$")
        )
        assert page.url.endswith(f"?lang=nl#hit={hit_id(1)}")
        assert len(site.streams) == 1
        page.reload()
        expect(page.locator("#detail .gap")).to_have_text("Ingekocht 3 dagen na de diefstal.")


def test_the_list_is_walked_with_the_keyboard(visit: Visit, site: Site) -> None:
    site.send(card(1), telling(2), card(3))
    with visit() as page:
        expect(hits(page)).to_have_count(3)
        page.get_by_label("Found").focus()
        page.keyboard.press("Tab")
        for key, focused in (
            ("j", 2),
            ("ArrowDown", 1),
            ("ArrowDown", 1),
            ("k", 2),
            ("End", 1),
            ("Home", 3),
            ("ArrowUp", 3),
            ("j", 2),
        ):
            page.keyboard.press(key)
            assert page.evaluate("document.activeElement.dataset.hit") == hit_id(focused), key
        expect(page.locator("#detail-name")).to_have_text("Apple iPhone 13")
        page.keyboard.press("Enter")
        expect(page.locator("#detail-name")).to_be_focused()
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.dataset.hit") == hit_id(2)


def test_the_shop_is_a_dot_and_the_theft_a_ring_in_their_municipalities(
    visit: Visit, site: Site
) -> None:
    site.send(card(1))
    with visit() as page:
        hits(page).first.click()
        picture = page.get_by_role("img", name="Shop: Almelo. Theft: Maastricht.")
        expect(picture).to_have_accessible_name(re.compile("About 180 km as the crow flies"))
        for kind in ("shop", "theft"):
            assert picture.evaluate(
                """(svg, kind) => {
                    const spot = svg.querySelector(`.spot.${kind}`);
                    const at = new DOMPoint(spot.cx.baseVal.value, spot.cy.baseVal.value);
                    return svg.querySelector(`.area.${kind}`).isPointInFill(at);
                }""",
                kind,
            )
        expect(picture.locator(".route")).to_have_count(1)


def test_a_theft_in_the_shop_s_own_municipality_needs_no_line(visit: Visit, site: Site) -> None:
    site.send(card(1, purchase=purchase(municipality=MAASTRICHT)))
    with visit() as page:
        hits(page).first.click()
        expect(page.locator(".map")).to_have_attribute(
            "aria-label", re.compile("In the same municipality")
        )
        expect(page.locator(".map .spot")).to_have_count(2)
        expect(page.locator(".map .route")).to_have_count(0)


def test_without_a_place_the_map_says_so(visit: Visit, site: Site) -> None:
    site.send(card(1, purchase=purchase(municipality=None), stolen=stolen(municipality=None)))
    with visit() as page:
        hits(page).first.click()
        expect(page.locator("figcaption")).to_contain_text(
            "Shop: place not known. Theft: place not known."
        )
        expect(page.locator(".map .spot")).to_have_count(0)


def test_development_login_is_named_and_can_be_changed_and_left(visit: Visit, site: Site) -> None:
    site.send(card(1))
    with visit() as page:
        bar = page.locator("#session")
        expect(bar).to_contain_text("Development login: anyone can choose any role here.")
        expect(bar).to_contain_text("Every read is recorded.")
        bar.get_by_role("button", name="Change").click()
        expect(bar.get_by_label("Role")).to_be_focused()
        bar.get_by_label("Role").select_option("team leader")
        bar.get_by_label("Purpose").fill("case:2026-0312")
        bar.get_by_label("Ground").fill("wpg:9")
        with page.expect_response(is_stream):  # It opens after the newest page was read.
            bar.get_by_role("button", name="Log in").click()
        expect(bar.locator(".work")).to_contain_text("case:2026-0312")
        expect(hits(page)).to_have_count(1)
        assert site.streams[-1]["authorization"] == "Bearer token-of-team_leader"
        assert site.streams[-1]["herkomst-purpose"] == "case:2026-0312"
        bar.get_by_role("button", name="Log out").click()
        expect(hits(page)).to_have_count(0)
        expect(page.locator("#note")).to_have_text("Log in to see hits.")
        expect(bar.get_by_label("Purpose")).to_have_value("case:2026-0312")


def test_without_development_login_the_page_says_how_to_log_in(visit: Visit, site: Site) -> None:
    site.dev_login = False
    with visit(login=False) as page:
        expect(page.locator("#session")).to_contain_text("no identity provider")
        assert page.locator("form.login").count() == 0
        assert site.streams == []


def test_who_logged_in_elsewhere_chooses_under_what_he_works(visit: Visit, site: Site) -> None:
    site.dev_login, site.login = False, "/session/login"
    with visit(login=False) as page:
        bar = page.locator("#session")
        way = bar.get_by_role("link", name="Log in with your organisation")
        expect(way).to_have_attribute("href", "/session/login?return_to=%2F%3Flang%3Den")
        assert page.locator("form.login").count() == 0

        held = [
            {"role": "district_detective", "unit": "amsterdam"},
            {"role": "hic_team", "unit": "utrecht"},
        ]
        site.who = {"subject": "c0ffee", "authorisations": held}
        page.reload()
        bar.get_by_label("Authorisation").select_option("hic_team@utrecht")
        bar.get_by_role("button", name="Begin").click()
        expect(page.locator("#connection")).to_have_attribute(STATE, "live")
        assert site.streams[-1]["herkomst-role"] == "hic_team@utrecht"
        assert "authorization" not in site.streams[-1]

        bar.get_by_role("button", name="Log out").click()
        expect(way).to_be_visible()
        expect(page.locator("#note")).to_have_text("Log in to see hits.")


def test_who_is_authorised_for_nothing_is_told_by_which_name_to_ask(
    visit: Visit, site: Site
) -> None:
    site.dev_login, site.login = False, "/session/login"
    site.who = {"subject": "c0ffee", "authorisations": []}
    with visit(login=False) as page:
        expect(page.locator("#session")).to_contain_text("You are c0ffee, and no authorisation")
        assert page.locator("form.login").count() == 0


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [
        (403, "forbidden", "not permitted. Not with this ground. Name another."),
        (400, "refused", "refused. Not with this ground. Name another."),
    ],
)
def test_what_is_refused_is_told_and_not_tried_again(
    visit: Visit, site: Site, status: int, state: str, words: str
) -> None:
    site.refusal = (status, "Not with this ground.", "Name another.")
    with visit(tolerated=f"status of {status}") as page:
        expect(page.locator("#connection")).to_have_attribute(STATE, state)
        expect(page.locator("#connection")).to_have_text(words)


def test_a_role_that_may_not_read_hits_is_told_so(visit: Visit, site: Site) -> None:
    site.forbidden = True
    with visit() as page:
        expect(page.locator("#connection")).to_have_attribute(STATE, "forbidden")
        expect(page.locator("#connection")).to_contain_text("Not with this purpose.")


def test_a_login_that_ended_asks_for_another(visit: Visit, site: Site) -> None:
    with visit(tolerated="status of 401") as page:
        expect(page.locator("#connection")).to_have_attribute(STATE, "live")
        site.refusal = (401, "The token has ended.", "")
        site.break_streams()
        expect(page.locator("#session [role=alert]")).to_contain_text("The login has expired")
        site.refusal = None
        page.get_by_role("button", name="Log in").click()
        expect(page.locator("#connection")).to_have_attribute(STATE, "live")


def test_a_server_that_is_not_ready_is_tried_again(visit: Visit, site: Site) -> None:
    site.refusal = (503, "The read model is being rebuilt.", "")
    with visit(tolerated="status of 503") as page:
        connection = page.locator("#connection")
        expect(connection).to_have_attribute(STATE, "unavailable")
        expect(connection).to_contain_text("The read model is being rebuilt.")
        site.refusal = None
        site.send(card(1))
        expect(connection).to_have_attribute(STATE, "live")
        expect(hits(page)).to_have_count(1)
