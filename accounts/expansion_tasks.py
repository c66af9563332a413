"""The background jobs of expansion: words by a model for what was found (SPEC 4.3)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.models import Opportunity
from accounts.services import talk_tracks
from csm_portal import wiring
from csm_portal.core import jobs
from csm_portal.core.jobs import Running


def write_talk_track(job: Running) -> Mapping[str, Any]:
    """Have the model write what to say about one opportunity. Partial where the template's words stand for its failure."""
    found = Opportunity.objects.select_related("account__tenant").get(pk=UUID(job.params["opportunity"]))
    trouble = talk_tracks.write(
        found, writers=wiring.writers(), now=timezone.now(), actor=job.requested_by, job=job.job
    )
    if trouble:
        raise jobs.Partial(f"{trouble} The words of the template stand.")
    return {}
