"""What P6 divides by what (``benchmarks/sync.py``)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from benchmarks import sync

BEGUN = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SYNC = sync.Sync(
    rows=25_000,
    is_first=True,
    state="done",
    seconds=66.0,
    processor=12.0,
    requests=256,
    at_once=4,
    busiest=180,
    refused=0,
    waited=0.0,
    stored=25_000,
)


def arrival(begun: float, ended: float) -> dict[str, str]:
    at, answered_at = ((BEGUN + timedelta(seconds=moment)).isoformat() for moment in (begun, ended))
    return {"at": at, "answered_at": answered_at}


def test_the_budget_limits_what_asks_more_often_than_it_allows_and_latency_the_rest() -> None:
    assert (SYNC.by_latency, SYNC.by_budget) == (16.0, 60.0)
    assert SYNC.ratio == pytest.approx(1.1)
    assert replace(SYNC, requests=180).by_budget == 0
    assert replace(SYNC, requests=104, at_once=1, seconds=28.6).ratio == pytest.approx(1.1)


def test_a_sync_that_is_slow_or_lost_a_row_or_passed_the_budget_falls_short() -> None:
    assert all(figure.is_reached for figure in SYNC.figures())
    for worse in (
        {"seconds": 70.0},
        {"stored": 24_999},
        {"busiest": 181},
        {"refused": 1},
        {"state": "failed"},
    ):
        assert not all(figure.is_reached for figure in replace(SYNC, **worse).figures()), worse


def test_one_request_beside_the_others_is_no_second_window() -> None:
    chain = [arrival(number, number + 0.9) for number in range(30)]

    assert sync._at_once(chain) == 1
    assert sync._at_once([*chain, arrival(3.1, 3.4)]) == 1
    assert sync._at_once([*chain, *(arrival(number, number + 0.9) for number in range(10))]) == 2
