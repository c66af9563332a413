"""A policy fitted to what happened: it finds a signal, stays within its bounds, and leaves the rest alone."""

import math
import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.scoring import backtest, calibration, engine_v1, health
from accounts.scoring.policy import HealthPolicy, weights
from accounts.scoring.signals import INPUT_NAMES, HealthSignals

pytestmark = pytest.mark.one_database


def generated(count: int, *, seed: int = 1) -> tuple[list[HealthSignals], list[bool]]:
    """Make accounts that leave for little use and for complaints, and never for arrears or adoption."""
    dice = random.Random(seed)
    accounts, churned = [], []
    for _ in range(count):
        login, complains = dice.random(), dice.random() < 0.3
        accounts.append(
            HealthSignals(
                login_frequency_score=login,
                support_sentiment="negative" if complains else "positive",
                payment_current=dice.random() < 0.8,
                feature_adoption_rate=dice.random(),
                renewal_days_out=60,
            )
        )
        odds = -3.5 + 4 * (1 - login) + 1.5 * complains
        churned.append(dice.random() < 1 / (1 + math.exp(-odds)))
    return accounts, churned


def test_it_finds_what_the_outcomes_hang_on_and_does_better_on_accounts_it_has_not_seen() -> None:
    found = calibration.calibrate(*generated(1200), current=HealthPolicy())
    unseen, truth = generated(1200, seed=2)

    def reached(policy: HealthPolicy) -> float:
        return backtest.auc([health.evaluate(one, policy).score for one in unseen], truth)

    cost = weights(found.policy)
    assert reached(found.policy) > reached(HealthPolicy()) + 0.03
    assert cost["login_frequency_score"] > 2 * cost["payment_current"]
    assert cost["support_sentiment"] > 2 * cost["feature_adoption_rate"]


def test_what_the_history_does_not_vary_keeps_its_settings() -> None:
    current = HealthPolicy(nps_penalty=13, renewal_penalty_due=19, tam_penalty_red=21, seats_threshold=80)

    found = calibration.calibrate(*generated(300), current=current)

    assert {"nps_score", "renewal_days_out", "tam_health_rag"} <= set(found.kept)
    for name in (
        "nps_penalty",
        "renewal_penalty_due",
        "tam_penalty_red",
        "seats_threshold",
        "minimum_coverage",
    ):
        assert getattr(found.policy, name) == getattr(current, name)


def test_an_input_that_is_to_be_kept_is_not_touched() -> None:
    found = calibration.calibrate(
        *generated(300), current=HealthPolicy(), keep=frozenset({"login_frequency_score"})
    )

    assert "login_frequency_score" in found.kept
    assert found.policy.login_penalty == HealthPolicy().login_penalty


def test_red_and_amber_part_those_who_leave_from_those_who_stay() -> None:
    accounts, churned = generated(1200)

    policy = calibration.calibrate(accounts, churned, current=HealthPolicy()).policy

    bands = [str(health.evaluate(one, policy).rag) for one in accounts]
    rates = [
        sum(gone for band, gone in zip(bands, churned, strict=True) if band == wanted) / bands.count(wanted)
        for wanted in ("Green", "Amber", "Red")
    ]
    assert rates == sorted(rates)
    assert bands.count("Red") <= sum(churned)


def test_too_few_that_left_are_told() -> None:
    accounts, _ = generated(40)

    with pytest.raises(calibration.NotEnough, match="9 left and 31 stayed"):
        calibration.calibrate(accounts, [True] * 9 + [False] * 31, current=HealthPolicy())


def test_accounts_that_do_not_differ_teach_nothing() -> None:
    with pytest.raises(calibration.NotEnough, match="No input differs"):
        calibration.calibrate([HealthSignals(nps_score=5)] * 40, [True, False] * 20, current=HealthPolicy())


def test_outcomes_that_contradict_every_signal_leave_the_policy_as_it_is() -> None:
    accounts = [HealthSignals(login_frequency_score=number / 100) for number in range(100)]

    found = calibration.calibrate(accounts, [number >= 50 for number in range(100)], current=HealthPolicy())

    assert found.policy.login_penalty == HealthPolicy().login_penalty


ratio = st.one_of(st.none(), st.integers(0, 100).map(lambda percent: percent / 100))
signals = st.builds(
    HealthSignals,
    feature_adoption_rate=ratio,
    support_ticket_volume=st.one_of(st.none(), st.integers(0, 80)),
    support_sentiment=st.sampled_from([None, "positive", "neutral", "negative"]),
    last_interaction_days=st.one_of(st.none(), st.integers(0, 400)),
    login_frequency_score=ratio,
    usage_trend=st.sampled_from([None, "growing", "stable", "declining"]),
    payment_current=st.sampled_from([None, True, False]),
    stakeholder_engagement_score=ratio,
    nps_score=st.one_of(st.none(), st.integers(0, 10)),
    renewal_days_out=st.one_of(st.none(), st.integers(-30, 200)),
    seats_utilization=st.one_of(st.none(), st.integers(0, 150).map(lambda percent: percent / 100)),
    escalation_history_count=st.one_of(st.none(), st.integers(0, 9)),
    tam_health_rag=st.sampled_from([None, "Green", "Amber", "Red"]),
)


@given(st.lists(signals, min_size=1, max_size=5))
def test_the_terms_that_are_fitted_are_the_curves_of_the_engine(accounts: list[HealthSignals]) -> None:
    policy = HealthPolicy()
    terms = calibration._terms(calibration._Values.of(accounts), calibration._settings(policy), policy)
    points = calibration._term_points(policy)

    for at, account in enumerate(accounts):
        charged = dict(zip(INPUT_NAMES, engine_v1.penalties(account, policy), strict=True))
        for name, of in calibration._TERMS_OF.items():
            assert abs(sum(terms[term][at] * points[term] for term in of) - charged[name]) <= 0.51


@settings(max_examples=5, deadline=None)
@given(st.lists(st.tuples(signals, st.booleans()), min_size=40, max_size=50))
def test_whatever_happened_the_proposal_is_a_policy_that_the_form_would_take(
    rows: list[tuple[HealthSignals, bool]],
) -> None:
    accounts, churned = [one for one, _ in rows], [gone for _, gone in rows]
    try:
        first = calibration.calibrate(accounts, churned, current=HealthPolicy())
    except calibration.NotEnough:
        return

    # Building one raises PolicyError for a figure out of its range, an order upside down, a sum under 100.
    assert HealthPolicy.from_mapping(first.policy.to_mapping()) == first.policy
    assert set(first.fitted) | set(first.kept) == set(INPUT_NAMES)
    assert calibration.calibrate(accounts, churned, current=HealthPolicy()).policy == first.policy


def test_no_web_process_loads_what_fitting_needs() -> None:
    loads = "import django; django.setup(); import csm_portal.urls, sys; print({'scipy', 'numpy'} & set(sys.modules))"

    ran = subprocess.run(
        [sys.executable, "-c", loads], capture_output=True, text=True, check=True, timeout=120
    )

    assert ran.stdout.strip().endswith("set()")


def test_where_most_accounts_cost_little_the_penalties_grow_and_the_lines_stay_where_people_look() -> None:
    dice = random.Random(3)
    accounts = [HealthSignals(login_frequency_score=0.55 + 0.45 * dice.random()) for _ in range(400)]
    churned = [account.login_frequency_score < 0.6 for account in accounts]  # type: ignore[operator]

    policy = calibration.calibrate(accounts, churned, current=HealthPolicy()).policy

    assert policy.red_threshold <= 60
    assert policy.red_threshold < policy.amber_threshold <= 85
