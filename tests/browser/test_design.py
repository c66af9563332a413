"""The design system in a real browser: contrast, names and roles, the strict policy, narrow windows, keyboard, swaps."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.windows import THEMES, comes_true, is_wider_than_its_window, opened, settle, violations

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

WIDTHS = [1280, 360]
PAGES = ["/", "/sign-in/", "/sign-in/?login=alice&password=", "/403/", "/403_csrf/", "/404/", "/500/"]


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
        expect(page.locator(f"details[open] > {opener.split(' > ')[-1]}")).to_have_count(0)
        expect(page.locator(opener)).to_be_focused()


def test_a_chosen_theme_outweighs_the_systems(site: str, browser: Browser):
    def ground(system: str, chosen: str) -> str:
        page = opened(browser, theme=system)
        page.goto(f"{site}/?theme={chosen}")
        settle(page)
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
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.click(menu)
    page.click(".page-actions .confirm > summary")
    expect(page.get_by_role("button", name="Start the scan")).to_be_visible()


def test_exactly_one_navigation_is_offered_at_any_width(site: str, browser: Browser):
    for width in WIDTHS:
        page = opened(browser, width=width)
        page.goto(site)
        if width == 360:
            page.click(".topbar-menu > summary")

        expect(page.get_by_role("navigation", name="Main")).to_have_count(1)


def test_the_first_tab_leads_past_the_navigation(site: str, browser: Browser):
    page = opened(browser)
    page.goto(site)

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#main$"))
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")

    expect(page.locator("main :focus")).to_have_count(1)


# Not on its way there: a ring that fades in is some shadow from the first moment.
_IS_SEEN = """(() => {
  if (document.getAnimations().some(each => each.playState === 'running')) return false;
  const style = getComputedStyle(document.activeElement);
  return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== 'none';
})()"""


def test_focus_can_always_be_seen(site: str, browser: Browser):
    page = opened(browser)
    page.goto(site)
    unseen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        if not comes_true(page, _IS_SEEN, patience_ms=5_000):
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

    expect(page.locator("#announcer")).to_have_text("1 account matches.")
    expect(page.locator("#accounts:focus, #accounts :focus")).to_have_count(1)
    assert page.complaints == []


def test_a_refused_form_is_swapped_and_its_first_bad_field_gets_the_focus(site: str, browser: Browser):
    page = opened(browser)
    page.goto(f"{site}/swaps/")

    page.click("#save")

    expect(page.locator("#why")).to_be_focused()


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

    expect(page.locator(".sidebar")).not_to_be_visible()
    expect(page.locator(".filter-bar")).not_to_be_visible()
    expect(page.locator(".chart-wide").first).to_be_visible()
    settle(page)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
