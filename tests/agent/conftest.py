"""The agent at one tenant; the workspace is there only for the tests that need one."""

from datetime import date
from decimal import Decimal

import pytest

from accounts.models import Account
from csm_portal.agent import CSMAgent
from csm_portal.core.models import Tenant, User
from tests.factories import NOW, make_account
from tests.qbr.conftest import harbour, notion  # noqa: F401  # fixtures


@pytest.fixture
def agent() -> CSMAgent:
    """The agent, asked by a program, at NOW."""
    return CSMAgent(clock=lambda: NOW)


@pytest.fixture
def quay(scoped: Tenant, alice: User) -> Account:
    """Alice's account in trouble: complaints, arrears, falling usage, unused features, a renewal in two months."""
    made = make_account(
        name="Quayside Foods",
        owner=alice,
        payment_current=False,
        support_sentiment="negative",
        usage_trend="declining",
        feature_adoption_rate=Decimal("0.2"),
        features_licensed=["Routing", "Forecasts", "Alerts"],
        features_used=["Routing"],
        renewal_on=date(2026, 7, 20),
        notes="Jonas wants the forecasts before summer.",
        primary_contacts=["Jonas Weber"],
    )
    return Account.objects.select_related("tenant", "owner").get(pk=made.pk)
