"""What adoption coaching recommends, on what evidence, and in what order (SPEC 1, 4.4)."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from accounts.scoring import coaching
from accounts.scoring.coaching import Benchmark, Cause, Known, Peers
from accounts.scoring.policy import HealthPolicy
from accounts.scoring.signals import HealthSignals

TODAY = date(2026, 5, 14)
WELL = {
    "feature_adoption_rate": 0.8,
    "usage_trend": "stable",
    "login_frequency_score": 0.9,
    "seats_utilization": 0.95,
    "stakeholder_engagement_score": 0.9,
    "support_sentiment": "positive",
}


def known(signals: dict[str, Any] | None = None, **fields: Any) -> Known:
    return Known(
        signals=HealthSignals(**{**WELL, **(signals or {})}),
        policy=HealthPolicy(),
        as_of=TODAY,
        **{"seats": (95, 100), **fields},
    )


def test_each_idle_feature_is_an_area_of_its_own_with_dated_evidence() -> None:
    found = coaching.recommend(
        known(
            {"feature_adoption_rate": 0.4},
            licensed=["Rotas", "Swaps", "Forecast"],
            used=["rotas "],
            benchmark=Benchmark(segment="Mid-Market", median=0.6, accounts=12),
            since={"features_used": date(2026, 3, 2), "feature_adoption_rate": date(2026, 4, 1)},
        )
    )

    assert [one.area for one in found.recommendations] == ["Swaps", "Forecast"]
    assert {one.cause for one in found.recommendations} == {Cause.FEATURE}
    first = found.recommendations[0].evidence
    assert [(one.signal, one.on) for one in first] == [
        ("features_used", date(2026, 3, 2)),
        ("feature_adoption_rate", date(2026, 4, 1)),
    ]
    assert first[1].sentence == (
        "Feature adoption is 40 %; the median of 12 accounts of the segment Mid-Market is 60 %."
    )
    assert "(n = 12)" in found.scope


def test_what_most_comparable_accounts_use_comes_first_and_three_at_a_time() -> None:
    peers = {
        "swaps": Peers(licensed=20, used=4),
        "forecast": Peers(licensed=20, used=18),
        "time clock": Peers(licensed=9, used=9),
    }

    found = coaching.recommend(
        known(licensed=["Swaps", "Time clock", "Budget", "Forecast"], used=[], peers=peers)
    )

    assert [one.area for one in found.recommendations] == ["Forecast", "Swaps", "Time clock"]
    assert "18 of 20 comparable customers" in found.recommendations[0].why
    # Nine accounts are too few to compare with.
    assert len(found.recommendations[2].evidence) == 1


def test_without_a_list_of_features_it_speaks_of_overall_adoption_and_says_so() -> None:
    found = coaching.recommend(
        known({"feature_adoption_rate": 0.3}, benchmark=Benchmark(segment="SMB", median=0.5, accounts=9))
    )

    assert [one.cause for one in found.recommendations] == [Cause.ADOPTION]
    assert "speaks of adoption as a whole" in found.recommendations[0].why
    assert "speaks of overall adoption" in found.scope
    # Nine accounts make no benchmark: the thresholds are what it is held to.
    assert "there is no median to compare" in found.scope
    assert "50 % that the thresholds ask for" in found.recommendations[0].evidence[0].sentence


def test_adoption_that_fell_calls_for_it_although_it_is_above_the_median() -> None:
    found = coaching.recommend(
        known(
            {"feature_adoption_rate": 0.62},
            before=(date(2026, 2, 19), 0.7),
            benchmark=Benchmark(segment="SMB", median=0.5, accounts=30),
        )
    )

    assert found.recommendations[0].evidence[0].sentence == (
        "Feature adoption fell from 70 % on 19 February 2026 to 62 %."
    )


def test_logins_and_seats_call_for_steps_of_their_own() -> None:
    found = coaching.recommend(
        known(
            {"usage_trend": "declining", "login_frequency_score": 0.2, "seats_utilization": 0.3},
            seats=(30, 100),
        )
    )

    assert [one.cause for one in found.recommendations] == [Cause.USAGE, Cause.SEATS]
    assert found.recommendations[1].title.startswith("Name who gets the 70 unused seats")
    assert [one.signal for one in found.recommendations[0].evidence] == [
        "usage_trend",
        "login_frequency_score",
    ]


def test_complaints_come_first_but_are_no_reason_for_a_plan_by_themselves() -> None:
    unhappy = {
        "support_sentiment": "negative",
        "support_ticket_volume": 3,
        "stakeholder_engagement_score": 0.1,
    }

    alone = coaching.recommend(known(unhappy))
    beside = coaching.recommend(known({**unhappy, "feature_adoption_rate": 0.2}))

    assert alone.recommendations == ()
    assert alone.scope.endswith("Nothing calls for coaching.")
    assert [one.cause for one in beside.recommendations] == [Cause.COMPLAINT, Cause.ADOPTION, Cause.SPONSOR]
    assert beside.recommendations[0].why.startswith("3 tickets are open.")


def test_a_plan_is_a_step_a_week_on_working_days_and_a_look_back() -> None:
    found = coaching.recommend(known(licensed=["Swaps", "Forecast"], used=[]))

    steps = coaching.steps(found, as_of=TODAY)

    assert [step.due_on for step in steps] == [date(2026, 5, 19), date(2026, 5, 26), date(2026, 6, 16)]
    assert steps[-1].title.startswith("Look at the figures together")


def test_nothing_to_recommend_is_no_plan() -> None:
    assert coaching.steps(coaching.recommend(known()), as_of=TODAY) == ()


SHARE = st.none() | st.floats(0, 1)
NAMES = st.none() | st.lists(st.text(max_size=90), max_size=6)


@given(
    rate=SHARE, logins=SHARE, engaged=SHARE, seats=st.tuples(st.integers(0, 500), st.integers(1, 500)),
    trend=st.sampled_from([None, "growing", "stable", "declining"]), licensed=NAMES, used=NAMES,
    as_of=st.dates(date(2000, 1, 1), date(2100, 1, 1)), before=SHARE, n=st.integers(0, 30),
)  # fmt: skip
def test_whatever_is_known_each_recommendation_has_evidence_that_is_not_of_the_future(
    rate: Any, logins: Any, engaged: Any, seats: tuple[int, int], trend: Any, licensed: Any, used: Any, as_of: date,
    before: Any, n: int,
) -> None:  # fmt: skip
    found = coaching.recommend(
        Known(
            signals=HealthSignals(
                feature_adoption_rate=rate,
                login_frequency_score=logins,
                usage_trend=trend,
                stakeholder_engagement_score=engaged,
                seats_utilization=seats[0] / seats[1],
            ),
            policy=HealthPolicy(),
            as_of=as_of,
            licensed=licensed,
            used=used,
            benchmark=Benchmark(segment="S", median=0.5, accounts=n),
            before=None if before is None else (as_of - timedelta(weeks=12), before),
            seats=seats,
        )
    )

    for one in found.recommendations:
        assert one.evidence
        assert one.title
        assert one.why
        assert all(fact.on <= as_of for fact in one.evidence)
        assert n >= 10 or "median of" not in " ".join(fact.sentence for fact in one.evidence)
    steps = coaching.steps(found, as_of=as_of)
    assert [step.due_on for step in steps] == sorted(step.due_on for step in steps)
    assert all(step.due_on.weekday() < 5 and step.due_on > as_of for step in steps)
    assert all(len(step.title) <= 300 for step in steps)
    idle = [one.area for one in found.recommendations if one.cause is Cause.FEATURE]
    assert len(idle) == len({name.casefold() for name in idle}) <= coaching.MOST_FEATURES
