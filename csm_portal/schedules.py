"""The schedule (SPEC 7): a tick each minute claims slots that are unique per tenant, job and local date."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import structlog
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from csm_portal.core import jobs
from csm_portal.core.models import Job, ScheduleSlot, SlotState, Tenant, User
from csm_portal.core.scope import tenant_scope

log = structlog.get_logger(__name__)

TICK = "csm_portal.schedules.tick_now"
_LAST_TICK = "schedules.last_tick"
# How far back a tick looks for slots that nobody claimed, to record them as missed.
LOOK_BACK_DAYS = 7
# What each tick asks of each active tenant, in its scope: cheap, and free to enqueue a job. Dotted names, because what
# they name stands above this module.
EACH_MINUTE = (
    "accounts.refresh_tasks.each_minute",
    "accounts.delivery_tasks.each_minute",
    "accounts.delivery_tasks.wake_alerts",
    "qbr.tasks.each_minute",
    "csm_portal.pages.digest_tasks.each_minute",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One job of the schedule, in the tenant's own time."""

    name: str
    title: str
    task: str
    at: time
    grace: timedelta
    when: str
    falls_on: Callable[[date], bool]


PLAN: tuple[Planned, ...] = (
    Planned(
        name="daily_health_scan",
        title="Daily health scan",
        task="accounts.tasks.daily_scan",
        at=time(7, 0),
        grace=timedelta(hours=1),
        when="every day at 07:00",
        falls_on=lambda day: True,
    ),
    Planned(
        name="contract_proximity_qbrs",
        title="QBRs for renewals within 90 days",
        task="qbr.tasks.contract_proximity",
        at=time(8, 0),
        grace=timedelta(hours=1),
        when="every day at 08:00",
        falls_on=lambda day: True,
    ),
    Planned(
        name="quarterly_qbrs",
        title="QBRs of the quarter just ended",
        task="qbr.tasks.quarterly",
        at=time(6, 0),
        grace=timedelta(hours=2),
        when="1 Jan, 1 Apr, 1 Jul and 1 Oct at 06:00",
        falls_on=lambda day: day.day == 1 and day.month in (1, 4, 7, 10),
    ),
    Planned(
        name="daily_digests",
        title="Daily digests",
        task="csm_portal.pages.digest_tasks.write_due",
        at=time(7, 30),
        grace=timedelta(hours=1),
        when="every day from 07:30, at the time that each person chose",
        falls_on=lambda day: True,
    ),
)


def planned(name: str) -> Planned:
    """Return the job of this name. Raises KeyError on an unknown one."""
    return {plan.name: plan for plan in PLAN}[name]


def due_at(plan: Planned, day: date, tenant: Tenant) -> datetime:
    """Return the moment at which the job is due on a local date: one moment, on clock-change days too."""
    return datetime.combine(day, plan.at, tzinfo=tenant.zone)


def next_due(plan: Planned, tenant: Tenant, *, now: datetime) -> datetime:
    """Return the next moment after ``now`` at which the job is due."""
    day = now.astimezone(tenant.zone).date()
    while not plan.falls_on(day) or due_at(plan, day, tenant) <= now:
        day += timedelta(days=1)
    return due_at(plan, day, tenant)


def tick_now() -> None:
    """Do what this minute asks for. The queue's one schedule calls it; several at once do no harm."""
    jobs.pulse()
    now = timezone.now()
    cache.set(_LAST_TICK, now, timeout=None)
    tick(now=now)


def last_tick() -> datetime | None:
    """Return when the queue last told that it lives, or None if it never did."""
    moment: datetime | None = cache.get(_LAST_TICK)
    return moment


def tick(*, now: datetime) -> int:
    """Put lost jobs back and claim every slot that is due; return how many jobs were started."""
    jobs.recover(now=now)
    _ask_each_tenant(now)
    return sum(claim(plan, tenant, day, now=now) for tenant, plan, day in _due(now))


def _ask_each_tenant(now: datetime) -> None:
    for tenant in Tenant.objects.filter(is_active=True):
        with tenant_scope(tenant):
            for name in EACH_MINUTE:
                try:
                    import_string(name)(tenant, now=now)
                except Exception:
                    # What goes wrong for one tenant must not cost the others their slots.
                    log.exception("minute_failed", function=name)


def _due(now: datetime) -> Iterator[tuple[Tenant, Planned, date]]:
    for tenant in Tenant.objects.filter(is_active=True):
        today = now.astimezone(tenant.zone).date()
        days = [today - timedelta(days=back) for back in range(LOOK_BACK_DAYS, -1, -1)]
        with tenant_scope(tenant):
            settled = set(
                ScheduleSlot.objects.filter(local_date__gte=days[0]).values_list("name", "local_date")
            )
        for plan in PLAN:
            for day in days:
                due = due_at(plan, day, tenant)
                if plan.falls_on(day) and tenant.created_at <= due <= now and (plan.name, day) not in settled:
                    yield tenant, plan, day


def claim(plan: Planned, tenant: Tenant, day: date, *, now: datetime) -> bool:
    """Claim one slot and start its job; return whether this call did.

    A slot past its grace is recorded as missed and not made up silently. Whoever loses the race for the
    unique row starts nothing.
    """
    due = due_at(plan, day, tenant)
    late = now - due > plan.grace
    with tenant_scope(tenant):
        try:
            with transaction.atomic():
                slot = ScheduleSlot.objects.create(
                    name=plan.name,
                    local_date=day,
                    due_at=due,
                    claimed_at=now,
                    state=SlotState.MISSED if late else SlotState.CLAIMED,
                )
                if not late:
                    slot.job = start(plan, tenant, day=day, now=now)
                    slot.save(update_fields=["job"])
        except IntegrityError:
            return False
    if late:
        log.warning("schedule_missed", tenant_id=str(tenant.pk), schedule=plan.name, local_date=str(day))
    return not late


def start(
    plan: Planned, tenant: Tenant, *, day: date, now: datetime, requested_by: User | None = None
) -> Job:
    """Start the job of a plan for a local date: by its slot, or because a person asked for it now."""
    return jobs.enqueue(
        plan.task,
        tenant=tenant,
        title=plan.title,
        now=now,
        params={"local_date": day.isoformat(), "due_at": due_at(plan, day, tenant).isoformat()},
        requested_by=requested_by,
        key=f"schedule:{plan.name}",
    )


def install() -> None:
    """Put the one tick into the queue's table, validated here: a bad row would stop every schedule."""
    from django_q.models import Schedule

    Schedule.objects.update_or_create(
        name="minute tick",
        defaults={"func": TICK, "schedule_type": Schedule.MINUTES, "minutes": 1, "repeats": -1},
    )
