"""Many accounts scored at once: to the point what the long way says, account by account."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.scoring import bands, health
from accounts.scoring.bands import KnownBand
from accounts.scoring.many import ManyScorer
from accounts.scoring.policy import HealthPolicy
from accounts.scoring.signals import HealthSignals
from tests.unit.scoring.portfolios import policies, signals

pytestmark = pytest.mark.one_database

YESTERDAY, TODAY = date(2026, 5, 13), date(2026, 5, 14)


@given(st.lists(signals, min_size=1, max_size=6), policies())
def test_the_short_way_gives_the_score_and_coverage_of_the_long_one(
    accounts: list[HealthSignals], policy: HealthPolicy
) -> None:
    many = ManyScorer(policy)

    for account in accounts:
        long_way, inputs = health.evaluate(account, policy), account.to_mapping()
        assert many.score(inputs) == long_way.score
        assert many.is_covered(inputs) == long_way.is_covered
        assert many.rag(long_way.score) == long_way.rag


@given(signals, signals, policies(), policies())
def test_the_shown_band_is_the_effective_one_whatever_was_lost_since(
    before: HealthSignals, now: HealthSignals, then_policy: HealthPolicy, policy: HealthPolicy
) -> None:
    first = bands.effective_band(health.evaluate(before, then_policy), last_known=None, as_of=YESTERDAY)
    today = bands.effective_band(health.evaluate(now, then_policy), last_known=first.known, as_of=TODAY)
    memory: dict[str, Any] = {} if today.known is None else today.known.to_mapping()

    evaluation = health.evaluate(now, policy)
    expected = bands.effective_band(evaluation, last_known=_stored(memory), as_of=TODAY)

    shown = ManyScorer(policy).shown(now.to_mapping(), stored_band=today.band, known=memory)
    assert shown == (evaluation.score, expected.band)


@given(signals, policies(), policies())
def test_a_score_that_stands_on_its_own_inputs_needs_no_memory(
    now: HealthSignals, then_policy: HealthPolicy, policy: HealthPolicy
) -> None:
    stored = bands.effective_band(health.evaluate(now, then_policy), last_known=None, as_of=TODAY)
    evaluation = health.evaluate(now, policy)
    expected = bands.effective_band(evaluation, last_known=stored.known, as_of=TODAY)

    shown = ManyScorer(policy).shown(now.to_mapping(), stored_band=stored.band, known={})

    assert shown == (evaluation.score, expected.band)


def _stored(memory: dict[str, Any]) -> KnownBand | None:
    return KnownBand.from_mapping(memory) if memory else None
