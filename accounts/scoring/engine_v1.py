"""The penalty curves, first edition: what each input costs under a policy.

An edition is never changed once scores were stored with it; a better curve is a new module beside this one
and a line in ``health.ENGINES`` (SPEC 3.5).

All arithmetic is on integers. A ratio is read to nine decimals, and a half is rounded up, so that SQLite,
PostgreSQL and every Python give the same points, which binary floats and round-half-to-even would not.
"""

from typing import Final

from accounts.scoring.policy import HealthPolicy
from accounts.scoring.signals import HealthSignals

_ONE: Final = 10**9
_PERCENT: Final = _ONE // 100
# Beyond a million days or tickets nothing gets worse, and the arithmetic stays small.
_MOST: Final = 10**6


def penalties(signals: HealthSignals, policy: HealthPolicy) -> tuple[int, ...]:
    """Return the points that each input costs, in the order of ``signals.INPUTS``; not known costs 0.

    Worse input never costs less, and taking an input away never costs more.
    """
    adoption = signals.feature_adoption_rate
    tickets = signals.support_ticket_volume
    silence = signals.last_interaction_days
    login = signals.login_frequency_score
    stakeholders = signals.stakeholder_engagement_score
    nps = signals.nps_score
    seats = signals.seats_utilization
    escalations = signals.escalation_history_count
    level = None if login is None else _exact(login)
    return (
        0
        if adoption is None
        else _shortfall(_exact(adoption), policy.adoption_threshold * _PERCENT, policy.adoption_penalty),
        0 if tickets is None else _tickets(_exact(tickets), level, policy),
        policy.sentiment_penalty if signals.support_sentiment == "negative" else 0,
        0 if silence is None else _silence(_exact(silence), policy),
        0 if level is None else _shortfall(level, policy.login_threshold * _PERCENT, policy.login_penalty),
        _decline(level, policy) if signals.usage_trend == "declining" else 0,
        policy.payment_penalty if signals.payment_current is False else 0,
        0
        if stakeholders is None
        else _shortfall(
            _exact(stakeholders), policy.stakeholder_threshold * _PERCENT, policy.stakeholder_penalty
        ),
        0 if nps is None else _shortfall(_exact(nps), policy.nps_threshold * _ONE, policy.nps_penalty),
        _renewal(signals.renewal_days_out, policy),
        0
        if seats is None
        else _shortfall(_exact(seats), policy.seats_threshold * _PERCENT, policy.seats_penalty),
        0
        if escalations is None
        else _capped(policy.escalation_penalty * _exact(escalations), policy.escalation_penalty_limit),
        _tam(signals.tam_health_rag, policy),
    )


def _exact(value: float) -> int:
    """Return a value of at least 0 in billionths."""
    return int(value) * _ONE if value >= _MOST else int(value * _ONE + 0.5)


def _shortfall(value: int, asked: int, weight: int) -> int:
    """Cost the whole weight at 0, nothing from ``asked`` up, and evenly in between."""
    return 0 if value >= asked else (2 * weight * (asked - value) + asked) // (2 * asked)


def _capped(cost: int, limit: int) -> int:
    """Round a cost in billionths of a point, a half up, and stop at the limit."""
    return min(limit, (2 * cost + _ONE) // (2 * _ONE))


def _tickets(open_tickets: int, level: int | None, policy: HealthPolicy) -> int:
    """Charge the tickets above what an account of this activity may have; unknown activity counts as full."""
    tolerated = policy.tickets_tolerated * (_ONE if level is None else level)
    if open_tickets <= tolerated:
        return 0
    return _capped(policy.ticket_penalty * (open_tickets - tolerated), policy.ticket_penalty_limit)


def _silence(days: int, policy: HealthPolicy) -> int:
    """Charge nothing until the interaction is stale, then evenly more until the ramp ends."""
    over = days - policy.interaction_staleness_days * _ONE
    ramp = policy.interaction_ramp_days * _ONE
    if over <= 0:
        return 0
    return (
        policy.interaction_penalty
        if over >= ramp
        else (2 * policy.interaction_penalty * over + ramp) // (2 * ramp)
    )


def _decline(level: int | None, policy: HealthPolicy) -> int:
    """Charge a decline in full at a low level, its healthy share at the level asked, evenly in between.

    An unknown level counts as healthy: what is not known costs nothing (SPEC 3.3).
    """
    healthy, low = policy.login_threshold * _PERCENT, policy.usage_low_level * _PERCENT
    share = policy.usage_decline_share
    if level is None or level >= healthy:
        level = healthy
    elif level < low:
        level = low
    span = healthy - low
    cost = policy.usage_decline_penalty * (share * span + (100 - share) * (healthy - level))
    return (2 * cost + 100 * span) // (200 * span)


def _renewal(days_out: float | None, policy: HealthPolicy) -> int:
    """Step up at the first date, step up again at the second, then grow evenly until the renewal day."""
    if days_out is None or days_out > policy.renewal_days_amber:
        return 0
    if days_out > policy.renewal_days_red:
        return policy.renewal_penalty_amber
    if days_out <= 0:
        return policy.renewal_penalty_due
    window = policy.renewal_days_red * _ONE
    growth = (policy.renewal_penalty_due - policy.renewal_penalty_red) * (window - _exact(days_out))
    return policy.renewal_penalty_red + (2 * growth + window) // (2 * window)


def _tam(rag: str | None, policy: HealthPolicy) -> int:
    if rag == "Red":
        return policy.tam_penalty_red
    return policy.tam_penalty_amber if rag == "Amber" else 0
