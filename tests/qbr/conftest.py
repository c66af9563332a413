"""A tenant whose accounts come out of a simulated workspace, mirrored and scored, ready to be reviewed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Account
from accounts.services import health, sync
from csm_portal.core.models import Tenant, User
from tests.workspace import Connected, a_row, connected

# Inside the second quarter; the tenant lives in Berlin.
NOW = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
PEERS = 11


@pytest.fixture
def notion(tenant: Tenant, tmp_path: Path, settings: Any) -> Connected:
    """The tenant's workspace: Harbour Logistics, owned by Alice, and eleven of the same segment."""
    peers = [a_row(number, feature_adoption_rate=0.5 + number / 50) for number in range(1, PEERS + 1)]
    harbour = a_row(
        100,
        name="Harbour Logistics",
        feature_adoption_rate=0.46,
        seats_used=62,
        seats_purchased=100,
        support_ticket_volume=17,
        renewal_on="2026-07-20",
        features_licensed=["Routing", "Forecasts", "Alerts"],
        features_used=["Routing"],
        customer_goals="Cut the time to plan a route.",
        notes="Jonas wants the forecasts before summer.",
        primary_contacts=["Jonas Weber"],
    )
    return connected(tenant, tmp_path, settings, rows=[*peers, harbour])


@pytest.fixture
def harbour(scoped: Tenant, alice: User, notion: Connected) -> Account:
    """Harbour Logistics, mirrored, with scores of today and of the last weeks."""
    sync.run(workspace=notion.workspace(), now=NOW)
    for weeks in (7, 3, 0):
        moment = NOW - timedelta(weeks=weeks)
        health.score_accounts(as_of=moment.date(), now=moment, announce=False)
    return Account.objects.select_related("tenant", "owner").get(name="Harbour Logistics")
