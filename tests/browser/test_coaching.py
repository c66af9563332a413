"""The plan of an account in a real browser: it fits every window, passes axe, and is ticked off without a new page."""

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, expect

from accounts.models import Account, CoachingPlan, CoachingStep
from csm_portal.core.models import Tenant, User
from csm_portal.core.scope import tenant_scope
from tests.browser.windows import THEMES, is_wider_than_its_window, violations, window
from tests.factories import make_account, make_plan

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

WINDOWS = [360, 768, 1024, 1280]
LONG = "Schichttauschbörsenbenachrichtigungsverwaltung für Tiefkühllogistikstandorte im Bassin Méditerranéen"


@pytest.fixture
def plan(transactional_db: Any, tenant: Tenant, bob: User) -> CoachingPlan:
    """A plan with the longest of everything, beside one that is finished."""
    with tenant_scope(tenant):
        account = make_account(
            name=f"{LONG} GmbH", owner=bob, features_licensed=[LONG, "Swaps"], features_used=[]
        )
        make_plan(account, actor=bob, state="finished", closed_by=bob, closed_because="Every step is done.")
        plan = make_plan(account, actor=bob, steps=3)
        CoachingStep.objects.filter(plan=plan, position=1).update(
            title=f"Show “{LONG}” to the planners", owner_name=LONG
        )
    return plan


@pytest.mark.parametrize("theme", THEMES)
def test_every_page_of_coaching_stands_up_to_axe_and_none_scrolls_sideways(
    live_server: Any, browser: Browser, plan: CoachingPlan, tenant: Tenant, bob: User, theme: str
) -> None:
    page = window(browser, live_server, bob, theme=theme)
    with tenant_scope(tenant):
        step = plan.steps.earliest("position")
        other = make_account(owner=bob, features_licensed=[LONG, "Swaps"], features_used=["Swaps"])
        assert Account.objects.count() == 2

    for path in (
        reverse("coaching", args=[plan.account_id]),
        reverse("coaching", args=[other.pk]),
        reverse("coaching-step", args=[step.pk]),
        reverse("coaching-plans"),
    ):
        page.goto(live_server.url + path)
        for width in WINDOWS:
            page.set_viewport_size({"width": width, "height": 900})

            assert not is_wider_than_its_window(page), (path, width)
            if width in (360, 1280):
                assert violations(page) == [], (path, width)
    assert page.complaints == []  # type: ignore[attr-defined]


def test_a_step_is_ticked_off_and_moved_in_place(
    live_server: Any, browser: Browser, plan: CoachingPlan, bob: User
) -> None:
    page = window(browser, live_server, bob)
    page.goto(live_server.url + reverse("coaching", args=[plan.account_id]))
    heading = page.get_by_role("heading", name="The plan:")
    expect(heading).to_have_text("The plan: 0 of 3 done")

    page.get_by_role("button", name="Done: Show feature 2 to the planners").click()
    expect(heading).to_have_text("The plan: 1 of 3 done")

    page.get_by_role("button", name="Up: Show feature 3 to the planners").click()
    expect(page.locator("#plan tbody tr").nth(1)).to_contain_text("2. Show feature 3 to the planners")

    for name in ("Show feature 3 to the planners", "Show “"):
        page.get_by_role("button", name=f"Done: {name}").click()
        expect(page.get_by_role("button", name=f"Done: {name}")).to_have_count(0)
    expect(page.get_by_role("heading", name="The plan is finished")).to_be_visible()
