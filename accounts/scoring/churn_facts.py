"""The dated facts behind a churn risk, in words, and what each calls for (SPEC 4.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from accounts.scoring import wording
from accounts.scoring.bands import Band
from accounts.scoring.health import band_of
from accounts.scoring.policy import HealthPolicy
from accounts.scoring.signals import HealthSignals, Sentiment, Trend

FALL_POINTS: Final = 10
"""A fall of so many points is watched; twice as many are serious."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePoint:
    on: date
    score: int


class FactKind(StrEnum):
    CONTRACT = "contract"
    BEHAVIOUR = "behaviour"


class FactCode(StrEnum):
    """The closed list of what can be said about a risk; the actions hang on it."""

    NOTICE = "notice"
    NOTICE_PASSED = "notice_passed"
    RENEWAL = "renewal"
    OVERDUE = "overdue"
    ARREARS = "arrears"
    BAND = "band"
    FALL = "fall"
    SILENCE = "silence"
    USAGE = "usage"
    COMPLAINT = "complaint"
    ESCALATION = "escalation"
    STAKEHOLDERS = "stakeholders"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One dated fact that speaks for the risk.

    ``clause`` reads within a sentence (``payment is in arrears``). ``on`` is the date that the fact is about,
    else the day of the assessment.
    """

    code: FactCode
    kind: FactKind
    clause: str
    on: date

    @property
    def sentence(self) -> str:
        return as_sentence(self.clause)


def of_contract(
    until: date | None, code: FactCode, *, notice_on: date | None, as_of: date
) -> tuple[Fact, ...]:
    """State what the contract says: the date that counts, and a notice date that has passed."""
    if until is None:
        return ()
    facts = [
        Fact(code=code, kind=FactKind.CONTRACT, clause=deadline_clause(until, code, as_of=as_of), on=until)
    ]
    if notice_on is not None and notice_on < as_of and until != notice_on:
        clause = f"the notice date, {wording.day(notice_on)}, has passed"
        facts.append(Fact(code=FactCode.NOTICE_PASSED, kind=FactKind.CONTRACT, clause=clause, on=notice_on))
    return tuple(facts)


def deadline_clause(until: date, code: FactCode, *, as_of: date) -> str:
    """Name a deadline and how far away it is."""
    left = (until - as_of).days
    if code is FactCode.OVERDUE:
        return f"the contract date of {wording.day(until)} passed {wording.away(left)} and no renewal is recorded"
    if code is FactCode.NOTICE:
        return f"notice can be given until {wording.day(until)}, {wording.away(left)}"
    return f"the contract renews on {wording.day(until)}, {wording.away(left)}"


def of_behaviour(
    signals: HealthSignals,
    *,
    score: int,
    band: Band,
    earlier: ScorePoint | None,
    policy: HealthPolicy,
    as_of: date,
) -> tuple[Fact, ...]:
    """State what speaks for the risk, in the order of weight."""
    found: list[tuple[FactCode, str, date]] = []
    if band is Band.UNKNOWN:
        found.append((FactCode.UNKNOWN, "too little is known to call a band", as_of))
    elif band is not Band.GREEN:
        found.append((FactCode.BAND, _band_clause(score, band, policy), as_of))
    if earlier is not None and earlier.score - score >= FALL_POINTS:
        clause = f"the score fell from {earlier.score} on {wording.day(earlier.on)} to {score}"
        found.append((FactCode.FALL, clause, earlier.on))
    if signals.payment_current is False:
        found.append((FactCode.ARREARS, "payment is in arrears", as_of))
    silence = signals.last_interaction_days
    if silence is not None and silence > policy.interaction_staleness_days:
        last = shifted(as_of, -silence)
        since = "for over a century" if last is None else f"since {wording.day(last)}"
        found.append((FactCode.SILENCE, f"there was no meaningful interaction {since}", last or as_of))
    if usage := _usage_clause(signals, policy):
        found.append((FactCode.USAGE, usage, as_of))
    if signals.support_sentiment == Sentiment.NEGATIVE:
        found.append((FactCode.COMPLAINT, "support sentiment is negative", as_of))
    if signals.escalation_history_count:
        count = wording.counted(signals.escalation_history_count, "past escalation")
        found.append(
            (FactCode.ESCALATION, f"there {'is' if count.startswith('1 ') else 'are'} {count}", as_of)
        )
    engagement = signals.stakeholder_engagement_score
    if engagement is not None and engagement * 100 < policy.stakeholder_threshold:
        clause = f"stakeholder engagement is down at {wording.percent(engagement)}"
        found.append((FactCode.STAKEHOLDERS, clause, as_of))
    return tuple(Fact(code=code, kind=FactKind.BEHAVIOUR, clause=clause, on=on) for code, clause, on in found)


def _band_clause(score: int, band: Band, policy: HealthPolicy) -> str:
    if band is Band(band_of(score, policy)):
        return f"the account is {band} with a score of {score}"
    return f"the account is {band}, as last known, while the data that is left gives a score of {score}"


def _usage_clause(signals: HealthSignals, policy: HealthPolicy) -> str | None:
    level = signals.login_frequency_score
    is_low = level is not None and level * 100 < policy.login_threshold
    if signals.usage_trend == Trend.DECLINING:
        at = f" at a login frequency of {wording.percent(level)}" if level is not None else ""
        return f"usage is declining{at}"
    return f"login frequency is down at {wording.percent(level)}" if is_low and level is not None else None


# In the order in which they are proposed.
_ACTIONS: Final[Mapping[FactCode, str]] = {
    FactCode.OVERDUE: "Find out today whether the contract was renewed, and record the new date.",
    FactCode.ARREARS: "Agree with the customer's finance contact when the open invoices are paid.",
    FactCode.NOTICE: "Ask the decision maker for the renewal before the notice date.",
    FactCode.NOTICE_PASSED: "Ask the customer whether notice was given.",
    FactCode.RENEWAL: "Open the renewal talk with the decision maker and agree on the next step.",
    FactCode.COMPLAINT: "Go through the open complaints with support and tell the customer what happens next.",
    FactCode.ESCALATION: "Check with the customer that the past escalations are closed for good.",
    FactCode.SILENCE: "Call the primary contact this week and set a regular check-in.",
    FactCode.USAGE: "Look with the customer at who stopped using what, and offer a working session.",
    FactCode.STAKEHOLDERS: "Win back an executive sponsor on the customer's side.",
    FactCode.FALL: "Look up what pulled the score down since, and settle the largest cause first.",
    FactCode.UNKNOWN: "Fill in the missing signals of the account, so that its health can be judged.",
    FactCode.BAND: "Agree on a success plan with dated steps and owners on both sides.",
}


def action_for(code: FactCode) -> str:
    """Return what one fact calls for."""
    return _ACTIONS[code]


_NO_ACTION: Final = "Keep to the agreed check-ins."


def actions(facts: Sequence[Fact]) -> tuple[str, ...]:
    """Return what the facts call for, the most urgent first, four at most, one at least."""
    codes = {fact.code for fact in facts}
    return tuple(text for code, text in _ACTIONS.items() if code in codes)[:4] or (_NO_ACTION,)


def shifted(day: date, days: float) -> date | None:
    """Return the day so many days away, None where no date can hold it."""
    # Beyond a century either way it is a typing error, and no date could hold it.
    return day + timedelta(days=int(days)) if abs(days) <= 36_500 else None


def as_sentence(clause: str) -> str:
    """Return a clause as a sentence of its own."""
    return f"{clause[0].upper()}{clause[1:]}."
