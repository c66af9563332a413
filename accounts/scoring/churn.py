"""Churn risk: level and trigger by rules over the score, its trend and the contract (SPEC 4.1).

Two questions are asked apart, *how does the account behave* and *how near is the contract*; one table turns the
two answers into the level. The sentences here are what is shown when no model writes any.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from accounts.scoring import churn_facts, wording
from accounts.scoring.bands import Band
from accounts.scoring.churn_facts import FALL_POINTS, Fact, FactCode, FactKind, ScorePoint
from accounts.scoring.policy import HealthPolicy
from accounts.scoring.signals import HealthSignals

__all__ = [
    "FALL_POINTS",
    "RULES",
    "TREND_DAYS",
    "Behaviour",
    "ChurnAssessment",
    "Contract",
    "Fact",
    "FactCode",
    "FactKind",
    "RiskLevel",
    "ScorePoint",
    "Trigger",
    "assess",
    "deadline",
    "reference_point",
]


class RiskLevel(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Trigger(StrEnum):
    CONTRACT_PROXIMITY = "contract_proximity"
    BEHAVIORAL = "behavioral"
    COMBINED = "combined"


class Behaviour(StrEnum):
    """How the account behaves, from its effective band and the trend of its score."""

    STEADY = "steady"  # Green, and not falling
    WATCH = "watch"  # Amber, or Green and falling, or too little is known: silence is no good sign
    SERIOUS = "serious"  # Amber and falling, in arrears, or a fall of twice the watched size
    SEVERE = "severe"  # Red


class Contract(StrEnum):
    """How near the notice date is, or the renewal where there is no notice date."""

    FAR = "far"  # or no date is known
    IN_SIGHT = "in sight"  # within renewal_days_amber
    CLOSE = "close"  # within renewal_days_red
    IMMINENT = "imminent"  # within half of renewal_days_red
    OVERDUE = "overdue"


_LOW, _MEDIUM, _HIGH, _CRITICAL = RiskLevel
RULES: Final[Mapping[Behaviour, Mapping[Contract, RiskLevel]]] = {
    behaviour: dict(zip(Contract, levels, strict=True))
    for behaviour, levels in {
        #                    far       in sight   close      imminent   overdue
        Behaviour.STEADY: (_LOW, _LOW, _MEDIUM, _MEDIUM, _HIGH),
        Behaviour.WATCH: (_MEDIUM, _MEDIUM, _HIGH, _HIGH, _CRITICAL),
        Behaviour.SERIOUS: (_HIGH, _HIGH, _HIGH, _CRITICAL, _CRITICAL),
        Behaviour.SEVERE: (_HIGH, _CRITICAL, _CRITICAL, _CRITICAL, _CRITICAL),
    }.items()
}

TREND_DAYS: Final = 28
"""The fall of a score is measured against the latest score that is at least so many days old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChurnAssessment:
    """Who may leave, why, and until when something can be done.

    ``trigger`` is None where neither the contract nor the behaviour calls for anything. ``until`` is the notice
    date, or the renewal; it lies in the past where it is overdue, and is None where no date is known.
    """

    level: RiskLevel
    trigger: Trigger | None
    behaviour: Behaviour
    contract: Contract
    facts: tuple[Fact, ...]
    until: date | None
    narrative: str
    actions: tuple[str, ...]


def assess(
    signals: HealthSignals,
    *,
    score: int,
    band: Band,
    policy: HealthPolicy,
    as_of: date,
    history: Sequence[ScorePoint] = (),
    notice_on: date | None = None,
    renewal_on: date | None = None,
) -> ChurnAssessment:
    """Assess one account on the day ``as_of``.

    ``band`` is the effective one, ``history`` the scores of earlier days in any order. The renewal may be given
    as a date, or else is taken from ``signals.renewal_days_out``. Deterministic: the same facts, the same words.
    """
    if renewal_on is None and signals.renewal_days_out is not None:
        renewal_on = churn_facts.shifted(as_of, signals.renewal_days_out)
    until, code = deadline(notice_on=notice_on, renewal_on=renewal_on, as_of=as_of)
    contract = _contract(until, policy=policy, as_of=as_of)
    earlier = reference_point(history, as_of=as_of)
    fall = 0 if earlier is None else earlier.score - score
    behaviour = _behaviour(signals, score=score, band=band, fall=fall, policy=policy)
    facts = (
        churn_facts.of_contract(until, code, notice_on=notice_on, as_of=as_of)
        if contract is not Contract.FAR
        else ()
    )
    if behaviour is not Behaviour.STEADY:
        facts += churn_facts.of_behaviour(
            signals, score=score, band=band, earlier=earlier, policy=policy, as_of=as_of
        )
    level = RULES[behaviour][contract]
    trigger = _trigger(behaviour, contract)
    return ChurnAssessment(
        level=level,
        trigger=trigger,
        behaviour=behaviour,
        contract=contract,
        facts=facts,
        until=until,
        narrative=_narrative(level, trigger, facts, until=until, code=code, as_of=as_of),
        actions=churn_facts.actions(facts),
    )


def deadline(*, notice_on: date | None, renewal_on: date | None, as_of: date) -> tuple[date | None, FactCode]:
    """Return the date that the contract risk counts to, and whether it is a notice or a renewal.

    The notice date where there is one. A renewal that is overdue goes before it, and a notice date that has
    passed gives way to the renewal that is still ahead: nobody tells us whether notice was given.
    """
    if renewal_on is not None and (renewal_on < as_of or notice_on is None or notice_on < as_of):
        return renewal_on, FactCode.OVERDUE if renewal_on < as_of else FactCode.RENEWAL
    if notice_on is not None and notice_on < as_of:
        return notice_on, FactCode.OVERDUE
    return notice_on, FactCode.NOTICE


def reference_point(history: Sequence[ScorePoint], *, as_of: date) -> ScorePoint | None:
    """Return the score that a fall is measured against: the latest that is ``TREND_DAYS`` old, else the oldest.

    None where no score is at least a week old.
    """
    old = [point for point in history if point.on <= as_of - timedelta(days=TREND_DAYS)]
    if old:
        return max(old, key=lambda point: point.on)
    young = [point for point in history if point.on <= as_of - timedelta(days=7)]
    return min(young, key=lambda point: point.on, default=None)


def _contract(until: date | None, *, policy: HealthPolicy, as_of: date) -> Contract:
    if until is None:
        return Contract.FAR
    left = (until - as_of).days
    if left < 0:
        return Contract.OVERDUE
    if left * 2 <= policy.renewal_days_red:
        return Contract.IMMINENT
    if left <= policy.renewal_days_red:
        return Contract.CLOSE
    return Contract.IN_SIGHT if left <= policy.renewal_days_amber else Contract.FAR


def _behaviour(
    signals: HealthSignals, *, score: int, band: Band, fall: int, policy: HealthPolicy
) -> Behaviour:
    # Where the band is Unknown the score is the best that the account can be: under red it is Red for sure.
    if band is Band.RED or (band is Band.UNKNOWN and score < policy.red_threshold):
        return Behaviour.SEVERE
    in_trouble = band is Band.AMBER and fall >= FALL_POINTS
    if in_trouble or fall >= 2 * FALL_POINTS or signals.payment_current is False:
        return Behaviour.SERIOUS
    if band is not Band.GREEN or fall >= FALL_POINTS:
        return Behaviour.WATCH
    return Behaviour.STEADY


def _trigger(behaviour: Behaviour, contract: Contract) -> Trigger | None:
    if contract is Contract.FAR:
        return None if behaviour is Behaviour.STEADY else Trigger.BEHAVIORAL
    return Trigger.CONTRACT_PROXIMITY if behaviour is Behaviour.STEADY else Trigger.COMBINED


_WHY: Final[Mapping[Trigger | None, str]] = {
    None: "nothing in the behaviour of the account or in its contract calls for action",
    Trigger.CONTRACT_PROXIMITY: "the account behaves well, and its contract is due for a decision",
    Trigger.BEHAVIORAL: "the behaviour of the account calls for attention, and its contract is not yet due",
    Trigger.COMBINED: "the behaviour of the account and its contract call for attention at the same time",
}


def _narrative(
    level: RiskLevel,
    trigger: Trigger | None,
    facts: Sequence[Fact],
    *,
    until: date | None,
    code: FactCode,
    as_of: date,
) -> str:
    """Write two or three sentences: the verdict, the behaviour if it matters, the date."""
    sentences = [f"Churn risk is {level}: {_WHY[trigger]}."]
    behaviour = [fact.clause for fact in facts if fact.kind is FactKind.BEHAVIOUR][:3]
    if behaviour:
        sentences.append(churn_facts.as_sentence(wording.listed(behaviour)))
    if until is None:
        sentences.append("No renewal or notice date is known.")
    else:
        sentences.append(churn_facts.as_sentence(churn_facts.deadline_clause(until, code, as_of=as_of)))
    return " ".join(sentences)
