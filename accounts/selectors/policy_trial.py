"""What other thresholds would do to the whole book, before anybody saves them (SPEC 3.6)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from accounts.models import AccountHealth
from accounts.scoring import bands, health, results
from accounts.scoring.bands import Band
from accounts.scoring.health import Evaluation
from accounts.scoring.policy import HealthPolicy
from accounts.scoring.signals import HealthSignals
from accounts.selectors import earlier

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
class PolicyTrial:
    """What the settings would do. ``crossings`` are the dearest accounts that change band, the worst turn first.

    ``arr_worse`` and ``arr_better`` sum, by currency, all accounts that change band, shown or not.
    """

    scored: int
    moved: int
    shifts: tuple[BandShift, ...]
    crossings: tuple[Crossing, ...]
    worse: int
    better: int
    arr_worse: Mapping[str, Decimal]
    arr_better: Mapping[str, Decimal]
    alerts_more: int
    alerts_fewer: int

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
class _Book:
    scored: int = 0
    moved: int = 0
    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)
    crossings: list[Crossing] = field(default_factory=list)
    alerts_more: int = 0
    alerts_fewer: int = 0


def try_out(policy: HealthPolicy) -> PolicyTrial:
    """Score every account again from its latest inputs under ``policy``. One query, and nothing is written.

    What comes out is what the next scan would show if Notion said the same: bands that are last known stand
    as they do there (SPEC 3.3). About 50 ms of arithmetic for a thousand accounts.
    """
    book = _Book()
    for row in _rows():
        _count(book, row, policy)
    crossings = sorted(
        book.crossings, key=lambda one: (not one.is_worse, one.arr is None, -(one.arr or 0), one.name)
    )
    worse = [one for one in crossings if one.is_worse]
    better = [one for one in crossings if not one.is_worse]
    return PolicyTrial(
        scored=book.scored,
        moved=book.moved,
        shifts=tuple(
            BandShift(band=band, before=book.before.get(band, 0), after=book.after.get(band, 0))
            for band in _ORDER
        ),
        crossings=tuple(crossings[:SHOWN]),
        worse=len(worse),
        better=len(better),
        arr_worse=_summed(worse),
        arr_better=_summed(better),
        alerts_more=book.alerts_more,
        alerts_fewer=book.alerts_fewer,
    )


_FIELDS: Final = (
    "account_id",
    "account__name",
    "account__owner__name",
    "account__owner_name",
    "account__arr",
    "account__currency",
    "score",
    "effective_band",
    "previous_band",
    "should_alert",
    "scored_on",
    "latest__inputs",
    "latest__known",
)


def _rows() -> Iterator[tuple[Any, ...]]:
    shown = AccountHealth.objects.filter(account__is_archived=False, account__removed_at=None)
    return shown.values_list(*_FIELDS).iterator(chunk_size=2000)


def _count(book: _Book, row: tuple[Any, ...], policy: HealthPolicy) -> None:
    (
        account_id,
        name,
        user_name,
        owner_name,
        arr,
        currency,
        score,
        band,
        previous_band,
        alerted,
        scored_on,
        inputs,
        known,
    ) = row
    evaluation = health.evaluate(HealthSignals.from_mapping(inputs), policy)
    if known or not evaluation.is_covered:
        remembered = earlier.known_band(scored_on=scored_on, effective_band=band, inputs=inputs, known=known)
        then: str = bands.effective_band(evaluation, last_known=remembered, as_of=scored_on).band
    else:
        # Nothing was lost and enough is known: the score alone says it, a twentieth of the work.
        then = evaluation.rag
    book.scored += 1
    book.moved += evaluation.score != score
    book.before[band] = book.before.get(band, 0) + 1
    book.after[then] = book.after.get(then, 0) + 1
    alerts = _alerts(evaluation, then, previous_band)
    book.alerts_more += alerts and not alerted
    book.alerts_fewer += alerted and not alerts
    if then != band:
        book.crossings.append(
            Crossing(
                account_id=account_id,
                name=name,
                owner=user_name or owner_name,
                arr=arr,
                currency=currency,
                score_before=score,
                score_after=evaluation.score,
                band_before=band,
                band_after=then,
            )
        )


def _alerts(evaluation: Evaluation, band: str, previous_band: str) -> bool:
    return results.should_alert(
        score=evaluation.score,
        rag_status=band,
        previous_rag=previous_band or None,
        red_threshold=evaluation.policy.red_threshold,
    )


def _summed(crossings: list[Crossing]) -> dict[str, Decimal]:
    """Sum ARR by currency, never across (SPEC 1)."""
    sums: dict[str, Decimal] = {}
    for one in crossings:
        if one.arr is not None:
            sums[one.currency] = sums.get(one.currency, Decimal(0)) + one.arr
    return sums
