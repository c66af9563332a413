"""Churn risk by rules: level, trigger, dated facts (SPEC 4.1)."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.scoring import churn, health
from accounts.scoring.bands import Band
from accounts.scoring.churn import (
    Behaviour,
    ChurnAssessment,
    Contract,
    FactCode,
    RiskLevel,
    ScorePoint,
    Trigger,
)
from accounts.scoring.policy import HealthPolicy
from accounts.scoring.signals import HealthSignals
from tests.unit.scoring.portfolios import BEST, policies, signals

pytestmark = pytest.mark.one_database

TODAY = date(2026, 3, 2)
QUIET = {name: value for name, value in BEST.items() if name != "renewal_days_out"}
LEVELS = list(RiskLevel)
AMBER = {**QUIET, "login_frequency_score": 0.25, "usage_trend": "declining"}
RED = {**AMBER, "payment_current": False}


def assess(values: dict[str, Any], *, band: Band | None = None, **context: Any) -> ChurnAssessment:
    account = HealthSignals(**values)
    evaluation = health.evaluate(account, HealthPolicy())
    return churn.assess(
        account,
        score=evaluation.score,
        band=band or Band(evaluation.rag),
        policy=HealthPolicy(),
        as_of=TODAY,
        **context,
    )


def days(count: int) -> date:
    return TODAY + timedelta(days=count)


def test_a_quiet_account_is_low_and_has_no_trigger() -> None:
    found = assess(QUIET)

    assert (found.level, found.trigger, found.facts, found.until) == (RiskLevel.LOW, None, (), None)
    assert found.narrative == (
        "Churn risk is low: nothing in the behaviour of the account or in its contract calls for action. "
        "No renewal or notice date is known."
    )
    assert found.actions == ("Keep to the agreed check-ins.",)


@pytest.mark.parametrize(
    ("left", "level", "contract"),
    [
        (91, RiskLevel.LOW, Contract.FAR),
        (90, RiskLevel.LOW, Contract.IN_SIGHT),
        (61, RiskLevel.LOW, Contract.IN_SIGHT),
        (60, RiskLevel.MEDIUM, Contract.CLOSE),
        (30, RiskLevel.MEDIUM, Contract.IMMINENT),
        (0, RiskLevel.MEDIUM, Contract.IMMINENT),
        (-1, RiskLevel.HIGH, Contract.OVERDUE),
        (-400, RiskLevel.HIGH, Contract.OVERDUE),
    ],
)
def test_the_contract_alone_raises_the_risk_as_it_comes_near(
    left: int, level: RiskLevel, contract: Contract
) -> None:
    found = assess(QUIET, renewal_on=days(left))

    assert (found.level, found.contract, found.until) == (level, contract, days(left))
    assert found.trigger is (None if contract is Contract.FAR else Trigger.CONTRACT_PROXIMITY)


@pytest.mark.parametrize(
    ("values", "behaviour", "level"),
    [
        (QUIET, Behaviour.STEADY, RiskLevel.LOW),
        (AMBER, Behaviour.WATCH, RiskLevel.MEDIUM),
        ({**QUIET, "payment_current": False}, Behaviour.SERIOUS, RiskLevel.HIGH),
        (RED, Behaviour.SEVERE, RiskLevel.HIGH),
    ],
)
def test_the_behaviour_alone_raises_the_risk(
    values: dict[str, Any], behaviour: Behaviour, level: RiskLevel
) -> None:
    found = assess(values)

    assert (found.behaviour, found.level) == (behaviour, level)
    assert found.trigger is (None if behaviour is Behaviour.STEADY else Trigger.BEHAVIORAL)


def test_a_red_account_whose_renewal_is_overdue_is_critical() -> None:
    found = assess(RED, renewal_on=days(-3))

    assert (found.level, found.trigger) == (RiskLevel.CRITICAL, Trigger.COMBINED)
    assert found.facts[0].sentence == (
        "The contract date of 27 February 2026 passed 3 days ago and no renewal is recorded."
    )
    assert found.actions[0].startswith("Find out today whether the contract was renewed")


def test_nothing_is_more_urgent_than_an_overdue_renewal() -> None:
    for levels in churn.RULES.values():
        ranks = [LEVELS.index(levels[contract]) for contract in Contract]
        assert ranks == sorted(ranks)
    for contract in Contract:
        ranks = [LEVELS.index(churn.RULES[behaviour][contract]) for behaviour in Behaviour]
        assert ranks == sorted(ranks)


def test_a_falling_score_counts_against_the_one_of_four_weeks_ago() -> None:
    history = [
        ScorePoint(on=days(-27), score=99),
        ScorePoint(on=days(-28), score=94),
        ScorePoint(on=days(-60), score=99),
    ]

    nine_down = assess({**QUIET, "feature_adoption_rate": 0.0}, history=history)
    more_down = assess({**QUIET, "feature_adoption_rate": 0.0, "tam_health_rag": "Amber"}, history=history)

    assert nine_down.behaviour is Behaviour.STEADY
    assert more_down.behaviour is Behaviour.WATCH
    assert more_down.facts[0].sentence == "The score fell from 94 on 2 February 2026 to 77."


def test_an_amber_account_that_falls_is_serious() -> None:
    found = assess(AMBER, history=[ScorePoint(on=days(-30), score=75)])

    assert (found.behaviour, found.level) == (Behaviour.SERIOUS, RiskLevel.HIGH)


def test_a_score_of_this_week_is_no_trend() -> None:
    assert churn.reference_point([ScorePoint(on=days(-6), score=90)], as_of=TODAY) is None
    young = ScorePoint(on=days(-7), score=90)
    assert churn.reference_point([young, ScorePoint(on=days(-2), score=3)], as_of=TODAY) is young


def test_the_notice_date_goes_before_the_renewal() -> None:
    found = assess(QUIET, notice_on=days(20), renewal_on=days(110))

    assert (found.until, found.contract) == (days(20), Contract.IMMINENT)
    assert found.facts[0].sentence == "Notice can be given until 22 March 2026, in 20 days."


def test_a_notice_date_that_has_passed_gives_way_to_the_renewal_ahead() -> None:
    found = assess(QUIET, notice_on=days(-20), renewal_on=days(40))

    assert (found.until, found.contract) == (days(40), Contract.CLOSE)
    assert [fact.code for fact in found.facts] == [FactCode.RENEWAL, FactCode.NOTICE_PASSED]


def test_an_overdue_renewal_goes_before_a_notice_date_ahead() -> None:
    found = assess(QUIET, notice_on=days(300), renewal_on=days(-2))

    assert (found.until, found.contract) == (days(-2), Contract.OVERDUE)


def test_a_notice_date_alone_that_has_passed_is_overdue() -> None:
    assert assess(QUIET, notice_on=days(-2)).contract is Contract.OVERDUE


def test_the_renewal_may_come_from_the_signals() -> None:
    assert assess({**QUIET, "renewal_days_out": -5}).until == days(-5)
    assert assess({**QUIET, "renewal_days_out": 10**9}).until is None


def test_silence_is_no_good_sign() -> None:
    found = assess({"nps_score": 10}, band=Band.UNKNOWN)

    assert (found.level, found.trigger) == (RiskLevel.MEDIUM, Trigger.BEHAVIORAL)
    assert found.facts[0].sentence == "Too little is known to call a band."


def test_an_unknown_band_with_a_score_under_red_is_severe() -> None:
    assert assess(RED, band=Band.UNKNOWN).behaviour is Behaviour.SEVERE


def test_the_facts_carry_dates_and_plain_words() -> None:
    found = assess(
        {**RED, "last_interaction_days": 75, "support_sentiment": "negative", "escalation_history_count": 2},
        renewal_on=days(45),
    )

    assert [(fact.sentence, fact.on) for fact in found.facts] == [
        ("The contract renews on 16 April 2026, in 45 days.", days(45)),
        ("The account is Red with a score of 0.", TODAY),
        ("Payment is in arrears.", TODAY),
        ("There was no meaningful interaction since 17 December 2025.", days(-75)),
        ("Usage is declining at a login frequency of 25 %.", TODAY),
        ("Support sentiment is negative.", TODAY),
        ("There are 2 past escalations.", TODAY),
    ]
    assert found.narrative == (
        "Churn risk is critical: the behaviour of the account and its contract call for attention at the same time. "
        "The account is Red with a score of 0, payment is in arrears and there was no meaningful interaction since "
        "17 December 2025. The contract renews on 16 April 2026, in 45 days."
    )


def test_a_band_that_stands_as_last_known_says_so() -> None:
    found = assess({"login_frequency_score": 0.9}, band=Band.AMBER)

    assert found.facts[0].sentence == (
        "The account is Amber, as last known, while the data that is left gives a score of 100."
    )


offsets = st.none() | st.integers(-800, 800)


@given(
    signals,
    policies(),
    offsets,
    offsets,
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 100)), max_size=5),
)
def test_every_account_gets_two_or_three_sentences_and_something_to_do(
    account: HealthSignals,
    policy: HealthPolicy,
    notice: int | None,
    renewal: int | None,
    scores: list[tuple[int, int]],
) -> None:
    evaluation = health.evaluate(account, policy)
    context: dict[str, Any] = {
        "score": evaluation.score,
        "band": Band(evaluation.rag),
        "policy": policy,
        "as_of": TODAY,
        "history": [ScorePoint(on=days(-age), score=score) for age, score in scores],
        "notice_on": None if notice is None else days(notice),
        "renewal_on": None if renewal is None else days(renewal),
    }

    found = churn.assess(account, **context)

    assert churn.assess(account, **context) == found
    assert 2 <= len(re.findall(r"\.(?: |$)", found.narrative)) <= 3
    assert 1 <= len(found.actions) <= 4
    assert (found.trigger is None) == (not found.facts)
    if evaluation.rag == "Red":
        assert found.level in (RiskLevel.HIGH, RiskLevel.CRITICAL)
    if found.contract is Contract.OVERDUE:
        assert found.level in (RiskLevel.HIGH, RiskLevel.CRITICAL)
