"""The daily scan as the queue runs it: sync, then score, and what happens when Notion does not answer."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import HealthScore, SyncRun
from csm_portal import schedules
from csm_portal.core import jobs
from csm_portal.core.models import AuditEvent, Job, JobState, Tenant, User
from csm_portal.core.scope import tenant_scope
from tests.factories import make_accounts
from tests.workspace import Connected

pytestmark = pytest.mark.django_db(transaction=True)

# 07:00 in Berlin.
SEVEN = "2026-05-14T05:00:00+00:00"


def planned_run(tenant: Tenant, **options: Any) -> Job:
    now = timezone.now()
    plan = schedules.planned("daily_health_scan")
    day = now.astimezone(tenant.zone).date()
    job = schedules.start(plan, tenant, day=options.pop("day", day), now=now, **options)
    with tenant_scope(tenant):
        job.refresh_from_db()
    return job


@time_machine.travel(SEVEN, tick=False)
def test_the_daily_scan_reads_notion_and_scores_what_it_read(tenant: Tenant, notion: Connected) -> None:
    notion.add_accounts({"name": "Acme", "payment_current": False}, {"name": "Blue", "payment_current": True})

    job = planned_run(tenant)

    with tenant_scope(tenant):
        assert (job.state, job.error) == (JobState.DONE, "")
        assert (job.result["scored"], job.result["as_of"]) == (2, "2026-05-14")
        points = dict(HealthScore.objects.values_list("account__name", "points"))
        assert points["Acme"]["payment_current"] == 30
        assert "payment_current" not in points["Blue"]
        assert AuditEvent.objects.filter(verb="scan.finished").count() == 1
        assert job.progress_message == "2 of 2 accounts scored."


@time_machine.travel(SEVEN, tick=False)
def test_a_scan_without_notion_scores_the_mirror_as_it_is_and_says_so(tenant: Tenant) -> None:
    with tenant_scope(tenant):
        make_accounts(3)

    job = planned_run(tenant)

    with tenant_scope(tenant):
        assert job.state == JobState.PARTIAL
        assert job.error.startswith("The accounts could not be read from Notion: No Notion token is set.")
        assert job.error.endswith("3 accounts were scored as they were last known.")
        assert job.result["scored"] == HealthScore.objects.count() == 3
        assert AuditEvent.objects.get(verb="scan.finished").data["partial"] is True


@time_machine.travel(SEVEN, tick=False)
def test_a_sync_that_fails_half_way_does_not_stop_the_scoring(tenant: Tenant, notion: Connected) -> None:
    with tenant_scope(tenant):
        make_accounts(2)
        notion.connection.accounts_database_id = "0" * 32
        notion.connection.save(update_fields=["accounts_database_id"])

    job = planned_run(tenant)

    with tenant_scope(tenant):
        assert job.state == JobState.PARTIAL
        assert SyncRun.objects.get().state == "failed"
        assert HealthScore.objects.count() == 2


@time_machine.travel(SEVEN, tick=False)
def test_the_local_date_is_the_tenants(tenant: Tenant, other_tenant: Tenant) -> None:
    with tenant_scope(other_tenant):
        make_accounts(1)
    with time_machine.travel("2026-05-15T02:00:00+00:00", tick=False):
        job = jobs.enqueue("accounts.tasks.score_all", tenant=other_tenant, title="Score", now=timezone.now())

    with tenant_scope(other_tenant):
        job.refresh_from_db()
        assert job.state == JobState.DONE
        assert HealthScore.objects.get().scored_on.isoformat() == "2026-05-14"


def test_a_planned_scan_that_begins_too_late_is_not_made_up(tenant: Tenant) -> None:
    with tenant_scope(tenant):
        make_accounts(1)
    with time_machine.travel("2026-05-14T06:01:00+00:00", tick=False):
        job = planned_run(tenant)

    with tenant_scope(tenant):
        assert job.state == JobState.PARTIAL
        assert job.error.startswith("The scan of 14 May 2026 began 61 minutes late")
        assert not HealthScore.objects.exists()


def test_a_person_who_asks_gets_todays_scan_at_any_hour(tenant: Tenant, ada: User) -> None:
    with tenant_scope(tenant):
        make_accounts(1)
    with time_machine.travel("2026-05-14T16:00:00+00:00", tick=False):
        earlier = timezone.localdate(timezone=tenant.zone) - timedelta(days=3)
        planned_run(tenant, day=earlier, requested_by=ada)

    with tenant_scope(tenant):
        assert HealthScore.objects.get().scored_on.isoformat() == "2026-05-14"
        assert AuditEvent.objects.get(verb="scan.finished").actor == ada
