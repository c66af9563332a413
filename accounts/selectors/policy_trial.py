"""What other thresholds would do to the whole book, before anybody saves them (SPEC 3.6)."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any, Final
from uuid import UUID

from django.db.models import TextField
from django.db.models.functions import Cast

from accounts.models import AccountHealth, Alert
from accounts.scoring import alerts, results
from accounts.scoring.alert_states import LIVE
from accounts.scoring.alerts import Case, Reason
from accounts.scoring.bands import Band
from accounts.scoring.churn import RiskLevel
from accounts.scoring.many import ManyScorer
from accounts.scoring.policy import HealthPolicy
from accounts.scoring.segments import STANDARD, AccountFacts, PolicyBook
from accounts.selectors import frozen

SHOWN: Final = 20
"""How many accounts are named; the rest is counted."""

_ORDER: Final = (Band.RED, Band.AMBER, Band.UNKNOWN, Band.GREEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """One account that would change band."""

    account_id: UUID
    name: str
    owner: str
    arr: Decimal | None
    currency: str
    score_before: int
    score_after: int
    band_before: str
    band_after: str

    @property
    def is_worse(self) -> bool:
        return _ORDER.index(Band(self.band_after)) < _ORDER.index(Band(self.band_before))


@dataclass(frozen=True, slots=True, kw_only=True)
class BandShift:
    """How many accounts a band holds and would hold."""

    band: str
    before: int
    after: int

    @property
    def change(self) -> int:
        return self.after - self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertShift:
    """How many alerts of one reason would appear, or close."""

    label: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTrial:
    """What the settings would do. ``crossings`` are the dearest accounts that change band, the worst turn first.

    ``appearing`` are the alerts about the band that the next scan would raise, ``closing`` the open ones that it would
    close; those about the contract and the trend follow from more than settings. ``segments`` says how many accounts each segment would hold, in their order, the standard last. ``frozen`` accounts keep their score whatever the settings, because a property cannot be read. ``arr_worse`` and ``arr_better`` sum, by currency, all accounts that change band, shown or not.
    """

    scored: int
    moved: int
    shifts: tuple[BandShift, ...]
    segments: tuple[tuple[str, int], ...]
    crossings: tuple[Crossing, ...]
    worse: int
    better: int
    arr_worse: Mapping[str, Decimal]
    arr_better: Mapping[str, Decimal]
    alerts_more: int
    alerts_fewer: int
    appearing: tuple[AlertShift, ...]
    closing: tuple[AlertShift, ...]
    frozen: int = 0

    @property
    def has_segments(self) -> bool:
        return len(self.segments) > 1

    @property
    def hidden(self) -> int:
        return self.worse + self.better - len(self.crossings)

    @property
    def summary(self) -> str:
        """Say what it comes to, for the live region."""
        if not self.changes_anything:
            return f"No score and no band of {self.scored:,} would change."
        crossing = self.worse + self.better
        noun = "account" if crossing == 1 else "accounts"
        return (
            f"{self.moved:,} of {self.scored:,} scores would change; {crossing:,} {noun} would change band."
        )

    @property
    def changes_anything(self) -> bool:
        """Whether any score or band would be another: a threshold moves bands and no score."""
        return bool(self.moved or self.worse or self.better)


@dataclass(slots=True, kw_only=True)
class _Tally:
    scored: int = 0
    frozen: int = 0
    moved: int = 0
    before: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)
    by_segment: Counter[str] = field(default_factory=Counter)
    crossings: list[Crossing] = field(default_factory=list)
    alerts_more: int = 0
    alerts_fewer: int = 0
    appearing: Counter[str] = field(default_factory=Counter)
    closing: Counter[str] = field(default_factory=Counter)


def try_out(policies: PolicyBook | HealthPolicy, *, against: PolicyBook | None = None) -> PolicyTrial:
    """Score every account again from its latest inputs under other policies. Three queries, and nothing is written.

    ``against`` compares with what those policies would show, instead of with what is shown today. What comes out is what the next scan would show if Notion said the same: bands that are last known stand
    as they do there (SPEC 3.3). Ten thousand accounts take little longer than reading their rows does.
    """
    book = policies if isinstance(policies, PolicyBook) else PolicyBook(standard=policies)
    tally = _Tally()
    scorers, others = _Scorers(book), None if against is None else _Scorers(against)
    standing = _standing_alerts() if against is None else {}
    lost = frozen.names()
    for rows in _batches():
        # One text for the decoder: thousands of small ones cost twice as much.
        inputs = json.loads(f"[{','.join([row[-2] for row in rows])}]")
        for row, given in zip(rows, inputs, strict=True):
            segment, scorer = scorers.of(row)
            tally.by_segment[segment] += 1
            if lost and frozen.stands(given, lost):
                then = _count_frozen(tally, row)
            else:
                then = _count(tally, row, given, scorer, None if others is None else others.of(row)[1])
            if against is None:
                _count_alerts(tally, row, *then, standing.get(row[0], _NONE_STAND), scorer)
    crossings = sorted(
        tally.crossings, key=lambda one: (not one.is_worse, one.arr is None, -(one.arr or 0), one.name)
    )
    worse = [one for one in crossings if one.is_worse]
    better = [one for one in crossings if not one.is_worse]
    return PolicyTrial(
        scored=tally.scored,
        moved=tally.moved,
        shifts=tuple(
            BandShift(band=band, before=tally.before[band], after=tally.after[band]) for band in _ORDER
        ),
        segments=tuple(
            (name, tally.by_segment[name]) for name in (*(one.name for one in book.segments), STANDARD)
        ),
        crossings=tuple(crossings[:SHOWN]),
        worse=len(worse),
        better=len(better),
        arr_worse=_summed(worse),
        arr_better=_summed(better),
        alerts_more=tally.alerts_more,
        alerts_fewer=tally.alerts_fewer,
        appearing=_shifts(tally.appearing),
        closing=_shifts(tally.closing),
        frozen=tally.frozen,
    )


def _shifts(counts: Counter[str]) -> tuple[AlertShift, ...]:
    return tuple(
        AlertShift(label=alerts.LABELS[reason], count=counts[reason])
        for reason in _OF_THE_BAND
        if counts[reason]
    )


_BATCH: Final = 2000
_TEXT: Final["TextField[str, str]"] = TextField()
# Ids, amounts and JSON come as text: only those of the accounts that change band are worth reading.
_FIELDS: Final = (
    Cast("account_id", _TEXT),
    "account__name",
    "account__owner__name",
    "account__owner_name",
    "account__owner_email",
    "account__segment",
    "account__lifecycle_stage",
    Cast("account__arr", _TEXT),
    "account__currency",
    "score",
    "effective_band",
    "previous_band",
    "should_alert",
    Cast("latest__inputs", _TEXT),
    Cast("latest__known", _TEXT),
)


def _batches() -> Iterator[list[tuple[Any, ...]]]:
    shown = AccountHealth.objects.filter(account__is_archived=False, account__removed_at=None)
    rows = shown.order_by().values_list(*_FIELDS).iterator(chunk_size=_BATCH)
    while batch := list(islice(rows, _BATCH)):
        yield batch


def _facts(row: tuple[Any, ...]) -> AccountFacts:
    _, _, _, owner_name, owner_email, segment, stage, arr, currency, *_ = row
    return AccountFacts(
        segment=segment,
        lifecycle_stage=stage,
        owner=owner_email or owner_name,
        arr=None if arr is None else Decimal(arr),
        currency=currency,
    )


class _Scorers:
    """The scorers of a book, one for each segment that comes up."""

    __slots__ = ("_book", "_made")

    def __init__(self, book: PolicyBook) -> None:
        self._book = book
        self._made: dict[str, ManyScorer] = {}

    def of(self, row: tuple[Any, ...]) -> tuple[str, ManyScorer]:
        """Return the segment that a row's account is in, and its scorer."""
        segment = self._book.chosen(_facts(row)) if self._book.segments else STANDARD
        scorer = self._made.get(segment)
        if scorer is None:
            scorer = self._made[segment] = ManyScorer(self._book.policy(segment))
        return segment, scorer


def _count(
    tally: _Tally,
    row: tuple[Any, ...],
    inputs: Mapping[str, Any],
    scorer: ManyScorer,
    other: ManyScorer | None,
) -> tuple[int, str]:
    """Count one account; return the score and the band that it would have."""
    score, stored_band, previous_band, alerted, _, known = row[-6:]
    memory = json.loads(known) if known != "{}" else {}
    then_score, then = scorer.shown(inputs, stored_band=stored_band, known=memory)
    band = stored_band
    if other is not None:
        score, band = other.shown(inputs, stored_band=stored_band, known=memory)
        alerted = _alerts(score, band, previous_band, other)
    tally.scored += 1
    tally.moved += then_score != score
    tally.before[band] += 1
    tally.after[then] += 1
    would_alert = _alerts(then_score, then, previous_band, scorer)
    tally.alerts_more += would_alert and not alerted
    tally.alerts_fewer += alerted and not would_alert
    if then != band:
        account_id, name, user_name, owner_name, *_ = row
        tally.crossings.append(
            Crossing(
                account_id=UUID(account_id),
                name=name,
                owner=user_name or owner_name,
                arr=None if row[7] is None else Decimal(row[7]),
                currency=row[8],
                score_before=score,
                score_after=then_score,
                band_before=band,
                band_after=then,
            )
        )
    return then_score, then


def _count_frozen(tally: _Tally, row: tuple[Any, ...]) -> tuple[int, str]:
    """Count an account whose score stands as it is until its property can be read again (CHECK 36)."""
    score, band = row[-6:-4]
    tally.scored += 1
    tally.frozen += 1
    tally.before[band] += 1
    tally.after[band] += 1
    return score, band


_OF_THE_BAND: Final = (Reason.HEALTH_RED, Reason.HEALTH_AMBER)
_NONE_STAND: Final[Mapping[Reason, bool]] = {}


def _standing_alerts() -> dict[str, dict[Reason, bool]]:
    """Return by account the alerts about its band whose cause lasts, and whether somebody has them before them."""
    rows = Alert.objects.running().filter(reason__in=_OF_THE_BAND).order_by()
    standing: dict[str, dict[Reason, bool]] = {}
    for account_id, reason, state in rows.values_list(Cast("account_id", _TEXT), "reason", "state"):
        standing.setdefault(account_id, {})[Reason(reason)] = state in LIVE
    return standing


def _count_alerts(
    tally: _Tally,
    row: tuple[Any, ...],
    score: int,
    band: str,
    standing: Mapping[Reason, bool],
    scorer: ManyScorer,
) -> None:
    is_quiet = band in (Band.GREEN, Band.UNKNOWN) and score >= scorer.policy.red_threshold
    if is_quiet and not standing:
        return
    previous_band = row[-4]
    case = Case(
        score=score,
        band=Band(band),
        previous_band=Band(previous_band) if previous_band else None,
        as_of=_ANY_DAY,
        **_NOTHING_ELSE,
    )
    found = alerts.causes(case, policy=scorer.policy, since=dict.fromkeys(standing, _ANY_DAY))
    applying = {cause.reason for cause in found} & set(_OF_THE_BAND)
    tally.appearing.update(applying - set(standing))
    tally.closing.update(reason for reason, is_live in standing.items() if is_live and reason not in applying)


_ANY_DAY: Final = date(2000, 1, 3)
# Only the alerts about the band are asked for; the other reasons need what is not here.
_NOTHING_ELSE: Final[Mapping[str, Any]] = {
    "level": RiskLevel.LOW,
    "facts": (),
    "until": None,
    "actions": ("",),
    "payment_current": None,
}


def _alerts(score: int, band: str, previous_band: str, scorer: ManyScorer) -> bool:
    return results.should_alert(
        score=score,
        rag_status=band,
        previous_rag=previous_band or None,
        red_threshold=scorer.policy.red_threshold,
    )


def _summed(crossings: list[Crossing]) -> dict[str, Decimal]:
    """Sum ARR by currency, never across (SPEC 1)."""
    sums: dict[str, Decimal] = {}
    for one in crossings:
        if one.arr is not None:
            sums[one.currency] = sums.get(one.currency, Decimal(0)) + one.arr
    return sums
