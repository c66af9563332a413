"""Windows of the real browser, and what every page is judged by once it has come to rest."""

import time
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from csm_portal.core.models import User
from tests.conftest import signed_in

THEMES = ["light", "dark"]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

# A condition is met as soon as the machine is; these only say when to give up.
PATIENCE_MS = 60_000
_REFUSED_MS = 5_000

_AT_REST = """document.readyState === 'complete'
  && !document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling, .htmx-added')
  && document.getAnimations().every(each => each.playState !== 'running')"""
_FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


def opened(browser: Browser, *, width: int = 1280, theme: str = "light", scripts: bool = True) -> Page:
    """Open a window. ``complaints`` of its page are what the console was told and what scripts raised."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=theme,
        java_script_enabled=scripts,
        # Colours that fade are judged where they arrive, not on their way.
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.set_default_navigation_timeout(PATIENCE_MS)
    page.complaints = []  # type: ignore[attr-defined]
    page.on("console", lambda said: page.complaints.append(said.text) if said.type == "error" else None)  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: page.complaints.append(str(error)))  # type: ignore[attr-defined]
    return page


def window(browser: Browser, server: Any, user: User, **how: Any) -> Page:
    """Open a window in which the person is signed in."""
    page = opened(browser, **how)
    session = signed_in(user).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": server.url}])
    return page


def comes_true(page: Page, expression: str, *, patience_ms: float = PATIENCE_MS) -> bool:
    """Tell whether an expression comes true in time.

    Playwright's own ``wait_for_function`` looks a second time from inside the page, which the page's policy forbids.
    """
    end = time.monotonic() + patience_ms / 1000
    while not page.evaluate(expression):
        if time.monotonic() > end:
            return False
        page.wait_for_timeout(20)
    return True


def settle(page: Page) -> None:
    """Wait until the page is loaded, nothing is swapped and nothing moves."""
    assert comes_true(page, _AT_REST), "The page does not come to rest."


def violations(page: Page) -> list[str]:
    """Return what axe has against the page, a line for each element."""
    settle(page)
    # Details of what passes are thousands of selectors that nobody reads.
    found = Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"]}).response["violations"]
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in found for node in rule["nodes"]
    ]


def is_wider_than_its_window(page: Page) -> bool:
    settle(page)
    return not comes_true(page, _FITS, patience_ms=_REFUSED_MS)
