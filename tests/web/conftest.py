import contextlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from tests.web.site import Site

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WATCH = """
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => {
        window.violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
    });
"""
PATIENCE = 60_000
"""Milliseconds; the machine may be busy with other tests."""
Visit = Callable[..., AbstractContextManager[Page]]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of the page."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if path is None:
        pytest.fail("The page is tested in Chromium. On Debian: apt-get install chromium.")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def visit(browser: Browser, site: Site) -> Visit:
    """Opens a page; on leaving it, nothing may have been complained of or asked elsewhere."""

    @contextlib.contextmanager
    def visit(
        path: str = "/?lang=en", *, tolerated: str = "", login: bool = True, **options: Any
    ) -> Iterator[Page]:
        options.setdefault("viewport", {"width": 1366, "height": 900})
        context = browser.new_context(locale="en-GB", timezone_id="Asia/Tokyo", **options)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.add_init_script(WATCH)
        complaints, requests = _listen(page)
        page.goto(site.url + path)
        if login:
            page.locator(".login button[type=submit]").click()
            page.locator(".work").wait_for()
        yield page
        assert page.evaluate("window.violations") == []
        assert [text for text in complaints if not tolerated or tolerated not in text] == []
        assert {f"{urlsplit(r.url).scheme}://{urlsplit(r.url).netloc}" for r in requests} == {
            site.url
        }
        context.close()

    return visit


def _listen(page: Page) -> tuple[list[str], list[Request]]:
    complaints: list[str] = []
    requests: list[Request] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request))
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type in ("error", "assert") else None,
    )
    return complaints, requests
