"""How well past scores foretold what happened: pure figures over scores and outcomes (issue 4, SPEC 3.5).

The future does not leak: at a horizon of 60 days an event is met with the last score whose day, and the day on which
it was written down, are both at least 60 days before the event.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from statistics import median
from typing import Final

HORIZONS: Final = (30, 60, 90)
"""Days before the event at which the score is looked at."""

LEAST_EVENTS: Final = 30
LEAST_DAYS: Final = 365
"""Fewer events, or a shorter history of scores, carry no verdict: chance alone could make the figures."""

OLDEST: Final = timedelta(days=31)
"""A score that was older than this on the day looked back to tells of another time; the event is left out."""

WARNED_WITHIN: Final = timedelta(days=365)
"""Days of warning are looked for in the year before the event."""

_WORST_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What became of an account: on ``happened_on`` it left, or renewed. ``key`` is the caller's own."""

    key: str
    account: str
    happened_on: date
    has_churned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One score of one account, as of the day ``scored_on``; ``written_on`` is the local day on which it was made."""

    scored_on: date
    written_on: date
    score: int
    band: str

    @property
    def known_on(self) -> date:
        """The first day on which anybody could have read it."""
        return max(self.scored_on, self.written_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One event and what the score said so many days before it. ``band`` is Red, Amber, Green or Unknown."""

    key: str
    score: int
    band: str
    has_churned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BandFigures:
    """How many accounts stood in a band, and how many of them left."""

    band: str
    accounts: int
    churned: int

    @property
    def rate(self) -> float | None:
        return self.churned / self.accounts if self.accounts else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the score was worth at one horizon.

    ``auc`` is None unless some left and some stayed, ``lift`` None where nobody left, ``precision`` of Red None
    where nobody was Red. ``false_greens`` are the keys of those who left out of Green, the highest score first.
    """

    churned: int
    renewed: int
    auc: float | None
    auc_interval: tuple[float, float] | None
    lift: float | None
    precision: float | None
    recall: float | None
    bands: tuple[BandFigures, ...]
    false_greens: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Warnings:
    """How long before they left accounts turned Amber or Red for good: days over those who were warned of.

    ``churned`` accounts left in all, ``warned`` of them out of Amber or Red, ``red`` out of Red.
    """

    churned: int
    warned: int
    red: int
    median_days: float | None
    median_days_red: float | None


def auc(scores: Sequence[float], churned: Sequence[bool]) -> float:
    """Return the share of (left, stayed) pairs in which the one that left scored lower; ties count half.

    Raises ValueError unless some left and some stayed.
    """
    left = sum(churned)
    stayed = len(churned) - left
    if not left or not stayed:
        raise ValueError("An AUC needs accounts that left and accounts that stayed.")
    by_score: dict[float, list[int]] = {}
    for score, is_gone in zip(scores, churned, strict=True):
        by_score.setdefault(score, [0, 0])[is_gone] += 1
    pairs = below = 0.0
    for score in sorted(by_score):
        stay, gone = by_score[score]
        pairs += stay * (below + gone / 2)
        below += gone
    return pairs / (left * stayed)


def auc_interval(value: float, *, left: int, stayed: int) -> tuple[float, float]:
    """Return the 95 % interval of an AUC after Hanley and McNeil (1982)."""
    q1, q2 = value / (2 - value), 2 * value**2 / (1 + value)
    variance = value * (1 - value) + (left - 1) * (q1 - value**2) + (stayed - 1) * (q2 - value**2)
    half = 1.96 * sqrt(max(0.0, variance) / (left * stayed))
    return max(0.0, value - half), min(1.0, value + half)


def lift(scores: Sequence[float], churned: Sequence[bool]) -> float | None:
    """Return how many times the churn rate of all the tenth with the lowest scores has; None where nobody left.

    Of accounts that share the score on the edge of the tenth as many count as fit, at their common churn rate.
    """
    left = sum(churned)
    if not left:
        return None
    by_score: dict[float, list[int]] = {}
    for score, is_gone in zip(scores, churned, strict=True):
        by_score.setdefault(score, [0, 0])[is_gone] += 1
    room = wanted = len(churned) * _WORST_SHARE
    caught = 0.0
    for score in sorted(by_score):
        stay, gone = by_score[score]
        taken = min(1.0, room / (stay + gone))
        caught += gone * taken
        room -= (stay + gone) * taken
        if room <= 1e-9:
            break
    return (caught / wanted) / (left / len(churned))


def looked_back(happened_on: date, horizon: int) -> date:
    """Return the last day that may be known at a horizon."""
    return happened_on - timedelta(days=horizon)


def as_of(history: Iterable[Snapshot], day: date) -> Snapshot | None:
    """Return the newest score that was known on a day; None where there is none of the month before it."""
    known = [one for one in history if one.known_on <= day and one.scored_on >= day - OLDEST]
    return max(known, key=lambda one: one.scored_on, default=None)


def cases(
    events: Iterable[Event], histories: Mapping[str, Sequence[Snapshot]], *, horizon: int
) -> tuple[Case, ...]:
    """Lay each event beside what the score said ``horizon`` days before it; an event without such a score is left out.

    ``histories`` is account -> its scores, in any order.
    """
    found = []
    for event in events:
        then = as_of(histories.get(event.account, ()), looked_back(event.happened_on, horizon))
        if then is not None:
            found.append(Case(key=event.key, score=then.score, band=then.band, has_churned=event.has_churned))
    return tuple(found)


def before_events(
    events: Iterable[Event], histories: Mapping[str, Sequence[Snapshot]]
) -> tuple[tuple[tuple[int, str], ...], ...]:
    """Return, for each event that lost an account, (days before it, band) of the year before."""
    return tuple(
        tuple(
            ((event.happened_on - one.scored_on).days, one.band)
            for one in histories.get(event.account, ())
            if event.happened_on - WARNED_WITHIN <= one.scored_on and one.known_on < event.happened_on
        )
        for event in events
        if event.has_churned
    )


def figures(cases: Sequence[Case]) -> Figures:
    """Return what the score was worth over the events of one horizon."""
    scores = [case.score for case in cases]
    gone = [case.has_churned for case in cases]
    churned = sum(gone)
    renewed = len(cases) - churned
    value = auc(scores, gone) if churned and renewed else None
    bands = tuple(
        BandFigures(
            band=band,
            accounts=sum(case.band == band for case in cases),
            churned=sum(case.band == band and case.has_churned for case in cases),
        )
        for band in ("Red", "Amber", "Green", "Unknown")
    )
    red = bands[0]
    missed = sorted(
        (case for case in cases if case.has_churned and case.band == "Green"),
        key=lambda case: (-case.score, case.key),
    )
    return Figures(
        churned=churned,
        renewed=renewed,
        auc=value,
        auc_interval=None if value is None else auc_interval(value, left=churned, stayed=renewed),
        lift=lift(scores, gone),
        precision=red.rate,
        recall=red.churned / churned if churned else None,
        bands=bands,
        false_greens=tuple(case.key for case in missed),
    )


def days_of_warning(history: Sequence[tuple[int, str]], *, bands: frozenset[str]) -> int | None:
    """Return how many days before the event the account came into these bands and stayed until the event.

    ``history`` is (days before the event, band) in any order. None where the last band before the event is none
    of them: a warning that was taken back warned nobody.
    """
    days = None
    for before, band in sorted(history):
        if band not in bands:
            break
        days = before
    return days


def warnings(histories: Sequence[Sequence[tuple[int, str]]]) -> Warnings:
    """Sum up the days of warning of the accounts that left, given each one's history before it did."""
    warned = [days_of_warning(one, bands=frozenset({"Red", "Amber"})) for one in histories]
    red = [days_of_warning(one, bands=frozenset({"Red"})) for one in histories]
    days = [one for one in warned if one is not None]
    days_red = [one for one in red if one is not None]
    return Warnings(
        churned=len(histories),
        warned=len(days),
        red=len(days_red),
        median_days=median(days) if days else None,
        median_days_red=median(days_red) if days_red else None,
    )


def missing(*, churned: int, renewed: int, days_of_history: int) -> tuple[str, ...]:
    """Say what a verdict still lacks, with the figures; nothing where there is enough."""
    told = []
    events = churned + renewed
    if events < LEAST_EVENTS:
        told.append(
            f"{LEAST_EVENTS} renewals that were decided are needed, kept or lost; {events} "
            f"{'is' if events == 1 else 'are'} known with a score before them."
        )
    if not churned or not renewed:
        kind, other = ("left", "renewed") if not churned else ("renewed", "left")
        told.append(
            f"No account that {kind} has a score from before, so there is nothing to tell those who {other} from."
        )
    if days_of_history < LEAST_DAYS:
        told.append(
            f"12 months of scores are needed ({LEAST_DAYS} days); the history reaches back {days_of_history} "
            f"{'day' if days_of_history == 1 else 'days'}."
        )
    return tuple(told)


def worth(value: float) -> str:
    """Say in one sentence what an AUC means to somebody who has never met one."""
    share = f"{value:.0%}".replace("%", " %")
    return (
        f"Of one customer who left and one who stayed, picked at random, the score put the one who left lower "
        f"{share} of the time; tossing a coin does so 50 % of the time."
    )


def to_mapping(one: Figures) -> dict[str, object]:
    """Return the figures as JSON; ``from_mapping`` gives them back."""
    return {
        "churned": one.churned,
        "renewed": one.renewed,
        "auc": one.auc,
        "auc_interval": None if one.auc_interval is None else list(one.auc_interval),
        "lift": one.lift,
        "precision": one.precision,
        "recall": one.recall,
        "bands": [[band.band, band.accounts, band.churned] for band in one.bands],
        "false_greens": list(one.false_greens),
    }


def from_mapping(values: Mapping[str, object]) -> Figures:
    """Rebuild what ``to_mapping`` wrote."""
    given = dict(values)
    interval, bands = given["auc_interval"], given["bands"]
    assert isinstance(bands, list)  # noqa: S101  written by to_mapping
    given["auc_interval"] = tuple(interval) if isinstance(interval, list) else None
    given["bands"] = tuple(BandFigures(band=band, accounts=n, churned=gone) for band, n, gone in bands)
    greens = given["false_greens"]
    given["false_greens"] = tuple(greens) if isinstance(greens, list) else ()
    return Figures(**given)  # type: ignore[arg-type]
