"""``fill_demo``: two books of business in the portal, with a year behind them and reviews in every state."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import call_command

from accounts.models import (
    Account,
    AccountHealth,
    Alert,
    AlertPlace,
    Digest,
    ExchangeRate,
    HealthScore,
    PolicyVersion,
    SyncRun,
)
from accounts.scoring.alert_states import AlertState
from accounts.scoring.bands import Band
from accounts.scoring.churn import RiskLevel, Trigger
from accounts.scoring.signals import HealthSignals
from accounts.selectors.alerts import usefulness
from benchmarks.soak import ground
from csm_portal.core.models import Delivery, DeliveryState, Membership, NotionConnection, Tenant
from csm_portal.core.scope import tenant_scope
from csm_portal.demo import company, history, tenants
from qbr import quarters
from qbr.models import QBR, Commitment, Outcome
from qbr.selectors import board
from qbr.selectors.board import Standing
from qbr.workflow import State

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]


@pytest.fixture(autouse=True)
def own_database(transactional_db: Any, tmp_path: Path) -> Iterator[None]:
    """A file: the gate's own connection and the test's would trip over each other in a database in memory."""
    with ground.own_database("filled", folder=tmp_path):
        yield


# It is tomorrow already at the first company, and today at the second.
LATE = datetime(2027, 12, 30, 23, 15, tzinfo=UTC)


def test_the_demo_is_two_books_of_business_with_a_year_behind_them(simulator, tmp_path, settings):
    # As in a demo, where the queue begins after the fill.
    settings.CSM_RUN_JOBS_INLINE = False
    with time_machine.travel(LATE):
        call_command("fill_demo", simulator=simulator.file, sign_in=tmp_path / "sign-in.txt", reviews=40)

    first, second = Tenant.objects.order_by("created_at", "name")
    today = LATE.astimezone(first.zone).date()
    assert today == date(2027, 12, 31)
    with tenant_scope(first):
        assert Account.objects.count() == 100
        (problem,) = SyncRun.objects.get().problems
        assert problem.startswith("Lena Fischer owns accounts in Notion, and nobody in the portal has that")
        assert Account.objects.filter(owner=None).count() == 3
        assert {step["state"] for step in NotionConnection.objects.get().last_check["steps"]} == {"ok"}
        of_band = Counter(AccountHealth.objects.values_list("effective_band", flat=True))
        assert set(of_band) == set(Band)
        assert of_band[Band.GREEN] >= 55
        assert min(of_band.values()) >= 2
        risks = AccountHealth.objects.values_list("churn_level", "churn_trigger")
        assert {level for level, _ in risks} == set(RiskLevel)
        assert {trigger for _, trigger in risks} == {*Trigger, ""}
        days = set(HealthScore.objects.values_list("scored_on", flat=True))
        assert days == {*history.days(today), today}
        assert PolicyVersion.objects.count() == 3
        states = Counter(QBR.objects.values_list("state", flat=True))
        assert {State.DRAFT, State.IN_REVIEW, State.APPROVED, State.PUBLISHED} <= set(states)
        assert not QBR.objects.exclude(trouble="").exists()
        _expect_earlier_quarters_to_be_done(today)
        _expect_weeks_of_alerts(today)
        _expect_notion_to_continue_the_history(today)
    with tenant_scope(second):
        assert Account.objects.count() == 20
        assert QBR.objects.exists()


def _expect_earlier_quarters_to_be_done(today):
    last = quarters.quarter_of(today).previous
    for quarter in (last.previous, last.previous.previous):
        manager = tenants.person("manager")
        membership = Membership.objects.get(user=manager)
        counts = board.page(membership, filters=board.Filters(quarter=quarter), today=today).total.counts
        # Of the forty that this fill begins.
        assert counts[Standing.PUBLISHED] >= 35, quarter
        assert set(counts) <= {Standing.PUBLISHED, Standing.NOT_STARTED, Standing.LATE}, quarter
    assert Commitment.objects.filter(qbr__quarter_start=last.previous.start, outcome=Outcome.KEPT).exists()


def _expect_weeks_of_alerts(today):
    alerts = Alert.objects.all()
    assert min(alert.raised_on for alert in alerts) < today - timedelta(weeks=4)
    assert {alert.state for alert in alerts} >= set(AlertState) - {AlertState.SNOOZED}
    assert Alert.objects.filter(state=AlertState.OPEN).count() >= 5
    rules = usefulness(now=LATE)
    assert sum(rule.answered > 0 for rule in rules) >= 3
    assert 0 < sum(rule.useful for rule in rules) < sum(rule.answered for rule in rules)
    assert 1 <= AlertPlace.objects.filter(local_date=today).count() <= 5
    # What went out is of its own day, and nothing hangs.
    told = Delivery.objects.filter(event__topic__in=["alert.raised", "digest.written"])
    old = told.filter(created_at__lt=LATE - timedelta(days=2))
    assert old.count() > 20
    assert set(old.values_list("state", flat=True)) == {DeliveryState.DELIVERED}
    assert all(one.delivered_at - one.created_at < timedelta(minutes=1) for one in old)
    assert Digest.objects.filter(local_date=today).count() == 3
    assert set(ExchangeRate.objects.values_list("currency", flat=True)) == {"GBP", "USD"}


def _expect_notion_to_continue_the_history(today):
    years = {customer.name: customer.year for customer in company.companies(today)[0].customers}
    scores = HealthScore.objects.filter(scored_on=today, is_of_day=True).select_related("account")
    for score in scores:
        read, known = HealthSignals.from_mapping(score.inputs), years[score.account.name].signals(today)
        assert read == known, score.account.name
