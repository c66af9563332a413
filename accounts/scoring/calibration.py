"""Proposes a policy that fits what happened: penalties and thresholds from accounts and their outcomes.

Imports SciPy, which is large: import this module inside a job, never where a web process starts.

The form of the score stays what it is, so the proposal is one that a person could have typed: penalties of whole
points of at least 0, thresholds on round figures, worse input never scores higher. It is the policy under which
the observed outcomes are likeliest: the cost of an account, in points, is read as the log odds of its leaving (a
logistic regression with weights that cannot be negative). Three things keep it sober:

- it starts from the policy in force and moves away from it only as far as the outcomes ask for (a Gaussian prior
  around today's penalties), so that little history changes little;
- a threshold moves only where that makes the outcomes markedly likelier;
- an input that the history does not vary keeps its penalty and thresholds: nothing was learnt about it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from accounts.scoring import backtest, health, wording
from accounts.scoring.policy import POLICY_FIELD, HealthPolicy
from accounts.scoring.segments import PolicyBook
from accounts.scoring.signals import INPUT_BY_NAME, HealthSignals, Shape

Array = NDArray[np.float64]

LEAST_OF_EACH: Final = 10
"""So many have to have left, and as many to have stayed: with fewer a fit tells of those few alone."""

LEAST_TO_MEASURE: Final = 5

# The prior's precision, per squared log odds: after a few dozen events the data outweigh it.
_RIDGE: Final = 0.3
# By how much a threshold has to raise the log likelihood to move: twice Akaike's price of one parameter, as the best
# of many choices always gains something.
_GAIN: Final = 2.0
_SWEEPS: Final = 4
# Cost quantile that the scale puts at 100 points: the whole range of the score is used, and few accounts pile up at 0.
_WORST: Final = 0.995


class NotEnough(ValueError):
    """Too few outcomes to fit anything; the message says how many are missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A proposed policy. ``fitted`` names the inputs that the history told something about, ``kept`` the others."""

    policy: HealthPolicy
    fitted: tuple[str, ...]
    kept: tuple[str, ...]
    accounts: int
    churned: int


def calibrate(
    accounts: Sequence[HealthSignals],
    churned: Sequence[bool],
    *,
    current: HealthPolicy,
    keep: frozenset[str] = frozenset(),
) -> Calibration:
    """Fit a policy to accounts as they were and what became of them. Deterministic; seconds for 30,000 accounts.

    ``keep`` names inputs whose settings are not to be touched. Raises NotEnough under ten that left or stayed.
    """
    left = sum(churned)
    if min(left, len(churned) - left) < LEAST_OF_EACH:
        raise NotEnough(
            f"A fit needs {LEAST_OF_EACH} accounts that left and {LEAST_OF_EACH} that stayed; "
            f"{left} left and {len(churned) - left} stayed."
        )
    values, outcome = _Values.of(accounts), np.array(churned, dtype=np.float64)
    # So few columns take longer to share out than to work through: on a busy machine a hundred times longer.
    with threadpool_limits(limits=1, user_api="blas"):
        fitted, settings, weights = _fit(values, outcome, current, keep)
    whole = _points(values, settings, weights, fitted, current)
    red, amber = _bands(_scores(accounts, whole), outcome)
    if red > _HIGHEST_RED:
        # Most accounts cost little, so the line would stand where nobody looks for it: dearer penalties bring it down.
        whole = _points(values, settings, weights, fitted, current, stretch=(100 - _USUAL_RED) / (100 - red))
        red, amber = _bands(_scores(accounts, whole), outcome)
    red = min(red, _HIGHEST_RED)
    amber = min(max(amber, red + _LEAST_AMBER), _HIGHEST_AMBER)
    policy = HealthPolicy.from_mapping({**whole.to_mapping(), "red_threshold": red, "amber_threshold": amber})
    return Calibration(
        policy=policy,
        fitted=tuple(name for name in _TERMS_OF if name in fitted),
        kept=tuple(name for name in _TERMS_OF if name not in fitted),
        accounts=len(accounts),
        churned=left,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One account as it was some time before its renewal was decided, the segment it was in, and what became of it."""

    happened_on: date
    signals: HealthSignals
    segment: str
    has_churned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What one policy reached on the later events; precision and recall are those of Red."""

    auc: float
    interval: tuple[float, float]
    precision: float | None
    recall: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A policy fitted on earlier events and measured on later ones, beside the one in force.

    ``gain`` is the difference of the two AUC with its 95 % interval, from resampling the later events.
    """

    calibration: Calibration
    fitted_until: date
    measured_from: date
    measured: int
    measured_churned: int
    before: Reached
    after: Reached
    gain: float
    gain_interval: tuple[float, float]


def propose(
    examples: Sequence[Example], *, book: PolicyBook, horizon: int, keep: frozenset[str] = frozenset()
) -> Proposal:
    """Fit the standard policy on the earlier half of the time and measure it on the later events.

    The events measured on lie more than ``horizon`` days after the last one fitted on, so that no account is judged
    as it was before that one was decided. Segments keep what they say. Raises NotEnough, and PolicyError where a
    segment contradicts the fitted settings.
    """
    ordered = sorted(examples, key=lambda one: one.happened_on)
    if len(ordered) < 2 * LEAST_OF_EACH:
        raise NotEnough(
            f"A fit needs {LEAST_OF_EACH} accounts that left and {LEAST_OF_EACH} that stayed; {len(ordered)} renewals "
            "are known in all."
        )
    first, last = ordered[0].happened_on, ordered[-1].happened_on
    until = first + (last - first) / 2
    since = until + timedelta(days=horizon)
    earlier = [one for one in ordered if one.happened_on <= until]
    later = [one for one in ordered if one.happened_on > since]
    left = sum(one.has_churned for one in later)
    if min(left, len(later) - left) < LEAST_TO_MEASURE:
        raise NotEnough(
            f"To measure what a fit on the renewals up to {wording.day(until)} would gain, {LEAST_TO_MEASURE} accounts that "
            f"left and {LEAST_TO_MEASURE} that stayed after {wording.day(since)} are needed; {left} left and "
            f"{len(later) - left} stayed."
        )
    calibration = calibrate(
        [one.signals for one in earlier],
        [one.has_churned for one in earlier],
        current=book.standard,
        keep=keep,
    )
    proposed = PolicyBook(standard=calibration.policy, segments=book.segments)
    before = [health.evaluate(one.signals, book.policy(one.segment)) for one in later]
    after = [health.evaluate(one.signals, proposed.policy(one.segment)) for one in later]
    truth = [one.has_churned for one in later]
    low, high = _gain_interval([one.score for one in before], [one.score for one in after], truth)
    reached_before, reached_after = _reached(before, truth), _reached(after, truth)
    return Proposal(
        calibration=calibration,
        fitted_until=until,
        measured_from=since + timedelta(days=1),
        measured=len(later),
        measured_churned=left,
        before=reached_before,
        after=reached_after,
        gain=reached_after.auc - reached_before.auc,
        gain_interval=(low, high),
    )


def _reached(scored: Sequence[health.Evaluation], truth: Sequence[bool]) -> Reached:
    cases = [
        backtest.Case(key="", score=one.score, band=str(one.rag), has_churned=is_gone)
        for one, is_gone in zip(scored, truth, strict=True)
    ]
    figures = backtest.figures(cases)
    assert figures.auc is not None  # noqa: S101  both kinds are there
    assert figures.auc_interval is not None  # noqa: S101
    return Reached(
        auc=figures.auc,
        interval=figures.auc_interval,
        precision=figures.precision,
        recall=figures.recall,
    )


_RESAMPLES: Final = 400


def _gain_interval(before: Sequence[int], after: Sequence[int], truth: Sequence[bool]) -> tuple[float, float]:
    """Return between what the difference of the two AUC lies: the same events drawn again and again (bootstrap)."""
    # Not for secrets: the same events have to give the same interval.
    dice = Random(20261123)  # noqa: S311
    left = [at for at, is_gone in enumerate(truth) if is_gone]
    stayed = [at for at, is_gone in enumerate(truth) if not is_gone]
    gone = [True] * len(left) + [False] * len(stayed)
    found = []
    for _ in range(_RESAMPLES):
        drawn = dice.choices(left, k=len(left)) + dice.choices(stayed, k=len(stayed))
        found.append(
            backtest.auc([after[at] for at in drawn], gone) - backtest.auc([before[at] for at in drawn], gone)
        )
    found.sort()
    return found[round(0.025 * _RESAMPLES)], found[round(0.975 * _RESAMPLES) - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Values:
    """The inputs of many accounts in columns: figures with NaN for *not known*, words as 1 where they cost."""

    figures: Mapping[str, Array]
    is_negative: Array
    is_declining: Array
    is_in_arrears: Array
    is_tam_red: Array
    is_tam_amber: Array

    @classmethod
    def of(cls, accounts: Sequence[HealthSignals]) -> "_Values":
        def column(name: str) -> Array:
            found = (getattr(account, name) for account in accounts)
            return np.array([np.nan if value is None else value for value in found], dtype=np.float64)

        def where(name: str, *costly: object) -> Array:
            return np.array([getattr(account, name) in costly for account in accounts], dtype=np.float64)

        words = (Shape.WORD, Shape.FLAG)
        return cls(
            figures={name: column(name) for name, spec in INPUT_BY_NAME.items() if spec.shape not in words},
            is_negative=where("support_sentiment", "negative"),
            is_declining=where("usage_trend", "declining"),
            is_in_arrears=where("payment_current", False),
            is_tam_red=where("tam_health_rag", "Red"),
            is_tam_amber=where("tam_health_rag", "Red", "Amber"),
        )


# Input -> its terms. Most have one: the share of the whole penalty that is due. Where a penalty has steps, each step
# is a term, so that "no weight under 0" keeps the steps in order.
_TERMS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "feature_adoption_rate": ("adoption",),
    "support_ticket_volume": ("tickets",),
    "support_sentiment": ("sentiment",),
    "last_interaction_days": ("silence",),
    "login_frequency_score": ("login",),
    "usage_trend": ("decline",),
    "payment_current": ("payment",),
    "stakeholder_engagement_score": ("stakeholders",),
    "nps_score": ("nps",),
    "renewal_days_out": ("renewal in sight", "renewal close", "renewal due"),
    "seats_utilization": ("seats",),
    "escalation_history_count": ("escalations",),
    "tam_health_rag": ("tam amber", "tam red"),
}

_PERCENT: Final = tuple(range(20, 101, 5))
# What a threshold may move to: figures that a person would choose. The two "reaches" are no settings, but how many
# tickets or escalations cost the whole penalty (limit ÷ cost of each). The renewal's two dates are a calendar that
# churn risk and QBRs go by too, so they stay.
_CHOICES: Final[Mapping[str, tuple[int, ...]]] = {
    "adoption_threshold": _PERCENT,
    "tickets_tolerated": (0, 1, 2, 3, 4, 6, 8, 10, 15, 20, 30, 40, 60),
    "ticket_reach": (1, 2, 3, 5, 10, 20, 40, 60, 100),
    "interaction_staleness_days": (0, 7, 14, 21, 30, 45, 60, 90, 120, 180, 270, 365),
    "interaction_ramp_days": (7, 14, 30, 60, 90, 120, 180, 270, 365),
    "stakeholder_threshold": _PERCENT,
    "login_threshold": _PERCENT,
    "usage_low_level": tuple(range(0, 80, 10)),
    "usage_decline_share": (0, 25, 50, 75, 100),
    "seats_threshold": _PERCENT,
    "nps_threshold": tuple(range(1, 11)),
    "escalation_reach": (1, 2, 3, 5, 10, 20),
}


def _settings(policy: HealthPolicy) -> dict[str, float]:
    given = policy.to_mapping()
    settings: dict[str, float] = {name: given[name] for name in _CHOICES if name in given}
    settings["ticket_reach"] = policy.ticket_penalty_limit / max(policy.ticket_penalty, 1) or 1
    settings["escalation_reach"] = policy.escalation_penalty_limit / max(policy.escalation_penalty, 1) or 1
    return settings


def _terms(values: _Values, settings: Mapping[str, float], policy: HealthPolicy) -> dict[str, Array]:
    """Return each term of each account: the share of its penalty that is due, 0 to 1 (the curves of ``engine_v1``)."""
    figures = values.figures
    login = figures["login_frequency_score"]
    healthy, low = settings["login_threshold"] / 100, settings["usage_low_level"] / 100
    share = settings["usage_decline_share"] / 100
    level = np.clip((healthy - np.nan_to_num(login, nan=healthy)) / (healthy - low), 0, 1)
    tolerated = settings["tickets_tolerated"] * np.nan_to_num(login, nan=1.0)
    renewal = np.nan_to_num(figures["renewal_days_out"], nan=np.inf)
    close = renewal <= policy.renewal_days_red
    return {
        "adoption": _shortfall(figures["feature_adoption_rate"], settings["adoption_threshold"] / 100),
        "tickets": _share((figures["support_ticket_volume"] - tolerated) / settings["ticket_reach"]),
        "sentiment": values.is_negative,
        "silence": _share(
            (figures["last_interaction_days"] - settings["interaction_staleness_days"])
            / settings["interaction_ramp_days"]
        ),
        "login": _shortfall(login, healthy),
        "decline": values.is_declining * (share + (1 - share) * level),
        "payment": values.is_in_arrears,
        "stakeholders": _shortfall(
            figures["stakeholder_engagement_score"], settings["stakeholder_threshold"] / 100
        ),
        "nps": _shortfall(figures["nps_score"], settings["nps_threshold"]),
        "renewal in sight": (renewal <= policy.renewal_days_amber).astype(np.float64),
        "renewal close": close.astype(np.float64),
        "renewal due": np.where(close, np.clip(1 - renewal / policy.renewal_days_red, 0, 1), 0.0),
        "seats": _shortfall(figures["seats_utilization"], settings["seats_threshold"] / 100),
        "escalations": _share(figures["escalation_history_count"] / settings["escalation_reach"]),
        "tam amber": values.is_tam_amber,
        "tam red": values.is_tam_red,
    }


def _shortfall(column: Array, asked: float) -> Array:
    return _share(1 - column / asked)


def _share(column: Array) -> Array:
    return np.nan_to_num(np.clip(column, 0, 1), nan=0.0)


def _term_points(policy: HealthPolicy) -> dict[str, int]:
    """Return what each term costs in full under a policy, in points."""
    return {
        "adoption": policy.adoption_penalty,
        "tickets": policy.ticket_penalty_limit if policy.ticket_penalty else 0,
        "sentiment": policy.sentiment_penalty,
        "silence": policy.interaction_penalty,
        "login": policy.login_penalty,
        "decline": policy.usage_decline_penalty,
        "payment": policy.payment_penalty,
        "stakeholders": policy.stakeholder_penalty,
        "nps": policy.nps_penalty,
        "renewal in sight": policy.renewal_penalty_amber,
        "renewal close": policy.renewal_penalty_red - policy.renewal_penalty_amber,
        "renewal due": policy.renewal_penalty_due - policy.renewal_penalty_red,
        "seats": policy.seats_penalty,
        "escalations": policy.escalation_penalty_limit if policy.escalation_penalty else 0,
        "tam amber": policy.tam_penalty_amber,
        "tam red": policy.tam_penalty_red - policy.tam_penalty_amber,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """One fit: what the outcomes cost under it (lower is likelier), and its intercept and weights."""

    loss: float
    found: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class _Problem:
    """What stays the same while thresholds are tried."""

    values: _Values
    outcome: Array
    policy: HealthPolicy
    terms: tuple[str, ...]
    prior: Array

    def matrix(self, settings: Mapping[str, float]) -> Array:
        terms = _terms(self.values, settings, self.policy)
        return np.array([terms[name] for name in self.terms])

    def solve(self, matrix: Array, start: Array, *, rounds: int = 200) -> _State:
        """Return the likeliest weights of at least 0, given these terms."""

        def loss(at: Array) -> tuple[float, Array]:
            odds = at[0] + at[1:] @ matrix
            away = at[1:] - self.prior
            wrong = _chance(odds) - self.outcome
            value = _surprise(odds, self.outcome) + _RIDGE / 2 * float((away * away).sum())
            slopes = matrix @ wrong + _RIDGE * away
            return value, np.concatenate([[wrong.sum()], slopes])

        bounds: list[tuple[float | None, float | None]] = [(None, None), *[(0.0, None)] * len(matrix)]
        solved: Any = minimize(
            loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": rounds}
        )
        return _State(loss=float(solved.fun), found=solved.x)


def _fit(
    values: _Values, outcome: Array, current: HealthPolicy, keep: frozenset[str]
) -> tuple[frozenset[str], dict[str, float], dict[str, float]]:
    """Return the inputs that were fitted, the thresholds, and each of their terms' weight in log odds."""
    settings = _settings(current)
    start = _terms(values, settings, current)
    fitted = frozenset(
        name for name, terms in _TERMS_OF.items() if name not in keep and _varies(name, values, start, terms)
    )
    terms = tuple(term for name, of in _TERMS_OF.items() if name in fitted for term in of)
    if not terms:
        raise NotEnough("No input differs between the accounts, so no penalty can be fitted.")
    points = _term_points(current)
    prior = np.array([points[term] for term in terms]) * _log_odds_per_point(start, terms, points, outcome)
    problem = _Problem(values=values, outcome=outcome, policy=current, terms=terms, prior=prior)
    rate = outcome.mean()
    state = problem.solve(problem.matrix(settings), np.concatenate([[np.log(rate / (1 - rate))], prior]))
    settings, state = _move_thresholds(problem, settings, state, fitted)
    return fitted, settings, dict(zip(terms, state.found[1:].tolist(), strict=True))


def _varies(name: str, values: _Values, start: Mapping[str, Array], terms: tuple[str, ...]) -> bool:
    """Whether the accounts differ in an input at all; a threshold that is set wrong may hide that from its terms."""
    column = values.figures.get(name)
    if column is None:
        return any(np.ptp(start[term]) > 0 for term in terms)
    known = column[~np.isnan(column)]
    return bool(known.size and (np.ptp(known) > 0 or known.size < column.size))


def _log_odds_per_point(
    start: Mapping[str, Array], terms: tuple[str, ...], points: Mapping[str, int], outcome: Array
) -> float:
    """Return what a point of today's policy is worth in log odds, at least 0: the scale of the prior."""
    cost = np.sum([start[term] * points[term] for term in terms], axis=0) / 100

    def loss(at: Array) -> tuple[float, Array]:
        odds = at[0] + at[1] * cost
        wrong = _chance(odds) - outcome
        return _surprise(odds, outcome), np.array([wrong.sum(), (cost * wrong).sum()])

    solved: Any = minimize(loss, np.zeros(2), jac=True, method="L-BFGS-B", bounds=[(None, None), (0.0, 50.0)])
    return float(solved.x[1]) / 100


def _chance(odds: Array) -> Array:
    return 1 / (1 + np.exp(-np.clip(odds, -500, 500)))


def _surprise(odds: Array, outcome: Array) -> float:
    """Return the negative log likelihood of what happened."""
    return float((np.logaddexp(0, odds) - odds * outcome).sum())


_NEEDED_BY: Final[Mapping[str, str]] = {
    "adoption_threshold": "feature_adoption_rate",
    "tickets_tolerated": "support_ticket_volume",
    "ticket_reach": "support_ticket_volume",
    "interaction_staleness_days": "last_interaction_days",
    "interaction_ramp_days": "last_interaction_days",
    "stakeholder_threshold": "stakeholder_engagement_score",
    "login_threshold": "login_frequency_score",
    "usage_low_level": "usage_trend",
    "usage_decline_share": "usage_trend",
    "seats_threshold": "seats_utilization",
    "nps_threshold": "nps_score",
    "escalation_reach": "escalation_history_count",
}


def _move_thresholds(
    problem: _Problem, settings: dict[str, float], state: _State, fitted: frozenset[str]
) -> tuple[dict[str, float], _State]:
    """Move one threshold after the other to where the outcomes are likeliest, until none gains enough."""
    for _ in range(_SWEEPS):
        before = state.loss
        for name, choices in _CHOICES.items():
            if _NEEDED_BY[name] not in fitted:
                continue
            settings, state = _move(problem, settings, state, name, choices)
        if before - state.loss < _GAIN:
            break
    return settings, state


def _move(
    problem: _Problem, settings: dict[str, float], state: _State, name: str, choices: tuple[int, ...]
) -> tuple[dict[str, float], _State]:
    best, best_loss = None, state.loss - _GAIN
    for value in choices:
        tried = {**settings, name: float(value)}
        if value == settings[name] or tried["usage_low_level"] >= tried["login_threshold"]:
            continue
        # A few rounds from where the weights stand tell well enough which choice is worth a whole fit.
        roughly = problem.solve(problem.matrix(tried), state.found, rounds=15)
        if roughly.loss < best_loss:
            best, best_loss = tried, roughly.loss
    if best is None:
        return settings, state
    return best, problem.solve(problem.matrix(best), state.found)


def _points(
    values: _Values,
    settings: Mapping[str, float],
    weights: Mapping[str, float],
    fitted: frozenset[str],
    current: HealthPolicy,
    *,
    stretch: float = 1.0,
) -> HealthPolicy:
    """Turn weights into whole points, on the scale that uses the whole range of the score.

    ``stretch`` makes all dearer by that much, as far as a penalty may cost.
    """
    terms = _terms(values, settings, current)
    cost = np.sum([terms[term] * weight for term, weight in weights.items()], axis=0)
    highest = max(sum(weights[term] for term in _TERMS_OF[name]) for name in fitted)
    if highest <= 0:
        # No input tells who leaves; there is nothing to propose but what is there.
        return current
    scale = min(stretch * 100 / max(float(np.quantile(cost, _WORST)), highest), 100 / highest)
    points = {term: weight * scale for term, weight in weights.items()}
    given = {**current.to_mapping(), **_as_settings(settings, points, fitted)}
    if (short := 100 - _total(given)) > 0:
        # The worst account that can be has to score 0 (SPEC 3.2).
        dearest = max(
            (name for name in fitted), key=lambda name: sum(weights[term] for term in _TERMS_OF[name])
        )
        given[_PENALTY[dearest]] = min(100, given[_PENALTY[dearest]] + short)
    return HealthPolicy.from_mapping(given)


_PENALTY: Final[Mapping[str, str]] = {
    "feature_adoption_rate": "adoption_penalty",
    "support_ticket_volume": "ticket_penalty_limit",
    "support_sentiment": "sentiment_penalty",
    "last_interaction_days": "interaction_penalty",
    "login_frequency_score": "login_penalty",
    "usage_trend": "usage_decline_penalty",
    "payment_current": "payment_penalty",
    "stakeholder_engagement_score": "stakeholder_penalty",
    "nps_score": "nps_penalty",
    "renewal_days_out": "renewal_penalty_due",
    "seats_utilization": "seats_penalty",
    "escalation_history_count": "escalation_penalty_limit",
    "tam_health_rag": "tam_penalty_red",
}


def _total(given: Mapping[str, int]) -> int:
    """Return what the worst account would cost; a limit that nothing reaches costs nothing (``policy.weights``)."""
    idle = sum(given[limit] for _, each, limit, _ in _BY_PIECE if not given[each])
    return sum(given[name] for name in _PENALTY.values()) - idle


def _as_settings(
    settings: Mapping[str, float], points: Mapping[str, float], fitted: frozenset[str]
) -> dict[str, int]:
    """Return the policy's settings for the inputs that were fitted, each within its bounds."""
    given: dict[str, int] = {}
    for name in fitted:
        so_far = 0.0
        for term in _TERMS_OF[name]:
            so_far += points[term]
            given[_SETTING_OF.get(term, _PENALTY[name])] = round(so_far)
    for name, of in _NEEDED_BY.items():
        if of in fitted and name in POLICY_FIELD:
            given[name] = round(settings[name])
    for of, each, limit, reach in _BY_PIECE:
        if of in fitted:
            given[each] = min(given[limit], max(1, round(given[limit] / settings[reach])))
    return {
        name: min(max(value, POLICY_FIELD[name].minimum), POLICY_FIELD[name].maximum)
        for name, value in given.items()
    }


_SETTING_OF: Final[Mapping[str, str]] = {
    "renewal in sight": "renewal_penalty_amber",
    "renewal close": "renewal_penalty_red",
    "tam amber": "tam_penalty_amber",
}
_BY_PIECE: Final = (
    ("support_ticket_volume", "ticket_penalty", "ticket_penalty_limit", "ticket_reach"),
    ("escalation_history_count", "escalation_penalty", "escalation_penalty_limit", "escalation_reach"),
)

_USUAL_RED: Final = 40
_HIGHEST_RED: Final = 60
_HIGHEST_AMBER: Final = 85
_LEAST_AMBER: Final = 5
"""Where the lines may stand: Red under half-way or little above, Green still within reach of a good account."""


def _scores(accounts: Sequence[HealthSignals], policy: HealthPolicy) -> NDArray[np.int_]:
    return np.array([health.evaluate(account, policy).score for account in accounts])


_AMBER_CATCHES: Final = 0.8
_AMBER_REACHES: Final = 1.5


def _bands(scores: NDArray[np.int_], outcome: Array) -> tuple[int, int]:
    """Return the red and the amber threshold for scores and what became of them.

    Red balances whom it names wrongly against whom it misses (the best F1), and names at most as many as left.
    Red and Amber together hold four of five that left and half as many again as Red, in at most half of the
    accounts (or in twice as many as left, where that is more).
    """
    order = np.arange(1, 101)
    below = np.array([(scores < cut).sum() for cut in order])
    caught = np.array([outcome[scores < cut].sum() for cut in order])
    left = outcome.sum()
    harmony = np.where(below <= left, 2 * caught / (below + left), -1.0)[:99]
    # Where several cuts catch the same, the middle one is furthest from the accounts on either side.
    best = np.flatnonzero(harmony == harmony.max())
    place = best[len(best) // 2]
    red, named = int(order[place]), below[place]
    fits = (below <= max(len(scores) / 2, 2 * left)) & (order > red)
    enough = np.flatnonzero(fits & (caught >= _AMBER_CATCHES * left) & (below >= _AMBER_REACHES * named))
    if enough.size:
        return red, int(order[enough[0]])
    return red, int(order[fits][-1]) if fits.any() else red + 1
