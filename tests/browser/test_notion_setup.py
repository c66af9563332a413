"""The Notion set-up page in a real browser: from nothing to connected, refusals, tries, what is created."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from csm_portal.core.models import NotionConnection, Tenant, TenantSecret, User
from csm_portal.core.scope import tenant_scope
from csm_portal.ports.workspace import Person
from csm_portal.simulators.notion import seed
from tests.accounts.notion_page import WRITTEN_BACK
from tests.browser.test_account_lists import window
from tests.browser.test_design import THEMES, is_wider_than_its_window, violations
from tests.services import chromium
from tests.workspace import Connected, a_row, connected

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

WINDOWS = [360, 768, 1024, 1280]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.require(),
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        )
        yield browser
        browser.close()


@pytest.fixture
def notion(transactional_db: Any, tenant: Tenant, tmp_path: Path, settings: Any) -> Connected:
    """A workspace with a few accounts, two of them with values that cannot be read."""
    made = connected(tenant, tmp_path, settings, rows=[a_row(number) for number in range(1, 4)])
    made.reconnect(requests_per_minute=1000)
    made.add_accounts(
        a_row(4, nps_score=41, feature_adoption_rate=72),
        a_row(5, name="Société Générale de Transports Frigorifiques GmbH", owner=Person(name="Zoe", email="zoe@x.example")),
    )  # fmt: skip
    return made


def nothing(notion: Connected) -> None:
    with tenant_scope(notion.tenant):
        NotionConnection.objects.all().delete()
        TenantSecret.objects.all().delete()


def press(page: Page, name: str) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()


# States: each brings the page to one and leaves it there


def first_run(notion: Connected, page: Page) -> None:
    nothing(notion)
    page.reload()


def in_order(notion: Connected, page: Page) -> None:
    notion.change_schema(WRITTEN_BACK)
    press(page, "Check now")


def token_refused(notion: Connected, page: Page) -> None:
    press(page, "Check now")
    page.get_by_label("Integration token").fill("ntn_wrong")
    press(page, "Save and check")


def notion_down(notion: Connected, page: Page) -> None:
    press(page, "Check now")
    notion.fault(status=503, match="users/me", times=999)
    page.get_by_label("Integration token").fill("ntn_other")
    press(page, "Save and check")


def several_sources(notion: Connected, page: Page) -> None:
    body = {
        "parent": {"type": "database_id", "database_id": notion.seeded.accounts_database_id},
        "title": [{"type": "text", "text": {"content": "Partners"}}],
        "properties": {"Name": {"title": {}}},
    }
    notion.api("POST", "/v1/data_sources", body)
    press(page, "Check now")


def much_wrong(notion: Connected, page: Page) -> None:
    notion.change_schema(WRITTEN_BACK)
    press(page, "Check now")
    properties = {"Name": {"title": {}}, "Health Score": {"rich_text": {}}}
    database, _ = seed.create_database(
        notion.app.store, notion.seeded.bot_id, title="Reviews", properties=properties
    )
    notion.change_schema({"ARR": {"checkbox": {}}, "Renewal Date": None, "Usage Trend": None})
    page.get_by_label("QBR database").fill(database)
    press(page, "Save and check")


def tried(notion: Connected, page: Page) -> None:
    press(page, "Check now")
    page.get_by_label("ARR", exact=True).select_option(label="Seats Used (number)")
    page.get_by_label("Segment").select_option(label="Not in Notion")
    page.get_by_role("button", name="Try them on the first rows").click()
    expect(page.get_by_role("heading", name="The first rows, as tried")).to_be_visible()


STATES: tuple[Callable[[Connected, Page], None], ...] = (
    first_run,
    in_order,
    token_refused,
    notion_down,
    several_sources,
    much_wrong,
    tried,
)


@pytest.mark.parametrize("reach", STATES, ids=[state.__name__ for state in STATES])
def test_every_state_stands_up_to_axe_and_none_scrolls_sideways(
    live_server: Any, browser: Browser, notion: Connected, ada: User, reach: Callable[[Connected, Page], None]
) -> None:
    page = window(browser, live_server, ada)
    page.goto(live_server.url + "/settings/notion/")
    reach(notion, page)

    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        for width in WINDOWS:
            page.set_viewport_size({"width": width, "height": 900})
            assert not is_wider_than_its_window(page), (theme, width)
            if os.environ.get("CSM_SHOTS") and width in (360, 1280):
                page.screenshot(
                    path=f"{os.environ['CSM_SHOTS']}/{reach.__name__}-{theme}-{width}.png", full_page=True
                )
        assert violations(page) == [], theme
    assert page.complaints == []  # type: ignore[attr-defined]
