"""The smallest change that reaches a band: it reaches it, nothing of it can be spared, and fewer inputs do not do."""

from itertools import combinations

import pytest
from hypothesis import given

from accounts.scoring import what_if
from accounts.scoring.health import Evaluation, evaluate
from accounts.scoring.policy import HealthPolicy
from accounts.scoring.signals import INPUT_NAMES, HealthSignals, Rag
from tests.unit.scoring.portfolios import signals

WORST = HealthSignals(
    feature_adoption_rate=0.0,
    support_ticket_volume=40,
    support_sentiment="negative",
    last_interaction_days=300,
    login_frequency_score=0.0,
    usage_trend="declining",
    payment_current=False,
    stakeholder_engagement_score=0.0,
    nps_score=0,
    renewal_days_out=-5,
    seats_utilization=0.1,
    escalation_history_count=9,
    tam_health_rag="Red",
)


def scored(**inputs: object) -> Evaluation:
    return evaluate(HealthSignals(**inputs), HealthPolicy())  # type: ignore[arg-type]


def test_one_input_that_alone_reaches_green_is_moved_no_further_than_needed():
    account = scored(payment_current=False, feature_adoption_rate=0.2)
    assert account.rag is not Rag.GREEN

    ways = what_if.ways_to(Rag.GREEN, account)

    assert {step.input for way in ways for step in way.steps} <= {"payment_current", "feature_adoption_rate"}
    assert all(len(way.steps) == 1 and way.score >= account.policy.amber_threshold for way in ways)


def test_what_is_reached_already_needs_no_way():
    assert what_if.ways_to(Rag.GREEN, scored(feature_adoption_rate=1.0)) == ()


def test_the_worst_account_has_no_small_way():
    assert what_if.ways_to(Rag.GREEN, evaluate(WORST, HealthPolicy())) == ()


def test_no_way_asks_to_move_the_renewal_or_the_past():
    account = scored(renewal_days_out=-30, escalation_history_count=30, payment_current=False)

    moved = {step.input for way in what_if.ways_to(Rag.GREEN, account) for step in way.steps}

    assert moved <= {"payment_current"}


@given(signals)
def test_a_way_leads_there_and_nothing_of_it_can_be_spared(known: HealthSignals):
    account = evaluate(known, HealthPolicy())
    floor = account.policy.amber_threshold

    for way in what_if.ways_to(Rag.GREEN, account):
        given_values = {step.input: step.value for step in way.steps}
        assert what_if.tried(account, given_values).score == way.score >= floor
        for left_out in given_values:
            rest = {name: value for name, value in given_values.items() if name != left_out}
            assert what_if.tried(account, rest).score < floor


@given(signals)
def test_fewer_inputs_do_not_do(known: HealthSignals):
    account = evaluate(known, HealthPolicy())
    ways = what_if.ways_to(Rag.GREEN, account)
    if not ways:
        return
    best = {
        "feature_adoption_rate": 1.0,
        "support_ticket_volume": 0,
        "support_sentiment": "positive",
        "last_interaction_days": 0,
        "login_frequency_score": 1.0,
        "usage_trend": "growing",
        "payment_current": True,
        "stakeholder_engagement_score": 1.0,
        "nps_score": 10,
        "seats_utilization": 1.0,
        "tam_health_rag": "Green",
    }
    movable = [name for name in best if getattr(known, name) is not None]
    for names in combinations(movable, len(ways[0].steps) - 1):
        moved = what_if.tried(account, {name: best[name] for name in names})
        assert moved.score < account.policy.amber_threshold


def test_a_value_that_no_input_takes_is_refused_by_name():
    with pytest.raises(ValueError, match="feature_adoption_rate"):
        what_if.tried(scored(), {"feature_adoption_rate": 7})


def test_everything_but_time_and_the_past_can_be_moved():
    moved = set(INPUT_NAMES) - what_if.BEYOND_REACH

    assert len(moved) == 11


@given(signals)
def test_the_goal_is_the_best_band_that_a_small_change_reaches_and_says_why(known: HealthSignals):
    account = evaluate(known, HealthPolicy())

    goal = what_if.goal(account)

    if account.rag is Rag.GREEN:
        assert goal == what_if.Goal(band=None, ways=(), why="")
        return
    green = what_if.ways_to(Rag.GREEN, account)
    assert goal.ways == (green or what_if.ways_to(Rag.AMBER, account))
    assert (goal.band is Rag.GREEN) is bool(green)
    assert goal.why.endswith(".")


@pytest.mark.parametrize(
    ("inputs", "why"),
    [
        ({"payment_current": False, "tam_health_rag": "Amber"}, "Green begins at 70: 8 points to go."),
        (
            {name: getattr(WORST, name) for name in INPUT_NAMES if name != "renewal_days_out"},
            "Green would take more than four inputs at once.",
        ),
    ],
)
def test_the_goal_names_its_reason(inputs: dict[str, object], why: str):
    assert what_if.goal(scored(**inputs)).why == why


def test_time_is_blamed_only_where_it_holds_the_account():
    strict = HealthPolicy(escalation_penalty=20, escalation_penalty_limit=60)
    account = evaluate(HealthSignals(escalation_history_count=3, payment_current=False), strict)

    goal = what_if.goal(account)

    assert goal.band is Rag.AMBER
    assert goal.why == (
        "Green is out of reach for now: all that people can move at its best comes to 40 because of escalations "
        "(60 points), which only time moves. Amber begins at 40, and is the next step."
    )
