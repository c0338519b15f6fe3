"""What people with other eyes, hands and screens need; checked in both themes and languages."""

import re
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from tests.web.conftest import Visit
from tests.web.goods import card, hit_id, telling, withheld
from tests.web.site import Site

CONTRAST = """() => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const seen = new Map();
    const painted = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const rgba = (colour) => {
        if (!seen.has(colour)) seen.set(colour, painted(colour));
        return seen.get(colour);
    };
    const luminance = ([r, g, b]) => {
        const [x, y, z] = [r, g, b].map((value) => {
            const share = value / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const behind = (node) => {
        for (let at = node; at; at = at.parentElement) {
            const colour = rgba(getComputedStyle(at).backgroundColor);
            if (colour[3] === 255) return colour;
        }
        return [255, 255, 255, 255];
    };
    const faint = [];
    for (const node of document.querySelectorAll("body *")) {
        const words = [...node.childNodes].filter((child) => child.nodeType === Node.TEXT_NODE);
        const text = words.map((child) => child.data).join("").trim();
        if (!text || node.closest(".hidden, option, noscript") || !node.checkVisibility()) continue;
        const style = getComputedStyle(node);
        const colour = node instanceof SVGElement ? style.fill : style.color;
        const [light, dark] = [rgba(colour), behind(node)].map(luminance).sort((a, b) => b - a);
        const ratio = (light + 0.05) / (dark + 0.05);
        if (ratio < 4.5) faint.push(`${text}: ${ratio.toFixed(2)}`);
    }
    return faint;
}"""
EDGES = """() => {
    const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);
    const luminance = (hex) => {
        const [r, g, b] = hex.trim().match(/[0-9a-f]{2}/gi).map((pair) => {
            const share = parseInt(pair, 16) / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const pairs = [
        ["--edge", "--paper"], ["--edge", "--ground"], ["--accent", "--paper"],
        ["--shop", "--land"], ["--theft", "--land"], ["--shop", "--paper"], ["--theft", "--paper"],
    ];
    return pairs.filter(([one, other]) => {
        const [light, dark] = [one, other].map(colour).map(luminance).sort((a, b) => b - a);
        return (light + 0.05) / (dark + 0.05) < 3;
    });
}"""
NAMELESS = """() => [...document.querySelectorAll("input, select, button, a, svg[role=img]")]
    .filter((node) => node.checkVisibility())
    .filter((node) => {
        const labels = [...(node.labels ?? [])].map((label) => label.textContent).join("");
        return !(labels + (node.ariaLabel ?? "") + node.textContent).trim();
    })
    .map((node) => node.outerHTML)"""
OUTLINE = """() => [...document.querySelectorAll("h1, h2, h3, h4")].map((node) => node.tagName)"""
TWICE = """() => {
    const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
    return ids.filter((id, index) => ids.indexOf(id) !== index);
}"""
WIDTH = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
STATES = ("login", "list", "detail", "withheld")
"""In the order in which a visit goes through them."""
SCREENS = ((320, 640), (640, 360), (896, 500))
"""The second is 1280 by 720 at 200 %."""


@pytest.fixture
def filled(site: Site) -> Site:
    site.send(card(1), withheld(2), card(3, state="closed", why="withdrawn"), telling(4))
    return site


def reach(page: Page, state: str) -> None:
    """Brings the page into a state that looks different."""
    if page.locator(".work").count() == 0:
        page.locator(".login").wait_for()
    if state != "login" and page.locator(".work").count() == 0:
        page.locator(".login button[type=submit]").click()
        expect(page.locator("#hits a")).to_have_count(4)
    if state in ("detail", "withheld"):
        page.locator(f"#hits a[data-hit='{hit_id(4 if state == 'detail' else 2)}']").click()
        expect(page.get_by_role("table")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(visit: Visit, filled: Site, scheme: str) -> None:
    with visit(login=False, color_scheme=scheme) as page:
        assert page.evaluate(EDGES) == []
        assert page.evaluate(CONTRAST) == []
        reach(page, "detail")
        page.get_by_role("button", name="Change").click()
        page.get_by_role("button", name="Pause").click()
        page.locator("#hits a").nth(1).hover()
        assert page.evaluate(CONTRAST) == []


def test_controls_have_names_headings_an_order_and_ids_are_single(
    visit: Visit, filled: Site
) -> None:
    with visit(login=False) as page:
        for state in STATES:
            reach(page, state)
            assert page.evaluate(NAMELESS) == [], state
            assert page.evaluate(TWICE) == [], state
            levels = [int(tag[1]) for tag in page.evaluate(OUTLINE)]
            assert levels[0] == 1, state
            assert levels.count(1) == 1, state
            assert all(after <= before + 1 for before, after in pairwise(levels)), state


def test_landmarks_are_named_and_there_is_one_main(visit: Visit, filled: Site) -> None:
    with visit(login=False) as page:
        reach(page, "detail")
        expect(page.get_by_role("main")).to_have_count(1)
        expect(page.get_by_role("banner")).to_have_count(1)
        for role, names in (
            ("navigation", ["Sections", "Language"]),
            ("region", ["Under what you work", "Hits"]),
            ("article", ["Apple iPhone 13"]),
        ):
            found = page.get_by_role(role)  # type: ignore[arg-type]
            expect(found).to_have_count(len(names))
            for place, name in zip(found.all(), names, strict=True):
                expect(place).to_have_accessible_name(name)


@pytest.mark.parametrize("width", [320, 1366])
def test_the_comparison_is_a_table_with_headers_on_any_screen(
    visit: Visit, filled: Site, width: int
) -> None:
    with visit(login=False, viewport={"width": width, "height": 640}) as page:
        reach(page, "detail")
        table = page.get_by_role("table")
        expect(table).to_have_accessible_name(re.compile("side by side"))
        rows = table.get_by_role("row").all()
        assert len(rows) > 8
        for row in rows[1:]:
            expect(row.get_by_role("rowheader")).to_have_count(1)
            expect(row.get_by_role("rowheader")).not_to_be_empty()


def test_news_is_read_out_politely_and_never_with_the_list(visit: Visit, filled: Site) -> None:
    with visit(login=False) as page:
        reach(page, "list")
        assert page.locator("[role=status]").evaluate_all(
            "nodes => nodes.map((node) => node.id)"
        ) == ["connection", "news"]
        assert page.locator("#hits").evaluate("node => node.closest('[aria-live]')") is None


def test_tab_goes_from_the_skip_link_through_the_bar_to_list_and_comparison(
    visit: Visit, filled: Site
) -> None:
    with visit(login=False) as page:
        reach(page, "detail")
        page.locator("body").evaluate("body => document.activeElement.blur()")
        page.evaluate("window.getSelection().removeAllRanges()")
        page.locator(".skip").focus()
        met = []
        for _ in range(14):
            met.append(
                page.evaluate(
                    "document.activeElement.id || document.activeElement.name || "
                    "document.activeElement.dataset.hit || document.activeElement.textContent"
                )
            )
            page.keyboard.press("Tab")
        assert met == [
            "To the comparison",
            "Hits",
            "Search",
            "Explorer",
            "Nederlands",
            "English",
            "Change",
            "Log out",
            "hold",
            "grade",
            "time",
            "since",
            hit_id(4),
            "detail",
        ]


def test_nothing_scrolls_sideways(visit: Visit, filled: Site) -> None:
    with visit("/?lang=nl", login=False) as page:
        for state in STATES:
            reach(page, state)
            for width, height in SCREENS:
                page.set_viewport_size({"width": width, "height": height})
                content, room = page.evaluate(WIDTH)
                assert content <= room, (state, width)


def test_on_a_narrow_screen_a_hit_leads_down_to_the_comparison_and_back(
    visit: Visit, filled: Site
) -> None:
    with visit(login=False, viewport={"width": 360, "height": 640}, has_touch=True) as page:
        reach(page, "list")
        page.locator("#hits a").nth(1).tap()
        expect(page.locator("#detail-name")).to_be_focused()
        expect(page.locator("#detail-name")).to_be_in_viewport()
        page.get_by_role("button", name="Back to the list").tap()
        expect(page.locator("#hits a").nth(1)).to_be_focused()


def test_nothing_moves(visit: Visit, filled: Site) -> None:
    with visit(login=False, reduced_motion="reduce") as page:
        reach(page, "detail")
        assert page.evaluate("document.getAnimations().length") == 0
