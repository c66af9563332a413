"""The breakdown in sentences, the drivers, and the change between two scores."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.scoring import changes, explain, health
from accounts.scoring.changes import Cause
from accounts.scoring.policy import HealthPolicy, weights
from accounts.scoring.signals import INPUT_NAMES, HealthSignals
from tests.unit.scoring.portfolios import BEST, WORST, policies, signals

pytestmark = pytest.mark.one_database


def sentences(values: dict[str, Any]) -> dict[str, str]:
    evaluation = health.evaluate(HealthSignals(**values), HealthPolicy())
    return {row.input: row.sentence for row in explain.rows(evaluation)}


def test_good_news_is_told_too() -> None:
    assert sentences(BEST) == {
        "feature_adoption_rate": "100 % of the features are in use (50 % is asked): costs nothing.",
        "support_ticket_volume": "No ticket is open (4 may be, at this activity): costs nothing.",
        "support_sentiment": "Support sentiment is positive: costs nothing.",
        "last_interaction_days": "The last meaningful interaction was today (stale after 30 days): costs nothing.",
        "login_frequency_score": "Login frequency is 100 % (60 % is asked): costs nothing.",
        "usage_trend": "Usage is growing: costs nothing.",
        "payment_current": "Paid up: costs nothing.",
        "stakeholder_engagement_score": "Stakeholder engagement is 100 % (50 % is asked): costs nothing.",
        "nps_score": "The last NPS answer was 10 of 10 (7 of 10 is asked): costs nothing.",
        "renewal_days_out": "The renewal comes in 365 days (watched from 90 days): costs nothing.",
        "seats_utilization": "100 % of the seats are in use (70 % is asked): costs nothing.",
        "escalation_history_count": "No escalation in the past: costs nothing.",
        "tam_health_rag": "The TAM calls the account Green: costs nothing.",
    }


def test_bad_news_names_what_was_found_what_is_asked_and_what_it_costs() -> None:
    found = sentences(
        {
            "feature_adoption_rate": 0.385,
            "support_ticket_volume": 1,
            "last_interaction_days": 45,
            "login_frequency_score": 0.2,
            "usage_trend": "declining",
            "payment_current": False,
            "renewal_days_out": -1,
            "escalation_history_count": 1,
        }
    )

    assert (
        found["feature_adoption_rate"] == "38.5 % of the features are in use (50 % is asked): costs 3 points."
    )
    assert found["support_ticket_volume"] == "1 ticket is open (0.8 may be, at this activity): costs nothing."
    assert found["last_interaction_days"].startswith("The last meaningful interaction was 45 days ago")
    assert found["usage_trend"] == "Usage is declining, and low already: costs 20 points."
    assert found["payment_current"] == "Payment is in arrears: costs 30 points."
    assert (
        found["renewal_days_out"] == "The renewal is 1 day overdue (watched from 90 days): costs 15 points."
    )
    assert found["escalation_history_count"] == "1 escalation in the past: costs 8 points."


def test_what_is_not_known_says_what_that_does() -> None:
    found = sentences({})

    assert found["nps_score"] == "NPS is not known, which costs nothing and does not count in the coverage."
    assert found["payment_current"] == "Payment is not known, which costs nothing and lowers the coverage."


def test_the_clamp_has_a_row_of_its_own() -> None:
    evaluation = health.evaluate(HealthSignals(**WORST), HealthPolicy())
    last = explain.rows(evaluation)[-1]

    assert (last.input, last.signal, last.penalty) == ("clamp", None, -114)
    assert (
        last.sentence
        == "The costs come to 214 points; a score does not fall under 0, so 114 of them no longer count."
    )


@given(signals, policies())
def test_the_rows_sum_to_what_is_missing_to_100(account: HealthSignals, policy: HealthPolicy) -> None:
    evaluation = health.evaluate(account, policy)
    rows = explain.rows(evaluation)

    assert [row.input for row in rows][:13] == list(INPUT_NAMES)
    assert sum(row.penalty for row in rows) == 100 - evaluation.score
    for row in rows:
        assert row.sentence.endswith(".")
        assert row.sentence[0].isupper() or row.sentence[0].isdigit()
        assert row.penalty <= row.at_most or row.input == "clamp"
    assert {row.input: row.at_most for row in rows[:13]} == weights(policy)


def test_the_dearest_inputs_are_the_drivers() -> None:
    evaluation = health.evaluate(
        HealthSignals(**{**BEST, "payment_current": False, "nps_score": 0, "feature_adoption_rate": 0}),
        HealthPolicy(),
    )

    assert [(one.label, one.points) for one in explain.top_drivers(evaluation.points)] == [
        ("Payment", 30),
        ("Feature adoption", 15),
        ("NPS", 10),
    ]


def test_equal_drivers_keep_the_order_of_the_table_and_the_clamp_is_none() -> None:
    evaluation = health.evaluate(HealthSignals(**WORST), HealthPolicy())

    assert [one.input for one in explain.top_drivers(evaluation.points, n=4)] == [
        "payment_current",
        "login_frequency_score",
        "escalation_history_count",
        "last_interaction_days",
    ]
    assert explain.top_drivers({"payment_current": 0, "clamp": -4}) == ()


def test_a_change_is_told_point_by_point() -> None:
    before = health.evaluate(HealthSignals(**{**BEST, "usage_trend": "declining"}), HealthPolicy())
    after = health.evaluate(
        HealthSignals(**{**BEST, "payment_current": False, "nps_score": 3}), HealthPolicy()
    )

    told = changes.compare(before, after)

    assert (told.score_before, told.score_after, told.points) == (95, 64, -31)
    assert [(one.label, one.cause, one.points, one.before, one.after) for one in told.changes] == [
        ("Payment", Cause.DATA_CHANGED, -30, "paid up", "in arrears"),
        ("NPS", Cause.DATA_CHANGED, -6, "10 of 10", "3 of 10"),
        ("Usage trend", Cause.DATA_CHANGED, 5, "declining", "growing"),
    ]


def test_lost_data_and_a_changed_policy_are_told_apart_from_changed_data() -> None:
    start = {**BEST, "payment_current": False, "support_sentiment": "negative"}
    before = health.evaluate(HealthSignals(**start), HealthPolicy())
    left = {name: value for name, value in start.items() if name != "payment_current"}
    after = health.evaluate(HealthSignals(**{**left, "nps_score": 0}), HealthPolicy(sentiment_penalty=25))

    told = changes.compare(before, after)

    assert {(one.input, one.cause): one.points for one in told.changes} == {
        ("payment_current", Cause.DATA_LOST): 30,
        ("support_sentiment", Cause.POLICY_CHANGED): -10,
        ("nps_score", Cause.DATA_CHANGED): -10,
    }
    assert told.points_by(Cause.DATA_LOST) == 30


@given(signals, signals, policies(), policies())
def test_the_changes_sum_exactly(
    before: HealthSignals, after: HealthSignals, first: HealthPolicy, second: HealthPolicy
) -> None:
    told = changes.compare(health.evaluate(before, first), health.evaluate(after, second))

    assert sum(one.points for one in told.changes) == told.points
    assert sum(told.points_by(cause) for cause in Cause) == told.points


@given(signals, policies(), st.sets(st.sampled_from(INPUT_NAMES)))
def test_only_losing_data_is_told_as_nothing_else(
    account: HealthSignals, policy: HealthPolicy, lost: set[str]
) -> None:
    told = changes.compare(
        health.evaluate(account, policy), health.evaluate(account.without(frozenset(lost)), policy)
    )

    assert {one.cause for one in told.changes} <= {Cause.DATA_LOST}
    assert told.points >= 0


@given(signals, policies())
def test_nothing_changed_is_nothing_told(account: HealthSignals, policy: HealthPolicy) -> None:
    evaluation = health.evaluate(account, policy)

    assert changes.compare(evaluation, evaluation).changes == ()
