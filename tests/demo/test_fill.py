"""``fill_demo``: two books of business in the portal, with a year behind them and reviews in every state."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import call_command

from accounts.models import Account, AccountHealth, HealthScore, PolicyVersion, SyncRun
from accounts.scoring.bands import Band
from accounts.scoring.churn import RiskLevel, Trigger
from accounts.scoring.signals import HealthSignals
from benchmarks.soak import ground
from csm_portal.core.models import NotionConnection, Tenant
from csm_portal.core.scope import tenant_scope
from csm_portal.demo import company, history
from qbr.models import QBR
from qbr.workflow import State

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]


@pytest.fixture(autouse=True)
def own_database(transactional_db: Any, tmp_path: Path) -> Iterator[None]:
    """A file: the gate's own connection and the test's would trip over each other in a database in memory."""
    with ground.own_database("filled", folder=tmp_path):
        yield


# It is tomorrow already at the first company, and today at the second.
LATE = datetime(2027, 12, 30, 23, 15, tzinfo=UTC)


def test_the_demo_is_two_books_of_business_with_a_year_behind_them(simulator, tmp_path):
    with time_machine.travel(LATE):
        call_command("fill_demo", simulator=simulator.file, sign_in=tmp_path / "sign-in.txt")

    first, second = Tenant.objects.order_by("created_at", "name")
    today = LATE.astimezone(first.zone).date()
    assert today == date(2027, 12, 31)
    with tenant_scope(first):
        assert Account.objects.count() == 100
        assert SyncRun.objects.get().problems == []
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
        _expect_notion_to_continue_the_history(today)
    with tenant_scope(second):
        assert Account.objects.count() == 20
        assert QBR.objects.exists()


def _expect_notion_to_continue_the_history(today):
    years = {customer.name: customer.year for customer in company.companies(today)[0].customers}
    scores = HealthScore.objects.filter(scored_on=today, is_of_day=True).select_related("account")
    for score in scores:
        read, known = HealthSignals.from_mapping(score.inputs), years[score.account.name].signals(today)
        assert read == known, score.account.name
