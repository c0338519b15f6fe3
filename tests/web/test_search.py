"""The page on which one searches, in a real browser, under the policy that the server sends."""

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.web.conftest import Visit
from tests.web.goods import occurred
from tests.web.site import DOCUMENTS, WEB, Site

PATH = "/search?lang=en"


def good(number: int, description: str, *marks: tuple[int, int], **changes: Any) -> dict[str, Any]:
    return {
        "highlights": [{"field": "description", "start": a, "end": b} for a, b in marks],
        "good": {
            "line": 1,
            "kind": "bicycle",
            "brand": "Gazelle",
            "model": f"Model {number}",
            "description": description,
            "colours": [],
            "identifiers": [{"type": "frame", "value": f"GZ{number}"}],
            "price": {"amount": "80.00", "currency": "EUR"},
            **changes,
        },
        "purchase": {
            "id": f"purchase-{number}",
            "source": "kassa",
            "key": f"key-{number}",
            "registerNumber": number,
            "mode": "bought",
            "acquired": occurred("2026-03-12T15:20:00+01:00"),
        },
    }


def page_of(*nodes: dict[str, Any], after: str | None = None, total: int = 2) -> dict[str, Any]:
    values = [{"value": "bicycle", "count": 2}, {"value": "watch", "count": 1}]
    return {
        "totalCount": total,
        "exact": True,
        "facets": [{"field": "kind", "values": values}],
        "nodes": list(nodes),
        "pageInfo": {"hasNextPage": after is not None, "endCursor": after},
    }


def box(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Words")


def search(page: Page, words: str) -> None:
    box(page).fill(words)
    box(page).press("Enter")


def results(page: Page) -> Locator:
    return page.get_by_role("list", name="Results").get_by_role("listitem")


def test_what_it_asks_are_trusted_documents() -> None:
    written = (WEB / "assets" / "finding.js").read_text("utf-8")

    asked = dict(re.findall(r'(\w+): "(sha256:[0-9a-f]{64})"', written))

    assert asked == {name: DOCUMENTS.named(name).id for name in asked}
    assert len(asked) == 4


def test_what_is_found_is_shown_with_its_marks(visit: Visit, site: Site) -> None:
    # Places are told by characters, of which the first takes two units of UTF-16.
    site.found["fiets", None] = page_of(good(1, "\U0001f6b2 rode fiets", (7, 12)), good(2, "<b>"))
    with visit(PATH) as page:
        search(page, "fiets")

        expect(page.get_by_role("status")).to_have_text("2 results")
        expect(results(page)).to_have_count(2)
        expect(results(page).first.locator("mark")).to_have_text("fiets")
        expect(results(page).first).to_contain_text("Gazelle Model 1")
        expect(results(page).nth(1)).to_contain_text("<b>")  # Text is only ever text.
        assert site.operations[-1][0]["herkomst-purpose"] == "duty:front_desk"


def test_completions_open_under_the_box_and_are_taken_by_keys(visit: Visit, site: Site) -> None:
    site.completions = [{"text": "Gazelle", "count": 12}, {"text": "Gazelle Orange", "count": 3}]
    site.found["Gazelle Orange", None] = page_of(good(1, "fiets"))
    with visit(PATH) as page:
        box(page).press_sequentially("gaz")

        listed = page.get_by_role("listbox", name="Completions").get_by_role("option")
        expect(listed).to_have_count(2)
        expect(box(page)).to_have_attribute("aria-expanded", "true")
        box(page).press("ArrowDown")
        box(page).press("ArrowDown")
        expect(listed.nth(1)).to_have_attribute("aria-selected", "true")
        expect(box(page)).to_have_attribute("aria-activedescendant", "typed-1")
        box(page).press("Enter")

        expect(box(page)).to_have_value("Gazelle Orange")
        expect(box(page)).to_have_attribute("aria-expanded", "false")
        expect(results(page)).to_have_count(1)


def test_only_the_last_text_is_completed_and_escape_closes(visit: Visit, site: Site) -> None:
    site.completions = [{"text": "Gazelle", "count": 12}]
    with visit(PATH) as page:
        box(page).fill("gaz")
        option = page.get_by_role("listbox", name="Completions").get_by_role("option")
        expect(option).to_have_count(1)
        box(page).press("Escape")
        expect(option).to_have_count(0)
        box(page).fill("xyz")
        expect(option).to_have_count(0)
        box(page).fill("gaze")
        expect(option).to_have_count(1)
        option.click()
        expect(box(page)).to_have_value("Gazelle")


def test_a_value_that_is_chosen_narrows_and_lets_go_again(visit: Visit, site: Site) -> None:
    site.found["fiets", None] = page_of(good(1, "fiets"))
    with visit(PATH) as page:
        search(page, "fiets")
        kinds = page.get_by_role("group", name="Kind")
        chosen = kinds.get_by_role("button", name="watch 1")
        chosen.click()
        expect(chosen).to_have_attribute("aria-pressed", "true")
        assert site.searched[-1]["kind"] == ["watch"]
        chosen.click()
        expect(chosen).to_have_attribute("aria-pressed", "false")
        assert site.searched[-1]["kind"] is None


def test_the_next_page_and_another_order(visit: Visit, site: Site) -> None:
    site.found["fiets", None] = page_of(good(1, "fiets"), after="behind")
    site.found["fiets", "behind"] = page_of(good(2, "fiets"))
    with visit(PATH) as page:
        search(page, "fiets")
        page.get_by_role("button", name="More results").click()
        expect(results(page)).to_have_count(2)
        expect(results(page).nth(1)).to_be_focused()
        expect(page.locator("#more")).to_be_hidden()
        page.get_by_label("Order").select_option("oldest")
        expect(results(page)).to_have_count(1)
        assert site.searched[-1]["order"] == "oldest"


def test_where_nothing_is_found_it_says_what_to_try(visit: Visit, site: Site) -> None:
    with visit(PATH) as page:
        search(page, "nergens")

        expect(page.get_by_role("status")).to_contain_text("Nothing found.")
        expect(page.get_by_role("status")).to_contain_text("~")


def test_what_is_refused_is_told_in_words(visit: Visit, site: Site) -> None:
    site.found["f*", None] = {
        "pageInfo": {"hasNextPage": False},
        "exact": False,
        "refused": {
            "__typename": "InvalidPage",
            "code": "pattern_too_short",
            "message": "The pattern 'f*' has 1 letters and digits.",
            "cure": "Give it at least 2.",
        },
    }
    with visit(PATH) as page:
        search(page, "f*")

        expect(page.get_by_role("status")).to_contain_text("Give it at least 2.")


def test_it_speaks_dutch(visit: Visit, site: Site) -> None:
    site.found["fiets", None] = page_of(good(1, "fiets"))
    with visit("/search?lang=nl") as page:
        page.get_by_role("combobox", name="Zoekwoorden").fill("fiets")
        page.get_by_role("button", name="Zoek", exact=True).click()

        expect(page.get_by_role("status")).to_have_text("2 resultaten")
        expect(page.get_by_role("group", name="Soort")).to_contain_text("fiets")
