"""Writes the digests that are due: it stands here because they tell of accounts and of reviews."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.utils import timezone

from accounts import digest_messages
from accounts.selectors import digests as selector
from accounts.selectors.digests import Due
from accounts.services import digests
from csm_portal import schedules
from csm_portal.core import jobs, links
from csm_portal.core.jobs import Running
from csm_portal.core.models import Membership, Tenant
from qbr.selectors import waiting

DAILY_DIGESTS: Final = "daily_digests"
_TASK: Final = "csm_portal.pages.digest_tasks.write_due"


def each_minute(tenant: Tenant, *, now: datetime) -> None:
    """Have the digests written whose time has come. Two queries where none is."""
    plan = schedules.planned(DAILY_DIGESTS)
    if selector.due(tenant, now=now, grace=plan.grace):
        # The key of the planned run: at its own minute there is one job, not two.
        jobs.enqueue(_TASK, tenant=tenant, title=plan.title, now=now, key=f"schedule:{DAILY_DIGESTS}")


def write_due(job: Running) -> Mapping[str, Any]:
    """Write each digest that is due, a transaction each; those that a person asks for from the schedule whatever the time.

    A run that was broken off is run again: what is written is not due any more.
    """
    now = timezone.now()
    day = now.astimezone(job.tenant.zone).date()
    due = selector.due(
        job.tenant,
        now=now,
        grace=schedules.planned(DAILY_DIGESTS).grace,
        at_once=job.requested_by is not None,
    )
    people = Membership.objects.select_related("user", "tenant").filter(user_id__in=list(due))
    counts = {"written": 0, "nothing_to_say": 0, "missed": 0}
    for number, membership in enumerate(people.order_by("user__name", "pk"), start=1):
        counts[_write(membership, due[membership.user_id], day=day, now=now)] += 1
        job.progress(number, len(due))
    return counts


def _write(membership: Membership, due: Due, *, day: Any, now: datetime) -> str:
    if due is Due.MISSED:
        digests.miss(membership.user_id, day=day, now=now)
        return "missed"
    news = selector.news(membership, today=day, now=now)
    told = digest_messages.text(
        news,
        reviews=waiting.lines(membership, today=day),
        today=day,
        url=links.to("today"),
    )
    digests.write(membership, told, day=day, now=now)
    return "nothing_to_say" if told.is_empty else "written"
