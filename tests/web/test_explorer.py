"""The explorer: fetched once at its locked version, then served from here under the policy."""

import fcntl
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from graphql import OperationDefinitionNode, parse, validate
from playwright.sync_api import Page, expect

from herkomst.graphql.limits import COST, price, read
from tests.web.conftest import Visit
from tests.web.goods import card, hit_id
from tests.web.site import SCHEMA, WEB, Site

EXAMPLES = re.findall(r"`((?:#|query)[^`]+)`", (WEB / "assets" / "explorer.js").read_text())
SETUP = WEB / "setup.sh"


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The explorer's files, which are no part of the repository."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (shared / "explorer-turn").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        done = subprocess.run(["sh", SETUP], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def run_query(page: Page) -> None:
    page.get_by_role("button", name="Execute query").click()


def test_a_question_is_asked_under_the_session_and_answered(
    visit: Visit, site: Site, fetched: None
) -> None:
    site.send(card(1), card(2))
    with visit("/explorer?lang=en") as page:
        expect(page.get_by_role("tab").first).to_have_text(re.compile("^Hits"))
        run_query(page)
        expect(page.get_by_label("Result Window")).to_contain_text(hit_id(2))
        headers, asked = site.operations[-1]
        assert headers["authorization"] == "Bearer token-of-district_detective"
        assert headers["herkomst-purpose"] == "duty:front_desk"
        assert headers["herkomst-ground"] == "wpg:8"
        assert asked["operationName"] == "Hits"


def test_tabs_documentation_and_dialogs_work_under_the_policy(
    visit: Visit, site: Site, fetched: None
) -> None:
    with visit("/explorer?lang=en") as page:
        expect(page.get_by_role("tab")).to_have_count(len(EXAMPLES))
        page.get_by_role("button", name="Show Documentation Explorer").click()
        page.get_by_role("link", name="Query").click()
        expect(page.get_by_text("Every question names a purpose")).to_be_visible()
        for dialog in ("Open settings dialog", "Open short keys dialog"):
            page.get_by_role("button", name=dialog).click()
            expect(page.get_by_role("dialog")).to_be_visible()
            page.keyboard.press("Escape")
            expect(page.get_by_role("dialog")).to_be_hidden()


def test_what_was_asked_stays_in_no_storage(visit: Visit, site: Site, fetched: None) -> None:
    with visit("/explorer?lang=en") as page:
        run_query(page)
        expect(page.get_by_label("Result Window")).to_contain_text("nodes")
        assert page.evaluate("Object.keys(localStorage)") == []
        assert page.evaluate("Object.keys(sessionStorage)") == ["herkomst.session"]


def test_a_refusal_stands_where_the_answer_would(visit: Visit, site: Site, fetched: None) -> None:
    with visit("/explorer?lang=en", tolerated="status of 403") as page:
        page.get_by_role("tab").first.wait_for()
        site.refusal = (403, "Not with this ground.", "Name another.")
        run_query(page)
        expect(page.get_by_label("Result Window")).to_contain_text("Not with this ground.")


def test_before_the_login_and_after_it_nothing_is_asked(
    visit: Visit, site: Site, fetched: None
) -> None:
    with visit("/explorer?lang=en", login=False) as page:
        expect(page.locator("#first")).to_have_text("Log in above; the explorer opens then.")
        assert site.operations == []
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("tab").first).to_be_visible()
        page.get_by_role("button", name="Log out").click()
        expect(page.locator("#first")).to_be_visible()
        expect(page.get_by_role("tab")).to_have_count(0)


def test_the_page_and_the_explorer_share_a_session(visit: Visit, site: Site, fetched: None) -> None:
    with visit("/?lang=nl") as page:
        page.get_by_role("link", name="Zelf bevragen").click()
        expect(page.get_by_role("tab").first).to_be_visible()
        expect(page.locator("#session")).to_contain_text("districtsrechercheur")
        assert page.url.endswith("/explorer?lang=nl")


def test_without_its_files_the_page_says_what_fetches_them(visit: Visit, site: Site) -> None:
    site.has_explorer = False
    with visit("/explorer?lang=en", tolerated="status of 404") as page:
        expect(page.locator("#missing")).to_be_visible()
        expect(page.locator("#missing")).to_contain_text("sh web/setup.sh")


@pytest.mark.parametrize("query", EXAMPLES)
def test_every_example_is_a_question_that_the_api_affords(query: str) -> None:
    assert validate(SCHEMA, parse(query)) == []
    operation = read(query).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    assert price(SCHEMA, read(query), operation, {}) <= COST


def test_versions_are_exact_and_the_lock_names_no_registry() -> None:
    package = json.loads((WEB / "package.json").read_text())
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", one) for one in package["dependencies"].values())
    lock = json.loads((WEB / "package-lock.json").read_text())
    assert lock["packages"][""]["dependencies"] == package["dependencies"]
    locked = [entry for name, entry in lock["packages"].items() if name]
    assert all("resolved" not in entry and entry["integrity"] for entry in locked)


def test_what_is_there_is_not_fetched_again(fetched: None) -> None:
    built = WEB / "assets" / "explorer"
    before = stamps(built)
    nowhere = {"PATH": "/usr/bin:/bin", "npm_config_offline": "true"}
    done = subprocess.run(["sh", SETUP], capture_output=True, text=True, env=nowhere, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    assert stamps(built) == before


def stamps(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
