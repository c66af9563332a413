"""Opportunities, the inbox of Sales and the price list in a real browser: nothing scrolls sideways, axe finds nothing."""

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from accounts.models import Opportunity
from accounts.services import health
from csm_portal.core.models import Tenant, User
from csm_portal.core.scope import tenant_scope
from tests.browser.windows import THEMES, is_wider_than_its_window, violations, window
from tests.factories import NOW, TODAY, make_account, make_opportunity, make_price

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

WINDOWS = [360, 768, 1024, 1280]
LONG = "Société Générale de Transports Frigorifiques du Bassin Méditerranéen (Holding) GmbH & Co. KGaA"


@pytest.fixture
def opportunities(transactional_db: Any, tenant: Tenant, alice: User, ada: User) -> list[Opportunity]:
    """One found, one handed over and one accepted, with the longest of everything."""
    with tenant_scope(tenant):
        account = make_account(name=LONG, owner=alice, seats_used=50)
        health.score_accounts(as_of=TODAY, now=NOW, announce=False)
        make_price(name=f"{LONG} connector", kind="integration", amount="1234567.89", actor=ada)
        return [
            make_opportunity(account, headline=f"{LONG}: 96 of 100 seats are in use."),
            make_opportunity(
                account,
                kind="expansion_module",
                subject=LONG,
                state="dispatched",
                dispatched_at=NOW,
                dispatched_by=alice,
                amount=None,
                arithmetic=f"Not sized: the price list has no price of {LONG} in EUR.",
            ),
            make_opportunity(
                account,
                kind="expansion_integration",
                subject="API",
                state="accepted",
                dispatched_at=NOW,
                barred_because="The account is in arrears.",
            ),
        ]


@pytest.mark.parametrize("theme", THEMES)
def test_every_page_stands_up_to_axe_and_none_scrolls_sideways(
    live_server: Any,
    browser: Browser,
    opportunities: list[Opportunity],
    alice: User,
    sam: User,
    ada: User,
    theme: str,
) -> None:
    found, handed, accepted = (one.pk for one in opportunities)
    visits = {
        alice: (
            "/opportunities/",
            f"/opportunities/{found}/",
            f"/opportunities/{accepted}/",
            "/help/expansion/",
        ),
        sam: ("/sales/", f"/sales/{handed}/", f"/sales/{accepted}/"),
        ada: ("/settings/prices/",),
    }
    for person, paths in visits.items():
        page = window(browser, live_server, person, theme=theme)
        for path in paths:
            page.goto(live_server.url + path)
            for width in WINDOWS:
                page.set_viewport_size({"width": width, "height": 900})
                assert not is_wider_than_its_window(page), (path, width)
            assert violations(page) == [], path
        assert page.complaints == []  # type: ignore[attr-defined]


def test_it_goes_from_the_list_to_sales_and_back_to_the_account(
    live_server: Any, browser: Browser, opportunities: list[Opportunity], alice: User, sam: User
) -> None:
    page = window(browser, live_server, alice)
    page.goto(live_server.url + "/opportunities/")
    page.get_by_role("button", name="Hand over to Sales").click()
    expect(page.get_by_text("handed over to Sales. Their answer comes back here")).to_be_visible()

    sales = window(browser, live_server, sam)
    sales.goto(live_server.url + "/sales/")
    sales.get_by_role("button", name="13 more seats").click()
    expect(sales.get_by_role("heading", name="Your answer")).to_be_visible()
    sales.get_by_label("Amount a year").fill("5900")
    sales.get_by_role("button", name="Record as won").click()
    expect(sales.get_by_role("heading", name="What came of it")).to_be_visible()

    page.goto(live_server.url + f"/accounts/{opportunities[0].account_id}/")
    expect(page.locator("#opportunities")).to_contain_text("Sam won it.")
