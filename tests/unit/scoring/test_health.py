"""The score: its golden figures, and what holds for every account under every policy (SPEC 3.1, 3.2)."""

import inspect
import json
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.scoring import CSMHealthScorer, health
from accounts.scoring.policy import POLICY_FIELDS, HealthPolicy, PolicyError, weights
from accounts.scoring.signals import INPUT_NAMES, HealthSignals, Rag
from tests.unit.scoring.portfolios import (
    BEST,
    VALUES,
    WORST,
    badness,
    known_inputs,
    policies,
    signals,
    some_inputs,
)

pytestmark = pytest.mark.one_database


def test_the_best_account_scores_100_and_the_worst_0() -> None:
    scorer = CSMHealthScorer()

    assert scorer.compute_score(**BEST) == (100, "Green")
    assert scorer.compute_score(**WORST) == (0, "Red")


# One change to the best account each, and what is left of its 100 points.
GOLDEN: list[tuple[dict[str, Any], int]] = [
    ({"feature_adoption_rate": 0.5}, 100),
    ({"feature_adoption_rate": 0.25}, 92),  # 7.5 points, a half up
    ({"feature_adoption_rate": 0}, 85),
    ({"support_ticket_volume": 4}, 100),
    ({"support_ticket_volume": 6}, 98),
    ({"support_ticket_volume": 400}, 95),
    ({"support_ticket_volume": 4, "login_frequency_score": 0.6}, 98),  # 2.4 are tolerated: 1.6 points
    ({"support_sentiment": "neutral"}, 100),
    ({"support_sentiment": "negative"}, 85),
    ({"last_interaction_days": 30}, 100),
    ({"last_interaction_days": 45}, 95),
    ({"last_interaction_days": 90}, 80),
    ({"last_interaction_days": 4000}, 80),
    ({"login_frequency_score": 0.6}, 100),
    ({"login_frequency_score": 0.3}, 87),  # 12.5 points, a half up
    ({"login_frequency_score": 0}, 75),
    ({"usage_trend": "stable"}, 100),
    ({"usage_trend": "declining"}, 95),
    ({"usage_trend": "declining", "login_frequency_score": None}, 95),
    ({"usage_trend": "declining", "login_frequency_score": 0.3}, 67),  # 12.5 and the 20 in full
    ({"usage_trend": "declining", "login_frequency_score": 0.45}, 81),  # 6.25 and 12.5
    ({"payment_current": False}, 70),
    ({"stakeholder_engagement_score": 0.25}, 95),
    ({"stakeholder_engagement_score": 0}, 90),
    ({"nps_score": 7}, 100),
    ({"nps_score": 0}, 90),
    ({"renewal_days_out": 91}, 100),
    ({"renewal_days_out": 90}, 95),
    ({"renewal_days_out": 61}, 95),
    ({"renewal_days_out": 60}, 90),
    ({"renewal_days_out": 30}, 87),
    ({"renewal_days_out": 0}, 85),
    ({"renewal_days_out": -200}, 85),
    ({"seats_utilization": 1.4}, 100),
    ({"seats_utilization": 0.35}, 95),
    ({"escalation_history_count": 1}, 92),
    ({"escalation_history_count": 9}, 76),
    ({"tam_health_rag": "Amber"}, 92),
    ({"tam_health_rag": "Red"}, 85),
]


@pytest.mark.parametrize(("change", "score"), GOLDEN)
def test_each_input_costs_what_the_table_says(change: dict[str, Any], score: int) -> None:
    assert CSMHealthScorer().compute_score(**{**BEST, **change})[0] == score


@pytest.mark.parametrize(
    ("escalations", "payment", "nps", "expected"),
    [
        (0, False, 10, (70, "Green")),
        (0, False, 6, (69, "Amber")),
        (3, False, 4, (42, "Amber")),
        (3, False, 2, (39, "Red")),
    ],
)
def test_a_score_under_70_is_amber_and_under_40_red(
    escalations: int, payment: bool, nps: int, expected: tuple[int, str]
) -> None:
    account = {**BEST, "escalation_history_count": escalations, "payment_current": payment, "nps_score": nps}

    assert CSMHealthScorer().compute_score(**account) == expected


def test_thresholds_come_from_the_policy() -> None:
    mild = CSMHealthScorer(red_threshold=20, amber_threshold=50, payment_penalty=45)

    assert mild.compute_score(**{**BEST, "payment_current": False}) == (55, "Green")


def test_every_setting_is_a_keyword_with_the_default_of_the_table() -> None:
    parameters = inspect.signature(CSMHealthScorer).parameters.values()

    assert [(one.name, one.default) for one in parameters] == [
        (one.name, one.default) for one in POLICY_FIELDS
    ]
    assert {one.kind for one in parameters} == {inspect.Parameter.KEYWORD_ONLY}


def test_the_inputs_of_compute_score_are_those_of_the_contract() -> None:
    parameters = inspect.signature(CSMHealthScorer.compute_score).parameters

    assert tuple(parameters)[1:] == INPUT_NAMES == tuple(BEST)


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(TypeError, match="red_treshold"):
        CSMHealthScorer(red_treshold=30)


def test_contradicting_thresholds_are_refused() -> None:
    with pytest.raises(PolicyError, match="Red below is 80; it must be less than “Amber below”, which is 70"):
        CSMHealthScorer(red_threshold=80)


def test_nothing_known_costs_nothing() -> None:
    assert CSMHealthScorer().compute_score() == (100, "Green")


@given(signals, policies())
def test_the_score_lies_between_0_and_100_and_its_rows_sum_to_the_rest(
    account: HealthSignals, policy: HealthPolicy
) -> None:
    evaluation = health.evaluate(account, policy)

    assert 0 <= evaluation.score <= 100
    assert sum(evaluation.points.values()) == 100 - evaluation.score
    assert evaluation.clamp <= 0
    assert evaluation.clamp == 0 or evaluation.score == 0
    at_most = weights(policy)
    for name, cost in zip(INPUT_NAMES, evaluation.penalties, strict=True):
        assert 0 <= cost <= at_most[name]
        assert cost == 0 or getattr(account, name) is not None


@given(policies())
def test_best_is_100_and_worst_0_under_every_policy(policy: HealthPolicy) -> None:
    best = health.evaluate(HealthSignals(**{**BEST, "renewal_days_out": 731}), policy)
    worst = health.evaluate(
        HealthSignals(
            **{
                **WORST,
                "support_ticket_volume": 10**5,
                "last_interaction_days": 10**5,
                "escalation_history_count": 200,
            }
        ),
        policy,
    )

    assert (best.score, best.rag) == (100, Rag.GREEN)
    assert (worst.score, worst.rag) == (0, Rag.RED)
    assert worst.penalties == tuple(weights(policy).values())


@given(st.data(), known_inputs, policies())
def test_worse_input_never_raises_the_score(
    data: st.DataObject, account: dict[str, Any], policy: HealthPolicy
) -> None:
    name = data.draw(st.sampled_from(INPUT_NAMES))
    other = data.draw(VALUES[name])
    better, worse = sorted((account[name], other), key=lambda value: badness(name, value))

    score_better = health.evaluate(HealthSignals(**{**account, name: better}), policy)
    score_worse = health.evaluate(HealthSignals(**{**account, name: worse}), policy)

    assert score_worse.score <= score_better.score
    assert sum(score_worse.penalties) >= sum(score_better.penalties)


@given(st.data(), some_inputs, policies())
def test_taking_an_input_away_never_costs_points(
    data: st.DataObject, account: dict[str, Any], policy: HealthPolicy
) -> None:
    name = data.draw(st.sampled_from(INPUT_NAMES))
    bereft = {key: value for key, value in account.items() if key != name}

    with_it = health.evaluate(HealthSignals(**account), policy)
    without = health.evaluate(HealthSignals(**bereft), policy)

    assert all(less <= more for less, more in zip(without.penalties, with_it.penalties, strict=True))
    assert without.coverage <= with_it.coverage


@given(st.lists(signals, min_size=2, max_size=8), st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(accounts: list[HealthSignals], shuffler: Any) -> None:
    scorer = CSMHealthScorer()
    first = {id(account): scorer.evaluate(account) for account in accounts}
    shuffled = accounts * 2
    shuffler.shuffle(shuffled)

    assert all(scorer.evaluate(account) == first[id(account)] for account in shuffled)


@given(some_inputs)
def test_the_short_way_and_the_long_way_agree(account: dict[str, Any]) -> None:
    scorer = CSMHealthScorer()
    evaluation = scorer.evaluate(HealthSignals(**account))

    assert scorer.compute_score(**account) == (evaluation.score, evaluation.rag)


@given(signals, policies())
def test_a_score_replays_from_its_stored_json(account: HealthSignals, policy: HealthPolicy) -> None:
    first = health.evaluate(account, policy)
    stored = json.loads(
        json.dumps(
            [first.engine_version, first.signals.to_mapping(), first.policy.to_mapping(), first.points]
        )
    )

    again = health.score_with(
        stored[0], HealthSignals.from_mapping(stored[1]), HealthPolicy.from_mapping(stored[2])
    )

    assert again == first
    assert again.points == stored[3]


@given(st.decimals(min_value=0, max_value=1, places=6), policies())
def test_decimals_and_floats_cost_the_same(ratio: Decimal, policy: HealthPolicy) -> None:
    names = (
        "feature_adoption_rate",
        "login_frequency_score",
        "stakeholder_engagement_score",
        "seats_utilization",
    )
    exact = HealthSignals(usage_trend="declining", support_ticket_volume=3, **dict.fromkeys(names, ratio))
    binary = HealthSignals(
        usage_trend="declining", support_ticket_volume=3, **dict.fromkeys(names, float(ratio))
    )

    assert health.evaluate(exact, policy) == health.evaluate(binary, policy)


@given(st.integers(0, 10_000), policies())
def test_a_shortfall_is_rounded_half_up_from_the_exact_value(
    ten_thousandths: int, policy: HealthPolicy
) -> None:
    value, asked = Fraction(ten_thousandths, 10_000), Fraction(policy.adoption_threshold, 100)
    exact = max(Fraction(0), policy.adoption_penalty * (asked - value) / asked)

    evaluation = health.evaluate(HealthSignals(feature_adoption_rate=ten_thousandths / 10_000), policy)

    assert evaluation.penalties[0] == (exact + Fraction(1, 2)) // 1


def test_a_decline_from_a_high_level_costs_less_than_the_same_at_a_low_level() -> None:
    costs = [
        health.evaluate(
            HealthSignals(usage_trend="declining", login_frequency_score=level), HealthPolicy()
        ).penalties[5]
        for level in (0.95, 0.6, 0.5, 0.4, 0.3, 0.1)
    ]

    assert costs == [5, 5, 10, 15, 20, 20]


def test_an_active_account_may_have_more_open_tickets() -> None:
    active = CSMHealthScorer().evaluate(HealthSignals(support_ticket_volume=4, login_frequency_score=1.0))
    idle = CSMHealthScorer().evaluate(HealthSignals(support_ticket_volume=4, login_frequency_score=0.25))

    assert (active.penalties[1], idle.penalties[1]) == (0, 3)


def test_nps_renewal_and_tam_health_do_not_count_in_the_coverage() -> None:
    optional = ("nps_score", "renewal_days_out", "tam_health_rag")
    without = HealthSignals(**{name: value for name, value in BEST.items() if name not in optional})

    assert health.evaluate(without, HealthPolicy()).coverage == 1.0
    assert health.evaluate(HealthSignals(nps_score=9), HealthPolicy()).coverage == 0.0


def test_the_coverage_is_the_observed_share_of_the_weights() -> None:
    evaluation = health.evaluate(
        HealthSignals(payment_current=True, login_frequency_score=0.9), HealthPolicy()
    )

    assert (evaluation.observed_weight, evaluation.total_weight) == (55, 174)
    assert not evaluation.is_covered


def test_an_engine_that_was_never_published_is_named() -> None:
    with pytest.raises(health.UnknownEngine, match="Engine version 99 is not known here"):
        health.score_with("99", HealthSignals(), HealthPolicy())
