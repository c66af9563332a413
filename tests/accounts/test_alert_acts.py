"""What people do with alerts, one or many, what is refused, and how it is undone (CHECK 26)."""

import re
from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Account, Alert, AlertAct
from accounts.scoring.alert_states import LIVE, TABLE, Action, AlertState
from accounts.services import alert_acts, health
from accounts.services.alert_acts import NotPossible, Outcome, Said
from csm_portal.core.models import AuditEvent, Tenant, User
from tests.accounts.test_alerts import scan
from tests.conftest import signed_in
from tests.factories import NOW, TODAY, make_account, make_accounts, make_alert

pytestmark = pytest.mark.django_db

WEEK = TODAY + timedelta(days=7)


def text(response: HttpResponse) -> str:
    told = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))
    return told.replace("\xa0", " ")


def take(action: Action, actor: User, *alerts: Alert, **said: Any) -> Outcome:
    asked = {alert.pk: alert.version for alert in alerts}
    return alert_acts.take(asked, action, said=Said(**said), actor=actor, today=TODAY, now=NOW)


def rows() -> list[dict[str, Any]]:
    return [
        {name: value for name, value in row.items() if name != "version"}
        for row in Alert.objects.order_by("pk").values()
    ]


@pytest.fixture
def alert(scoped: Tenant, alice: User) -> Alert:
    return make_alert(make_account(name="Halden", owner=alice))


def test_every_state_allows_what_the_table_says_and_nothing_else(alert: Alert, alice: User) -> None:
    tried = 0
    for state, allowed in TABLE.items():
        for action in Action:
            Alert.objects.filter(pk=alert.pk).update(
                state=state, ended_at=NOW if state is AlertState.CLOSED else None
            )
            alert.refresh_from_db()
            outcome = take(action, alice, alert, until=WEEK, note="They pay on Friday.")
            alert.refresh_from_db()
            assert bool(outcome.done) is (action in allowed)
            assert alert.state == allowed.get(action, state)
            tried += 1
    assert tried == 20


def test_each_act_of_a_person_writes_one_audit_row(scoped: Tenant, alice: User) -> None:
    alerts = [make_alert(account) for account in make_accounts(3, owner=alice)]

    take(Action.ACKNOWLEDGE, alice, alerts[0])
    outcome = take(Action.SNOOZE, alice, alerts[1], alerts[2], until=WEEK, note="Wait")
    assert outcome.act is not None
    alert_acts.undo(outcome.act, actor=alice, now=NOW)
    alert_acts.answer(alerts[0], was_useful=True, actor=alice, now=NOW)

    assert list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True).order_by("at", "verb")) == [
        "alert.acknowledged",
        "alert.judged",
        "alert.snoozed",
        "alert.undone",
    ]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"note": "Later"}, "last day"),
        ({"note": "Later", "until": TODAY}, "last day"),
        ({"note": "Later", "until": TODAY + timedelta(days=91)}, "90 days"),
        ({"note": "  ", "until": WEEK}, "Say why"),
    ],
)
def test_a_snooze_needs_a_last_day_and_a_reason(
    alert: Alert, alice: User, said: dict[str, Any], told: str
) -> None:
    with pytest.raises(NotPossible, match=told):
        take(Action.SNOOZE, alice, alert, **said)
    alert.refresh_from_db()
    assert alert.state == AlertState.OPEN


def test_only_who_looks_after_the_account_deals_with_its_alerts(
    alert: Alert, bob: User, ada: User, sam: User, charlie: User
) -> None:
    for stranger in (ada, sam, charlie):
        with pytest.raises(PermissionDenied):
            alert_acts.take_one(
                alert, Action.RESOLVE, version=1, said=Said(), actor=stranger, today=TODAY, now=NOW
            )
    assert take(Action.RESOLVE, bob, alert).done


def test_whoever_comes_second_changes_nothing_and_hears_who_was_first(
    alert: Alert, alice: User, bob: User
) -> None:
    take(Action.ACKNOWLEDGE, bob, alert)

    with pytest.raises(alert_acts.ChangedMeanwhile, match="Bob acknowledged it meanwhile"):
        alert_acts.take_one(alert, Action.RESOLVE, version=1, said=Said(), actor=alice, today=TODAY, now=NOW)


@pytest.mark.parametrize("action", [Action.ACKNOWLEDGE, Action.SNOOZE, Action.RESOLVE])
def test_undo_brings_back_exactly_what_was(scoped: Tenant, alice: User, action: Action) -> None:
    accounts = make_accounts(4, owner=alice)
    alerts = [make_alert(account, held_back_on=TODAY) for account in accounts[:3]]
    alerts.append(
        make_alert(accounts[3], state=AlertState.SNOOZED, snoozed_until=WEEK, note="Wait", is_waiting=False)
    )
    before = rows()

    outcome = take(action, alice, *alerts, until=WEEK + timedelta(days=3), note="Done", was_useful=True)
    assert len(outcome.done) == 4
    assert outcome.act is not None
    undone = alert_acts.undo(outcome.act, actor=alice, now=NOW)

    assert (len(undone.done), undone.left) == (4, ())
    assert rows() == before
    with pytest.raises(NotPossible, match="already"):
        alert_acts.undo(outcome.act, actor=alice, now=NOW)


def test_undo_leaves_what_moved_on_meanwhile_and_says_so(scoped: Tenant, alice: User, bob: User) -> None:
    alerts = [make_alert(account) for account in make_accounts(3, owner=alice)]
    outcome = take(Action.ACKNOWLEDGE, alice, *alerts)
    assert outcome.act is not None
    edited = outcome.done[1]
    take(Action.RESOLVE, bob, edited)

    undone = alert_acts.undo(outcome.act, actor=alice, now=NOW)

    assert len(undone.done) == 2
    assert len(undone.left) == 1
    assert "Bob resolved it meanwhile" in undone.left[0]
    edited.refresh_from_db()
    assert edited.state == AlertState.RESOLVED


def test_only_who_did_it_undoes_it(alert: Alert, alice: User, bob: User) -> None:
    outcome = take(Action.ACKNOWLEDGE, alice, alert)
    assert outcome.act is not None

    with pytest.raises(PermissionDenied):
        alert_acts.undo(outcome.act, actor=bob, now=NOW)


ARREARS = st.tuples(st.just("pays"), st.booleans())
CONTRACT = st.tuples(st.just("renews in"), st.sampled_from([20, 50, 80, 200]))
ACTS = st.tuples(st.sampled_from(Action), st.integers(1, 5))
SCANS = st.tuples(st.just("scan"), st.integers(0, 3))
UNDO = st.tuples(st.just("undo"), st.just(0))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.one_of(ARREARS, CONTRACT, ACTS, SCANS, SCANS, UNDO), min_size=4, max_size=14))
def test_whatever_happens_an_alert_tells_the_truth(
    scoped: Tenant, alice: User, steps: list[tuple[Any, Any]]
) -> None:
    """The life of the alerts of one account as a machine of random steps, with what must hold after each scan."""
    with transaction.atomic():
        _live(alice, steps)
        # Each life begins in a portal of its own.
        transaction.set_rollback(True)


def _live(alice: User, steps: list[tuple[Any, Any]]) -> None:
    account = make_account(owner=alice, payment_current=False)
    day, raised, told = 0, 0, 0
    for what, value in [("scan", 0), *steps, ("scan", 1), ("scan", 0)]:
        alert = Alert.objects.filter(account=account, reason="payment").order_by("-raised_at", "-pk").first()
        match what:
            case "pays":
                Account.objects.filter(pk=account.pk).update(payment_current=value)
            case "renews in":
                renewal = TODAY + timedelta(days=day + value)
                Account.objects.filter(pk=account.pk).update(renewal_on=renewal)
            case "undo":
                act = AlertAct.objects.filter(undone_at=None, actor=alice).order_by("-at", "-pk").first()
                if act is not None:
                    alert_acts.undo(act, actor=alice, now=NOW)
            case Action():
                if alert is not None:
                    today = TODAY + timedelta(days=day)
                    before, allowed = alert.state, what in TABLE[AlertState(alert.state)]
                    outcome = alert_acts.take(
                        {alert.pk: alert.version},
                        what,
                        said=Said(note="Because", until=today + timedelta(days=value)),
                        actor=alice,
                        today=today,
                        now=NOW,
                    )
                    assert bool(outcome.done) is allowed, (before, what)
            case "scan":
                day += value
                counts = scan(day)
                raised, told = raised + counts.raised, told + counts.handed_over
                _holds(account, TODAY + timedelta(days=day))
    assert raised == Alert.objects.filter(account=account).count()
    assert told == sum(alert.places.count() for alert in Alert.objects.filter(account=account))
    assert scan(day, hour=12).handed_over == 0


def _holds(account: Account, today: date) -> None:
    account.refresh_from_db()
    found = list(Alert.objects.filter(account=account, reason="payment"))
    running = [one for one in found if one.ended_at is None]
    if account.payment_current is False:
        assert len(running) == 1
        assert running[0].state != AlertState.CLOSED
        if running[0].state == AlertState.SNOOZED:
            assert running[0].snoozed_until is not None
            assert running[0].snoozed_until >= today
    else:
        assert not running
    for one in found:
        assert (one.state in LIVE) <= (one.ended_at is None)
        assert one.version >= 1


def test_a_csm_acknowledges_on_the_list_and_takes_it_back(alert: Alert, alice: User) -> None:
    client = signed_in(alice)
    page = client.get("/alerts/")
    assert "Halden" in text(page)
    ticked = re.findall(r'name="alert" value="([^"]+)"', page.content.decode())

    answer = client.post(
        "/alerts/act/", {"alert": ticked, "action": "acknowledge", "next": "/alerts/?scope=all"}
    )

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/alerts/?scope=all&did=")
    after = client.get(answer.headers["Location"])
    assert "1 alert is acknowledged." in text(after)
    assert "Nothing is open" in text(after)
    undo = re.search(r'action="(/alerts/undo/[^"]+)"', after.content.decode())
    assert undo is not None
    assert client.post(undo[1], {"next": "/alerts/"}).status_code == 302
    alert.refresh_from_db()
    assert alert.state == AlertState.OPEN


def test_a_snooze_asks_for_its_last_day_and_reason_on_a_page_of_its_own(alert: Alert, alice: User) -> None:
    client = signed_in(alice)
    asked = {"alert": f"{alert.pk}:1", "action": "snooze", "next": "/alerts/"}

    step = client.post("/alerts/act/", asked)
    assert step.status_code == 200
    assert "Snooze 1 alert" in text(step)
    wrong = client.post("/alerts/act/", {**asked, "said": "1", "until": "2020-01-01", "note": "Later"})
    assert wrong.status_code == 422
    assert "from tomorrow to 90 days" in text(wrong)
    until = timezone.localdate() + timedelta(days=10)
    done = client.post("/alerts/act/", {**asked, "said": "1", "until": until.isoformat(), "note": "Later"})

    assert done.status_code == 302
    alert.refresh_from_db()
    assert (alert.state, alert.snoozed_until, alert.note) == (AlertState.SNOOZED, until, "Later")


@pytest.mark.parametrize("asked", ["", "zz", "resolve\x00", "x" * 5000])
def test_an_act_that_there_is_not_is_refused_and_said(asked: str, alert: Alert, alice: User) -> None:
    client = signed_in(alice)

    for sent in ({"action": asked, "alert": f"{alert.pk}:1"}, {"action": asked}, {}):
        answer = client.post("/alerts/act/", {**sent, "next": "/alerts/?scope=all"})
        assert answer.status_code == 422
        assert "The page did not say what to do" in text(answer)
        assert ("Halden" in text(answer)) is ("alert" in sent)
        assert 'href="/alerts/?scope=all"' in answer.content.decode()
    assert Alert.objects.get().state == AlertState.OPEN


def test_a_resolution_carries_the_answer_and_admins_see_the_share(
    alert: Alert, alice: User, ada: User
) -> None:
    Alert.objects.update(raised_at=timezone.now())
    client = signed_in(alice)

    client.post(
        "/alerts/act/",
        {"alert": f"{alert.pk}:1", "action": "resolve", "said": "1", "note": "Paid", "was_useful": "no"},
    )

    assert Alert.objects.get().was_useful is False
    page = text(signed_in(ada).get("/alerts/rules/"))
    assert "0 %" in page
    assert "0 of 1 answers" in page


def test_a_conflict_is_answered_with_how_the_alert_stands(alert: Alert, alice: User, bob: User) -> None:
    take(Action.ACKNOWLEDGE, bob, alert)

    answer = signed_in(alice).post("/alerts/act/", {"alert": f"{alert.pk}:1", "action": "acknowledge"})

    assert answer.status_code == 409
    assert "Bob acknowledged it meanwhile" in text(answer)


def test_a_bulk_act_says_what_it_left(scoped: Tenant, alice: User, bob: User) -> None:
    mine, moved = (make_alert(account) for account in make_accounts(2, owner=alice))
    others = make_alert(make_account(name="Carol's", owner=bob))
    take(Action.RESOLVE, bob, moved)
    client = signed_in(alice)

    answer = client.post(
        "/alerts/act/",
        {"alert": [f"{one.pk}:1" for one in (mine, moved, others)], "action": "acknowledge"},
        follow=True,
    )

    told = text(answer)
    assert "1 alert is acknowledged." in told
    assert "2 alerts were left as they are" in told
    assert "Carol's is looked after by somebody else." in told
    assert Alert.objects.get(pk=others.pk).state == AlertState.OPEN


def test_what_is_not_ticked_is_asked_for(alert: Alert, alice: User) -> None:
    told = signed_in(alice).post("/alerts/act/", {"action": "acknowledge"}, follow=True)

    assert "Choose at least one alert." in text(told)


def test_a_bulk_act_and_its_undo_cost_the_same_at_one_alert_and_at_twenty(
    scoped: Tenant, alice: User
) -> None:
    alerts = [make_alert(account) for account in make_accounts(21, owner=alice)]
    counts = []
    for chosen in (alerts[:1], alerts[1:]):
        with CaptureQueriesContext(connection) as queries:
            outcome = take(Action.ACKNOWLEDGE, alice, *chosen)
            assert outcome.act is not None
            alert_acts.undo(outcome.act, actor=alice, now=NOW)
        assert len(outcome.done) == len(chosen)
        counts.append(len(queries))

    assert counts[0] == counts[1]


@pytest.mark.parametrize("action", [Action.SNOOZE, Action.RESOLVE, Action.ACKNOWLEDGE])
def test_another_tenants_alert_is_not_there_whatever_is_asked(
    alert: Alert, charlie: User, action: Action
) -> None:
    asked = {"alert": f"{alert.pk}:1", "action": action}

    assert signed_in(charlie).post("/alerts/act/", asked).status_code == 404


def test_the_list_costs_the_same_at_one_alert_and_at_fifty(scoped: Tenant, alice: User) -> None:
    make_alert(make_account(owner=alice))
    client = signed_in(alice)
    with CaptureQueriesContext(connection) as one:
        client.get("/alerts/")
    for account in make_accounts(49, owner=alice):
        make_alert(account)
    with CaptureQueriesContext(connection) as many:
        page = client.get("/alerts/")

    assert page.content.decode().count('name="alert"') == 50
    assert len(many) == len(one) <= 7


def test_the_list_says_what_is_held_back_and_why(scoped: Tenant, alice: User) -> None:
    today = timezone.localdate(timezone=scoped.zone)
    for number in range(7):
        make_account(
            name=f"Owes {number}",
            owner=alice,
            arr=Decimal(1000 + number),
            payment_current=False,
            renewal_on=None,
            last_interaction_on=today,
        )
    health.score_accounts(as_of=today, now=timezone.now())

    page = text(signed_in(alice).get("/alerts/?state=held_back"))

    assert "2 alerts" in page
    assert "Held back today, because five more urgent ones went out." in page
    assert "Owes 0" in page
    assert "Owes 6" not in page
