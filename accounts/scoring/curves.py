"""The table of the signals: what is asked, what it costs, how the cost grows and why.

The help page, ``docs/signals.md`` and the breakdown are made from it; the figures come from the policy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from accounts.scoring import wording
from accounts.scoring.policy import HealthPolicy, weights
from accounts.scoring.signals import INPUTS, Signal, range_words


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveRow:
    """One input of the table. ``at_most`` is in points, ``threshold`` the figure from which it costs."""

    signal: Signal
    input: str
    label: str
    takes: str
    threshold: str
    at_most: int
    curve: str
    reason: str
    counts_in_coverage: bool


def table(policy: HealthPolicy) -> tuple[CurveRow, ...]:
    """Return the thirteen inputs in the order of SPEC 1, with the figures of a policy."""
    at_most = weights(policy)
    return tuple(
        CurveRow(
            signal=spec.signal,
            input=spec.name,
            label=spec.label,
            takes=range_words(spec),
            threshold=threshold_words(spec.name, policy),
            at_most=at_most[spec.name],
            curve=_CURVES[spec.name][1].format_map(policy.to_mapping()),
            reason=_CURVES[spec.name][2],
            counts_in_coverage=spec.counts_in_coverage,
        )
        for spec in INPUTS
    )


def threshold_words(name: str, policy: HealthPolicy) -> str:
    """Return the figure from which an input costs something: ``50 %``, ``30 days``, ``any``."""
    days = {
        "interaction_staleness_days": policy.interaction_staleness_days,
        "renewal_days_amber": policy.renewal_days_amber,
    }
    words = {key: wording.counted(count, "day") for key, count in days.items()}
    return _CURVES[name][0].format_map({**policy.to_mapping(), **words})


# Input: (threshold, how the cost grows, why it is so). Braces name settings of the policy.
_CURVES: Final[Mapping[str, tuple[str, str, str]]] = {
    "feature_adoption_rate": (
        "{adoption_threshold} %",
        "Grows evenly from 0 at {adoption_threshold} % to {adoption_penalty} at 0 %.",
        "Who uses half of what was bought has a reason to stay; who uses little can replace it easily.",
    ),
    "support_ticket_volume": (
        "{tickets_tolerated} × login frequency",
        "{ticket_penalty} for each ticket above {tickets_tolerated} × login frequency, {ticket_penalty_limit} at "
        "most; with the frequency not known, above {tickets_tolerated}.",
        "Active customers file tickets, so volume alone says little; many tickets with little use say more.",
    ),
    "support_sentiment": (
        "negative",
        "{sentiment_penalty} when negative.",
        "A complaint foretells churn far better than the number of tickets.",
    ),
    "last_interaction_days": (
        "{interaction_staleness_days}",
        "Grows evenly from 0 at {interaction_staleness_days} days to {interaction_penalty} "
        "{interaction_ramp_days} days later.",
        "Silence is one of the two strongest signs of churn in real portfolios.",
    ),
    "login_frequency_score": (
        "{login_threshold} %",
        "Grows evenly from 0 at {login_threshold} % to {login_penalty} at 0 %.",
        "How often people come back is the other of the two strongest signs.",
    ),
    "usage_trend": (
        "declining",
        "{usage_decline_penalty} when declining at a login frequency of {usage_low_level} % or less, shrinking "
        "evenly to {usage_decline_share} % of that at {login_threshold} %; that share too when the frequency is "
        "not known.",
        "A fall from a high level is not yet churn; a fall at a low level is.",
    ),
    "payment_current": (
        "in arrears",
        "{payment_penalty} when not current.",
        "Whoever stops paying has often decided already.",
    ),
    "stakeholder_engagement_score": (
        "{stakeholder_threshold} %",
        "Grows evenly from 0 at {stakeholder_threshold} % to {stakeholder_penalty} at 0 %.",
        "Accounts without engaged decision makers are lost in the budget round.",
    ),
    "nps_score": (
        "{nps_threshold} of 10",
        "Grows evenly from 0 at {nps_threshold} to {nps_penalty} at 0.",
        "A detractor says so; that few people answer is why its weight is small.",
    ),
    "renewal_days_out": (
        "{renewal_days_amber}",
        "{renewal_penalty_amber} from {renewal_days_amber} days before, {renewal_penalty_red} from "
        "{renewal_days_red} days before, growing evenly to {renewal_penalty_due} on the day and while overdue.",
        "The same trouble weighs more when the decision is near.",
    ),
    "seats_utilization": (
        "{seats_threshold} %",
        "Grows evenly from 0 at {seats_threshold} % to {seats_penalty} at 0 %; above 100 % costs nothing.",
        "Unused seats are cut at the renewal.",
    ),
    "escalation_history_count": (
        "any",
        "{escalation_penalty} for each, {escalation_penalty_limit} at most.",
        "An escalation is a complaint that somebody had to act on.",
    ),
    "tam_health_rag": (
        "Amber",
        "{tam_penalty_amber} when Amber, {tam_penalty_red} when Red.",
        "The technical account manager sees what no figure shows.",
    ),
}
