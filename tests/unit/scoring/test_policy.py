"""The policy: its table, its ranges, and what it refuses."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from accounts.scoring.policy import POLICY_FIELD, POLICY_FIELDS, HealthPolicy, PolicyError
from tests.unit.scoring.portfolios import policies

pytestmark = pytest.mark.one_database


def test_the_figures_of_the_contract_are_the_defaults() -> None:
    policy = HealthPolicy()

    assert (policy.red_threshold, policy.amber_threshold) == (40, 70)
    assert (policy.renewal_days_amber, policy.renewal_days_red) == (90, 60)
    assert policy.interaction_staleness_days == 30
    assert (policy.payment_penalty, policy.usage_decline_penalty) == (30, 20)
    assert (policy.tam_penalty_red, policy.tam_penalty_amber) == (15, 8)


def test_every_setting_can_be_put_in_a_form() -> None:
    assert len(POLICY_FIELDS) > 30
    for item in POLICY_FIELDS:
        assert item.minimum <= item.default <= item.maximum
        assert item.label
        assert item.unit
        assert item.help.endswith(".")
    labels = [item.label for item in POLICY_FIELDS]
    assert len(set(labels)) == len(labels)


@given(policies())
def test_a_policy_survives_json(policy: HealthPolicy) -> None:
    assert HealthPolicy.from_mapping(json.loads(json.dumps(policy.to_mapping()))) == policy


def test_a_setting_that_is_left_out_has_its_default() -> None:
    assert HealthPolicy.from_mapping({"red_threshold": 30}) == HealthPolicy(red_threshold=30)


def test_whole_numbers_are_taken_in_any_type() -> None:
    assert HealthPolicy.from_mapping({"red_threshold": 30.0, "payment_penalty": Decimal(25)}) == HealthPolicy(
        red_threshold=30, payment_penalty=25
    )


@pytest.mark.parametrize(
    ("values", "name", "sentence"),
    [
        ({"red_treshold": 30}, "red_treshold", "red_treshold is not a setting of the health policy."),
        (
            {"payment_penalty": 30.5},
            "payment_penalty",
            "Payment not current costs must be a whole number, not 30.5.",
        ),
        (
            {"payment_penalty": "30"},
            "payment_penalty",
            "Payment not current costs must be a whole number, not '30'.",
        ),
        ({"payment_penalty": True}, "payment_penalty", "must be a whole number, not True."),
        ({"payment_penalty": None}, "payment_penalty", "must be a whole number, not None."),
        ({"payment_penalty": float("nan")}, "payment_penalty", "must be a whole number, not nan."),
        ({"payment_penalty": Decimal("Infinity")}, "payment_penalty", "must be a whole number"),
        ({"payment_penalty": 101}, "payment_penalty", "is 101; it must lie between 0 and 100 points."),
        ({"red_threshold": 0}, "red_threshold", "Red below is 0; it must lie between 1 and 99 points."),
        ({"nps_threshold": 11}, "nps_threshold", "NPS asked is 11; it must lie between 1 and 10 of 10."),
        ({"red_threshold": 70}, "red_threshold", "it must be less than “Amber below”, which is 70."),
        (
            {"renewal_days_red": 90},
            "renewal_days_red",
            "it must be less than “Renewal costs from”, which is 90.",
        ),
        (
            {"tam_penalty_amber": 16},
            "tam_penalty_amber",
            "it must be no more than “TAM Red costs”, which is 15.",
        ),
        (
            {"login_threshold": 30},
            "usage_low_level",
            "it must be less than “Login frequency asked”, which is 30.",
        ),
    ],
)
def test_a_bad_value_gets_a_sentence_at_its_setting(values: dict[str, Any], name: str, sentence: str) -> None:
    with pytest.raises(PolicyError) as refused:
        HealthPolicy.from_mapping(values)

    assert list(refused.value.problems) == [name]
    assert sentence in refused.value.problems[name]


def test_all_bad_values_are_told_at_once() -> None:
    with pytest.raises(PolicyError) as refused:
        HealthPolicy.from_mapping({"payment_penalty": 200, "login_penalty": -1})

    assert set(refused.value.problems) == {"payment_penalty", "login_penalty"}


def test_penalties_that_could_never_reach_0_are_refused() -> None:
    costless = {item.name: 0 for item in POLICY_FIELDS if item.unit == "points" and item.minimum == 0}

    with pytest.raises(PolicyError, match="All penalties together come to 10 points; they must reach 100"):
        HealthPolicy.from_mapping({**costless, "payment_penalty": 10})


def test_a_policy_cannot_be_made_wrong_by_its_constructor_either() -> None:
    with pytest.raises(PolicyError):
        HealthPolicy(red_threshold=90)


def test_the_table_can_be_looked_up_by_name() -> None:
    assert POLICY_FIELD["interaction_staleness_days"].unit == "days"
