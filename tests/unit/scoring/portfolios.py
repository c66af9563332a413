"""Accounts and policies that the scoring tests draw from."""

from typing import Any

from hypothesis import strategies as st

from accounts.scoring.policy import POLICY_FIELDS, HealthPolicy, PolicyError
from accounts.scoring.signals import HealthSignals

BEST: dict[str, Any] = {
    "feature_adoption_rate": 1.0,
    "support_ticket_volume": 0,
    "support_sentiment": "positive",
    "last_interaction_days": 0,
    "login_frequency_score": 1.0,
    "usage_trend": "growing",
    "payment_current": True,
    "stakeholder_engagement_score": 1.0,
    "nps_score": 10,
    "renewal_days_out": 365,
    "seats_utilization": 1.0,
    "escalation_history_count": 0,
    "tam_health_rag": "Green",
}
WORST: dict[str, Any] = {
    "feature_adoption_rate": 0.0,
    "support_ticket_volume": 500,
    "support_sentiment": "negative",
    "last_interaction_days": 900,
    "login_frequency_score": 0.0,
    "usage_trend": "declining",
    "payment_current": False,
    "stakeholder_engagement_score": 0.0,
    "nps_score": 0,
    "renewal_days_out": -30,
    "seats_utilization": 0.0,
    "escalation_history_count": 40,
    "tam_health_rag": "Red",
}

ratios = st.floats(min_value=0, max_value=1)
# Each input's values, with the better one first when two are sorted by `badness`.
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "feature_adoption_rate": ratios,
    "support_ticket_volume": st.integers(0, 60) | st.floats(0, 60),
    "support_sentiment": st.sampled_from(["positive", "neutral", "negative"]),
    "last_interaction_days": st.integers(0, 400) | st.floats(0, 400),
    "login_frequency_score": ratios,
    "usage_trend": st.sampled_from(["growing", "stable", "declining"]),
    "payment_current": st.booleans(),
    "stakeholder_engagement_score": ratios,
    "nps_score": st.integers(0, 10) | st.floats(0, 10),
    "renewal_days_out": st.integers(-400, 800),
    "seats_utilization": st.floats(0, 3),
    "escalation_history_count": st.integers(0, 12),
    "tam_health_rag": st.sampled_from(["Green", "Amber", "Red"]),
}
_WORSE_WHEN_HIGHER = {"support_ticket_volume", "last_interaction_days", "escalation_history_count"}
_WORDS = ["positive", "neutral", "negative", "growing", "stable", "declining", "Green", "Amber", "Red"]


def badness(name: str, value: Any) -> float:
    """Return how bad a value is, for sorting two of one input: SPEC 1 read by a person, not by the scorer."""
    if isinstance(value, str):
        return _WORDS.index(value)
    return float(value) if name in _WORSE_WHEN_HIGHER else -float(value)


known_inputs = st.fixed_dictionaries(VALUES)
some_inputs = st.fixed_dictionaries({}, optional=VALUES)
signals = some_inputs.map(lambda values: HealthSignals(**values))


@st.composite
def policies(draw: st.DrawFn) -> HealthPolicy:
    """Draw a policy from the whole range that a form would accept, and the default one now and then."""
    values = {item.name: draw(st.integers(item.minimum, item.maximum)) for item in POLICY_FIELDS}
    for low, high in [
        ("red_threshold", "amber_threshold"),
        ("usage_low_level", "login_threshold"),
        ("renewal_days_red", "renewal_days_amber"),
        ("renewal_penalty_amber", "renewal_penalty_red"),
        ("renewal_penalty_red", "renewal_penalty_due"),
        ("renewal_penalty_amber", "renewal_penalty_red"),
        ("tam_penalty_amber", "tam_penalty_red"),
        ("ticket_penalty", "ticket_penalty_limit"),
        ("escalation_penalty", "escalation_penalty_limit"),
    ]:
        values[low], values[high] = sorted((values[low], values[high]))
    try:
        return HealthPolicy.from_mapping(values)
    except PolicyError:
        return HealthPolicy()
