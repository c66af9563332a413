"""The background job of the churn risk: a model writes about the accounts whose risk has changed (SPEC 4.1)."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from accounts.services import churn_story
from csm_portal import wiring
from csm_portal.core import jobs
from csm_portal.core.jobs import Running


def tell(job: Running) -> Mapping[str, Any]:
    """Do one step of it; the next step is a job of its own. What could not be written is shown in fixed sentences."""
    done = churn_story.step(job.tenant, writers=wiring.writers(), clock=timezone.now, job=job.job)
    result = {"written": done.written, "refused": done.refused}
    if done.trouble:
        raise jobs.Partial(done.trouble, result=result)
    if not done.is_over:
        jobs.enqueue(
            churn_story.TASK,
            tenant=job.tenant,
            title=job.job.title,
            now=timezone.now(),
            # Another key: this job is not over yet.
            key=f"churn-stories:{job.job.pk}",
        )
    return result
