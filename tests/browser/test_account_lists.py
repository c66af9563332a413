"""The portfolio, the churn risk and the account in a real browser: swaps, focus, what is said aloud, narrow windows."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from accounts.models import Account
from accounts.services import health
from csm_portal.core.models import Tenant, User
from csm_portal.core.scope import tenant_scope
from tests.accounts.health_rows import days, fact, make_health
from tests.browser.windows import THEMES, is_wider_than_its_window, violations, window
from tests.factories import NOW, TODAY, make_account

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

# From the phone over every width at which a column gives way to the desk.
WINDOWS = [360, 641, 768, 961, 1024, 1153, 1249, 1280, 1600]
LONG = "Société Générale de Transports Frigorifiques du Bassin Méditerranéen (Holding) GmbH & Co. KGaA"


@pytest.fixture
def book(transactional_db: Any, tenant: Tenant, bob: User) -> Account:
    """Sixty accounts, one of them with the longest of everything and a history."""
    with tenant_scope(tenant):
        for number in range(59):
            account = make_account(owner=bob, arr=1000 * (number + 1), renewal_on=days(number - 5))
            make_health(
                account,
                score=20 + number,
                band="Red" if number < 20 else "Amber" if number < 40 else "Green",
                previous=50,
                coverage="0.62",
                is_last_known=number % 7 == 0,
                risk=["critical", "high", "medium", "low"][number % 4],
                trigger="combined",
                until=days(number - 5),
                facts=[
                    fact("There was no meaningful interaction since 25 September 2026."),
                    fact("Payment is in arrears."),
                ],
                drivers=[("Stakeholder engagement", 20), ("Support sentiment", 15)],
                sparkline=[50 + number % 9] * 12,
            )
        worst = make_account(
            name=LONG, owner_name="Maximiliane von und zu Hohenstein", arr=1_234_567, payment_current=False
        )
        health.score_accounts(as_of=days(-7), now=NOW, announce=False, account_ids=[worst.pk])
        Account.objects.filter(pk=worst.pk).update(
            usage_trend="declining", login_frequency_score=0, support_sentiment="negative", tam_health_rag="Red",
            escalation_history_count=4, nps_score=None,
        )  # fmt: skip
        health.score_accounts(as_of=TODAY, now=NOW, announce=False, account_ids=[worst.pk])
    return worst


@pytest.mark.parametrize("theme", THEMES)
def test_every_page_stands_up_to_axe_and_none_scrolls_sideways(
    live_server: Any, browser: Browser, book: Account, bob: User, theme: str
) -> None:
    page = window(browser, live_server, bob, theme=theme)

    for path in (
        "/accounts/",
        "/accounts/?band=Red&q=account",
        "/accounts/?q=nobody",
        "/churn-risk/",
        f"/accounts/{book.pk}/",
    ):
        page.goto(live_server.url + path)
        for width in WINDOWS:
            page.set_viewport_size({"width": width, "height": 900})

            assert not is_wider_than_its_window(page), (path, width)
            if width == 1280 or (width == 360 and theme == "light"):
                assert violations(page) == [], (path, width)
    assert page.complaints == []  # type: ignore[attr-defined]


def test_sorting_swaps_the_table_keeps_the_focus_and_is_said_aloud(
    live_server: Any, browser: Browser, book: Account, bob: User
) -> None:
    page = window(browser, live_server, bob)
    page.goto(live_server.url + "/accounts/")

    page.get_by_role("link", name="ARR").press("Enter")

    expect(page.locator("#announcer")).to_have_text("50 of 60 accounts, largest ARR first.")
    expect(page).to_have_url(live_server.url + "/accounts/?sort=-arr")
    expect(page.get_by_role("link", name="ARR")).to_be_focused()
    expect(page.get_by_role("rowheader").first).to_contain_text("Société")

    page.go_back()

    expect(page.get_by_role("columnheader", name="Band")).to_have_attribute("aria-sort", "ascending")


def test_a_filter_keeps_the_order_the_band_and_the_place_of_the_cursor_in_the_field(
    live_server: Any, browser: Browser, book: Account, bob: User
) -> None:
    page = window(browser, live_server, bob)
    page.goto(live_server.url + "/accounts/?band=Red")
    page.get_by_role("link", name="ARR").click()
    expect(page.locator("#announcer")).to_contain_text("largest ARR first")

    page.get_by_role("searchbox", name="Search").press_sequentially("mid mark")

    expect(page).to_have_url(live_server.url + "/accounts/?band=Red&q=mid+mark&sort=-arr")
    expect(page.get_by_role("searchbox", name="Search")).to_be_focused()
    expect(page.get_by_role("searchbox", name="Search")).to_have_value("mid mark")
    expect(page.locator("tbody tr")).to_have_count(21)


def test_pages_turn_with_and_without_scripts(
    live_server: Any, browser: Browser, book: Account, bob: User
) -> None:
    for scripts in (True, False):
        page = window(browser, live_server, bob, scripts=scripts)
        page.goto(live_server.url + "/accounts/?sort=name")
        first = page.get_by_role("rowheader").first.inner_text()

        page.get_by_role("link", name="Next").click()
        expect(page.locator("tbody tr")).to_have_count(10)
        page.get_by_role("link", name="Previous").click()

        expect(page.locator("tbody tr")).to_have_count(50)
        expect(page.get_by_role("rowheader").first).to_have_text(first, use_inner_text=True)
        page.context.close()


def test_the_churn_risk_narrows_without_scripts(
    live_server: Any, browser: Browser, book: Account, bob: User
) -> None:
    page = window(browser, live_server, bob, scripts=False)
    page.goto(live_server.url + "/churn-risk/")

    page.get_by_role("link", name="Critical").first.click()
    # Without scripts a click loads a page; what is typed before it has come is lost with the old one.
    expect(page).to_have_url(re.compile("level=critical"))
    page.get_by_role("searchbox", name="Search").fill("account")
    page.get_by_role("button", name="Apply").click()

    expect(page).to_have_url(re.compile("q=account"))
    expect(page).to_have_url(re.compile("level=critical"))
    expect(page.locator("tbody tr")).to_have_count(15)
