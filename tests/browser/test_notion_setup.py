"""The Notion set-up page in a real browser: from nothing to connected, refusals, tries, what is created."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from csm_portal.core import jobs
from csm_portal.core.models import Job, JobState, NotionConnection, Tenant, TenantSecret, User
from csm_portal.core.scope import tenant_scope
from csm_portal.ports.workspace import Person
from csm_portal.simulators.notion import seed
from tests.accounts.notion_page import WRITTEN_BACK
from tests.browser.windows import THEMES, is_wider_than_its_window, violations, window
from tests.workspace import Connected, a_row, connected

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

WINDOWS = [360, 768, 1280]
# A folder for pictures of every state, to be looked at by a person.
PICTURES = os.environ.get("CSM_PICTURES", "")


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
# The fullest ones; the others are made of the same pieces.
LOOKED_AT = STATES if PICTURES else (first_run, much_wrong)


@pytest.mark.parametrize("reach", LOOKED_AT, ids=lambda state: state.__name__)
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
            if PICTURES and width != 768:
                page.screenshot(path=f"{PICTURES}/{reach.__name__}-{theme}-{width}.png", full_page=True)
        assert violations(page) == [], theme
    assert page.complaints == []  # type: ignore[attr-defined]


def work(tenant: Tenant) -> None:
    """Do what a queue's worker would do with the jobs that wait."""
    with tenant_scope(tenant):
        waiting = [str(job.pk) for job in Job.objects.filter(state=JobState.QUEUED)]
    assert waiting
    for job in waiting:
        jobs.run(job)


def test_what_a_job_found_appears_by_itself_where_the_person_is(
    live_server: Any, browser: Browser, notion: Connected, ada: User, settings: Any
) -> None:
    settings.CSM_RUN_JOBS_INLINE = False
    page = window(browser, live_server, ada)
    page.goto(live_server.url + "/settings/notion/")
    page.get_by_label("Integration token").fill("ntn_wrong")
    press(page, "Save and check")
    expect(page.locator("#check progress")).to_be_visible()

    work(notion.tenant)

    expect(page.locator("#check")).to_contain_text("The new settings are not in use")
    expect(page.locator("#settings .field-error")).to_contain_text("does not accept the integration token")
    expect(page.locator("#announcer")).to_contain_text("The new settings are not in use.")
    expect(page.locator("#settings")).to_have_count(1)
    expect(page.locator("#mapping")).to_have_count(1)

    # The rows that a choice of properties leads to appear below it, and nothing is saved.
    page.get_by_label("ARR", exact=True).select_option(label="Seats Used (number)")
    page.get_by_role("button", name="Try them on the first rows").click()
    expect(page.locator("#preview progress")).to_be_visible()
    work(notion.tenant)
    expect(page.locator("#preview tr", has_text="ARR").first).to_contain_text("€ 90")
    expect(page.locator("#mapping")).to_contain_text("Tried, not saved")
    press(page, "Back to what is saved")
    expect(page.locator("#preview tr", has_text="ARR").first).to_contain_text("€ 48,000")


def test_without_scripts_the_whole_way_can_be_gone(
    live_server: Any, browser: Browser, notion: Connected, ada: User
) -> None:
    nothing(notion)
    page = window(browser, live_server, ada, scripts=False)
    page.goto(live_server.url + "/settings/notion/")

    page.get_by_label("Integration token").fill(notion.seeded.token)
    page.get_by_label("Accounts database").fill(notion.seeded.accounts_database_id)
    press(page, "Save and check")
    press(page, "Try them on the first rows")
    press(page, "Save the properties")
    press(page, "Sync the accounts now")

    page.goto(live_server.url + "/accounts/")
    expect(page.get_by_role("rowheader", name="Account 001")).to_be_visible()
