"""The page on which a sync asks what to do about accounts that did not come."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Absence, Account, Answer, SyncRun, SyncState
from csm_portal.core.models import AuditEvent, Job, JobState, Tenant, User
from csm_portal.core.scope import tenant_scope
from tests.conftest import signed_in
from tests.factories import NOW, make_accounts, make_sync_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def question(tenant: Tenant) -> SyncRun:
    with tenant_scope(tenant):
        accounts = make_accounts(30)
        keys = [account.pk for account in accounts[:20]]
        Account.objects.filter(pk__in=keys).update(absence=Absence.WAITS, unseen_since=NOW)
        return make_sync_run(state=SyncState.ASKS, missing=20, known=30)


@pytest.fixture
def manager(bob: User) -> Client:
    return signed_in(bob)


def page(client: Client, run: SyncRun) -> str:
    return client.get(reverse("sync-run", args=[run.pk])).content.decode()


def say(client: Client, run: SyncRun, answer: str) -> Any:
    return client.post(reverse("sync-answer", args=[run.pk]), {"answer": answer}, follow=True)


def states(tenant: Tenant) -> set[str]:
    with tenant_scope(tenant):
        return set(Account.objects.values_list("absence", flat=True))


def test_the_page_says_how_many_of_how_many_and_names_some(manager: Client, question: SyncRun) -> None:
    shown = page(manager, question)

    assert "20 of 30 accounts did not come" in shown
    assert "and 8 more" in shown
    assert shown.count('value="remove"') == 1
    assert shown.count('value="keep"') == 1
    assert "20 of 30 accounts did not come" in manager.get(reverse("sync-runs")).content.decode()


def test_removing_asks_for_each_in_a_job(
    tenant: Tenant, manager: Client, bob: User, question: SyncRun
) -> None:
    answer = say(manager, question, "remove")

    assert "asks Notion for each of the 20 accounts" in answer.content.decode()
    assert "20 accounts that did not come are still to be asked for" in page(manager, question)
    assert states(tenant) == {"", Absence.ASK}
    with tenant_scope(tenant):
        job = Job.objects.get(task="accounts.tasks.ask_for_absent")
        assert (job.state, job.requested_by) == (JobState.QUEUED, bob)
        assert AuditEvent.objects.filter(verb="sync.removal_approved", actor=bob).count() == 1
        question.refresh_from_db()
    assert (question.state, question.answer) == (SyncState.DONE, Answer.REMOVE)


def test_keeping_keeps_them_and_one_may_think_otherwise_later(
    tenant: Tenant, manager: Client, question: SyncRun
) -> None:
    say(manager, question, "keep")

    shown = page(manager, question)
    assert states(tenant) == {"", Absence.KEPT}
    assert "Bob said" in shown
    assert "20 accounts that no longer come from Notion" in " ".join(shown.split())
    say(manager, question, "remove")
    assert states(tenant) == {"", Absence.ASK}


def test_a_second_answer_changes_nothing(tenant: Tenant, manager: Client, question: SyncRun) -> None:
    say(manager, question, "remove")

    again = say(manager, question, "keep")

    assert "not open any more" in again.content.decode()
    assert states(tenant) == {"", Absence.ASK}


def test_no_answer_is_no_answer(tenant: Tenant, manager: Client, question: SyncRun) -> None:
    odd = say(manager, question, "burn")

    assert "removed or kept" in odd.content.decode()
    assert states(tenant) == {"", Absence.WAITS}


def test_an_earlier_run_asks_nothing(tenant: Tenant, manager: Client, question: SyncRun) -> None:
    with tenant_scope(tenant):
        SyncRun.objects.filter(pk=question.pk).update(state=SyncState.INCOMPLETE)
        make_sync_run(started_at=NOW + timedelta(days=1), state=SyncState.ASKS, missing=20, known=30)

    shown = page(manager, question)

    assert "May these accounts be removed?" not in shown
    say(manager, question, "remove")
    assert states(tenant) == {"", Absence.WAITS}


def test_a_csm_and_a_stranger_cannot_answer(
    tenant: Tenant, alice: User, charlie: User, question: SyncRun
) -> None:
    assert say(signed_in(alice), question, "remove").status_code == 403
    assert say(signed_in(charlie), question, "remove").status_code == 404
    assert states(tenant) == {"", Absence.WAITS}


def test_a_run_at_work_shows_its_progress_and_reloads_the_page_at_its_end(
    tenant: Tenant, manager: Client
) -> None:
    with tenant_scope(tenant):
        job = Job.objects.create(
            task="a.b", title="Sync", state=JobState.RUNNING, heartbeat_at=NOW, progress_message="300 read."
        )
        run = make_sync_run(state=SyncState.RUNNING, job=job, finished_at=None, heartbeat_at=NOW)
        Job.objects.filter(pk=job.pk).update(heartbeat_at=NOW + timedelta(days=9999))

    shown = page(manager, run)
    assert 'hx-trigger="every 2s"' in shown
    assert "300 read." in shown

    with tenant_scope(tenant):
        SyncRun.objects.filter(pk=run.pk).update(state=SyncState.DONE)
    address = reverse("sync-run", args=[run.pk])
    ended = manager.get(address, {"watching": 1}, headers={"HX-Request": "true"})
    assert ended["HX-Refresh"] == "true"
    assert 'hx-trigger="every 2s"' not in ended.content.decode()
