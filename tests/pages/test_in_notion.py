"""The card “In Notion” of an account's page: what is kept there, and the button that brings the CSM Profile up to date."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.utils import timezone

from accounts.models import Account, CSMProfile, FiguresInNotion, ProfileState
from accounts.services import sync
from csm_portal.core.models import AuditEvent, Job, JobState, Tenant, User
from csm_portal.core.scope import tenant_scope
from qbr import quarters
from qbr.models import Origin
from qbr.services import drafting
from tests.conftest import make_member, signed_in
from tests.factories import make_account
from tests.workspace import Connected, a_row, connected

pytestmark = pytest.mark.django_db(transaction=True)

NOW = timezone.now()


@pytest.fixture
def notion(tenant: Tenant, alice: User, tmp_path: Path, settings: Any) -> Connected:
    made = connected(tenant, tmp_path, settings, rows=[a_row(1, owner=None)])
    with tenant_scope(tenant):
        sync.run(workspace=made.workspace(), now=NOW)
        Account.objects.update(owner=alice)
    return made


@pytest.fixture
def account(tenant: Tenant, notion: Connected) -> Account:
    with tenant_scope(tenant):
        found: Account = Account.objects.select_related("tenant").get()
        return found


def text(response: HttpResponse) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def card(account: Account, user: User) -> str:
    """Return what a reader reads in the card."""
    page = signed_in(user).get(f"/accounts/{account.pk}/").content.decode()
    found = re.search(r'<section class="card stack-s" id="in-notion".*?</section>', page, re.S)
    assert found is not None
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[0])))


def press(account: Account, user: User, **data: str) -> HttpResponse:
    return signed_in(user).post(f"/accounts/{account.pk}/in-notion/", data)


def test_an_account_that_the_portal_never_wrote_about_says_so(account: Account, alice: User) -> None:
    told = card(account, alice)

    assert "Not kept there before the first alert" in told
    assert "CSM Profile Not made yet" in told
    assert "Make the CSM Profile" in told


def test_the_card_tells_what_was_written_and_when(account: Account, tenant: Tenant, alice: User) -> None:
    with tenant_scope(tenant):
        FiguresInNotion.objects.create(
            account=account, alerted_at=NOW, score=31, risk="high", written_at=NOW - timedelta(hours=3)
        )

    assert "31 · High written 3 hours ago" in card(account, alice)


def test_the_card_tells_why_the_page_could_not_be_written(
    account: Account, tenant: Tenant, alice: User
) -> None:
    with tenant_scope(tenant):
        FiguresInNotion.objects.create(account=account, alerted_at=NOW, trouble="The page is locked.")

    told = card(account, alice)

    assert "Not written yet" in told
    assert "Score and risk were not written The page is locked." in told


def test_the_button_makes_the_profile_with_the_accounts_qbrs(
    account: Account, tenant: Tenant, notion: Connected, alice: User
) -> None:
    with tenant_scope(tenant):
        quarter = quarters.quarter_of(NOW.date())
        drafting.begin(account, quarter=quarter, actor=alice, origin=Origin.ON_DEMAND, now=NOW)

    answer = press(account, alice)

    assert answer.status_code == 302
    with tenant_scope(tenant):
        job = Job.objects.get(task="csm_portal.pages.profile.update")
        kept = CSMProfile.objects.get()
        assert (job.state, job.error, job.requested_by) == (JobState.DONE, "", alice)
        assert kept.state == ProfileState.WRITTEN
        lines = [
            "".join(item["plain_text"] for item in block[block["type"]].get("rich_text", []))
            for block in notion.api("GET", f"/v1/blocks/{kept.page_id}/children")["results"]
        ]
        assert AuditEvent.objects.get(verb="profile.requested").actor == alice
        assert AuditEvent.objects.get(verb="profile.written").actor == alice
    assert "Owner: Alice" in lines
    assert any(line.startswith(f"{quarter.label}: being drafted") for line in lines)
    told = card(account, alice)
    assert "Update the CSM Profile" in told
    assert kept.page_url in signed_in(alice).get(f"/accounts/{account.pk}/").content.decode()


def test_a_profile_in_the_trash_is_made_anew_on_the_second_button(
    account: Account, tenant: Tenant, notion: Connected, bob: User
) -> None:
    press(account, bob)
    with tenant_scope(tenant):
        first = CSMProfile.objects.get().page_id
    notion.api("PATCH", f"/v1/pages/{first}", {"in_trash": True})
    press(account, bob)

    told = card(account, bob)
    assert "The CSM Profile is in Notion's trash." in told
    assert "Look for it again Make a new one" in told

    press(account, bob, anew="1")
    with tenant_scope(tenant):
        kept = CSMProfile.objects.get()
        assert (kept.state, kept.trouble) == (ProfileState.WRITTEN, "")
        assert kept.page_id != first


def test_without_a_workspace_the_card_says_what_is_missing(
    account: Account, tenant: Tenant, notion: Connected, ada: User
) -> None:
    notion.reconnect(accounts_database_id="")

    press(account, ada)

    assert "The CSM Profile was not written No accounts database is set." in card(account, ada)


def test_a_job_that_stopped_on_an_error_of_its_own_is_told(
    account: Account, tenant: Tenant, notion: Connected, ada: User, settings: Any
) -> None:
    settings.PORTS = {**settings.PORTS, "workspace": "tests.workspace.not_there"}

    press(account, ada)

    assert "The CSM Profile was not written The job stopped on an error of its own" in card(account, ada)


def test_who_does_not_work_on_the_account_sees_the_card_without_the_button(
    account: Account, tenant: Tenant
) -> None:
    carol = make_member(tenant, "Carol", is_csm=True)

    assert "Make the CSM Profile" not in card(account, carol)
    assert press(account, carol).status_code == 403


def test_an_account_that_left_notion_gets_no_profile(tenant: Tenant, ada: User) -> None:
    with tenant_scope(tenant):
        gone = make_account(is_archived=True)

    assert "Make the CSM Profile" not in card(gone, ada)
    assert press(gone, ada).status_code == 302
    with tenant_scope(tenant):
        assert not CSMProfile.objects.exists()


def test_the_card_asks_again_while_the_update_runs_and_says_when_it_is_over(
    account: Account, tenant: Tenant, alice: User, settings: Any
) -> None:
    settings.CSM_RUN_JOBS_INLINE = False
    press(account, alice)
    url = f"/accounts/{account.pk}/in-notion/"

    running = signed_in(alice).get(url, headers={"HX-Request": "true"})
    with tenant_scope(tenant):
        Job.objects.update(state=JobState.DONE, finished_at=NOW)
        CSMProfile.objects.update(state=ProfileState.WRITTEN, page_id="x", page_url="https://www.notion.so/x")
    over = signed_in(alice).get(url, headers={"HX-Request": "true"})

    assert b'hx-trigger="every 2s"' in running.content
    assert "CSM Profile of Account 001" in text(running)
    assert b"hx-trigger" not in over.content
    assert b'data-announce="The CSM Profile is up to date."' in over.content
    assert signed_in(alice).get(url).status_code == 302
