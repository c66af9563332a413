"""The scores from before each renewal that was decided, as they were shown and as today's policy would have it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta, tzinfo
from decimal import Decimal
from typing import Any, Final

from django.db.models import Max, Min

from accounts.models import HealthScore, Outcome, OutcomeKind
from accounts.scoring import backtest
from accounts.scoring.backtest import Event, Snapshot
from accounts.scoring.many import ManyScorer
from accounts.scoring.segments import STANDARD, AccountFacts, PolicyBook

_EVENTS_AT_ONCE: Final = 100

Progress = Callable[[int, int], None]
"""Is told how many events of how many are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """What was known of an account on the day of one score."""

    inputs: Mapping[str, Any]
    segment: str
    arr: Decimal | None
    currency: str


@dataclass(slots=True, kw_only=True)
class History:
    """Every event with the scores from before it.

    ``shown`` are the scores and bands as pages showed them, ``recomputed`` those that today's policy makes of the
    same inputs; account -> its scores. ``then`` is (account, day) -> what was known. ``days`` is how long scores have
    been kept in all, in days.
    """

    days: int
    events: list[Event] = field(default_factory=list)
    shown: dict[str, list[Snapshot]] = field(default_factory=dict)
    recomputed: dict[str, list[Snapshot]] = field(default_factory=dict)
    then: dict[tuple[str, date], Then] = field(default_factory=dict)


def load(book: PolicyBook, *, zone: tzinfo, progress: Progress = lambda done, total: None) -> History:
    """Read the scores of the year before each loss, and of the months before each renewal.

    Only scores of earlier days than the event are read. One query for each hundred events; about a second for
    each hundred years of daily scores.
    """
    span = HealthScore.objects.aggregate(first=Min("scored_on"), last=Max("scored_on"))
    first, last = span["first"], span["last"]
    history = History(days=0 if first is None else (last - first).days + 1)
    outcomes = list(
        Outcome.objects.order_by("happened_on", "account_id").values_list(
            "pk", "account_id", "happened_on", "kind"
        )
    )
    history.events = [
        Event(
            key=str(key),
            account=str(account),
            happened_on=on,
            has_churned=kind == OutcomeKind.CHURNED,
        )
        for key, account, on, kind in outcomes
    ]
    scorers: dict[str, ManyScorer] = {}
    for begin in range(0, len(history.events), _EVENTS_AT_ONCE):
        _read(history, history.events[begin : begin + _EVENTS_AT_ONCE], book, scorers, zone)
        progress(min(begin + _EVENTS_AT_ONCE, len(history.events)), len(history.events))
    return history


def _window(event: Event) -> tuple[date, date]:
    """Return the first and the last day whose scores tell something of an event."""
    longest = timedelta(days=max(backtest.HORIZONS)) + backtest.OLDEST
    back = max(backtest.WARNED_WITHIN, longest) if event.has_churned else longest
    return event.happened_on - back, event.happened_on - timedelta(days=1)


_FIELDS: Final = (
    "account_id",
    "scored_on",
    "scored_at",
    "score",
    "effective_band",
    "inputs",
    "known",
    "arr",
    "currency",
    "lifecycle_stage",
    "account__segment",
    "account__owner_email",
    "account__owner_name",
)


def _read(
    history: History,
    events: list[Event],
    book: PolicyBook,
    scorers: dict[str, ManyScorer],
    zone: tzinfo,
) -> None:
    windows: dict[str, list[tuple[date, date]]] = {}
    for event in events:
        windows.setdefault(event.account, []).append(_window(event))
    for row in _rows(windows):
        account, day = str(row[0]), row[1]
        if (account, day) in history.then or not any(a <= day <= b for a, b in windows[account]):
            continue
        _, _, scored_at, score, band, inputs, known, arr, currency, stage, segment, email, owner = row
        facts = AccountFacts(
            segment=segment, lifecycle_stage=stage, owner=email or owner, arr=arr, currency=currency
        )
        chosen = book.chosen(facts) if book.segments else STANDARD
        if chosen not in scorers:
            scorers[chosen] = ManyScorer(book.policy(chosen))
        new_score, new_band = scorers[chosen].shown(inputs, stored_band=band, known=known)
        written_on = scored_at.astimezone(zone).date()
        history.shown.setdefault(account, []).append(
            Snapshot(scored_on=day, written_on=written_on, score=score, band=band)
        )
        history.recomputed.setdefault(account, []).append(
            Snapshot(scored_on=day, written_on=written_on, score=new_score, band=str(new_band))
        )
        history.then[account, day] = Then(inputs=inputs, segment=chosen, arr=arr, currency=currency)


def _rows(windows: Mapping[str, list[tuple[date, date]]]) -> Iterator[tuple[Any, ...]]:
    begins = min(first for own in windows.values() for first, _ in own)
    ends = max(last for own in windows.values() for _, last in own)
    return (
        HealthScore.objects.filter(
            account_id__in=list(windows), is_of_day=True, scored_on__gte=begins, scored_on__lte=ends
        )
        .order_by()
        .values_list(*_FIELDS)
        .iterator(chunk_size=2000)
    )
