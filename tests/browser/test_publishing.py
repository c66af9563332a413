"""The page of a review while it is published, and where it asks, in a real browser."""

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from csm_portal.core.models import Job, JobState, Tenant, User
from csm_portal.core.scope import tenant_scope
from csm_portal.ports.errors import PortError
from qbr.models import QBR, Publication
from tests.browser.windows import THEMES, is_wider_than_its_window, violations, window
from tests.qbr.published import (
    account_in_notion,
    add_by_hand,
    ask_again,
    asked,
    pages,
    publish_again,
    reapproved,
)
from tests.qbr.reviews import fresh
from tests.workspace import Connected, connected

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

# A folder for pictures of every state, to be looked at by a person.
PICTURES = os.environ.get("CSM_PICTURES", "")


@pytest.fixture
def notion(transactional_db: Any, tenant: Tenant, tmp_path: Path, settings: Any) -> Connected:
    # What is asked for waits, so that the page can be seen while it does.
    settings.CSM_RUN_JOBS_INLINE = False
    return connected(tenant, tmp_path, settings)


@pytest.fixture
def qbr(notion: Connected, alice: User, bob: User) -> QBR:
    """A small review that waits to be published."""
    with tenant_scope(notion.tenant):
        return asked(account_in_notion(notion, owner=alice), csm=alice, manager=bob)


# States: each brings the review to one and leaves it there


def changed(notion: Connected, qbr: QBR, csm: User, manager: User) -> None:
    publish_again(notion, qbr)
    page_id = pages(notion)[0]["id"]
    add_by_hand(notion, page_id, "We met them in Hamburg; they want to go live before the holidays, and Jonas asks for it.")  # fmt: skip
    notion.change(page_id, {"Status": {"select": {"name": "Sent"}}})
    again = ask_again(reapproved(qbr, "second", csm=csm, manager=manager), by=csm)
    with suppress(PortError):
        publish_again(notion, again)


def in_trash(notion: Connected, qbr: QBR, csm: User, manager: User) -> None:
    publish_again(notion, qbr)
    notion.api("PATCH", f"/v1/pages/{pages(notion)[0]['id']}", {"in_trash": True})
    again = ask_again(reapproved(qbr, "second", csm=csm, manager=manager), by=csm)
    with suppress(PortError):
        publish_again(notion, again)


def put_off(notion: Connected, qbr: QBR, csm: User, manager: User) -> None:
    at = timezone.now() + timedelta(minutes=4)
    reason = "Notion is not available at the moment (it answered 503 for the QBR database). The portal tries again later; nothing needs to be done unless this lasts."  # fmt: skip
    Publication.objects.update(retry_at=at, retries=3, runs=3, last_error=reason, step="writing")
    QBR.objects.update(trouble=reason)
    Job.objects.filter(pk=qbr.publish_job_id).update(state=JobState.QUEUED, due_at=at)


def at_work(notion: Connected, qbr: QBR, csm: User, manager: User) -> None:
    now = timezone.now()
    Publication.objects.update(runs=1, step="writing")
    Job.objects.filter(pk=qbr.publish_job_id).update(
        state=JobState.RUNNING,
        started_at=now,
        heartbeat_at=now + timedelta(minutes=9),
        progress_message="Writing the text: 100 of 130 blocks stand",
        progress_done=1,
        progress_total=4,
    )


STATES: tuple[Callable[[Connected, QBR, User, User], None], ...] = (changed, in_trash, put_off, at_work)
LOOKED_AT = STATES if PICTURES else (changed, put_off)


@pytest.mark.parametrize("reach", LOOKED_AT, ids=lambda state: state.__name__)
def test_every_state_stands_up_to_axe_and_none_scrolls_sideways(
    live_server: Any,
    browser: Browser,
    notion: Connected,
    qbr: QBR,
    alice: User,
    bob: User,
    reach: Callable[..., None],
) -> None:
    with tenant_scope(notion.tenant):
        reach(notion, qbr, alice, bob)
    page = window(browser, live_server, alice)
    page.goto(f"{live_server.url}/qbrs/{qbr.pk}/")

    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            assert not is_wider_than_its_window(page), (theme, width)
            if PICTURES:
                page.screenshot(path=f"{PICTURES}/{reach.__name__}-{theme}-{width}.png", full_page=True)
        assert violations(page) == [], theme
    assert page.complaints == []  # type: ignore[attr-defined]


def test_without_scripts_a_person_overwrites_what_they_have_seen(
    live_server: Any, browser: Browser, notion: Connected, qbr: QBR, alice: User, bob: User, settings: Any
) -> None:
    with tenant_scope(notion.tenant):
        changed(notion, qbr, alice, bob)
    settings.CSM_RUN_JOBS_INLINE = True
    page = window(browser, live_server, alice, scripts=False)
    page.goto(f"{live_server.url}/qbrs/{qbr.pk}/")

    expect(page.get_by_role("heading", name="Somebody has changed the page in Notion")).to_be_visible()
    page.locator("summary", has_text="Overwrite it").click()
    page.get_by_label("What differs goes to Notion's trash").check()
    with page.expect_navigation():
        page.get_by_role("button", name="Overwrite it").click()

    with tenant_scope(notion.tenant):
        assert fresh(qbr).state == "published"
