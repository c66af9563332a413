"""Lays down the demo's year of history with the real scorer, oldest day first."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from accounts.models import Account
from accounts.services import health, policies
from csm_portal.core.models import Tenant
from csm_portal.demo import alert_days, tenants
from csm_portal.demo.trajectories import Year

WEEKS = 52
# The policy as it was before somebody thought better of it, and when that was.
_BEFORE = {"amber_threshold": 65, "interaction_staleness_days": 45}
_POLICY_CHANGED = timedelta(weeks=18)


def days(today: date) -> list[date]:
    """Return the days to score: one a week for a year, each day of the last week, today left out."""
    weekly = [today - timedelta(weeks=back) for back in range(WEEKS, 1, -1)]
    return weekly + [today - timedelta(days=back) for back in range(7, 0, -1)]


def lay_down(years: Mapping[str, Year], *, tenant: Tenant, today: date) -> int:
    """Score every day of the past year as it was; ``years`` by account name. Return how many scores that made."""
    accounts = dict(Account.objects.values_list("name", "pk"))
    admin = tenants.person("admin")
    first = datetime.combine(days(today)[0], time(6, 0), tzinfo=tenant.zone)
    policies.current(now=first)
    policies.save(
        _BEFORE, actor=admin, reason="Starting point agreed with the CSM team.", now=first, expected_number=1
    )
    alert_days.prepare(tenant, today=today)
    scored, is_changed = 0, False
    for day in days(today):
        now = datetime.combine(day, time(7, 0), tzinfo=tenant.zone)
        if not is_changed and day > today - _POLICY_CHANGED:
            is_changed = True
            policies.save(
                {},
                actor=admin,
                reason="Two churned accounts were Green until the end: warn earlier about silence.",
                now=now,
                expected_number=2,
            )
        signals = {
            accounts[name]: known for name, year in years.items() if (known := year.signals(day)) is not None
        }
        is_told = alert_days.is_told(day, today=today)
        if is_told:
            alert_days.begin(day, tenant, today=today)
        counts = health.score_accounts(as_of=day, now=now, signals_by_account=signals, announce=is_told)
        if is_told:
            alert_days.end(day, tenant, today=today)
        scored += counts.scored
    return scored
