"""The pages of a sync in a real browser: a question that is open, one that was answered, a run at work, a long list."""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from accounts.models import Absence, Account, SyncRun, SyncState
from csm_portal.core.models import Job, JobState, Tenant, User
from csm_portal.core.scope import tenant_scope
from tests.browser.windows import THEMES, is_wider_than_its_window, violations, window
from tests.factories import make_accounts, make_sync_run

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

WINDOWS = [360, 768, 1280]
# A folder for pictures of every state, to be looked at by a person.
PICTURES = os.environ.get("CSM_PICTURES", "")


def absent(tenant: Tenant, absence: Absence, **run: Any) -> SyncRun:
    """Let twenty of thirty accounts be missing, one of them of a long name, and a run say so."""
    now = timezone.now()
    with tenant_scope(tenant):
        accounts = make_accounts(30)
        keys = [account.pk for account in accounts[:20]]
        Account.objects.filter(pk__in=keys).update(
            absence=absence, unseen_since=now - timedelta(days=3), url="https://www.notion.so/x"
        )
        Account.objects.filter(pk=keys[0]).update(
            name="Société Générale de Transports Frigorifiques et Logistiques GmbH & Co. KG"
        )
        Account.objects.filter(pk=accounts[29].pk).update(
            field_issues=[
                {
                    "field": "nps_score",
                    "property": "NPS",
                    "message": "The property “NPS” holds 42, and a number from 0 to 10 is expected.",
                }
            ]
        )
        return make_sync_run(
            started_at=now - timedelta(minutes=4),
            finished_at=now,
            unchanged=10,
            created=0,
            missing=20,
            known=30,
            **run,
        )


def asks(tenant: Tenant, ada: User) -> SyncRun:
    return absent(tenant, Absence.WAITS, state=SyncState.ASKS)


def kept(tenant: Tenant, ada: User) -> SyncRun:
    return absent(tenant, Absence.KEPT, answer="keep", answered_by=ada, answered_at=timezone.now())


def asking(tenant: Tenant, ada: User) -> SyncRun:
    return absent(
        tenant,
        Absence.ASK,
        answer="remove",
        answered_by=ada,
        answered_at=timezone.now(),
        problems=["The property “ARR” is called “Yearly money” in Notion now. It goes on feeding ARR."],
    )


def at_work(tenant: Tenant, ada: User) -> SyncRun:
    now = timezone.now()
    with tenant_scope(tenant):
        job = Job.objects.create(
            task="a.b",
            title="Sync accounts from Notion",
            state=JobState.RUNNING,
            requested_by=ada,
            started_at=now,
            heartbeat_at=now,
            progress_done=3400,
            progress_total=10_000,
            progress_message="3,400 accounts read from “Accounts”. 12 s waited for Notion's limits.",
        )
        return make_sync_run(
            job=job, state=SyncState.RUNNING, started_at=now, finished_at=None, heartbeat_at=now
        )


STATES: tuple[Callable[[Tenant, User], SyncRun], ...] = (asks, kept, asking, at_work)


@pytest.mark.parametrize("state", STATES if PICTURES else (asks, at_work), ids=lambda state: state.__name__)
def test_every_state_stands_up_to_axe_and_none_scrolls_sideways(
    live_server: Any,
    browser: Browser,
    tenant: Tenant,
    ada: User,
    state: Callable[[Tenant, User], SyncRun],
) -> None:
    run = state(tenant, ada)
    page = window(browser, live_server, ada)

    pages = ((f"/operations/syncs/{run.pk}/", "run"), ("/operations/syncs/", "list"))
    for path, name in pages if PICTURES else pages[:1]:
        page.goto(live_server.url + path)
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            for width in WINDOWS:
                page.set_viewport_size({"width": width, "height": 900})
                assert not is_wider_than_its_window(page), (name, theme, width)
                if PICTURES and width != 768:
                    picture = f"{PICTURES}/{state.__name__}-{name}-{theme}-{width}.png"
                    page.screenshot(path=picture, full_page=True)
            assert violations(page) == [], (name, theme)
    assert page.complaints == []  # type: ignore[attr-defined]


def test_one_is_asked_once_more_before_accounts_are_removed(
    live_server: Any, browser: Browser, tenant: Tenant, ada: User, settings: Any
) -> None:
    settings.CSM_RUN_JOBS_INLINE = False
    run = asks(tenant, ada)
    page: Page = window(browser, live_server, ada)
    page.goto(f"{live_server.url}/operations/syncs/{run.pk}/")
    expect(page.get_by_role("button", name="Ask for each, and remove")).not_to_be_visible()

    page.locator("summary", has_text="Remove those that are gone").click()
    page.get_by_role("button", name="Ask for each, and remove").click()

    expect(page.locator("body")).to_contain_text("asks Notion for each of the 20 accounts")
    expect(page.locator("body")).to_contain_text("20 accounts that did not come are still to be asked for")
