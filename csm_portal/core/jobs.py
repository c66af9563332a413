"""Work in the background: the only module that imports the queue (ARCHITECTURE, decision 7).

A job is asked for with ``enqueue``, which puts our own row and django-q2's into the same transaction. The
queue knows nothing but the row's id; attempts, progress, outcome and recovery are ours (LIBRARIES 1.4).
"""

import contextlib
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.module_loading import import_string

from csm_portal.core.models import Job, JobState, Tenant, User
from csm_portal.core.scope import across_tenants, tenant_scope
from csm_portal.ports.errors import PortError

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 3
HEARTBEAT_SECONDS = 10.0
LOST_AFTER = timedelta(seconds=60)
# A queued job whose queue row was lost (a rotated SECRET_KEY drops them silently) is put back after this.
FORGOTTEN_AFTER = timedelta(minutes=10)
HANDED_OVER_JUST_NOW = timedelta(seconds=15)
_LOOK_AGAIN_SECONDS = 0.25


class Partial(Exception):
    """Raised by a job that did part of its work and knows what is missing; the message is for a person."""

    def __init__(self, message: str, *, result: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.result = dict(result or {})


class Later(Exception):
    """Raised by a job that cannot go on now and is to be run again at ``at``; the message is for a person.

    Whoever raises it bounds how often. It is no attempt: those are counted for jobs that take a worker down.
    """

    def __init__(self, message: str, *, at: datetime) -> None:
        super().__init__(message)
        self.at = at


@dataclass(slots=True)
class Running:
    """What a job's function is given: its tenant, its parameters, and where to tell how far it is."""

    job: Job
    tenant: Tenant

    @property
    def params(self) -> dict[str, Any]:
        params: dict[str, Any] = self.job.params
        return params

    @property
    def requested_by(self) -> User | None:
        return self.job.requested_by

    def progress(self, done: int, total: int | None, message: str = "") -> None:
        """Tell how far the work is. One write a call: tell each page, not each row."""
        Job.objects.filter(pk=self.job.pk).update(
            progress_done=done,
            progress_total=total,
            progress_message=message[:300],
            heartbeat_at=timezone.now(),
        )


JobFunction = Callable[[Running], Mapping[str, Any] | None]


def enqueue(
    task: str,
    *,
    tenant: Tenant,
    title: str,
    now: datetime,
    params: Mapping[str, Any] | None = None,
    requested_by: User | None = None,
    key: str = "",
) -> Job:
    """Ask for a job; return its row.

    ``task`` is the dotted name of a JobFunction, ``params`` JSON values. While a job with the same ``key`` is
    queued or running, that one is returned and none is added.
    """
    with tenant_scope(tenant):
        try:
            with transaction.atomic():
                job = Job.objects.create(
                    task=task,
                    title=title,
                    params=dict(params or {}),
                    requested_by=requested_by,
                    key=key,
                    created_at=now,
                    enqueued_at=now,
                )
                _hand_over(job)
        except IntegrityError:
            active = Job.objects.filter(key=key, state__in=[JobState.QUEUED, JobState.RUNNING]).first()
            if active is None:
                raise
            return active
    return job


def _hand_over(job: Job) -> None:
    if settings.CSM_RUN_JOBS_INLINE:
        transaction.on_commit(lambda: run(str(job.pk)))
        return
    from django_q.tasks import async_task

    async_task("csm_portal.core.jobs.run_in_cluster", str(job.pk), task_name=job.task.rsplit(".", 1)[-1])


def run_in_cluster(job_id: str) -> None:
    """Run one job in a queue worker, with a heartbeat beside it. This is what the queue calls."""
    pulse()
    stop = threading.Event()
    beat = threading.Thread(target=_beat, args=(job_id, stop), daemon=True)
    beat.start()
    try:
        run(job_id)
    finally:
        stop.set()
        beat.join(timeout=HEARTBEAT_SECONDS)
        pulse()


def run_here(job: Job, *, longest_seconds: float = 120.0) -> Job:
    """Run a job that was just asked for in this process, so that its asker has its outcome; return it as it is then.

    Where a worker was faster, its end is waited for: ``longest_seconds`` at most, and the job may still run after that. One
    that was put off is not waited for.
    """
    run_in_cluster(str(job.pk))
    deadline = time.monotonic() + longest_seconds
    while True:
        job.refresh_from_db()
        if job.is_over or job.due_at is not None or time.monotonic() >= deadline:
            return job
        time.sleep(_LOOK_AGAIN_SECONDS)


def pulse() -> None:
    """Tell whoever looks after this cluster that one of its workers works (``manage.py queue``)."""
    if settings.CSM_QUEUE_PULSE:
        with contextlib.suppress(OSError):
            Path(settings.CSM_QUEUE_PULSE).touch()


def taken(cluster_pid: int) -> int:
    """Return how many tasks the cluster of this main process has taken and given to no worker yet; 0 if it is silent."""
    from django_q.status import Stat

    return sum(stat.task_q_size for stat in Stat.get_all() if stat.pid == cluster_pid)


def _beat(job_id: str, stop: threading.Event) -> None:
    try:
        while not stop.wait(HEARTBEAT_SECONDS):
            pulse()
            with across_tenants("the heartbeat of a job is found by the job's id"):
                Job.objects.filter(pk=UUID(job_id), state=JobState.RUNNING).update(
                    heartbeat_at=timezone.now()
                )
    finally:
        connection.close()


def run(job_id: str) -> None:
    """Run one job, if it is still to be run. A second call for the same job does nothing.

    Attempts are counted before the work starts, so that a job that kills its worker is counted too.
    """
    with across_tenants("a job is found by its id; its tenant's scope follows"):
        job = Job.objects.select_related("tenant", "requested_by").filter(pk=UUID(job_id)).first()
        if job is None:
            return
        now = timezone.now()
        if job.attempts >= MAX_ATTEMPTS:
            _quarantine(job, now)
            return
        claimed = Job.objects.filter(pk=job.pk, state=JobState.QUEUED).update(
            state=JobState.RUNNING, attempts=F("attempts") + 1, started_at=now, heartbeat_at=now, error=""
        )
    if claimed != 1:
        return
    job.attempts += 1
    with (
        tenant_scope(job.tenant),
        structlog.contextvars.bound_contextvars(job_id=job_id, task=job.task),
    ):
        try:
            function: JobFunction = import_string(job.task)
            result = function(Running(job=job, tenant=job.tenant))
        except Later as later:
            log.warning("job_put_off", error=str(later), at=later.at.isoformat())
            _put_off(job, later)
        except Partial as partial:
            log.warning("job_partial", error=str(partial))
            _finish(job, JobState.PARTIAL, error=str(partial), result=partial.result)
        except PortError as error:
            log.warning("job_failed", error=str(error), trouble=error.trouble)
            _finish(job, JobState.FAILED, error=str(error))
        except Exception as error:
            log.exception("job_failed")
            _finish(job, JobState.FAILED, error=_told(error))
        else:
            _finish(job, JobState.DONE, result=dict(result or {}))


def _told(error: Exception) -> str:
    """Say what happened without what the exception may carry from a customer's data."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"The job stopped on an error of its own ({type(error).__name__} in {place.name}). The log has the rest."


def _finish(job: Job, state: JobState, *, error: str = "", result: Mapping[str, Any] | None = None) -> None:
    Job.objects.filter(pk=job.pk, state=JobState.RUNNING, attempts=job.attempts).update(
        state=state, error=error, result=dict(result or {}), finished_at=timezone.now()
    )


def _put_off(job: Job, later: Later) -> None:
    Job.objects.filter(pk=job.pk, state=JobState.RUNNING, attempts=job.attempts).update(
        state=JobState.QUEUED, due_at=later.at, attempts=F("attempts") - 1, progress_message=str(later)[:300]
    )


def _quarantine(job: Job, now: datetime) -> None:
    quarantined = Job.objects.filter(pk=job.pk, state__in=[JobState.QUEUED, JobState.RUNNING]).update(
        state=JobState.QUARANTINED,
        finished_at=now,
        error=f"The job took its worker down {MAX_ATTEMPTS} times and is not tried again.",
    )
    if quarantined:
        log.error("job_quarantined", job_id=str(job.pk), task=job.task)


def retry(job: Job, *, actor: User, now: datetime) -> Job:
    """Ask again for a job that is over, as a new job with the same parameters."""
    return enqueue(
        job.task,
        tenant=job.tenant,
        title=job.title,
        now=now,
        params=job.params,
        requested_by=actor,
        key=job.key,
    )


def hasten(job: Job, *, now: datetime) -> None:
    """Let a job that was put off run now; any other stays as it is."""
    with tenant_scope(job.tenant), transaction.atomic():
        waiting = Job.objects.filter(pk=job.pk, state=JobState.QUEUED).exclude(due_at=None)
        if waiting.update(due_at=None, enqueued_at=now):
            _hand_over(job)


def hand_over_again(*, now: datetime) -> int:
    """Put waiting jobs into the queue once more, after a cluster ended with some that it had taken; return how many.

    One that is in the queue twice runs once all the same: ``run`` claims it. One that was put there a moment ago is left
    alone, so that clusters that keep ending do not fill the queue.
    """
    count = 0
    with across_tenants("whoever looks after the queue looks after every tenant's jobs"):
        waiting = Job.objects.filter(
            state=JobState.QUEUED, due_at=None, enqueued_at__lt=now - HANDED_OVER_JUST_NOW
        )
        for job in list(waiting):
            with transaction.atomic():
                # Somebody who looks after another cluster may be at it too.
                if waiting.filter(pk=job.pk, enqueued_at=job.enqueued_at).update(enqueued_at=now):
                    _hand_over(job)
                    count += 1
    return count


def recover(*, now: datetime) -> int:
    """Put back jobs whose worker died, that the queue forgot or that were put off until now; return how many."""
    with across_tenants("the minute tick looks after every tenant's jobs"):
        lost = list(
            Job.objects.filter(
                Q(state=JobState.RUNNING, heartbeat_at__lt=now - LOST_AFTER)
                | Q(state=JobState.QUEUED, due_at=None, enqueued_at__lt=now - FORGOTTEN_AFTER)
                | Q(state=JobState.QUEUED, due_at__lte=now)
            )
        )
        count = 0
        for job in lost:
            if job.attempts >= MAX_ATTEMPTS:
                _quarantine(job, now)
                continue
            with transaction.atomic():
                # The worker may have finished between the look and now: only an unchanged row is put back.
                put_back = Job.objects.filter(
                    pk=job.pk,
                    state=job.state,
                    attempts=job.attempts,
                    heartbeat_at=job.heartbeat_at,
                    due_at=job.due_at,
                ).update(state=JobState.QUEUED, enqueued_at=now, due_at=None)
                if put_back:
                    _hand_over(job)
                count += put_back
            log.warning("job_put_back", job_id=str(job.pk), task=job.task, attempts=job.attempts)
    return count
