"""The scan: what it writes, what it remembers, whom it tells."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, AccountHealth, ChurnAssessment, HealthScore
from accounts.scoring.signals import HealthSignals
from accounts.services import health, policies
from csm_portal.core.models import AuditEvent, OutboxEvent, Tenant, User
from csm_portal.core.scope import tenant_scope
from tests.factories import make_account, make_accounts

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]

TODAY = date(2026, 5, 14)
# Enough trouble for Red: arrears, silence, a decline at a low level, a complaint.
RED: dict[str, Any] = {
    "payment_current": False,
    "login_frequency_score": Decimal("0.1"),
    "usage_trend": "declining",
    "support_sentiment": "negative",
    "last_interaction_on": date(2025, 12, 1),
}
# What every measure of the mirror looks like where nothing is known.
NOTHING: dict[str, Any] = {
    "feature_adoption_rate": None,
    "support_ticket_volume": None,
    "support_sentiment": "",
    "last_interaction_on": None,
    "login_frequency_score": None,
    "usage_trend": "",
    "payment_current": None,
    "stakeholder_engagement_score": None,
    "nps_score": None,
    "escalation_history_count": None,
    "tam_health_rag": "",
    "renewal_on": None,
    "seats_used": None,
    "seats_purchased": None,
}


def seven(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 7, tzinfo=UTC)


def score(day: date = TODAY, **options: Any) -> health.ScanCounts:
    return health.score_accounts(as_of=day, now=options.pop("now", seven(day)), **options)


def change(account: Account, **fields: Any) -> None:
    Account.objects.filter(pk=account.pk).update(**fields)


def test_a_scan_writes_the_score_with_all_that_is_needed_to_do_it_again(alice: User) -> None:
    account = make_account(owner=alice, **RED)

    counts = score()

    written = HealthScore.objects.select_related("policy").get(account=account)
    assert counts.scored == 1
    assert counts.bands == {"Green": 0, "Amber": 0, "Red": 1, "Unknown": 0}
    assert (written.scored_on, written.scored_at, written.is_of_day) == (TODAY, seven(TODAY), True)
    assert written.score == 100 - sum(written.points.values())
    assert written.inputs["last_interaction_days"] == (TODAY - date(2025, 12, 1)).days
    assert written.inputs["renewal_days_out"] == (account.renewal_on - TODAY).days
    assert written.inputs["seats_utilization"] == 0.9
    assert written.points["payment_current"] == 30
    assert (written.policy.number, written.engine_version) == (1, "1")
    assert (written.arr, written.currency, written.owner_id) == (account.arr, "EUR", alice.pk)
    assert (written.lifecycle_stage, written.renewal_on) == ("Live", account.renewal_on)


def test_ages_are_counted_on_the_day_of_scoring_so_that_a_score_does_not_go_stale() -> None:
    account = make_account(last_interaction_on=TODAY)

    score(TODAY)
    score(TODAY + timedelta(days=80))

    first, later = HealthScore.objects.filter(account=account).order_by("scored_on")
    assert (first.inputs["last_interaction_days"], later.inputs["last_interaction_days"]) == (0, 80)
    assert later.score < first.score


def test_lists_read_one_row_with_drivers_and_churn_risk() -> None:
    account = make_account(**RED, notice_on=TODAY + timedelta(days=20))

    score()

    shown = AccountHealth.objects.select_related("latest").get(account=account)
    assert shown.score == shown.latest.score
    assert shown.effective_band == shown.computed_band == "Red"
    assert next(driver["signal"] for driver in shown.drivers) == "payment_current"
    assert all(driver["points"] > 0 and driver["label"] for driver in shown.drivers)
    assert len(shown.drivers) == 3
    assert shown.sparkline == [None] * 11 + [shown.score]
    assert (shown.churn_level, shown.churn_rank, shown.churn_trigger) == ("critical", 3, "combined")
    assert shown.churn_until == TODAY + timedelta(days=20)
    assessed = ChurnAssessment.objects.get(account=account)
    assert (assessed.level, assessed.score_id, assessed.written_by) == (
        "critical",
        shown.latest_id,
        "templates",
    )
    assert {fact["code"] for fact in assessed.facts} >= {"notice", "arrears"}
    assert assessed.narrative.count(".") >= 2


def test_a_second_run_on_the_same_day_keeps_the_first_and_cannot_swallow_a_change() -> None:
    account = make_account()
    score(TODAY - timedelta(days=1))
    score(TODAY)
    change(account, **RED)

    score(TODAY, now=seven(TODAY) + timedelta(hours=3))
    score(TODAY, now=seven(TODAY) + timedelta(hours=4))

    rows = list(HealthScore.objects.filter(account=account, scored_on=TODAY).order_by("scored_at"))
    assert [row.is_of_day for row in rows] == [False, False, True]
    assert [row.previous_band for row in rows] == ["Green", "Green", "Green"]
    assert [row.should_alert for row in rows] == [False, True, True]
    assert ChurnAssessment.objects.get(account=account, assessed_on=TODAY).score == rows[-1]
    assert AccountHealth.objects.get(account=account).latest == rows[-1]


def test_a_second_run_finds_the_same_past_as_the_first_though_it_looks_it_up_elsewhere() -> None:
    """The first run of a day reads the past beside the latest score, the second one in the history."""
    steady, fading, new = make_account(), make_account(), make_account()
    for weeks in (6, 5, 2, 1):
        change(steady, nps_score=weeks)
        score(TODAY - timedelta(weeks=weeks), account_ids=[steady.pk])
    score(TODAY - timedelta(days=40), account_ids=[fading.pk])
    change(fading, **RED)
    score(TODAY - timedelta(days=3), account_ids=[fading.pk])
    change(fading, **NOTHING)

    score(TODAY)
    first = {one.account_id: one for one in ChurnAssessment.objects.filter(assessed_on=TODAY)}
    score(TODAY)

    told = ("score", "effective_band", "band_reason", "previous_score", "previous_band", "known")
    for account in (steady, fading, new):
        runs = HealthScore.objects.filter(account=account, scored_on=TODAY).order_by("pk")
        assert len({repr(run) for run in runs.values_list(*told)}) == 1, list(runs.values(*told))
        again = ChurnAssessment.objects.get(account=account, assessed_on=TODAY)
        assert (again.level, again.facts) == (first[account.pk].level, first[account.pk].facts)
    assert HealthScore.objects.filter(scored_on=TODAY, previous_band="Red", is_last_known=True).count() == 2


def test_somebody_is_told_once_however_often_the_scan_runs() -> None:
    account = make_account(**RED)
    make_account()

    for hour in range(3):
        score(TODAY, now=seven(TODAY) + timedelta(hours=hour))
    score(TODAY + timedelta(days=1))

    told = OutboxEvent.objects.filter(topic="alert.raised", payload__reason="health_red")
    assert [event.subject_id for event in told] == [str(account.pk)]


def test_an_alert_that_only_the_second_run_finds_is_told_of() -> None:
    account = make_account()
    score(TODAY)
    change(account, **RED)

    score(TODAY, now=seven(TODAY) + timedelta(hours=3))

    assert OutboxEvent.objects.filter(topic="alert.raised").count() == 1


def test_laying_down_history_tells_nobody() -> None:
    account = make_account(**RED)

    score(TODAY, announce=False, signals_by_account={account.pk: HealthSignals(payment_current=False)})

    assert not OutboxEvent.objects.exists()


def test_archived_and_removed_accounts_are_not_scored() -> None:
    make_account(is_archived=True)
    make_account(removed_at=seven(TODAY))
    kept = make_account()

    counts = score()

    assert counts.scored == 1
    assert [row.account_id for row in HealthScore.objects.all()] == [kept.pk]


def test_losing_data_never_improves_the_band_until_it_returns() -> None:
    account = make_account(**RED)
    score(TODAY)
    change(account, payment_current=None, login_frequency_score=None, usage_trend="", support_sentiment="")

    score(TODAY + timedelta(days=1))
    score(TODAY + timedelta(days=2))
    change(
        account,
        payment_current=True,
        login_frequency_score=1,
        usage_trend="stable",
        support_sentiment="positive",
    )
    change(account, last_interaction_on=TODAY)
    score(TODAY + timedelta(days=3))

    first, lost, still, back = HealthScore.objects.filter(account=account).order_by("scored_on")
    assert (first.computed_band, first.effective_band, first.is_last_known) == ("Red", "Red", False)
    assert (lost.computed_band, lost.effective_band, lost.is_last_known) == ("Green", "Red", True)
    assert "14 May 2026" in lost.band_reason
    assert lost.known["seen_on"]["payment_current"] == "2026-05-14"
    assert (still.effective_band, still.known["seen_on"]["payment_current"]) == ("Red", "2026-05-14")
    assert (back.computed_band, back.effective_band, back.is_last_known) == ("Green", "Green", False)
    assert first.known == back.known == {}


def test_an_account_of_which_nothing_was_ever_known_is_unknown_and_not_green() -> None:
    account = make_account(**NOTHING)

    score(TODAY)
    score(TODAY + timedelta(days=1))

    for row in HealthScore.objects.filter(account=account):
        assert (row.score, row.computed_band, row.effective_band) == (100, "Green", "Unknown")
        assert row.coverage == 0
    assert not OutboxEvent.objects.exists()


def test_a_value_that_cannot_be_one_costs_that_value_and_not_the_account() -> None:
    make_account(
        name="Odd Ltd", nps_score=Decimal("12"), feature_adoption_rate=Decimal("1.5"), payment_current=False
    )

    counts = score()

    written = HealthScore.objects.get()
    assert "nps_score" not in written.inputs
    assert written.points["payment_current"] == 30
    assert len(counts.problems) == 2
    assert all(problem.startswith("Odd Ltd: ") for problem in counts.problems)


def test_the_sparkline_holds_the_last_score_of_each_calendar_week() -> None:
    account = make_account()
    monday = date(2026, 3, 2)
    for week in range(14):
        if week == 10:
            continue
        change(account, nps_score=week % 7)
        score(monday + timedelta(weeks=week))
        change(account, nps_score=(week + 1) % 7)
        score(monday + timedelta(weeks=week, days=3))

    shown = AccountHealth.objects.get(account=account)
    by_day = dict(HealthScore.objects.filter(account=account).values_list("scored_on", "score"))
    expected = [by_day.get(monday + timedelta(weeks=week, days=3)) for week in range(2, 14)]
    assert shown.sparkline == expected
    assert shown.sparkline[8] is None
    assert len(set(expected)) > 3


def test_a_day_laid_down_later_mends_the_sparkline_and_leaves_the_latest_score() -> None:
    account = make_account()
    score(TODAY)

    score(
        TODAY - timedelta(weeks=2),
        announce=False,
        signals_by_account={account.pk: HealthSignals(payment_current=False, renewal_days_out=20)},
    )

    shown = AccountHealth.objects.get(account=account)
    old = HealthScore.objects.get(account=account, scored_on=TODAY - timedelta(weeks=2))
    assert shown.scored_on == TODAY
    assert shown.sparkline == [None] * 9 + [old.score, None, shown.score]
    assert old.renewal_on == TODAY - timedelta(weeks=2) + timedelta(days=20)


def test_history_can_be_laid_down_from_signals_day_by_day() -> None:
    one, two = make_account(), make_account()
    make_account()

    for week in range(52, -1, -1):
        signals = HealthSignals(login_frequency_score=week / 52, payment_current=True)
        score(
            TODAY - timedelta(weeks=week),
            announce=False,
            signals_by_account={one.pk: signals, two.pk: signals},
        )

    assert HealthScore.objects.count() == 106
    scores = list(
        HealthScore.objects.filter(account=one).order_by("scored_on").values_list("score", flat=True)
    )
    assert scores == sorted(scores, reverse=True)
    previous = (
        HealthScore.objects.filter(account=one).order_by("scored_on").values_list("previous_score", flat=True)
    )
    assert list(previous) == [None, *scores[:-1]]


def test_one_account_is_scored_alone_and_its_result_explains_itself() -> None:
    account = make_account(**RED)
    make_account()
    health.score_account(account, as_of=TODAY - timedelta(days=1), now=seven(TODAY - timedelta(days=1)))

    result = health.score_account(account, as_of=TODAY, now=seven(TODAY))

    assert HealthScore.objects.count() == 2
    assert result.account_id == account.notion_page_id
    assert (result.rag_status, result.previous_rag, result.should_alert) == ("Red", "Red", True)
    assert result.scan_timestamp == seven(TODAY)
    assert sum(row.penalty for row in result.breakdown) == 100 - result.score


def test_an_account_that_is_gone_is_not_scored_alone_either() -> None:
    account = make_account(name="Gone Ltd", is_archived=True)

    with pytest.raises(health.NothingToScore, match="Gone Ltd is archived"):
        health.score_account(account, as_of=TODAY, now=seven(TODAY))


def test_a_scan_is_one_row_in_the_audit_log(ada: User) -> None:
    make_accounts(3, **RED)
    policies.current(now=seven(TODAY))
    before = AuditEvent.objects.count()

    health.scan(as_of=TODAY, now=seven(TODAY), actor=ada)

    event = AuditEvent.objects.get(verb="scan.finished")
    assert AuditEvent.objects.count() == before + 1
    assert (event.actor, event.data["scored"], event.data["red"]) == (ada, 3, 3)


def test_a_scan_touches_its_own_tenant_alone(tenant: Tenant, other_tenant: Tenant) -> None:
    with tenant_scope(other_tenant):
        make_account()
    make_account()

    counts = score()

    assert counts.scored == 1
    with tenant_scope(other_tenant):
        assert not HealthScore.objects.exists()


def test_a_batch_costs_the_same_number_of_queries_for_one_account_and_for_fifty() -> None:
    # Healthy accounts with seats to spare: nobody is told and nothing is found, and each would be a row of its own.
    make_account(seats_used=60)
    score(TODAY - timedelta(days=1))
    with CaptureQueriesContext(connection) as one:
        score(TODAY)
    make_accounts(17, seats_used=60)
    # Scored once before, as the first one was: a first band costs one statement more, to count it by.
    score(TODAY)
    with CaptureQueriesContext(connection) as many:
        score(TODAY + timedelta(days=1))

    assert len(many) == len(one) <= 44


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one transaction write at a time")
@pytest.mark.django_db(transaction=True)
def test_scans_at_the_same_moment_leave_one_score_of_the_day(tenant: Tenant) -> None:
    make_accounts(20, **RED)
    policies.current(now=seven(TODAY))
    start = threading.Barrier(4)

    def scan(_: int) -> int:
        try:
            with tenant_scope(tenant):
                start.wait()
                return score(TODAY).scored
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=4) as pool:
        scored = list(pool.map(scan, range(4)))

    assert scored == [20] * 4
    assert HealthScore.objects.count() == 80
    assert HealthScore.objects.filter(is_of_day=True).count() == 20
    # Five a day go out, however many scans there are.
    assert OutboxEvent.objects.count() == 5


def test_progress_is_told_batch_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "BATCH", 2)
    make_accounts(5)
    told: list[tuple[int, int]] = []
    tell: Callable[[int, int], None] = lambda done, total: told.append((done, total))  # noqa: E731

    counts = score(progress=tell)

    assert told == [(2, 5), (4, 5), (5, 5)]
    assert counts.scored == 5
