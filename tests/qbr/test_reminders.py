"""Reviews that are due: who is reminded of what, once, through the channels that alerts use."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from accounts.models import Account
from csm_portal.core.models import ChannelName, Delivery, OutboxEvent, Tenant, User
from csm_portal.core.scope import tenant_scope
from qbr import deadlines
from qbr.deadlines import Call
from qbr.models import QBR, Origin, ReviewReminder
from qbr.services import drafting, reminders
from qbr.workflow import State
from tests.factories import make_account
from tests.qbr.conftest import NOW
from tests.qbr.reviews import QUARTER

TODAY = NOW.date()


def due(account: Account, days: int, *, state: State = State.DRAFT, submitted: datetime | None = None) -> QBR:
    qbr = drafting.begin(account, quarter=QUARTER, actor=None, origin=Origin.QUARTERLY, now=NOW)
    QBR.objects.filter(pk=qbr.pk).update(
        due_on=TODAY + timedelta(days=days), state=state, submitted_at=submitted
    )
    return qbr


@pytest.mark.parametrize(
    ("quarter_end", "renewal_on", "begun_on", "expected"),
    [
        (date(2026, 4, 1), None, date(2026, 4, 1), date(2026, 4, 30)),
        (date(2026, 4, 1), date(2026, 5, 20), date(2026, 4, 1), date(2026, 4, 20)),
        (date(2026, 4, 1), date(2026, 4, 20), date(2026, 4, 1), date(2026, 4, 8)),
        (date(2026, 4, 1), date(2026, 3, 1), date(2026, 4, 1), date(2026, 4, 30)),
        (date(2026, 4, 1), None, date(2026, 6, 1), date(2026, 6, 8)),
    ],
)
def test_the_rule_of_due_dates(
    quarter_end: date, renewal_on: date | None, begun_on: date, expected: date
) -> None:
    assert deadlines.due_on(quarter_end=quarter_end, renewal_on=renewal_on, begun_on=begun_on) == expected


@pytest.mark.parametrize(
    ("state", "days", "waits", "expected"),
    [
        (State.DRAFT, 8, None, ()),
        (State.DRAFT, 7, None, (Call.SOON,)),
        (State.DRAFT, 0, None, (Call.SOON,)),
        (State.APPROVED, -1, None, (Call.LATE,)),
        (State.PUBLISHED, -9, None, ()),
        (State.IN_REVIEW, 30, 2, ()),
        (State.IN_REVIEW, 30, 3, (Call.WAITING,)),
        (State.IN_REVIEW, -1, 3, (Call.LATE, Call.WAITING)),
    ],
)
def test_what_calls_for_a_reminder(
    state: State, days: int, waits: int | None, expected: tuple[Call, ...]
) -> None:
    submitted = None if waits is None else TODAY - timedelta(days=waits)

    assert (
        deadlines.calls_for(state, due=TODAY + timedelta(days=days), submitted_on=submitted, today=TODAY)
        == expected
    )


@pytest.mark.django_db
def test_a_csm_gets_one_draft_and_the_space_one_message(scoped: Tenant, alice: User) -> None:
    for name, days in (("Late Ltd", -2), ("Soon <b>Inc</b>", 3), ("Later", 20)):
        due(make_account(name=name, owner=alice), days)
    due(make_account(name="Nobody's"), -1)

    assert reminders.remind(scoped, now=NOW) == 3

    mail = Delivery.objects.get(channel=ChannelName.MAIL)
    assert (mail.person, mail.message["to"][0]["email"]) == (alice, alice.email)
    assert mail.message["subject"] == "2 QBRs need attention; 1 late"
    assert "Late Ltd, Q2 2026: was due 2 days ago" in mail.message["text"]
    assert "Soon &lt;b&gt;Inc&lt;/b&gt;" in mail.message["html"]
    assert "Nobody" not in mail.message["text"]
    chat = Delivery.objects.get(channel=ChannelName.CHAT)
    assert "3 QBRs need attention; 2 late" in chat.message["text"]
    assert "Soon ‹b›Inc" in chat.message["text"]


@pytest.mark.django_db
def test_each_is_reminded_of_once_and_again_when_its_date_is_moved(scoped: Tenant, alice: User) -> None:
    qbr = due(make_account(owner=alice), 5)
    for hours in range(3):
        reminders.remind(scoped, now=NOW + timedelta(hours=hours))
    assert ReviewReminder.objects.count() == 1

    QBR.objects.filter(pk=qbr.pk).update(due_on=TODAY + timedelta(days=6))
    reminders.remind(scoped, now=NOW)
    reminders.remind(scoped, now=NOW + timedelta(days=7))

    assert list(ReviewReminder.objects.order_by("at", "due_on").values_list("call", flat=True)) == [
        "soon",
        "soon",
        "late",
    ]
    assert Delivery.objects.filter(channel=ChannelName.MAIL).count() == 3


@pytest.mark.django_db
def test_whoever_comes_to_an_account_that_nobody_looked_after_is_told_then(
    scoped: Tenant, alice: User, django_assert_num_queries: Any
) -> None:
    account = make_account(name="Nobody's")
    due(account, -1)
    waits = make_account(name="Waits")
    due(waits, 40, state=State.IN_REVIEW, submitted=NOW - timedelta(days=4))
    assert reminders.remind(scoped, now=NOW) == 2
    assert not Delivery.objects.filter(channel=ChannelName.MAIL).exists()

    with django_assert_num_queries(1):
        assert reminders.remind(scoped, now=NOW) == 0
    Account.objects.filter(pk__in=[account.pk, waits.pk]).update(owner=alice)
    for _ in range(2):
        reminders.remind(scoped, now=NOW + timedelta(days=1))

    mail = Delivery.objects.get(channel=ChannelName.MAIL)
    assert (mail.person, mail.message["subject"]) == (alice, "One QBR needs attention; it is late")
    assert "was due 2 days ago" in mail.message["text"]
    assert Delivery.objects.filter(channel=ChannelName.CHAT).count() == 1, "the space heard of it before"
    assert not ReviewReminder.objects.filter(is_owed=True).exists()


@pytest.mark.django_db
def test_managers_hear_of_what_waits_for_them_and_csms_do_not(scoped: Tenant, alice: User) -> None:
    due(
        make_account(name="Waits", owner=alice),
        40,
        state=State.IN_REVIEW,
        submitted=NOW - timedelta(days=4),
    )

    reminders.remind(scoped, now=NOW)

    assert not Delivery.objects.filter(channel=ChannelName.MAIL).exists()
    assert "waits for a manager's approval since 4 days" in Delivery.objects.get().message["text"]


@pytest.mark.django_db
def test_nobody_is_reminded_at_night_nor_of_another_tenants_reviews(
    scoped: Tenant, alice: User, other_tenant: Tenant
) -> None:
    due(make_account(owner=alice), -1)

    assert reminders.remind(scoped, now=NOW.replace(hour=3)) == 0
    with tenant_scope(other_tenant):
        assert reminders.remind(other_tenant, now=NOW.replace(hour=20)) == 0
        assert not OutboxEvent.objects.exists()


@pytest.mark.django_db
def test_a_tick_with_nothing_to_say_asks_once(
    scoped: Tenant, alice: User, django_assert_num_queries: Any
) -> None:
    due(make_account(owner=alice), 30)

    with django_assert_num_queries(1):
        assert reminders.remind(scoped, now=NOW) == 0
