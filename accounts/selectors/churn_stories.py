"""What a model wrote about a risk, with today's figures, and which risks it has not written about yet (SPEC 4.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import F

from accounts import churn_told
from accounts.cited import Fact
from accounts.models import Account, ChurnAssessment, ChurnStory
from accounts.scoring.churn import RiskLevel

LEVELS: Final = (RiskLevel.CRITICAL, RiskLevel.HIGH)
"""A model writes about these; for the others the fixed sentences do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words about a risk. ``written_by`` is empty for the fixed sentences; ``trouble`` says why they stand."""

    narrative: str
    actions: tuple[str, ...]
    written_by: str = ""
    facts_checked: int = 0
    trouble: str = ""


def facts(assessment: ChurnAssessment, account: Account) -> dict[str, Fact]:
    """Return what may be said about an account's risk. The account comes with its owner."""
    owner = account.owner.name if account.owner is not None else account.owner_name
    return churn_told.facts(
        level=assessment.level,
        stored=assessment.facts,
        account=account.name,
        owner=owner,
        named=account.primary_contacts,
    )


def basis(assessment: ChurnAssessment) -> str:
    """Return what a story about this assessment would be about."""
    return churn_told.basis(level=assessment.level, trigger=assessment.trigger, stored=assessment.facts)


def words(assessment: ChurnAssessment, account: Account, story: ChurnStory | None) -> Words:
    """Return a story's words while it still holds, else the fixed sentences. No query."""
    fixed = Words(narrative=assessment.narrative, actions=tuple(assessment.actions))
    if story is None or story.basis != basis(assessment):
        return fixed
    if not story.narrative:
        return Words(narrative=fixed.narrative, actions=fixed.actions, trouble=story.trouble)
    told = churn_told.told(story.narrative, story.actions, facts(assessment, account))
    if told is None:
        return fixed
    return Words(
        narrative=told.narrative,
        actions=told.actions,
        written_by=story.written_by,
        facts_checked=story.facts_checked,
    )


def latest(account: Account) -> ChurnAssessment | None:
    """Return the latest assessment of an account. One query."""
    return ChurnAssessment.objects.filter(account=account).order_by("-assessed_on").first()


def due(*, at_most: int) -> list[UUID]:
    """Return the accounts whose risk nobody has written about as it is, the most urgent first. Two queries.

    Only those of high and critical risk: what a scan of thousands of accounts leaves is a few hundred.
    """
    if at_most < 1:
        return []
    rows: Sequence[tuple[Any, ...]] = list(
        ChurnAssessment.objects.filter(
            account__shown_risk__in=LEVELS,
            account__is_archived=False,
            account__removed_at=None,
            assessed_on=F("account__health__scored_on"),
        )
        .order_by("-account__health__churn_rank", F("account__arr").desc(nulls_last=True), "account_id")
        .values_list("account_id", "level", "trigger", "facts")
    )
    written = dict(ChurnStory.objects.values_list("account_id", "basis"))
    found = []
    for account_id, level, trigger, stored in rows:
        if written.get(account_id) != churn_told.basis(level=level, trigger=trigger, stored=stored):
            found.append(account_id)
            if len(found) == at_most:
                break
    return found


def written_since(moment: datetime) -> int:
    """Return how many stories were written, or tried, since a moment. One query."""
    return ChurnStory.objects.filter(written_at__gte=moment).count()


def start_of(day: date, zone: Any) -> datetime:
    """Return the first moment of a local day."""
    return datetime(day.year, day.month, day.day, tzinfo=zone)
