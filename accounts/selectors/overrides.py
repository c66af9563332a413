"""People's words on bands: the one that stands on an account, and the report of which proved right."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.db.models import CharField, Exists, FilteredRelation, OuterRef, Q, Subquery

from accounts.models import Account, BandOverride, HealthScore
from accounts.querysets import AccountQuerySet
from csm_portal.core.models import Membership

SHOWN: Final = 200
"""The report looks at the latest so many."""


class Verdict(StrEnum):
    """What became of a person's word, by the score's own band on its last day."""

    STANDS = "still stands"
    RIGHT = "proved right"
    WRONG = "did not come"
    OPEN = "neither came"
    REPLACED = "was replaced by another"
    TAKEN_BACK = "was taken back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One word that somebody gave. ``band_at_end`` is empty while it stands."""

    account_id: UUID
    account: str
    who: str
    band: str
    reason: str
    score_then: int
    band_then: str
    given_at: datetime
    until: date
    band_at_end: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The latest words, newest first, and how often each verdict came out."""

    rows: tuple[Row, ...]
    counts: tuple[tuple[Verdict, int], ...]

    @property
    def judged(self) -> int:
        """How many had their last day without being replaced or taken back before."""
        unjudged = (Verdict.STANDS, Verdict.REPLACED, Verdict.TAKEN_BACK)
        return sum(count for verdict, count in self.counts if verdict not in unjudged)

    @property
    def right(self) -> int:
        return dict(self.counts).get(Verdict.RIGHT, 0)


def with_standing(accounts: AccountQuerySet, *, today: date) -> AccountQuerySet:
    """Load the word that stands on each account today along with it, as ``account.word``. No query of its own."""
    stands = Q(overrides__ended_at=None, overrides__until__gte=today)
    found: AccountQuerySet = accounts.annotate(word=FilteredRelation("overrides", condition=stands))
    return found.select_related("word__created_by")


def standing(account: Account, *, today: date) -> BandOverride | None:
    """Return the word that stands on an account today. One query."""
    return (
        BandOverride.objects.filter(account=account, ended_at=None, until__gte=today)
        .select_related("created_by")
        .first()
    )


def report(membership: Membership, *, today: date) -> Report:
    """Hold each word against what the score said on its last day. One query, however many there are.

    A word is right where the score's band had come to it by then, wrong where the score still said what it said
    when the word was given, and neither where it said something third.
    """
    # A word that ends by the next one ends in its moment.
    follows = BandOverride.objects.filter(
        account=OuterRef("account"), created_at=OuterRef("ended_at")
    ).exclude(pk=OuterRef("pk"))
    last_day = HealthScore.objects.filter(
        account=OuterRef("account"), is_of_day=True, scored_on__lte=OuterRef("until")
    ).order_by("-scored_on")
    found = (
        BandOverride.objects.filter(account__in=Account.objects.visible_to(membership))
        .select_related("account", "created_by", "tenant")
        .annotate(
            band_at_end=Subquery(last_day.values("effective_band")[:1], output_field=CharField()),
            was_replaced=Exists(follows),
        )
        .order_by("-created_at", "-pk")[:SHOWN]
    )
    rows = tuple(_row(one, today=today) for one in found)
    return Report(rows=rows, counts=_counted(row.verdict for row in rows))


def _row(one: BandOverride, *, today: date) -> Row:
    stands = one.until >= today and one.ended_at is None
    was_ended = one.ended_at is not None and one.ended_at.astimezone(one.tenant.zone).date() < one.until
    at_end = "" if stands or was_ended else str(getattr(one, "band_at_end", "") or one.band_then)
    return Row(
        account_id=one.account_id,
        account=one.account.name,
        who=str(one.created_by),
        band=one.band,
        reason=one.reason,
        score_then=one.score_then,
        band_then=one.band_then,
        given_at=one.created_at,
        until=one.until,
        band_at_end=at_end,
        verdict=_verdict(one, at_end, stands=stands, was_ended=was_ended),
    )


def _verdict(one: BandOverride, at_end: str, *, stands: bool, was_ended: bool) -> Verdict:
    if stands:
        return Verdict.STANDS
    if was_ended:
        return Verdict.REPLACED if getattr(one, "was_replaced", False) else Verdict.TAKEN_BACK
    if at_end == one.band:
        return Verdict.RIGHT
    return Verdict.WRONG if at_end == one.band_then else Verdict.OPEN


def _counted(verdicts: Iterable[Verdict]) -> tuple[tuple[Verdict, int], ...]:
    told = list(verdicts)
    return tuple((verdict, told.count(verdict)) for verdict in Verdict)


def usual_end(today: date) -> date:
    """Return the last day that a form proposes: a month is long enough to be proved right."""
    return today + timedelta(days=30)
