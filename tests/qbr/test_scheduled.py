"""Reviews that nobody asks for: each quarter's and those before a renewal (SPEC 6.4)."""

from datetime import date, timedelta
from typing import Any

import pytest

from accounts.models import Account
from csm_portal.core.jobs import run
from csm_portal.core.models import AuditEvent, Job, JobState, Membership, Tenant, User
from csm_portal.schedules import PLAN, start
from qbr.models import QBR, Origin
from qbr.selectors import waiting
from qbr.services import drafting, scheduled
from tests.factories import make_account, make_accounts
from tests.qbr.conftest import LATER, NOW
from tests.qbr.reviews import drafted, writers

pytestmark = pytest.mark.django_db

FIRST_OF_JULY = date(2026, 7, 1)
TODAY = NOW.date()


def test_the_quarterly_run_reviews_the_quarter_just_ended_for_every_account(scoped: Tenant) -> None:
    make_accounts(3)
    make_account(name="Archived", is_archived=True)
    make_account(name="Gone", removed_at=NOW)

    begun = scheduled.quarterly(scoped, day=FIRST_OF_JULY, now=NOW)

    assert (begun.looked_at, begun.begun) == (3, 3)
    assert set(QBR.objects.values_list("quarter_label", "origin", "requested_by")) == {
        ("Q2 2026", Origin.QUARTERLY.value, None)
    }
    assert Job.objects.filter(task="qbr.tasks.draft").count() == 3
    assert AuditEvent.objects.filter(verb="qbr.scheduled").count() == 1


def test_a_run_that_was_broken_off_goes_on_with_what_is_left(scoped: Tenant) -> None:
    accounts = make_accounts(4)
    scheduled.quarterly(scoped, day=FIRST_OF_JULY, now=NOW)
    half = [account.pk for account in accounts[:2]]
    QBR.objects.filter(account_id__in=half).delete()
    Job.objects.update(state=JobState.DONE)

    begun = scheduled.quarterly(scoped, day=FIRST_OF_JULY, now=LATER)

    assert (begun.looked_at, begun.begun) == (4, 2)
    assert QBR.objects.count() == 4


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.PARTIAL, JobState.QUARANTINED])
def test_a_draft_that_did_not_come_about_is_made_by_the_next_run(state: JobState, scoped: Tenant) -> None:
    make_account(name="Nobody's", renewal_on=date(2026, 9, 1))

    def quarterly() -> int:
        return scheduled.quarterly(scoped, day=FIRST_OF_JULY, now=LATER).begun

    def renewals() -> int:
        return scheduled.before_renewals(scoped, day=FIRST_OF_JULY, now=LATER).begun

    for begin in (quarterly, renewals):
        assert (begin(), begin()) == (1, 0)
        Job.objects.update(state=state)
        assert (begin(), begin()) == (1, 0)
        assert Job.objects.filter(state=JobState.QUEUED).count() == 1
        Job.objects.update(state=JobState.DONE)
    assert QBR.objects.count() == 2


def test_an_account_that_nobody_looks_after_is_drafted_and_waits_for_its_next_owner(
    harbour: Account, scoped: Tenant, alice: User, bob: User
) -> None:
    Account.objects.filter(pk=harbour.pk).update(owner=None, owner_name="")
    scheduled.before_renewals(scoped, day=TODAY, now=NOW)
    qbr = QBR.objects.get()
    drafting.draft(qbr.pk, writers=writers(), now=NOW)

    def waits_for(user: User) -> int:
        return waiting.rows(Membership.objects.get(user=user), today=TODAY)[1]

    assert (waits_for(alice), waits_for(bob)) == (0, 1)
    Account.objects.filter(pk=harbour.pk).update(owner=alice)
    assert (waits_for(alice), waits_for(bob)) == (1, 0)


@pytest.mark.parametrize(("days", "expected"), [(-1, 0), (0, 1), (90, 1), (91, 0)])
def test_only_a_renewal_within_ninety_days_calls_for_a_review(
    days: int, expected: int, scoped: Tenant
) -> None:
    make_account(renewal_on=TODAY + timedelta(days=days))

    assert scheduled.before_renewals(scoped, day=TODAY, now=NOW).begun == expected


def test_a_renewal_is_reviewed_once_not_once_a_day_nor_once_a_quarter(scoped: Tenant) -> None:
    account = make_account(renewal_on=date(2026, 7, 20))
    for day in (TODAY, TODAY + timedelta(days=1), date(2026, 7, 2)):
        scheduled.before_renewals(scoped, day=day, now=NOW)
    assert QBR.objects.get().renewal_on == date(2026, 7, 20)

    Account.objects.filter(pk=account.pk).update(renewal_on=date(2026, 9, 1))
    scheduled.before_renewals(scoped, day=date(2026, 7, 3), now=NOW)

    assert set(QBR.objects.values_list("quarter_label", "renewal_on")) == {
        ("Q2 2026", date(2026, 7, 20)),
        ("Q3 2026", date(2026, 9, 1)),
    }


def test_a_review_that_the_quarter_has_already_is_used(harbour: Account, scoped: Tenant, alice: User) -> None:
    qbr = drafted(harbour, actor=alice)

    begun = scheduled.before_renewals(scoped, day=TODAY, now=LATER)

    assert (begun.looked_at, begun.begun) == (1, 0)
    qbr.refresh_from_db()
    assert (qbr.renewal_on, qbr.origin) == (harbour.renewal_on, Origin.ON_DEMAND)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["quarterly_qbrs", "contract_proximity_qbrs"])
def test_the_schedules_jobs_run_to_their_end_and_draft_each_review(
    name: str, harbour: Account, scoped: Tenant, settings: Any
) -> None:
    settings.CSM_RUN_JOBS_INLINE = False
    plan = next(plan for plan in PLAN if plan.name == name)

    job = start(plan, scoped, day=TODAY, now=NOW)
    run(str(job.pk))
    for draft in Job.objects.filter(task="qbr.tasks.draft"):
        run(str(draft.pk))

    assert set(Job.objects.values_list("state", flat=True)) == {JobState.DONE}
    assert QBR.objects.count() == (12 if name == "quarterly_qbrs" else 1)
    assert all(qbr.revisions.count() == 1 for qbr in QBR.objects.all())
