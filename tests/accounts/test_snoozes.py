"""A snooze ends on the day after its last one, where the tenant is, whether or not a scan runs (SPEC 4.2)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Alert
from accounts.scoring.alert_states import Action, AlertState
from accounts.services import alert_acts, alerts, snoozes
from csm_portal import schedules
from csm_portal.core.models import AuditEvent, Delivery, Tenant, User
from tests.factories import make_account, make_alert

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]

UNTIL = date(2026, 5, 20)
# Berlin, the tenant's zone, is two hours ahead: there the day after has begun.
JUST_AFTER = datetime(2026, 5, 20, 22, 1, tzinfo=UTC)
JUST_BEFORE = datetime(2026, 5, 20, 21, 59, tzinfo=UTC)


@pytest.fixture
def snoozed(alice: User) -> Alert:
    alert = make_alert(make_account(owner=alice), is_waiting=False)
    (done,) = alert_acts.take(
        {alert.pk: 1},
        Action.SNOOZE,
        said=alert_acts.Said(until=UNTIL, note="They pay on Friday."),
        actor=alice,
        today=date(2026, 5, 14),
        now=datetime(2026, 5, 14, 9, tzinfo=UTC),
    ).done
    return done


def test_the_tick_ends_it_on_the_next_local_day_and_not_before(snoozed: Alert) -> None:
    schedules.tick(now=JUST_BEFORE)
    snoozed.refresh_from_db()
    assert snoozed.state == AlertState.SNOOZED

    schedules.tick(now=JUST_AFTER)

    snoozed.refresh_from_db()
    assert (snoozed.state, snoozed.snoozed_until, snoozed.note) == (AlertState.OPEN, None, "")
    assert snoozed.reopened_because == snoozes.OVER
    assert snoozed.due_on == date(2026, 5, 25)  # three days on is a Sunday
    assert snoozed.is_waiting


def test_once_is_enough_and_nobody_acted(snoozed: Alert) -> None:
    before = AuditEvent.objects.count()

    assert snoozes.end_those_over(today=UNTIL + timedelta(days=1), now=JUST_AFTER) == 1
    assert snoozes.end_those_over(today=UNTIL + timedelta(days=1), now=JUST_AFTER) == 0

    snoozed.refresh_from_db()
    assert snoozed.version == 3
    assert AuditEvent.objects.count() == before


def test_it_competes_again_for_a_place_of_the_day(tenant: Tenant, snoozed: Alert) -> None:
    snoozes.end_those_over(today=UNTIL + timedelta(days=1), now=JUST_AFTER)

    assert alerts.hand_over_the_most_urgent(as_of=UNTIL + timedelta(days=1), now=JUST_AFTER) == 1
    assert Delivery.objects.filter(about_id=str(snoozed.pk)).exists()


def test_who_looked_at_it_while_it_woke_is_told_so(snoozed: Alert, alice: User) -> None:
    version = snoozed.version
    snoozes.end_those_over(today=UNTIL + timedelta(days=1), now=JUST_AFTER)

    outcome = alert_acts.take(
        {snoozed.pk: version},
        Action.RESOLVE,
        said=alert_acts.Said(),
        actor=alice,
        today=UNTIL + timedelta(days=1),
        now=JUST_AFTER,
    )

    assert outcome.done == ()
    assert snoozes.OVER in outcome.left[0]


def test_what_sleeps_on_costs_one_query(snoozed: Alert) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert snoozes.end_those_over(today=UNTIL, now=JUST_BEFORE) == 0

    assert len(queries) == 1
