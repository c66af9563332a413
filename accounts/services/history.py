"""Holds the score's history against what happened: the backtest, and the policy that would have done better."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from accounts.models import DraftSource, HistoryReport, ReportKind
from accounts.scoring import backtest, wording
from accounts.scoring.backtest import Snapshot
from accounts.scoring.policy import PolicyError
from accounts.scoring.segments import PolicyBook
from accounts.scoring.signals import HealthSignals
from accounts.selectors import score_history
from accounts.selectors.score_history import History, Progress
from accounts.services import policies

if TYPE_CHECKING:
    from accounts.scoring.calibration import Proposal, Reached

THEN: Final = "then"
NOW: Final = "now"
CALIBRATED_AT: Final = 60
"""The calibration looks at accounts as they were so many days before their renewal was decided."""

KEPT: Final = frozenset({"renewal_days_out"})
"""Looking back from a renewal every account is as near to it, so the history cannot tell what nearness costs."""

_FALSE_GREENS: Final = 200
_MARKEDLY: Final = 0.05


class NothingToPropose(ValueError):
    """No policy is proposed; the message says why, and what is missing."""


def run_backtest(
    *, zone: tzinfo, now: datetime, progress: Progress = lambda done, total: None
) -> HistoryReport:
    """Replay every decided renewal as of 30, 60 and 90 days before, and keep what came out."""
    version = policies.current(now=now)
    history = score_history.load(version.book(), zone=zone, progress=progress)
    figures = {
        "events": len(history.events),
        "churned": sum(event.has_churned for event in history.events),
        "days_of_history": history.days,
        "views": {
            THEN: _view(history, history.shown),
            NOW: _view(history, history.recomputed),
        },
    }
    return HistoryReport.objects.create(
        kind=ReportKind.BACKTEST, figures=figures, policy_number=version.number, made_at=now
    )


def _view(history: History, scores: Mapping[str, Sequence[Snapshot]]) -> dict[str, Any]:
    warned = backtest.warnings(backtest.before_events(history.events, scores))
    return {
        "horizons": {str(horizon): _at(history, scores, horizon) for horizon in backtest.HORIZONS},
        "warnings": {
            "churned": warned.churned,
            "warned": warned.warned,
            "red": warned.red,
            "median_days": warned.median_days,
            "median_days_red": warned.median_days_red,
        },
    }


def _at(history: History, scores: Mapping[str, Sequence[Snapshot]], horizon: int) -> dict[str, Any]:
    cases = backtest.cases(history.events, scores, horizon=horizon)
    figures = backtest.figures(cases)
    by_key = {case.key: case for case in cases}
    events = {event.key: event for event in history.events}
    missed = []
    for key in figures.false_greens[:_FALSE_GREENS]:
        event = events[key]
        day = _day_of(scores[event.account], event.happened_on, horizon)
        then = history.then[event.account, day]
        missed.append(
            {
                "outcome": key,
                "score": by_key[key].score,
                "scored_on": day.isoformat(),
                "arr": None if then.arr is None else str(then.arr),
                "currency": then.currency,
            }
        )
    return {
        **backtest.to_mapping(figures),
        "false_greens": missed,
        "false_greens_in_all": len(figures.false_greens),
        "without_score": len(history.events) - len(cases),
        "missing": list(
            backtest.missing(churned=figures.churned, renewed=figures.renewed, days_of_history=history.days)
        ),
    }


def _day_of(scores: Sequence[Snapshot], happened_on: date, horizon: int) -> date:
    found = backtest.as_of(scores, backtest.looked_back(happened_on, horizon))
    assert found is not None  # noqa: S101  the case was made from it
    return found.scored_on


def propose(*, zone: tzinfo, now: datetime, progress: Progress = lambda done, total: None) -> HistoryReport:
    """Fit a policy on the tenant's own history and keep it as a draft, with what it would gain out of time.

    Nothing is put in force. Raises NothingToPropose where too little is known, or nothing better was found; the
    report of that is kept too. Imports SciPy: call it in a job.
    """
    version = policies.current(now=now)
    book = version.book()
    history = score_history.load(book, zone=zone, progress=progress)
    try:
        figures, values = _fitted(history, book)
    except NothingToPropose as nothing:
        HistoryReport.objects.create(
            kind=ReportKind.CALIBRATION,
            figures={"why_not": str(nothing)},
            policy_number=version.number,
            made_at=now,
        )
        raise
    with transaction.atomic():
        draft = policies.save_draft(
            values,
            name=f"Calibrated on {now.astimezone(zone):%Y-%m-%d}",
            reason=figures["summary"],
            source=DraftSource.CALIBRATION,
            actor=None,
            now=now,
            evidence=figures,
        )
        return HistoryReport.objects.create(
            kind=ReportKind.CALIBRATION,
            figures=figures,
            policy_number=version.number,
            draft=draft,
            made_at=now,
        )


def _fitted(history: History, book: PolicyBook) -> tuple[dict[str, Any], dict[str, int]]:
    # SciPy takes half a second to load and 200 MB on disk: only this job needs it.
    from accounts.scoring import calibration

    examples = []
    for event in history.events:
        found = backtest.as_of(
            history.recomputed.get(event.account, ()), backtest.looked_back(event.happened_on, CALIBRATED_AT)
        )
        if found is not None:
            then = history.then[event.account, found.scored_on]
            examples.append(
                calibration.Example(
                    happened_on=event.happened_on,
                    signals=HealthSignals.from_mapping(then.inputs),
                    segment=then.segment,
                    has_churned=event.has_churned,
                )
            )
    churned = sum(one.has_churned for one in examples)
    if missing := backtest.missing(
        churned=churned, renewed=len(examples) - churned, days_of_history=history.days
    ):
        raise NothingToPropose(" ".join(missing))
    try:
        found_policy = calibration.propose(examples, book=book, horizon=CALIBRATED_AT, keep=KEPT)
    except calibration.NotEnough as few:
        raise NothingToPropose(str(few)) from few
    except PolicyError as contradiction:
        raise NothingToPropose(
            f"The fitted settings contradict those of a segment. {contradiction}"
        ) from contradiction
    fitted = found_policy.calibration
    if fitted.policy == book.standard or not _is_better(found_policy):
        raise NothingToPropose(
            "Fitting found nothing better than what is in force: on the later renewals the fitted policy told leavers "
            f"apart {_percent(found_policy.after.auc)} of the time, the one in force {_percent(found_policy.before.auc)}. Of "
            f"those that left it calls {_percent(found_policy.after.recall or 0)} Red, the one in force "
            f"{_percent(found_policy.before.recall or 0)}."
        )
    figures: dict[str, Any] = {
        "horizon": CALIBRATED_AT,
        "fitted_on": fitted.accounts,
        "fitted_on_churned": fitted.churned,
        "fitted_until": found_policy.fitted_until.isoformat(),
        "measured_from": found_policy.measured_from.isoformat(),
        "measured_on": found_policy.measured,
        "measured_on_churned": found_policy.measured_churned,
        "before": _reached(found_policy.before),
        "after": _reached(found_policy.after),
        "gain": found_policy.gain,
        "gain_interval": list(found_policy.gain_interval),
        "fitted": list(fitted.fitted),
        "kept": list(fitted.kept),
    }
    return {**figures, "summary": _summary(figures)}, fitted.policy.to_mapping()


def _is_better(found: "Proposal") -> bool:
    """Whether the later renewals speak for the fitted policy: in the order of the scores, or in where Red is drawn."""
    if found.gain > 0:
        return True
    is_as_good = found.gain_interval[1] >= 0
    return is_as_good and _balance(found.after) > _balance(found.before) + _MARKEDLY


def _balance(one: "Reached") -> float:
    """Return the F1 of Red: whom it names wrongly against whom it misses."""
    precision, recall = one.precision or 0.0, one.recall or 0.0
    return 2 * precision * recall / (precision + recall) if precision and recall else 0.0


def _reached(one: "Reached") -> dict[str, Any]:
    return {
        "auc": one.auc,
        "interval": list(one.interval),
        "precision": one.precision,
        "recall": one.recall,
    }


def _summary(figures: Mapping[str, Any]) -> str:
    return (
        f"Fitted on {figures['fitted_on']} renewals up to {wording.day(date.fromisoformat(figures['fitted_until']))}. On {figures['measured_on']} later ones it "
        f"put whoever left below whoever stayed {_percent(figures['after']['auc'])} of the time, the settings in force "
        f"{_percent(figures['before']['auc'])}; of those that left it called "
        f"{_percent(figures['after']['recall'] or 0)} Red, the settings in force {_percent(figures['before']['recall'] or 0)}."
    )


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")
