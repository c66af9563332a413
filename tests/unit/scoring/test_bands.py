"""The effective band: losing data never improves it (SPEC 3.3)."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.scoring import bands, health
from accounts.scoring.bands import Band, EffectiveBand, KnownBand
from accounts.scoring.policy import HealthPolicy
from accounts.scoring.signals import HealthSignals
from tests.unit.scoring.portfolios import BEST, policies, signals

pytestmark = pytest.mark.one_database

MONDAY = date(2026, 3, 2)
GOODNESS = {Band.RED: 0, Band.AMBER: 1, Band.GREEN: 2}
IN_TROUBLE = {**BEST, "payment_current": False, "usage_trend": "declining", "support_sentiment": "negative"}


def on(day: int, values: dict[str, Any], last: EffectiveBand | None = None, **settings: int) -> EffectiveBand:
    evaluation = health.evaluate(HealthSignals(**values), HealthPolicy(**settings))
    return bands.effective_band(
        evaluation, last_known=last.known if last else None, as_of=MONDAY + timedelta(days=day)
    )


def without(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


def test_a_well_known_account_has_its_computed_band() -> None:
    first = on(0, IN_TROUBLE)

    assert first.band is Band.AMBER
    assert first.reason == "The score of 50 lies between 40 and 69, which is Amber."
    assert not first.is_last_known


def test_too_little_data_is_unknown_whatever_the_score() -> None:
    first = on(0, {"nps_score": 9, "support_sentiment": "positive"})

    assert first.band is Band.UNKNOWN
    assert first.known is None
    assert first.reason == (
        "Too little is known to call a band: 8.6 % of the weight was observed, and the policy asks for 40 %."
    )


def test_losing_the_bad_news_does_not_turn_an_account_green() -> None:
    first = on(0, IN_TROUBLE)
    second = on(1, without(IN_TROUBLE, "payment_current"), first)

    assert second.band is Band.AMBER
    assert second.is_last_known
    assert second.lost == ("payment_current",)
    assert second.reason == (
        "Payment (last seen on 2 March 2026) is no longer known. Losing data never improves a band, so it stays "
        "Amber until the data returns or somebody decides to go by the score of 80 alone."
    )


def test_what_was_lost_once_stays_remembered_day_after_day() -> None:
    band = on(0, IN_TROUBLE)
    for day in range(1, 40):
        band = on(day, without(IN_TROUBLE, "payment_current"), band)

    assert band.band is Band.AMBER
    assert "last seen on 2 March 2026" in band.reason


def test_losing_everything_bit_by_bit_never_helps() -> None:
    band, values = on(0, IN_TROUBLE), IN_TROUBLE
    for day, name in enumerate(IN_TROUBLE, start=1):
        values = without(values, name)
        band = on(day, values, band)

        assert band.band is Band.AMBER

    assert values == {}
    assert "The band last known on" in band.reason


def test_data_that_is_there_may_improve_the_band_while_other_data_is_lost() -> None:
    first = on(0, IN_TROUBLE)
    second = on(1, {**without(IN_TROUBLE, "seats_utilization"), "payment_current": True}, first)

    assert second.band is Band.GREEN
    assert not second.is_last_known


def test_under_the_minimum_coverage_nothing_improves() -> None:
    first = on(0, IN_TROUBLE)
    second = on(1, {"payment_current": True, "support_sentiment": "positive"}, first)

    assert second.band is Band.AMBER
    assert second.is_last_known
    assert second.reason.endswith(
        "The band last known on 2 March 2026, Amber, stands until data returns or somebody decides."
    )


def test_under_the_minimum_coverage_bad_news_still_counts() -> None:
    first = on(0, {**IN_TROUBLE, "tam_health_rag": "Amber"})
    second = on(1, {"escalation_history_count": 3}, first)

    assert second.band is Band.RED
    assert "already makes the account Red; it was Amber" in second.reason


def test_the_band_returns_with_the_data() -> None:
    first = on(0, IN_TROUBLE)
    second = on(1, {}, first)
    third = on(2, BEST, second)

    assert (second.band, third.band) == (Band.AMBER, Band.GREEN)
    assert not third.is_last_known
    assert third.lost == ()


def test_a_person_may_decide_to_go_by_what_there_is() -> None:
    decided = on(1, without(IN_TROUBLE, "payment_current"), None)

    assert decided.band is Band.GREEN


def test_a_new_policy_counts_for_what_is_remembered_too() -> None:
    first = on(0, IN_TROUBLE)
    second = on(1, without(IN_TROUBLE, "payment_current"), first, payment_penalty=60)

    assert second.band is Band.RED


def test_what_is_known_survives_json() -> None:
    known = on(0, IN_TROUBLE).known

    assert known is not None
    assert KnownBand.from_mapping(json.loads(json.dumps(known.to_mapping()))) == known


@given(signals, st.sets(st.sampled_from(tuple(BEST))), policies())
def test_losing_data_never_improves_the_band(
    account: HealthSignals, lost: set[str], policy: HealthPolicy
) -> None:
    before = bands.effective_band(health.evaluate(account, policy), last_known=None, as_of=MONDAY)
    left = account.without(frozenset(lost))
    after = bands.effective_band(health.evaluate(left, policy), last_known=before.known, as_of=MONDAY)

    if before.band is Band.UNKNOWN:
        assert after.band is Band.UNKNOWN
    else:
        assert after.band is before.band


@given(st.lists(signals, min_size=2, max_size=6), policies())
def test_the_effective_band_is_never_better_than_the_computed_one(
    days: list[HealthSignals], policy: HealthPolicy
) -> None:
    known = None
    for day, account in enumerate(days):
        evaluation = health.evaluate(account, policy)
        shown = bands.effective_band(evaluation, last_known=known, as_of=MONDAY + timedelta(days=day))
        known = shown.known

        assert len(shown.reason) <= 300
        if shown.band is Band.UNKNOWN:
            assert known is None
        else:
            assert GOODNESS[shown.band] <= GOODNESS[Band(evaluation.rag)]
