"""What the queue does for reviews (SPEC 6.4, 7). Each may be broken off anywhere and run again."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.utils import timezone

from csm_portal import wiring
from csm_portal.core.jobs import Partial, Running
from csm_portal.ports.errors import PortError
from qbr.services import drafting, moves, publishing, scheduled


def draft(job: Running) -> Mapping[str, Any]:
    """Draft one review."""
    try:
        qbr = drafting.draft(
            UUID(job.params["qbr_id"]),
            writers=wiring.writers(),
            now=timezone.now(),
            version=job.params["version"],
            progress=job.progress,
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
    qbr_id, now = UUID(job.params["qbr_id"]), timezone.now()
    try:
        workspace = wiring.workspace()
    except PortError as error:
        publishing.stop(qbr_id, error, now=now)
        raise
    try:
        page = publishing.run(qbr_id, workspace=workspace, now=now, progress=job.progress)
    except publishing.Overtaken as error:
        raise Partial(str(error)) from error
    return {"page": page.url if page is not None else "", "requests": workspace.usage.requests}


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
