"""Jobs and the schedule, as admins and managers see them."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from csm_portal import schedules
from csm_portal.core import jobs
from csm_portal.core.models import AuditEvent, Job, JobState, Tenant, User
from csm_portal.core.scope import tenant_scope
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db


def failed_job(tenant: Tenant, **fields: Any) -> Job:
    with tenant_scope(tenant):
        return Job.objects.create(
            task="tests.core.job_functions.count_audit_rows", title="Sync of the accounts",
            state=JobState.FAILED, error="Notion does not answer.", **fields,
        )  # fmt: skip


def test_the_list_names_each_job_and_what_went_wrong(tenant: Tenant, ada: User) -> None:
    failed_job(tenant)

    page = signed_in(ada).get(reverse("jobs")).content.decode()

    assert "Sync of the accounts" in page
    assert "Notion does not answer." in page


def test_the_list_tells_what_a_finished_job_counted_and_not_its_last_step(tenant: Tenant, ada: User) -> None:
    with tenant_scope(tenant):
        Job.objects.create(
            task="tests.core.job_functions.count_audit_rows", title="Score all accounts", state=JobState.DONE,
            progress_message="Marking it as ready.", result={"scored": 1200, "failed": 0, "remarks": "none"},
        )  # fmt: skip

    page = signed_in(ada).get(reverse("jobs")).content.decode()

    assert "Scored: 1,200</td>" in page
    assert "Marking it as ready." not in page


def test_the_list_costs_the_same_at_one_row_and_at_fifty(
    tenant: Tenant, ada: User, django_assert_num_queries: Any
) -> None:
    client = signed_in(ada)
    failed_job(tenant, requested_by=ada)
    client.get(reverse("jobs"))

    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as at_one:
        client.get(reverse("jobs"))
    for _ in range(49):
        failed_job(tenant, requested_by=ada)
    with django_assert_num_queries(len(at_one)):
        client.get(reverse("jobs"))


def test_a_silent_queue_is_told(tenant: Tenant, ada: User) -> None:
    cache.delete("schedules.last_tick")
    client = signed_in(ada)
    assert "The queue is silent" in client.get(reverse("jobs")).content.decode()

    schedules.tick_now()
    assert "The queue is silent" not in client.get(reverse("jobs")).content.decode()

    cache.set("schedules.last_tick", timezone.now() - timedelta(minutes=5))
    assert "The queue is silent" in client.get(reverse("jobs")).content.decode()


def test_progress_is_polled_until_the_job_is_over(tenant: Tenant, ada: User) -> None:
    job = jobs.enqueue(
        "tests.core.job_functions.count_audit_rows", tenant=tenant, title="Count", now=timezone.now()
    )
    client = signed_in(ada)

    waiting = client.get(reverse("job-status", args=[job.pk]))
    jobs.run(str(job.pk))
    over = client.get(reverse("job-status", args=[job.pk]))

    assert "hx-trigger" in waiting.content.decode()
    assert "hx-trigger" not in over.content.decode()
    assert over.headers["HX-Trigger"] == "job-done"


def test_a_csm_sees_the_progress_of_their_own_jobs_only(tenant: Tenant, alice: User) -> None:
    mine = failed_job(tenant, requested_by=alice)
    other = failed_job(tenant)
    client = signed_in(alice)

    assert client.get(reverse("job-status", args=[mine.pk])).status_code == 200
    assert client.get(reverse("job-status", args=[other.pk])).status_code == 403


def test_a_failed_job_is_run_again_as_a_new_one(
    tenant: Tenant, ada: User, django_capture_on_commit_callbacks: Any
) -> None:
    job = failed_job(tenant)

    with django_capture_on_commit_callbacks(execute=True):
        answer = signed_in(ada).post(reverse("job-retry", args=[job.pk]))

    with tenant_scope(tenant):
        again = Job.objects.exclude(pk=job.pk).get()
        assert AuditEvent.objects.filter(verb="job.retried").count() == 1
    assert answer.url == reverse("job", args=[again.pk])
    assert again.state == JobState.DONE


def test_a_job_that_got_through_is_not_run_again(tenant: Tenant, ada: User) -> None:
    job = failed_job(tenant)
    with tenant_scope(tenant):
        Job.objects.update(state=JobState.DONE)

    signed_in(ada).post(reverse("job-retry", args=[job.pk]))

    with tenant_scope(tenant):
        assert Job.objects.count() == 1


def test_the_schedule_tells_when_and_in_which_time_zone(tenant: Tenant, ada: User) -> None:
    page = signed_in(ada).get(reverse("schedule")).content.decode()

    assert "Every day at 07:00" in page
    assert "Europe/Berlin" in page


def test_run_now_starts_the_job_and_is_audited(tenant: Tenant, ada: User) -> None:
    answer = signed_in(ada).post(reverse("schedule-run", args=["daily_health_scan"]))

    with tenant_scope(tenant):
        job = Job.objects.get(task="accounts.tasks.daily_scan")
        assert AuditEvent.objects.get(verb="schedule.run_now").actor == ada
    assert answer.url == reverse("job", args=[job.pk])
    assert job.requested_by == ada


def test_an_unknown_schedule_is_not_found(ada: User) -> None:
    assert signed_in(ada).post(reverse("schedule-run", args=["rm_rf"])).status_code == 404
