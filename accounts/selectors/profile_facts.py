"""What the CSM Profile of an account tells, from its mirror row, its scores and its assessments (SPEC 2.7)."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from accounts.models import Account, ChurnAssessment, HealthScore
from accounts.profile import Month, ProfileFacts, Review, RiskSpell
from accounts.selectors.account_detail import TRIGGERS

MONTHS: Final = 12
SPELLS: Final = 12


def facts(account: Account, *, reviews: Iterable[Review] = ()) -> ProfileFacts:
    """Gather the facts of one account; ``reviews`` are its QBRs, newest first.

    The account comes with its owner and latest score selected. Two queries.
    """
    shown = getattr(account, "health", None)
    latest: HealthScore | None = None if shown is None else shown.latest
    days = list(
        HealthScore.objects.filter(account=account, is_of_day=True)
        .order_by("scored_on")
        .values_list("scored_on", "score", "effective_band")
    )
    return ProfileFacts(
        owner=account.owner.name if account.owner else account.owner_name,
        segment=account.segment,
        stage=account.lifecycle_stage,
        arr=account.arr,
        currency=account.currency,
        renewal_on=account.renewal_on,
        notice_on=account.notice_on,
        seats_used=account.seats_used,
        seats_purchased=account.seats_purchased,
        last_interaction_on=account.last_interaction_on,
        contacts=tuple(account.primary_contacts),
        goals=account.customer_goals,
        score=None if latest is None else latest.score,
        band="" if latest is None else latest.effective_band,
        band_since=None if latest is None else _band_since(days, latest.effective_band),
        band_reason="" if latest is None else latest.band_reason,
        months=_months(days),
        risks=_spells(account),
        reviews=tuple(reviews),
    )


def _band_since(days: list[tuple[date, int, str]], band: str) -> date | None:
    since = None
    for on, _, held in reversed(days):
        if held != band:
            break
        since = on
    return since


def _months(days: list[tuple[date, int, str]]) -> tuple[Month, ...]:
    last_of = {on.replace(day=1): (score, band) for on, score, band in days}
    found = []
    previous: int | None = None
    for month, (score, band) in sorted(last_of.items()):
        change = None if previous is None else score - previous
        found.append(Month(month=month, score=score, band=band, change=change))
        previous = score
    return tuple(reversed(found))[:MONTHS]


def _spells(account: Account) -> tuple[RiskSpell, ...]:
    found: list[RiskSpell] = []
    days = ChurnAssessment.objects.filter(account=account).order_by("assessed_on")
    for on, level, trigger in days.values_list("assessed_on", "level", "trigger"):
        called_by = TRIGGERS.get(trigger, "")
        if not found or (found[-1].level, found[-1].called_by) != (level, called_by):
            found.append(RiskSpell(since=on, level=level, called_by=called_by))
    return tuple(reversed(found))[:SPELLS]
