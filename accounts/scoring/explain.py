"""Why a score is what it is, in sentences that are made on display and never stored (SPEC 3.4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from accounts.scoring import wording
from accounts.scoring.curves import threshold_words
from accounts.scoring.health import CLAMP, Evaluation
from accounts.scoring.policy import HealthPolicy, weights
from accounts.scoring.signals import INPUT_BY_NAME, INPUTS, HealthSignals, InputSpec, Shape, Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the breakdown. ``signal`` is None for the clamp, ``at_most`` its input's weight in points."""

    input: str
    signal: Signal | None
    label: str
    value: str
    is_known: bool
    threshold: str
    penalty: int
    at_most: int
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """An input that pulls the score down, and by how many points."""

    input: str
    label: str
    points: int


def rows(evaluation: Evaluation) -> tuple[Row, ...]:
    """Explain every input in the order of SPEC 1, and the clamp last where there is one.

    The penalties sum to 100 − score.
    """
    signals, policy = evaluation.signals, evaluation.policy
    at_most = weights(policy)
    explained = [
        Row(
            input=spec.name,
            signal=spec.signal,
            label=spec.label,
            value=shown(spec, signals),
            is_known=getattr(signals, spec.name) is not None,
            threshold=_asked(spec.name, signals, policy),
            penalty=penalty,
            at_most=at_most[spec.name],
            sentence=_sentence(spec, signals, policy, penalty),
        )
        for spec, penalty in zip(INPUTS, evaluation.penalties, strict=True)
    ]
    if evaluation.clamp:
        explained.append(_clamp_row(evaluation))
    return tuple(explained)


def top_drivers(points: Mapping[str, int], n: int = 3) -> tuple[Driver, ...]:
    """Return the inputs that cost most, the dearest first; equal ones in the order of SPEC 1.

    ``points`` is what ``Evaluation.points`` gives, or was stored of it; inputs that cost nothing are left out.
    """
    costly = [
        (-points.get(spec.name, 0), place)
        for place, spec in enumerate(INPUTS)
        if points.get(spec.name, 0) > 0
    ]
    return tuple(
        Driver(input=INPUTS[place].name, label=INPUTS[place].label, points=-cost)
        for cost, place in sorted(costly)[:n]
    )


def shown(spec: InputSpec, signals: HealthSignals) -> str:
    """Return an input's value with its unit: ``24 %``, ``45 days ago``, ``3 days overdue``, ``not known``."""
    value = getattr(signals, spec.name)
    if value is None:
        return "not known"
    match spec.shape:
        case Shape.RATIO | Shape.RATE:
            return wording.percent(value)
        case Shape.COUNT:
            return wording.plain(value)
        case Shape.DAYS:
            return "today" if value == 0 else f"{wording.counted(value, 'day')} ago"
        case Shape.DAYS_AHEAD:
            return _renewal_words(value)
        case Shape.NPS:
            return f"{wording.plain(value)} of 10"
        case Shape.WORD:
            return str(value)
        case Shape.FLAG:
            return "paid up" if value else "in arrears"


def label(name: str) -> str:
    """Return the label of an input, or of the clamp."""
    return _CLAMP_LABEL if name == CLAMP else INPUT_BY_NAME[name].label


_CLAMP_LABEL: Final = "Limit at 0"


def _clamp_row(evaluation: Evaluation) -> Row:
    total = sum(evaluation.penalties)
    return Row(
        input=CLAMP,
        signal=None,
        label=_CLAMP_LABEL,
        value=wording.points(total),
        is_known=True,
        threshold="100 points",
        penalty=evaluation.clamp,
        at_most=0,
        sentence=(
            f"The costs come to {wording.points(total)}; a score does not fall under 0, so {-evaluation.clamp} "
            "of them no longer count."
        ),
    )


def _renewal_words(days: float) -> str:
    if days == 0:
        return "due today"
    return f"in {wording.counted(days, 'day')}" if days > 0 else f"{wording.counted(-days, 'day')} overdue"


def _sentence(spec: InputSpec, signals: HealthSignals, policy: HealthPolicy, penalty: int) -> str:
    if getattr(signals, spec.name) is None:
        coverage = "lowers the coverage" if spec.counts_in_coverage else "does not count in the coverage"
        return f"{spec.label} is not known, which costs nothing and {coverage}."
    return f"{_finding(spec.name, signals, policy)}: {_cost(penalty)}."


def _cost(penalty: int) -> str:
    return f"costs {wording.points(penalty)}" if penalty else "costs nothing"


def _finding(name: str, signals: HealthSignals, policy: HealthPolicy) -> str:
    """Say what was found and how it compares with what the policy asks, without the full stop."""
    value = getattr(signals, name)
    asked = _asked(name, signals, policy)
    words = shown(INPUT_BY_NAME[name], signals)
    match name:
        case "feature_adoption_rate":
            return f"{words} of the features are in use ({asked} is asked)"
        case "support_ticket_volume":
            return f"{_tickets_words(value)} ({asked} may be, at this activity)"
        case "support_sentiment":
            return f"Support sentiment is {words}"
        case "last_interaction_days":
            return f"The last meaningful interaction was {words} (stale after {asked})"
        case "login_frequency_score":
            return f"Login frequency is {words} ({asked} is asked)"
        case "usage_trend":
            return _trend_words(signals, policy)
        case "payment_current":
            return "Paid up" if value else "Payment is in arrears"
        case "stakeholder_engagement_score":
            return f"Stakeholder engagement is {words} ({asked} is asked)"
        case "nps_score":
            return f"The last NPS answer was {words} ({asked} is asked)"
        case "renewal_days_out":
            subject = "The renewal is" if value <= 0 else "The renewal comes"
            return f"{subject} {words} (watched from {asked})"
        case "seats_utilization":
            return f"{words} of the seats are in use ({asked} is asked)"
        case "escalation_history_count":
            return (
                "No escalation in the past"
                if value == 0
                else f"{wording.counted(value, 'escalation')} in the past"
            )
        case _:
            return f"The TAM calls the account {words}"


def _asked(name: str, signals: HealthSignals, policy: HealthPolicy) -> str:
    if name != "support_ticket_volume":
        return threshold_words(name, policy)
    level = signals.login_frequency_score
    return wording.plain(policy.tickets_tolerated * (1 if level is None else level))


def _tickets_words(value: float) -> str:
    return (
        "No ticket is open"
        if value == 0
        else f"{wording.counted(value, 'ticket')} {'is' if value == 1 else 'are'} open"
    )


def _trend_words(signals: HealthSignals, policy: HealthPolicy) -> str:
    if signals.usage_trend != "declining":
        return f"Usage is {signals.usage_trend}"
    level = signals.login_frequency_score
    if level is None:
        return "Usage is declining, from a level that is not known"
    if level * 100 <= policy.usage_low_level:
        return "Usage is declining, and low already"
    if level * 100 < policy.login_threshold:
        return "Usage is declining, and under the level asked"
    return "Usage is declining, from a healthy level, which is not yet churn"
