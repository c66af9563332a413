"""The schedule: claimed once per tenant, job and local date; missed when too late (SPEC 7)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from accounts.services import sync
from csm_portal import schedules
from csm_portal.core.models import Job, ScheduleSlot, SlotState, Tenant
from csm_portal.core.scope import tenant_scope
from csm_portal.integrations import retrying

pytestmark = pytest.mark.django_db

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def old_tenant(tenant: Tenant) -> Tenant:
    tenant.created_at = datetime(2026, 1, 1, tzinfo=UTC)
    tenant.save()
    return tenant


def settle_the_past(tenant: Tenant, now: datetime) -> None:
    """Let an earlier tick record what is long gone, so that a test looks at its own day only."""
    schedules.tick(now=now)


def slots(tenant: Tenant, day: date) -> dict[str, str]:
    with tenant_scope(tenant):
        return dict(ScheduleSlot.objects.filter(local_date=day).values_list("name", "state"))


def test_the_daily_jobs_are_claimed_at_their_local_time(old_tenant: Tenant) -> None:
    settle_the_past(old_tenant, datetime(2026, 5, 13, 20, 0, tzinfo=BERLIN))
    day = date(2026, 5, 14)

    schedules.tick(now=datetime(2026, 5, 14, 6, 59, tzinfo=BERLIN))
    assert slots(old_tenant, day) == {}

    schedules.tick(now=datetime(2026, 5, 14, 7, 0, 30, tzinfo=BERLIN))
    assert slots(old_tenant, day) == {"daily_health_scan": SlotState.CLAIMED}

    schedules.tick(now=datetime(2026, 5, 14, 8, 1, tzinfo=BERLIN))
    assert slots(old_tenant, day) == {
        "daily_health_scan": SlotState.CLAIMED,
        "contract_proximity_qbrs": SlotState.CLAIMED,
        "daily_digests": SlotState.CLAIMED,
    }


def test_a_slot_is_claimed_once_however_often_the_clock_ticks(old_tenant: Tenant) -> None:
    settle_the_past(old_tenant, datetime(2026, 5, 13, 20, 0, tzinfo=BERLIN))

    started = [schedules.tick(now=datetime(2026, 5, 14, 7, minute, tzinfo=BERLIN)) for minute in range(30)]

    assert sum(started) == 1
    with tenant_scope(old_tenant):
        assert (
            Job.objects.filter(task="accounts.tasks.daily_scan", params__local_date="2026-05-14").count() == 1
        )


def test_a_run_past_its_grace_is_recorded_as_missed_and_not_made_up(old_tenant: Tenant) -> None:
    settle_the_past(old_tenant, datetime(2026, 5, 13, 20, 0, tzinfo=BERLIN))

    schedules.tick(now=datetime(2026, 5, 14, 8, 0, 1, tzinfo=BERLIN))

    assert slots(old_tenant, date(2026, 5, 14))["daily_health_scan"] == SlotState.MISSED
    with tenant_scope(old_tenant):
        assert not Job.objects.filter(
            task="accounts.tasks.daily_scan", params__local_date="2026-05-14"
        ).exists()


def test_a_new_tenant_has_missed_nothing(tenant: Tenant) -> None:
    tenant.created_at = datetime(2026, 5, 14, 12, 0, tzinfo=BERLIN)
    tenant.save()

    schedules.tick(now=datetime(2026, 5, 14, 12, 1, tzinfo=BERLIN))

    assert slots(tenant, date(2026, 5, 14)) == {}


# Local time is Python's; claims and their locks are asked of each database by the other tests.
@pytest.mark.one_database
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia"])
@pytest.mark.parametrize(
    "night", [date(2026, 3, 29), date(2026, 10, 25), date(2026, 3, 8), date(2026, 11, 1)]
)
def test_a_clock_change_gives_each_day_one_run(old_tenant: Tenant, zone: str, night: date) -> None:
    old_tenant.time_zone = zone
    old_tenant.save()
    start = datetime.combine(night, datetime.min.time(), tzinfo=ZoneInfo(zone)) - timedelta(days=1)
    settle_the_past(old_tenant, start)

    for half_hours in range(3 * 48):
        schedules.tick(now=start + timedelta(minutes=30 * half_hours))

    with tenant_scope(old_tenant):
        runs = list(
            ScheduleSlot.objects.filter(
                name="daily_health_scan", due_at__gte=start, due_at__lt=start + timedelta(days=3)
            )
        )
    assert [slot.state for slot in runs] == [SlotState.CLAIMED] * 3
    assert len({slot.local_date for slot in runs}) == 3


def test_quarters_begin_on_four_days_a_year() -> None:
    plan = schedules.planned("quarterly_qbrs")
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]

    assert [day for day in days if plan.falls_on(day)] == [
        date(2026, 1, 1),
        date(2026, 4, 1),
        date(2026, 7, 1),
        date(2026, 10, 1),
    ]


def test_the_next_run_is_told_in_the_tenants_time(tenant: Tenant) -> None:
    now = datetime(2026, 5, 14, 7, 0, tzinfo=BERLIN)

    assert schedules.next_due(schedules.planned("daily_health_scan"), tenant, now=now) == datetime(
        2026, 5, 15, 7, tzinfo=BERLIN
    )
    assert schedules.next_due(schedules.planned("quarterly_qbrs"), tenant, now=now) == datetime(
        2026, 7, 1, 6, tzinfo=BERLIN
    )


def test_migrating_gives_the_queue_its_one_schedule() -> None:
    from django_q.models import Schedule

    assert list(Schedule.objects.values_list("func", "schedule_type", "minutes", "repeats")) == [
        ("csm_portal.schedules.tick_now", Schedule.MINUTES, 1, -1)
    ]


def test_installing_again_changes_nothing() -> None:
    from django_q.models import Schedule

    schedules.install()

    assert Schedule.objects.count() == 1


def test_the_queue_lets_a_scan_end_by_itself_and_a_call_wait_out_its_patience():
    timeout = settings.Q_CLUSTER["timeout"]

    assert timeout - 30 >= sync.LONGEST_IN_A_JOB
    assert timeout > 2 * retrying.RetryPolicy().patience
