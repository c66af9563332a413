"""Alerts from the scan that finds a cause to the one that finds it gone, and the five that go out a day (SPEC 4.2)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import Account, Alert, AlertPlace, FiguresInNotion, PropertyMapping
from accounts.scoring.alert_states import Action, AlertState
from accounts.scoring.alerts import Reason, Severity
from accounts.services import alert_acts, health
from accounts.services.alert_acts import Said
from accounts.services.health import ScanCounts
from csm_portal.core.models import OutboxEvent, Tenant, User
from csm_portal.core.scope import tenant_scope
from tests.factories import TODAY, make_account, make_accounts

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]

BERLIN = ZoneInfo("Europe/Berlin")
RED: dict[str, Any] = {
    "login_frequency_score": Decimal("0.1"),
    "usage_trend": "declining",
    "support_sentiment": "negative",
    "stakeholder_engagement_score": Decimal("0.1"),
    "escalation_history_count": 3,
    "feature_adoption_rate": Decimal("0.1"),
}
HEALTHY: dict[str, Any] = {
    "login_frequency_score": Decimal("0.9"),
    "usage_trend": "growing",
    "support_sentiment": "positive",
    "stakeholder_engagement_score": Decimal("0.9"),
    "escalation_history_count": 0,
    "feature_adoption_rate": Decimal("0.8"),
}


def scan(day: int = 0, *, hour: int = 7, only: list[Account] | None = None) -> ScanCounts:
    on = TODAY + timedelta(days=day)
    return health.score_accounts(
        as_of=on,
        now=datetime.combine(on, time(hour, 0), tzinfo=BERLIN),
        account_ids=None if only is None else [account.pk for account in only],
    )


def change(account: Account, **fields: Any) -> None:
    Account.objects.filter(pk=account.pk).update(**fields)


def handed_over() -> list[str]:
    """Return the accounts whose alerts went out, day by day and in the order of the places."""
    places = AlertPlace.objects.order_by("local_date", "number").values_list("account__name", flat=True)
    assert len(places) == OutboxEvent.objects.filter(topic="alert.raised").count()
    return list(places)


def set_state(alert: Alert, state: AlertState, **fields: Any) -> None:
    Alert.objects.filter(pk=alert.pk).update(state=state, is_waiting=False, **fields)


def test_a_scan_raises_one_alert_per_account_and_reason() -> None:
    red = make_account(name="Red", **RED, payment_current=False)
    make_account(name="Fine")

    counts = scan()

    assert counts.raised == 2
    assert set(Alert.objects.values_list("account__name", "reason", "severity", "state")) == {
        ("Red", "health_red", "high", "open"),
        ("Red", "payment", "high", "open"),
    }
    alert = Alert.objects.get(reason=Reason.HEALTH_RED)
    assert alert.headline.startswith("Health is Red with a score of ")
    assert {"arrears", "usage", "band"} <= {fact["code"] for fact in alert.facts}
    assert (alert.raised_on, alert.due_on) == (TODAY, date(2026, 5, 18))
    assert alert.urgency == 48_000 * 4
    assert FiguresInNotion.objects.filter(account=red).count() == 1


def test_the_same_scan_again_changes_nothing() -> None:
    make_account(**RED)
    make_account(payment_current=False)
    scan()
    before = list(Alert.objects.order_by("pk").values())
    events = OutboxEvent.objects.count()

    again = scan(hour=9)

    assert (again.raised, again.reopened, again.closed, again.handed_over) == (0, 0, 0, 0)
    assert list(Alert.objects.order_by("pk").values()) == before
    assert OutboxEvent.objects.count() == events


def test_it_closes_by_itself_when_the_cause_is_gone_and_says_why() -> None:
    account = make_account(payment_current=False)
    scan()
    change(account, payment_current=True)

    counts = scan(1)

    alert = Alert.objects.get()
    assert counts.closed == 1
    assert (alert.state, alert.ended_because) == (AlertState.CLOSED, "Payment is current again.")
    assert alert.ended_at is not None


@pytest.mark.parametrize("state", [AlertState.ACKNOWLEDGED, AlertState.SNOOZED, AlertState.RESOLVED])
def test_what_somebody_dealt_with_stays_so_while_nothing_grows_worse(state: AlertState) -> None:
    make_account(**RED)
    scan()
    until = TODAY + timedelta(days=30) if state is AlertState.SNOOZED else None
    set_state(Alert.objects.get(), state, snoozed_until=until)

    counts = [scan(day) for day in (1, 2, 9)]

    assert [one.reopened + one.raised + one.handed_over for one in counts] == [0, 0, 0]
    assert Alert.objects.get().state == state


@pytest.mark.parametrize("state", [AlertState.ACKNOWLEDGED, AlertState.SNOOZED, AlertState.RESOLVED])
@pytest.mark.parametrize(
    ("worse", "because"),
    [
        ({"renewal_on": TODAY + timedelta(days=40)}, "Severity rose from high to critical."),
        ({"last_interaction_on": date(2026, 1, 1)}, "New since then: nobody has spoken"),
    ],
)
def test_it_opens_again_when_it_grows_worse(state: AlertState, worse: dict[str, Any], because: str) -> None:
    account = make_account(**RED)
    scan()
    set_state(Alert.objects.get(), state, snoozed_until=date(2027, 1, 1))
    change(account, **worse)

    counts = scan(1)

    alert = Alert.objects.get()
    assert (counts.reopened, alert.state, alert.snoozed_until) == (1, AlertState.OPEN, None)
    assert alert.reopened_because.startswith(because)
    assert len(handed_over()) == 2
    assert scan(1, hour=9).reopened == 0


def test_a_snooze_ends_after_its_last_day() -> None:
    make_account(**RED)
    scan()
    set_state(Alert.objects.get(), AlertState.SNOOZED, snoozed_until=TODAY + timedelta(days=3))

    states = []
    for day in (2, 3, 4):
        scan(day)
        states.append(Alert.objects.get().state)

    assert states == [AlertState.SNOOZED, AlertState.SNOOZED, AlertState.OPEN]
    assert Alert.objects.get().reopened_because.startswith("The snooze is over")


def test_a_resolved_alert_does_not_bury_the_cause_when_it_comes_back() -> None:
    account = make_account(payment_current=False)
    scan()
    set_state(Alert.objects.get(), AlertState.RESOLVED)
    change(account, payment_current=True)
    scan(1)
    ended = Alert.objects.get()
    assert (ended.state, ended.ended_at is not None) == (AlertState.RESOLVED, True)
    change(account, payment_current=False)

    scan(20)

    assert list(Alert.objects.order_by("raised_on").values_list("state", flat=True)) == ["resolved", "open"]
    assert len(handed_over()) == 2


def test_a_cause_that_comes_and_goes_is_one_alert_and_told_once() -> None:
    account = make_account(payment_current=False)
    for day in range(6):
        change(account, payment_current=day % 2 == 1)
        scan(day)

    assert Alert.objects.count() == 1
    assert len(handed_over()) == 1


def test_a_rung_of_the_ladder_hands_over_to_the_next() -> None:
    account = make_account()
    scan()
    change(account, login_frequency_score=Decimal("0.2"), usage_trend="declining")
    scan(1)
    assert Alert.objects.running().get().reason == Reason.HEALTH_AMBER
    change(account, **RED)
    scan(2)

    assert Alert.objects.running().get().reason == Reason.HEALTH_RED
    amber = Alert.objects.get(reason=Reason.HEALTH_AMBER)
    assert amber.ended_because == "Another alert of the account tells it now: Health is Red."


def test_at_most_five_go_out_a_day_the_most_urgent_first() -> None:
    for number in range(8):
        make_account(name=f"Owes {number}", arr=Decimal(1000 * (number + 1)), payment_current=False)

    first = scan()

    assert (first.raised, first.handed_over) == (8, 5)
    assert handed_over() == ["Owes 7", "Owes 6", "Owes 5", "Owes 4", "Owes 3"]
    held_back = Alert.objects.filter(is_waiting=True)
    assert {alert.held_back_on for alert in held_back} == {TODAY}
    assert scan(hour=12).handed_over == 0

    second = scan(1)

    assert second.handed_over == 3
    assert handed_over()[5:] == ["Owes 2", "Owes 1", "Owes 0"]
    assert not Alert.objects.filter(is_waiting=True).exists()


def test_scans_of_single_accounts_share_the_days_five() -> None:
    accounts = make_accounts(8, payment_current=False)

    told = [scan(hour=hour + 1, only=[account]).handed_over for hour, account in enumerate(accounts)]

    assert told == [1, 1, 1, 1, 1, 0, 0, 0]
    assert AlertPlace.objects.filter(local_date=TODAY).count() == 5


def test_an_account_takes_one_of_the_days_places() -> None:
    make_account(name="Both", arr=Decimal(900_000), **RED, payment_current=False)
    for number in range(4):
        make_account(name=f"Small {number}", arr=Decimal(1000 + number), payment_current=False)

    scan()

    assert sorted(handed_over()) == ["Both", "Small 0", "Small 1", "Small 2", "Small 3"]
    waits = Alert.objects.get(is_waiting=True)
    assert (waits.account.name, waits.held_back_on) == ("Both", TODAY)
    scan(1)
    assert handed_over()[5:] == ["Both"]


def test_the_database_itself_holds_the_cap(tenant: Tenant) -> None:
    make_accounts(5, payment_current=False)
    scan()
    extra = make_account()
    alert = Alert.objects.first()
    assert alert is not None

    for number in (5, 6):
        with pytest.raises(IntegrityError), transaction.atomic():
            AlertPlace.objects.create(
                local_date=TODAY, number=number, alert=alert, account=extra, taken_at=alert.raised_at
            )


def test_the_database_holds_one_running_alert_per_account_and_reason() -> None:
    make_account(payment_current=False)
    scan()
    row = Alert.objects.values().get()
    del row["id"]

    with pytest.raises(IntegrityError), transaction.atomic():
        Alert.objects.create(**row)


def test_an_account_whose_arr_nobody_knows_counts_as_the_median() -> None:
    make_account(name="Small", arr=Decimal(10_000), payment_current=False)
    make_account(name="Usual", arr=Decimal(30_000))
    make_account(name="Large", arr=Decimal(90_000), payment_current=False)
    make_account(name="Unknown", arr=None, payment_current=False)

    scan()

    assert handed_over() == ["Large", "Unknown", "Small"]
    unknown = Alert.objects.get(account__name="Unknown")
    assert (unknown.arr, unknown.arr_is_assumed) == (Decimal(30_000), True)


def test_where_no_arr_is_known_severity_and_nearness_decide() -> None:
    make_account(name="Far", arr=None, payment_current=False)
    make_account(name="Near", arr=None, payment_current=False, renewal_on=TODAY + timedelta(days=20))

    scan()

    assert handed_over() == ["Near", "Far"]


def test_alerts_of_an_account_that_is_gone_are_closed() -> None:
    account = make_account(payment_current=False)
    scan()
    change(account, is_archived=True)

    scan(1)

    alert = Alert.objects.get()
    assert (alert.state, alert.ended_because) == (
        AlertState.CLOSED,
        "The account is archived or gone in Notion.",
    )


def test_a_property_that_nobody_can_read_raises_no_alert_per_account() -> None:
    make_accounts(3)
    scan()
    PropertyMapping.objects.create(
        field="login_frequency_score",
        property_id="x",
        property_name="Logins",
        property_type="number",
        frozen_since=datetime.combine(TODAY, time(9), tzinfo=BERLIN),
        frozen_because="“Logins” was removed in Notion",
    )

    assert scan(1).raised == 0


def test_what_is_told_carries_what_a_message_needs() -> None:
    make_account(name="Halden", payment_current=False, notice_on=TODAY + timedelta(days=20))
    scan()

    events = {event.payload["reason"]: event.payload for event in OutboxEvent.objects.all()}

    payload = next(iter(events.values()))
    assert payload["severity"] == Severity.CRITICAL
    assert payload["headline"].endswith(".")
    assert payload["urgency"] == 48_000 * 8 * 4
    assert payload["until"] == "2026-06-03"


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one transaction write at a time")
@pytest.mark.django_db(transaction=True)
def test_scans_at_the_same_moment_raise_each_alert_once_and_hand_five_over(tenant: Tenant) -> None:
    accounts = make_accounts(12, payment_current=False)
    start = threading.Barrier(4)

    def at_once(number: int) -> tuple[int, int]:
        try:
            with tenant_scope(tenant):
                start.wait()
                # Two scans of everything, two of halves in the other order.
                counts = scan(only=None if number % 2 else accounts[:: -1 if number else 1][:8])
                return counts.raised, counts.handed_over
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=4) as pool:
        told = list(pool.map(at_once, range(4)))

    assert (sum(raised for raised, _ in told), Alert.objects.count()) == (12, 12)
    assert (sum(handed for _, handed in told), AlertPlace.objects.count()) == (5, 5)
    assert OutboxEvent.objects.filter(topic="alert.raised").count() == 5


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one transaction write at a time")
@pytest.mark.django_db(transaction=True)
def test_a_person_and_a_scan_at_the_same_moment_lose_nothing_of_each_other(tenant: Tenant, bob: User) -> None:
    accounts = make_accounts(6, **RED)
    scan()
    asked = dict(Alert.objects.values_list("pk", "version"))
    for account in accounts[:3]:
        change(account, last_interaction_on=date(2026, 1, 1))
    start = threading.Barrier(2)

    def act(_: int) -> int:
        try:
            with tenant_scope(tenant):
                start.wait()
                outcome = alert_acts.take(
                    asked, Action.ACKNOWLEDGE, said=Said(), actor=bob, today=TODAY, now=timezone.now()
                )
                return len(outcome.done)
        finally:
            connection.close()

    def look(_: int) -> int:
        try:
            with tenant_scope(tenant):
                start.wait()
                return scan(1).reopened
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=2) as pool:
        acted, reopened = pool.submit(act, 0), pool.submit(look, 0)
        done, opened = acted.result(), reopened.result()

    # Whoever was first: what grew worse is open, the rest is acknowledged, and nobody blocked the other for good.
    assert done == 6
    states = dict(Alert.objects.values_list("account__name", "state"))
    worse = {account.name for account in accounts[:3]}
    expected = {AlertState.OPEN, AlertState.ACKNOWLEDGED}
    assert all(state in expected for state in states.values())
    assert all(state == AlertState.ACKNOWLEDGED for name, state in states.items() if name not in worse)
    assert sum(states[name] == AlertState.OPEN for name in worse) == opened


def test_one_tenants_five_are_not_anothers(tenant: Tenant, other_tenant: Tenant) -> None:
    make_accounts(6, payment_current=False)
    scan()
    with tenant_scope(other_tenant):
        make_accounts(6, payment_current=False)
        assert scan().handed_over == 5
        assert Alert.objects.count() == 6
