"""The background job of adoption plans: a model writes the sentences of one plan (SPEC 4.4)."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from accounts.models import CoachingPlan
from accounts.services import coaching
from csm_portal import wiring
from csm_portal.core.jobs import Running


def word(job: Running) -> Mapping[str, Any]:
    """Let the model that is set write the sentences of a plan; without one nothing changes."""
    plan = CoachingPlan.objects.select_related("account__owner", "account__tenant").get(
        pk=job.params["plan_id"]
    )
    done = coaching.word(
        plan, writers=wiring.writers(), now=timezone.now(), actor=job.requested_by, job=job.job
    )
    return {"written_by": done.written_by, "facts": done.facts_checked, "trouble": done.trouble}
