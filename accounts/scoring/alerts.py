"""Why somebody must hear of an account: a closed list of reasons, each with its severity and its facts (SPEC 3.4, 4.2).

Four of the reasons form a ladder of which an account is on one rung at most (Red; fallen to Amber; at risk for
another cause; contract due), so that one story is not told four times. Arrears, an overdue contract and lost data stand
beside it, because somebody else must be called for them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from accounts.scoring import churn_facts, wording
from accounts.scoring.bands import Band
from accounts.scoring.churn import RiskLevel
from accounts.scoring.churn_facts import Fact, FactCode, FactKind
from accounts.scoring.currencies import Rates
from accounts.scoring.policy import HealthPolicy


class Reason(StrEnum):
    """The closed list. The first four are the ladder, the first that applies is told."""

    HEALTH_RED = "health_red"
    HEALTH_AMBER = "health_amber"
    CHURN_RISK = "churn_risk"
    CONTRACT_DUE = "contract_due"
    CONTRACT_OVERDUE = "contract_overdue"
    PAYMENT = "payment"
    DATA_LOST = "data_lost"


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


RANK: Final[Mapping[str, int]] = {severity: rank for rank, severity in enumerate(Severity)}

LABELS: Final[Mapping[str, str]] = {
    Reason.HEALTH_RED: "Health is Red",
    Reason.HEALTH_AMBER: "Fell to Amber",
    Reason.CHURN_RISK: "Churn risk",
    Reason.CONTRACT_DUE: "Contract due",
    Reason.CONTRACT_OVERDUE: "Contract overdue",
    Reason.PAYMENT: "In arrears",
    Reason.DATA_LOST: "Data lost",
}
MEANINGS: Final[Mapping[str, str]] = {
    Reason.HEALTH_RED: "The band is Red, or the score is under the red threshold.",
    Reason.HEALTH_AMBER: "The band went from Green to Amber, and is still Amber.",
    Reason.CHURN_RISK: "The churn risk is high or critical: the score falls, or the contract is near and the account is not Green.",
    Reason.CONTRACT_DUE: "The notice date, or the renewal where there is none, is within the days of the red renewal window.",
    Reason.CONTRACT_OVERDUE: "The contract date has passed and no renewal is recorded.",
    Reason.PAYMENT: "Payment is not current.",
    Reason.DATA_LOST: "Data that the band stood on is not there any more, so the last known band is shown.",
}
SEVERITY_WEIGHT: Final[Mapping[str, int]] = {
    Severity.LOW: 1,
    Severity.MEDIUM: 2,
    Severity.HIGH: 4,
    Severity.CRITICAL: 8,
}
DAYS_TO_ACT: Final[Mapping[str, int]] = {
    Severity.LOW: 14,
    Severity.MEDIUM: 7,
    Severity.HIGH: 3,
    Severity.CRITICAL: 1,
}
"""By when somebody should have looked at it, counted from the day on which it was raised or opened again."""

_FLOOR: Final[Mapping[Reason, Severity]] = {
    Reason.HEALTH_RED: Severity.HIGH,
    Reason.HEALTH_AMBER: Severity.MEDIUM,
    Reason.CHURN_RISK: Severity.HIGH,
    Reason.CONTRACT_DUE: Severity.MEDIUM,
    Reason.CONTRACT_OVERDUE: Severity.HIGH,
    Reason.PAYMENT: Severity.HIGH,
    Reason.DATA_LOST: Severity.LOW,
}
# Lost data says nothing about the risk: it stays what it is.
_GOES_BY_RISK: Final = frozenset(Reason) - {Reason.DATA_LOST}
_ACTION_CODE: Final[Mapping[Reason, FactCode]] = {
    Reason.PAYMENT: FactCode.ARREARS,
    Reason.CONTRACT_OVERDUE: FactCode.OVERDUE,
    Reason.DATA_LOST: FactCode.UNKNOWN,
}
_DEADLINES: Final = frozenset({FactCode.NOTICE, FactCode.RENEWAL, FactCode.OVERDUE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a scan knows of one account when it asks whether somebody must hear of it.

    ``band`` is the effective one, ``previous_band`` that of the last earlier local day. ``level``, ``facts``, ``until``
    and ``actions`` come from the churn assessment. ``is_frozen``: the score stands because a property cannot be read for
    any account, which is no news about this one.
    """

    score: int
    band: Band
    level: RiskLevel
    facts: tuple[Fact, ...]
    until: date | None
    actions: tuple[str, ...]
    payment_current: bool | None
    as_of: date
    previous_band: Band | None = None
    previous_score: int | None = None
    is_last_known: bool = False
    is_frozen: bool = False
    band_reason: str = ""

    @property
    def codes(self) -> frozenset[FactCode]:
        return frozenset(fact.code for fact in self.facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One reason that applies: how severe, in one sentence, on what dated facts, and what to do."""

    reason: Reason
    severity: Severity
    headline: str
    facts: tuple[Fact, ...]
    action: str


def causes(
    case: Case, *, policy: HealthPolicy, since: Mapping[Reason, date] | None = None
) -> tuple[Cause, ...]:
    """Return the reasons that apply to an account today, in the order of the list.

    ``since`` names the reasons that applied at the last scan, with the day on which each began: a fall to Amber is an
    event, and holds from then on while the account is Amber.
    """
    running = since or {}
    found = [*_ladder(case, policy, running), *_beside(case, running)]
    return tuple(_cause(reason, case, since=running.get(reason, case.as_of)) for reason in found)


def _ladder(case: Case, policy: HealthPolicy, running: Mapping[Reason, date]) -> list[Reason]:
    if case.band is Band.RED or case.score < policy.red_threshold:
        return [Reason.HEALTH_RED]
    if case.band is Band.AMBER and (case.previous_band is Band.GREEN or Reason.HEALTH_AMBER in running):
        return [Reason.HEALTH_AMBER]
    if RANK[case.level] >= RANK[Severity.HIGH] and _behaves_badly(case):
        return [Reason.CHURN_RISK]
    is_due = case.until is not None and 0 <= (case.until - case.as_of).days <= policy.renewal_days_red
    return [Reason.CONTRACT_DUE] if is_due else []


def _behaves_badly(case: Case) -> bool:
    """Whether more than arrears or an overdue contract speaks for the risk: those have alerts of their own."""
    is_falling = FactCode.FALL in case.codes
    is_near = bool(case.codes & {FactCode.NOTICE, FactCode.RENEWAL})
    return is_falling or (is_near and bool(case.codes & {FactCode.BAND, FactCode.UNKNOWN}))


def _beside(case: Case, running: Mapping[Reason, date]) -> list[Reason]:
    found = []
    if FactCode.OVERDUE in case.codes:
        found.append(Reason.CONTRACT_OVERDUE)
    if case.payment_current is False:
        found.append(Reason.PAYMENT)
    if case.is_last_known and (not case.is_frozen or Reason.DATA_LOST in running):
        found.append(Reason.DATA_LOST)
    return found


def _cause(reason: Reason, case: Case, *, since: date) -> Cause:
    severity = _FLOOR[reason]
    if reason in _GOES_BY_RISK and RANK[case.level] > RANK[severity]:
        severity = Severity(case.level.value)
    code = _ACTION_CODE.get(reason)
    return Cause(
        reason=reason,
        severity=severity,
        headline=_headline(reason, case, since),
        facts=_facts(reason, case, since),
        action=churn_facts.action_for(code) if code else case.actions[0],
    )


def _headline(reason: Reason, case: Case, since: date) -> str:
    match reason:
        case Reason.HEALTH_RED:
            if case.band is Band.RED:
                return f"Health is Red with a score of {case.score}{_before(case)}{_because(case)}."
            return f"The score of {case.score} is under the red threshold."
        case Reason.HEALTH_AMBER:
            return f"Health fell from Green to Amber on {wording.day(since)}, with {case.score} now{_because(case)}."
        case Reason.CHURN_RISK:
            clauses = [fact.clause for fact in case.facts if fact.code is not FactCode.ARREARS][:2]
            return f"Churn risk is {case.level}: {wording.listed(clauses)}."
        case Reason.CONTRACT_DUE | Reason.CONTRACT_OVERDUE:
            deadline = next(fact.sentence for fact in case.facts if fact.code in _DEADLINES)
            # Without it nobody sees why the customer is to be asked whether notice was given.
            passed = next((fact for fact in case.facts if fact.code is FactCode.NOTICE_PASSED), None)
            if passed is None or reason is Reason.CONTRACT_OVERDUE:
                return deadline
            return f"{deadline.removesuffix('.')}; {passed.clause}."
        case Reason.PAYMENT:
            return (
                f"Payment has not been current since {wording.day(since)}."
                if since < case.as_of
                else "Payment is not current."
            )
        case Reason.DATA_LOST:
            return case.band_reason or f"The band {case.band} stands as last known."


def _before(case: Case) -> str:
    if case.previous_band is None or case.previous_score is None or case.previous_band is case.band:
        return ""
    return f", after {case.previous_band} with {case.previous_score}"


def _because(case: Case) -> str:
    """Name what weighs most: two facts about how the account behaves, the band left out, which the headline tells."""
    clauses = [
        fact.clause
        for fact in case.facts
        if fact.kind is FactKind.BEHAVIOUR and fact.code not in (FactCode.BAND, FactCode.UNKNOWN)
    ][:2]
    return f": {wording.listed(clauses)}" if clauses else ""


def _facts(reason: Reason, case: Case, since: date) -> tuple[Fact, ...]:
    """Return the facts of an alert: all of them for the ladder, its own for what stands beside it."""
    if reason is Reason.PAYMENT:
        own = tuple(fact for fact in case.facts if fact.code is FactCode.ARREARS)
        return own or (_fact(FactCode.ARREARS, "payment is in arrears", since),)
    if reason is Reason.CONTRACT_OVERDUE:
        return tuple(fact for fact in case.facts if fact.kind is FactKind.CONTRACT)
    if reason is Reason.DATA_LOST:
        return (_fact(FactCode.UNKNOWN, "the band stands as last known", since),)
    # Where a band stands from before its thresholds were changed, no fact of today may speak for it.
    return case.facts or (_fact(FactCode.BAND, f"the score is {case.score}", case.as_of),)


def _fact(code: FactCode, clause: str, on: date) -> Fact:
    return Fact(code=code, kind=FactKind.BEHAVIOUR, clause=clause, on=on)


def why_over(reason: Reason, case: Case, told: Sequence[Cause]) -> str:
    """Say why an alert is over now that its reason does not apply any more."""
    ladder = next((cause for cause in told if cause.reason in _RUNGS), None)
    if reason in _RUNGS and ladder is not None:
        return f"Another alert of the account tells it now: {LABELS[ladder.reason]}."
    match reason:
        case Reason.HEALTH_RED | Reason.HEALTH_AMBER:
            return f"Health is {case.band} again, with a score of {case.score}."
        case Reason.CHURN_RISK:
            return f"The churn risk is {case.level} now."
        case Reason.CONTRACT_DUE | Reason.CONTRACT_OVERDUE:
            until = "" if case.until is None else f": {wording.day(case.until)}"
            return (
                f"The contract has another date now{until}."
                if until
                else "The contract names no date any more."
            )
        case Reason.PAYMENT:
            return (
                "Payment is current again."
                if case.payment_current
                else "Nobody says any more that payment is late."
            )
        case Reason.DATA_LOST:
            return "The data is back."


_RUNGS: Final = frozenset({Reason.HEALTH_RED, Reason.HEALTH_AMBER, Reason.CHURN_RISK, Reason.CONTRACT_DUE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is compared between two scans to tell whether an alert grew worse: numbers that drift do not count."""

    severity: Severity
    codes: frozenset[str]
    until: date | None


def seen(cause: Cause, *, until: date | None) -> Seen:
    """Return what somebody who looks at this alert now has seen."""
    return Seen(severity=cause.severity, codes=frozenset(fact.code for fact in cause.facts), until=until)


def what_is_worse(before: Seen, now: Seen) -> str:
    """Say in a sentence what grew worse since somebody looked; empty where nothing did (SPEC 4.2).

    A higher severity, a fact that was not there, or a contract date that moved nearer. That the score drifts by a point
    or that the same date is a day nearer is no news.
    """
    if RANK[now.severity] > RANK[before.severity]:
        return f"Severity rose from {before.severity} to {now.severity}."
    if new := [code for code in FactCode if code in now.codes - before.codes]:
        return f"New since then: {wording.listed([_NEW[code] for code in new])}."
    if now.until is not None and before.until is not None and now.until < before.until:
        return f"The contract date moved from {wording.day(before.until)} to {wording.day(now.until)}."
    return ""


_NEW: Final[Mapping[FactCode, str]] = {
    FactCode.NOTICE: "the notice date is near",
    FactCode.NOTICE_PASSED: "the notice date has passed",
    FactCode.RENEWAL: "the renewal is near",
    FactCode.OVERDUE: "the contract date has passed",
    FactCode.ARREARS: "payment is in arrears",
    FactCode.BAND: "the band is worse",
    FactCode.FALL: "the score falls",
    FactCode.SILENCE: "nobody has spoken with the customer for long",
    FactCode.USAGE: "usage is down",
    FactCode.COMPLAINT: "the customer complains",
    FactCode.ESCALATION: "there was an escalation",
    FactCode.STAKEHOLDERS: "stakeholders have turned away",
    FactCode.UNKNOWN: "data is missing",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Urgency:
    """ARR × severity × nearness of renewal, with the factors that it came from (SPEC 4.2).

    ``arr`` is in the account's own currency, and ``rate`` brings it into the tenant's. Where the ARR is not known, or no
    rate leads from its currency (``has_no_rate``), it is the usual one of the tenant's, in the tenant's currency.
    """

    arr: Decimal
    arr_is_assumed: bool
    severity_weight: int
    nearness: int
    has_no_rate: bool = False
    rate: Decimal | None = None

    @property
    def value(self) -> Decimal:
        in_base = self.arr if self.rate is None else self.arr * self.rate
        return (in_base * self.severity_weight * self.nearness).quantize(Decimal(1))


def urgency(
    *,
    arr: Decimal | None,
    currency: str = "",
    rates: Rates | None = None,
    usual_arr: Decimal,
    severity: Severity,
    until: date | None,
    as_of: date,
    policy: HealthPolicy,
) -> Urgency:
    """Weigh one alert in the tenant's currency.

    An ARR that nobody knows counts as ``usual_arr``, the median of those that are known; so does one whose currency
    no rate leads from, because amounts of different currencies are never compared as they stand (SPEC 1).
    """
    rate = rates.rate(currency) if rates is not None else Decimal(1)
    counts = arr is not None and rate is not None
    return Urgency(
        arr=max(arr if arr is not None and rate is not None else usual_arr, Decimal(0)),
        arr_is_assumed=not counts,
        has_no_rate=arr is not None and rate is None,
        rate=rate if counts and rate != 1 else None,
        severity_weight=SEVERITY_WEIGHT[severity],
        nearness=nearness(until, as_of=as_of, policy=policy),
    )


def nearness(until: date | None, *, as_of: date, policy: HealthPolicy) -> int:
    """Return 4 for a contract date that passed or is within half the red window, 3 and 2 within red and amber, else 1."""
    if until is None:
        return 1
    left = (until - as_of).days
    if left * 2 <= policy.renewal_days_red:
        return 4
    if left <= policy.renewal_days_red:
        return 3
    return 2 if left <= policy.renewal_days_amber else 1


def due_on(severity: Severity, *, as_of: date) -> date:
    """Return the day by which somebody should have looked, never a Saturday or Sunday."""
    day = as_of + timedelta(days=DAYS_TO_ACT[severity])
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() >= 5 else 0)
