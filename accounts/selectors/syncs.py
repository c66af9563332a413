"""What the pages about syncs show."""

from datetime import datetime, timedelta

from accounts.models import SyncRun, SyncState
from csm_portal.core import jobs
from csm_portal.core.models import JobState

# A run without a job has no heartbeat beside its work: a long Retry-After must not look like death.
_SILENT_WITHOUT_JOB = timedelta(minutes=15)


def is_abandoned(run: SyncRun, *, now: datetime) -> bool:
    """Tell whether a run that says it is running has lost its process. Reads ``run.job``."""
    if run.state != SyncState.RUNNING:
        return False
    if run.job is None:
        return (run.heartbeat_at or run.started_at) < now - _SILENT_WITHOUT_JOB
    if run.job.state != JobState.RUNNING:
        return True
    return run.job.heartbeat_at is None or run.job.heartbeat_at < now - jobs.LOST_AFTER
