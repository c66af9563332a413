"""What can be an input, and what is told of what cannot."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from accounts.scoring import signals
from accounts.scoring.signals import INPUT_NAMES, INPUTS, HealthSignals, Signal
from tests.unit.scoring import portfolios

pytestmark = pytest.mark.one_database


def test_there_are_eleven_signals_in_thirteen_inputs() -> None:
    assert len(Signal) == 11
    assert len(INPUTS) == 13
    assert {spec.signal for spec in INPUTS} == set(Signal)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("feature_adoption_rate", 1.4, "feature_adoption_rate is 1.4; it must be a number from 0 to 1."),
        ("login_frequency_score", -0.1, "login_frequency_score is -0.1; it must be a number from 0 to 1."),
        ("login_frequency_score", float("nan"), "login_frequency_score is not a number"),
        ("seats_utilization", float("inf"), "seats_utilization is not a number"),
        ("seats_utilization", Decimal("NaN"), "seats_utilization is not a number"),
        ("support_ticket_volume", -1, "support_ticket_volume is -1; it must be a number of at least 0."),
        ("last_interaction_days", -3, "last_interaction_days is -3"),
        ("nps_score", 11, "nps_score is 11; it must be a number from 0 to 10."),
        ("escalation_history_count", "three", "escalation_history_count is 'three'"),
        ("renewal_days_out", "soon", "renewal_days_out is 'soon'"),
        ("stakeholder_engagement_score", True, "stakeholder_engagement_score is True"),
        ("payment_current", "yes", "payment_current is 'yes'; it must be true or false."),
        ("payment_current", 1, "payment_current is 1; it must be true or false."),
        ("usage_trend", "sideways", "usage_trend is 'sideways'; it must be growing, stable or declining."),
        ("support_sentiment", 3, "support_sentiment is 3; it must be positive, neutral or negative."),
        ("tam_health_rag", "Purple", "tam_health_rag is 'Purple'; it must be Green, Amber or Red."),
    ],
)
def test_an_impossible_value_is_refused_by_name(name: str, value: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match="must be") as refused:
        HealthSignals(**{name: value})

    assert str(refused.value).startswith(sentence)


def test_words_are_taken_in_any_case() -> None:
    found = HealthSignals(usage_trend=" Declining ", support_sentiment="NEGATIVE", tam_health_rag="red")

    assert (found.usage_trend, found.support_sentiment, found.tam_health_rag) == (
        "declining",
        "negative",
        "Red",
    )


def test_whole_floats_and_decimals_become_plain_numbers() -> None:
    found = HealthSignals(
        support_ticket_volume=74.0, last_interaction_days=Decimal(12), login_frequency_score=Decimal("0.35")
    )

    assert found.to_mapping() == {
        "support_ticket_volume": 74,
        "last_interaction_days": 12,
        "login_frequency_score": 0.35,
    }
    assert [type(value) for value in found.to_mapping().values()] == [int, int, float]


def test_a_name_that_is_no_input_is_refused() -> None:
    with pytest.raises(ValueError, match="mood is not a health input"):
        HealthSignals.from_mapping({"mood": 3})


@given(portfolios.signals, portfolios.signals)
def test_what_is_not_known_is_filled_from_earlier(now: HealthSignals, earlier: HealthSignals) -> None:
    filled = now.filled_from(earlier)

    assert filled.known() == now.known() | earlier.known()
    for name in INPUT_NAMES:
        own = getattr(now, name)
        assert getattr(filled, name) == (getattr(earlier, name) if own is None else own)


def test_ages_and_shares_are_derived_on_the_day_of_scoring() -> None:
    today = date(2026, 3, 1)

    assert signals.days_since(date(2026, 2, 1), as_of=today) == 28
    assert signals.days_since(date(2026, 3, 9), as_of=today) == 0
    assert signals.days_until(date(2026, 2, 20), as_of=today) == -9
    assert signals.days_since(None, as_of=today) is signals.days_until(None, as_of=today) is None
    assert signals.utilization(used=69, purchased=74) == 69 / 74
    assert signals.utilization(used=3, purchased=0) is None
    assert signals.utilization(used=None, purchased=9) is None
