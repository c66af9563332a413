"""What the queue does for reviews (SPEC 6.4, 7). Each may be broken off anywhere and run again."""

import time
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from csm_portal import wiring
from csm_portal.core.jobs import Later, Partial, Running
from csm_portal.core.models import Tenant
from csm_portal.ports.errors import PortError
from qbr.services import drafting, moves, publishing, reminders, scheduled

LONGEST_WAIT_SECONDS: Final = 30.0


def draft(job: Running) -> Mapping[str, Any]:
    """Draft one review."""
    try:
        qbr = drafting.draft(
            UUID(job.params["qbr_id"]),
            writers=wiring.writers(),
            now=timezone.now(),
            version=job.params["version"],
            progress=job.progress,
            job=job.job,
        )
    except moves.OutOfDate as error:
        raise Partial(
            "Somebody worked on the review while it was drafted, so the text that they saw stands. Ask for a new "
            "draft if you still want one."
        ) from error
    except drafting.NotWritten as error:
        raise Partial(str(error)) from error
    return {"review": str(qbr), "trouble": qbr.trouble}


def publish(job: Running) -> Mapping[str, Any]:
    """Publish one approved review, or go on with a publication that was interrupted."""
    qbr_id = UUID(job.params["qbr_id"])
    while True:
        try:
            return _publish(qbr_id, job)
        except publishing.Overtaken as error:
            raise Partial(str(error)) from error
        except publishing.PutOff as error:
            seconds = (error.at - timezone.now()).total_seconds()
            if seconds > LONGEST_WAIT_SECONDS:
                raise Later(str(error), at=error.at) from error
            # So short a wait is not worth the minute that the queue's tick may add to it.
            time.sleep(max(0.0, seconds))


def _publish(qbr_id: UUID, job: Running) -> Mapping[str, Any]:
    try:
        workspace = wiring.workspace()
    except PortError as error:
        publishing.stop(qbr_id, error, now=timezone.now())
    try:
        page = publishing.run(qbr_id, workspace=workspace, clock=timezone.now, progress=job.progress)
    except (OperationalError, InterfaceError):
        # A connection that broke stays broken. If the database is still away, the tick puts the job back later.
        connection.close()
        publishing.interrupted(qbr_id, now=timezone.now())
    return {"page": page.url if page is not None else "", "requests": workspace.usage.requests}


def each_minute(tenant: Tenant, *, now: datetime) -> None:
    """Remind of the reviews that are due, each once."""
    reminders.remind(tenant, now=now)


def quarterly(job: Running) -> Mapping[str, Any]:
    """Begin the reviews of the quarter just ended, a job of its own for each."""
    day = date.fromisoformat(job.params["local_date"])
    begun = scheduled.quarterly(job.tenant, day=day, now=timezone.now(), progress=job.progress)
    return begun.to_mapping()


def contract_proximity(job: Running) -> Mapping[str, Any]:
    """Begin a review for each account that renews within 90 days and has none for that date."""
    day = date.fromisoformat(job.params["local_date"])
    begun = scheduled.before_renewals(job.tenant, day=day, now=timezone.now(), progress=job.progress)
    return begun.to_mapping()
