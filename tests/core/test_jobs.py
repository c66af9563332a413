"""The job row under every queued task: attempts, outcomes, recovery (ARCHITECTURE, decision 7)."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from csm_portal.core import jobs
from csm_portal.core.models import Job, JobState, Tenant, User
from csm_portal.core.scope import across_tenants, tenant_scope

pytestmark = pytest.mark.django_db

FUNCTIONS = "tests.core.job_functions"


def ask(tenant: Tenant, name: str, **fields: Any) -> Job:
    return jobs.enqueue(f"{FUNCTIONS}.{name}", tenant=tenant, title=name, now=timezone.now(), **fields)


def state_of(job: Job) -> Job:
    with across_tenants("the test looks at the row"):
        return Job.objects.get(pk=job.pk)


def test_a_job_runs_in_its_tenants_scope_and_keeps_its_result(tenant: Tenant) -> None:
    job = ask(tenant, "count_audit_rows", params={"given": 7})

    jobs.run(str(job.pk))

    done = state_of(job)
    assert (done.state, done.result, done.attempts) == (JobState.DONE, {"rows": 0, "given": 7}, 1)
    assert (done.progress_done, done.progress_total, done.progress_message) == (1, 2, "Half of it")
    assert done.finished_at is not None


def test_a_second_delivery_of_the_same_task_does_nothing(tenant: Tenant) -> None:
    job = ask(tenant, "count_audit_rows")
    jobs.run(str(job.pk))

    jobs.run(str(job.pk))

    assert state_of(job).attempts == 1


@pytest.mark.parametrize(
    ("name", "state", "sentence"),
    [
        ("half_done", JobState.PARTIAL, "Two of five accounts could not be read."),
        ("outside_is_down", JobState.FAILED, "Notion does not answer. Try again later."),
        (
            "broken",
            JobState.FAILED,
            "The job stopped on an error of its own (ValueError in broken). The log has the rest.",
        ),
    ],
)
def test_an_outcome_is_told_in_a_sentence(tenant: Tenant, name: str, state: JobState, sentence: str) -> None:
    job = ask(tenant, name)

    jobs.run(str(job.pk))

    over = state_of(job)
    assert (over.state, over.error) == (state, sentence)
    assert "secret plan" not in over.error


def test_what_a_partial_job_did_is_kept(tenant: Tenant) -> None:
    job = ask(tenant, "half_done")

    jobs.run(str(job.pk))

    assert state_of(job).result == {"read": 3}


def test_the_same_key_gives_back_the_job_that_is_under_way(tenant: Tenant, other_tenant: Tenant) -> None:
    first = ask(tenant, "count_audit_rows", key="sync")

    second = ask(tenant, "count_audit_rows", key="sync")
    theirs = ask(other_tenant, "count_audit_rows", key="sync")
    jobs.run(str(first.pk))
    third = ask(tenant, "count_audit_rows", key="sync")

    assert second.pk == first.pk
    assert theirs.pk != first.pk
    assert third.pk != first.pk


def lose(job: Job, *, attempts: int) -> None:
    """Leave the row as a killed worker leaves it."""
    with tenant_scope(job.tenant):
        Job.objects.filter(pk=job.pk).update(
            state=JobState.RUNNING, attempts=attempts, heartbeat_at=timezone.now() - timedelta(minutes=2)
        )


def test_a_job_whose_worker_died_is_put_back_and_run_again(tenant: Tenant) -> None:
    job = ask(tenant, "count_audit_rows")
    lose(job, attempts=1)

    assert jobs.recover(now=timezone.now()) == 1
    jobs.run(str(job.pk))

    assert (state_of(job).state, state_of(job).attempts) == (JobState.DONE, 2)


def test_a_job_that_kills_its_worker_is_quarantined_after_three_runs(tenant: Tenant) -> None:
    job = ask(tenant, "count_audit_rows")
    lose(job, attempts=3)

    assert jobs.recover(now=timezone.now()) == 0

    assert state_of(job).state == JobState.QUARANTINED
    assert "3 times" in state_of(job).error


def test_a_job_with_a_fresh_heartbeat_is_left_alone(tenant: Tenant) -> None:
    job = ask(tenant, "count_audit_rows")
    with tenant_scope(tenant):
        Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, attempts=1, heartbeat_at=timezone.now())

    assert jobs.recover(now=timezone.now()) == 0
    assert state_of(job).state == JobState.RUNNING


def test_a_job_that_the_queue_forgot_is_put_back(tenant: Tenant) -> None:
    job = ask(tenant, "count_audit_rows")

    assert jobs.recover(now=timezone.now() + timedelta(minutes=11)) == 1
    assert state_of(job).state == JobState.QUEUED


def test_a_retry_is_a_new_job_with_the_same_work(tenant: Tenant, ada: User) -> None:
    job = ask(tenant, "broken", params={"given": 1})
    jobs.run(str(job.pk))

    again = jobs.retry(state_of(job), actor=ada, now=timezone.now())

    assert again.pk != job.pk
    assert (again.params, again.requested_by) == ({"given": 1}, ada)


def test_clusters_that_keep_ending_do_not_fill_the_queue(tenant: Tenant) -> None:
    ask(tenant, "count_audit_rows")
    later = timezone.now() + timedelta(seconds=30)

    assert jobs.hand_over_again(now=timezone.now()) == 0
    assert [jobs.hand_over_again(now=later) for _ in range(5)] == [1, 0, 0, 0, 0]


def test_a_job_can_be_run_where_it_was_asked_for(tenant: Tenant) -> None:
    job = ask(tenant, "count_audit_rows", params={"given": 7})

    with tenant_scope(tenant):
        done = jobs.run_here(job)

    assert (done.state, done.result, done.attempts) == (JobState.DONE, {"rows": 0, "given": 7}, 1)


def test_a_job_that_a_worker_is_at_is_waited_for_no_longer_than_said(tenant: Tenant) -> None:
    job = ask(tenant, "count_audit_rows")

    with tenant_scope(tenant):
        Job.objects.update(state=JobState.RUNNING, attempts=1)
        still = jobs.run_here(job, longest_seconds=0.0)

    assert (still.state, still.attempts) == (JobState.RUNNING, 1)


def test_a_job_that_was_put_off_is_not_waited_for(tenant: Tenant) -> None:
    job = ask(tenant, "count_audit_rows")
    later = timezone.now() + timedelta(hours=1)

    with tenant_scope(tenant):
        Job.objects.update(state=JobState.RUNNING, attempts=1, due_at=later)
        still = jobs.run_here(job)

    assert (still.state, still.due_at) == (JobState.RUNNING, later)
