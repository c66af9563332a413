"""The backtest over time on a generated history, whose right answer is known before it is asked.

No public portfolio has a year of scores and dates of renewal, so this one is made up, and says so. Accounts that are
going to leave lose login frequency as the day comes nearer: by how much, against the spread between accounts, fixes
the AUC that a perfect reading must come to (the normal distribution of a difference). After the event the leavers'
inputs fall to nothing, and some scores from after it are dated back: a replay that looked ahead would find far more.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from statistics import NormalDist
from typing import Final

from accounts.scoring import backtest, health
from accounts.scoring.backtest import Event, Snapshot
from accounts.scoring.policy import HealthPolicy
from accounts.scoring.signals import HealthSignals

SIGNAL: Final = {30: 0.20, 60: 0.12, 90: 0.04}
"""Days before the event -> how much lower the login frequency of those who leave stands, on average."""

_MEAN: Final = 0.4
_SPREAD: Final = 0.08
_FIRST_DAY: Final = date(2025, 1, 1)


@dataclass(kw_only=True)
class HorizonFigures:
    horizon: int
    known_auc: float
    auc: float
    interval: tuple[float, float]
    lift: float


@dataclass(kw_only=True)
class GeneratedFigures:
    """What the backtest found at each horizon beside what it had to find."""

    events: int
    churned: int
    horizons: list[HorizonFigures]
    median_days_of_warning: float | None
    shortfalls: list[str] = field(default_factory=list)


def known_auc(horizon: int) -> float:
    """Return the AUC that the signal of a horizon is worth."""
    return NormalDist().cdf(SIGNAL[horizon] / (_SPREAD * 2**0.5))


def history(*, accounts: int, seed: int = 20261123) -> tuple[list[Event], dict[str, list[Snapshot]]]:
    """Make events over half a year, a fifth of them losses, with a score every ten days around each."""
    random = Random(seed)
    policy = HealthPolicy(login_penalty=100, red_threshold=30, amber_threshold=50)
    events, histories = [], {}
    for number in range(accounts):
        event = Event(
            key=str(number),
            account=str(number),
            happened_on=_FIRST_DAY + timedelta(days=200 + random.randrange(180)),
            has_churned=number % 5 == 0,
        )
        events.append(event)
        own = random.gauss(_MEAN, _SPREAD)
        histories[event.account] = [_snapshot(event, before, own, policy) for before in range(-30, 151, 10)]
        if event.has_churned:
            # Dated back to sixty days before, written a week after: nobody could have read it in time.
            histories[event.account].append(
                Snapshot(
                    scored_on=event.happened_on - timedelta(days=60),
                    written_on=event.happened_on + timedelta(days=7),
                    score=0,
                    band="Red",
                )
            )
    return events, histories


def _snapshot(event: Event, before: int, own: float, policy: HealthPolicy) -> Snapshot:
    level = own - (_fall(before) if event.has_churned else 0.0)
    if before <= 0 and event.has_churned:
        level = 0.0
    day = event.happened_on - timedelta(days=before)
    scored = health.evaluate(HealthSignals(login_frequency_score=min(1.0, max(0.0, level))), policy)
    return Snapshot(scored_on=day, written_on=day, score=scored.score, band=str(scored.rag))


def _fall(before: int) -> float:
    """Return by how much a leaver's login frequency has fallen: evenly between the days of ``SIGNAL``."""
    return max(0.0, 0.20 - 0.08 / 30 * (max(before, 30) - 30))


def measure(*, accounts: int = 1200) -> GeneratedFigures:
    """Replay the generated history with the portal's own backtest."""
    events, histories = history(accounts=accounts)
    found = GeneratedFigures(
        events=len(events),
        churned=sum(event.has_churned for event in events),
        horizons=[],
        median_days_of_warning=backtest.warnings(backtest.before_events(events, histories)).median_days,
    )
    for horizon in backtest.HORIZONS:
        figures = backtest.figures(backtest.cases(events, histories, horizon=horizon))
        assert figures.auc is not None
        assert figures.auc_interval is not None
        assert figures.lift is not None
        known = known_auc(horizon)
        found.horizons.append(
            HorizonFigures(
                horizon=horizon,
                known_auc=known,
                auc=figures.auc,
                interval=figures.auc_interval,
                lift=figures.lift,
            )
        )
        low, high = figures.auc_interval
        if not low <= known <= high:
            found.shortfalls.append(
                f"generated history: AUC {figures.auc:.3f} at {horizon} days, and its interval misses the known {known:.3f}."
            )
    return found


def tell(found: GeneratedFigures) -> None:
    """Print what was found."""
    print("generated history (made up, with a signal that is known; it says nothing about real customers)")
    print(f"  {found.events:,} renewals decided, {found.churned:,} of them lost")
    for one in found.horizons:
        low, high = one.interval
        print(
            f"  {one.horizon} days before: AUC {one.auc:.3f} (95 %: {low:.3f} to {high:.3f}), "
            f"known {one.known_auc:.3f}; lift of the worst tenth {one.lift:.1f}"
        )
    if found.median_days_of_warning is not None:
        print(
            f"  half of those who were warned of were so at least {found.median_days_of_warning:.0f} days before"
        )
