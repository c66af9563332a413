"""The scores of earlier days that a scoring stands on: the last one, the previous day's, the trend's."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Account, AccountHealth, HealthScore
from accounts.scoring import churn
from accounts.scoring.bands import Band, EffectiveBand, KnownBand
from accounts.scoring.churn_facts import ScorePoint
from accounts.scoring.signals import HealthSignals, Rag

WEEKS = 12
"""How many calendar weeks a sparkline shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What was known of one account before this scoring.

    ``known`` is the band last known, up to this day's own earlier run; ``previous_score`` and
    ``previous_band`` are those of the last earlier local day (SPEC 3.4); ``trend`` holds at most one score:
    the one that a fall is measured against.
    """

    known: KnownBand | None = None
    previous_score: int | None = None
    previous_band: str = ""
    trend: tuple[ScorePoint, ...] = ()


NOTHING = Earlier()


def scores(account_ids: Collection[UUID], *, as_of: date) -> Mapping[UUID, Earlier]:
    """Return what was known of each account that was scored before. One query for a new day, at most three."""
    known = _of_shown(account_ids, as_of=as_of)
    others = [account_id for account_id in account_ids if account_id not in known]
    return {**known, **_of_history(others, as_of=as_of)} if others else known


def _of_shown(account_ids: Collection[UUID], *, as_of: date) -> dict[UUID, Earlier]:
    """Return it of the accounts whose latest score is of an earlier day: it stands beside them. One query."""
    shown = AccountHealth.objects.filter(account_id__among=account_ids, scored_on__lt=as_of).values_list(
        "account_id",
        "scored_on",
        "score",
        "effective_band",
        "latest__inputs",
        "latest__known",
        *_trend("account_id", as_of=as_of),
    )
    return {
        account_id: Earlier(
            known=known_band(scored_on=scored_on, effective_band=band, inputs=inputs, known=known),
            previous_score=score,
            previous_band=band,
            trend=_points(trend_on, trend_score),
        )
        for account_id, scored_on, score, band, inputs, known, trend_on, trend_score in shown
    }


def _of_history(account_ids: Collection[UUID], *, as_of: date) -> dict[UUID, Earlier]:
    """Return it of accounts whose latest score is of this day or a later one, looked up in the history. Two queries."""
    of_day = HealthScore.objects.filter(account=OuterRef("pk"), is_of_day=True)
    wanted = list(
        Account.objects.filter(pk__among=account_ids).values_list(
            "pk",
            _last(of_day.filter(scored_on__lte=as_of), "pk"),
            _last(of_day.filter(scored_on__lt=as_of), "score"),
            _last(of_day.filter(scored_on__lt=as_of), "effective_band"),
            *_trend("pk", as_of=as_of),
        )
    )
    columns = ("pk", "scored_on", "effective_band", "inputs", "known")
    rows = {
        row[0]: dict(zip(columns[1:], row[1:], strict=True))
        for row in HealthScore.objects.filter(pk__among=[row[1] for row in wanted if row[1]]).values_list(
            *columns
        )
    }
    return {
        account_id: Earlier(
            known=known_band(**rows[last]),
            previous_score=score,
            previous_band=band or "",
            trend=_points(trend_on, trend_score),
        )
        for account_id, last, score, band, trend_on, trend_score in wanted
        if last is not None
    }


def _trend(account: str, *, as_of: date) -> tuple[Coalesce, Coalesce]:
    """Return the day and the score that a fall is measured against: the last one old enough, else the first."""
    of_day = HealthScore.objects.filter(account=OuterRef(account), is_of_day=True)
    old = of_day.filter(scored_on__lte=as_of - timedelta(days=churn.TREND_DAYS))
    young = of_day.filter(scored_on__lte=as_of - timedelta(days=7))
    on, score = (Coalesce(_last(old, name), _first(young, name)) for name in ("scored_on", "score"))
    return on, score


def _points(on: date | None, score: int | None) -> tuple[ScorePoint, ...]:
    return () if on is None or score is None else (ScorePoint(on=on, score=score),)


def _last(found: QuerySet[HealthScore], column: str) -> Subquery:
    return Subquery(found.order_by("-scored_on").values(column)[:1])


def _first(found: QuerySet[HealthScore], column: str) -> Subquery:
    return Subquery(found.order_by("scored_on").values(column)[:1])


def memory(effective: EffectiveBand, signals: HealthSignals, *, as_of: date) -> dict[str, Any]:
    """Return what a score's ``known`` column keeps: nothing where the score's own inputs say it all.

    Nearly every row is of that kind, so that the history holds its inputs once and not twice.
    """
    known = effective.known
    if known is None:
        return {}
    says_it_all = (
        known.known_on == as_of
        and known.signals == signals
        and all(day == as_of for day in known.seen_on.values())
    )
    return {} if says_it_all else known.to_mapping()


def known_band(
    *, scored_on: date, effective_band: str, inputs: Mapping[str, Any], known: Mapping[str, Any]
) -> KnownBand | None:
    """Return the band last known by what a score stored; None where too little was ever known."""
    if known:
        return KnownBand.from_mapping(known)
    if effective_band == Band.UNKNOWN:
        return None
    signals = HealthSignals.from_mapping(inputs)
    return KnownBand(
        band=Rag(effective_band),
        known_on=scored_on,
        signals=signals,
        seen_on=dict.fromkeys(signals.to_mapping(), scored_on),
    )


def weekly(account_ids: Collection[UUID], *, as_of: date) -> Mapping[UUID, list[int | None]]:
    """Return each account's sparkline up to the week of ``as_of``, read from the history. One query."""
    monday = monday_of(as_of)
    lines: dict[UUID, list[int | None]] = {account_id: [None] * WEEKS for account_id in account_ids}
    found = HealthScore.objects.filter(
        account_id__in=account_ids,
        is_of_day=True,
        scored_on__gte=monday - timedelta(weeks=WEEKS - 1),
        scored_on__lte=as_of,
    )
    for account_id, scored_on, score in found.order_by("scored_on").values_list(
        "account_id", "scored_on", "score"
    ):
        lines[account_id][-1 - (monday - monday_of(scored_on)).days // 7] = score
    return lines


def advanced(line: list[int | None], *, last_on: date, as_of: date, score: int) -> list[int | None]:
    """Return a sparkline with a newer score at its end, moved on by the calendar weeks in between."""
    weeks = (monday_of(as_of) - monday_of(last_on)).days // 7
    moved = ([None] * WEEKS + line + [None] * weeks)[-WEEKS:]
    return [*moved[:-1], score]


def monday_of(day: date) -> date:
    """Return the Monday of a day's calendar week."""
    return day - timedelta(days=day.weekday())
