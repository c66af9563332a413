"""The design system in a real browser: contrast, names and roles, the strict policy, narrow windows, keyboard, swaps."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.services import chromium

# Playwright's loop runs in this thread; Django would take every query here for one inside a coroutine.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

THEMES = ["light", "dark"]
WIDTHS = [1280, 360]
PAGES = ["/", "/sign-in/", "/sign-in/?login=alice&password=", "/403/", "/403_csrf/", "/404/", "/500/"]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.require(),
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        )
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def _windows_are_closed(browser: Browser) -> Iterator[None]:
    yield
    for context in browser.contexts:
        context.close()


@pytest.fixture
def site(live_server: Any, settings: Any) -> str:
    settings.ROOT_URLCONF = "tests.browser.gallery_urls"
    settings.TEMPLATES = [
        {
            **settings.TEMPLATES[0],
            "DIRS": [*settings.TEMPLATES[0]["DIRS"], Path(__file__).parent / "templates"],
            # The gallery brings its own frame: nobody is signed in.
            "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
        }
    ]
    return str(live_server.url)


def opened(browser: Browser, *, width: int = 1280, theme: str = "light", scripts: bool = True) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, java_script_enabled=scripts
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.complaints = []  # type: ignore[attr-defined]
    page.on("console", lambda said: page.complaints.append(said.text) if said.type == "error" else None)  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: page.complaints.append(str(error)))  # type: ignore[attr-defined]
    return page


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in found for node in rule["nodes"]
    ]


def is_wider_than_its_window(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_component_stands_up_to_axe_and_to_the_policy(
    site: str, browser: Browser, theme: str, width: int
):
    page = opened(browser, width=width, theme=theme)

    answer = page.goto(site)

    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert page.locator(".badge").count() > 20
    assert violations(page) == []
    assert not is_wider_than_its_window(page)
    assert page.complaints == []


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("path", PAGES[1:])
def test_pages_without_a_frame_stand_up_to_axe(site: str, browser: Browser, path: str, theme: str):
    for width in WIDTHS:
        page = opened(browser, width=width, theme=theme)

        page.goto(site + path)

        assert violations(page) == []
        assert not is_wider_than_its_window(page)


@pytest.mark.parametrize("opener", [".user-menu > summary", ".page-actions .confirm > summary"])
def test_what_opens_stands_up_to_axe_and_closes_with_escape(site: str, browser: Browser, opener: str):
    for theme in THEMES:
        page = opened(browser, theme=theme)
        page.goto(site)

        page.click(opener)

        assert violations(page) == []
        page.keyboard.press("Escape")
        assert page.locator(f"details[open] > {opener.split(' > ')[-1]}").count() == 0
        assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_a_chosen_theme_outweighs_the_systems(site: str, browser: Browser):
    def ground(system: str, chosen: str) -> str:
        page = opened(browser, theme=system)
        page.goto(f"{site}/?theme={chosen}")
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    light, dark = ground("light", ""), ground("dark", "")

    assert light != dark
    assert ground("light", "dark") == dark
    assert ground("dark", "light") == light


@pytest.mark.parametrize("width", WIDTHS)
def test_menus_and_questions_work_without_scripts(site: str, browser: Browser, width: int):
    page = opened(browser, width=width, scripts=False)
    page.goto(site)

    menu = ".topbar-menu > summary" if width == 360 else ".user-menu > summary"
    page.click(menu)
    assert page.get_by_role("button", name="Sign out").is_visible()
    page.click(menu)
    page.click(".page-actions .confirm > summary")
    assert page.get_by_role("button", name="Start the scan").is_visible()


def test_exactly_one_navigation_is_offered_at_any_width(site: str, browser: Browser):
    for width in WIDTHS:
        page = opened(browser, width=width)
        page.goto(site)
        if width == 360:
            page.click(".topbar-menu > summary")

        assert page.get_by_role("navigation", name="Main").count() == 1


def test_the_first_tab_leads_past_the_navigation(site: str, browser: Browser):
    page = opened(browser)
    page.goto(site)

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_focus_can_always_be_seen(site: str, browser: Browser):
    page = opened(browser)
    page.goto(site)
    unseen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            "(() => { const s = getComputedStyle(document.activeElement);"
            " return (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2) || s.boxShadow !== 'none'; })()"
        )
        if not seen:
            unseen.append(page.evaluate("document.activeElement.outerHTML.slice(0, 120)"))

    assert unseen == []


def test_targets_are_large_enough_to_touch(site: str, browser: Browser):
    """WCAG 2.2, 2.5.8: 24 by 24 px, or inline in a sentence."""
    page = opened(browser, width=360)
    page.goto(site)
    small = page.evaluate(
        "[...document.querySelectorAll('button, .button, summary, input:not([type=hidden]), select, .sort-link, .filter-chip')]"
        ".filter(e => e.checkVisibility() && !e.closest('thead'))"
        ".filter(e => { const r = (e.closest('label') || e).getBoundingClientRect(); return r.width < 24 || r.height < 24; })"
        ".map(e => e.outerHTML.slice(0, 100))"
    )

    assert small == []


def test_cells_of_a_phone_card_name_their_column(site: str, browser: Browser):
    page = opened(browser, width=360)
    page.goto(site)

    said = page.evaluate(
        "[...document.querySelectorAll('#accounts tbody tr:first-child td')]"
        ".map(e => getComputedStyle(e, '::before').content)"
    )

    assert said[:3] == ['"Score"', '"Band"', '"12 weeks"']


def test_a_swap_is_announced_and_keeps_the_focus_in_place(site: str, browser: Browser):
    page = opened(browser)
    page.goto(f"{site}/swaps/")

    page.focus("#filter")
    page.keyboard.press("Enter")

    page.wait_for_function("document.getElementById('announcer').textContent === '1 account matches.'")
    page.wait_for_function("document.getElementById('accounts').contains(document.activeElement)")
    assert page.complaints == []


def test_a_refused_form_is_swapped_and_its_first_bad_field_gets_the_focus(site: str, browser: Browser):
    page = opened(browser)
    page.goto(f"{site}/swaps/")

    page.click("#save")

    page.wait_for_function("document.activeElement.id === 'why'")


def test_a_failing_swap_leaves_the_page_and_says_what_to_do(site: str, browser: Browser):
    page = opened(browser)
    page.goto(f"{site}/swaps/")

    page.click("#break")

    page.wait_for_selector("#messages .callout")
    assert "try again in a moment" in page.inner_text("#messages")
    assert "no page anybody should see" not in page.content()
    assert page.inner_text("#announcer") == page.inner_text("#messages")


def test_nothing_of_a_page_stays_in_the_browser_after_signing_out(site: str, browser: Browser):
    page = opened(browser)
    page.goto(f"{site}/swaps/")
    page.click("#filter")
    page.wait_for_selector("text=one account")
    kept = page.evaluate("JSON.stringify(localStorage) + JSON.stringify(sessionStorage)")

    page.goto(f"{site}/sign-in/")

    assert "one account" not in kept
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


def test_paper_gets_the_content_alone(site: str, browser: Browser):
    page = opened(browser, theme="dark")
    page.goto(site)
    page.emulate_media(media="print")

    assert not page.locator(".sidebar").is_visible()
    assert not page.locator(".filter-bar").is_visible()
    assert page.locator(".chart-wide").first.is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
