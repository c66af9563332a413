"""The result that leaves the portal (SPEC 3.4)."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from pydantic import ValidationError

from accounts.scoring import explain, health, results
from accounts.scoring.policy import HealthPolicy
from accounts.scoring.results import CSMHealthScoreResult
from accounts.scoring.signals import HealthSignals
from tests.unit.scoring.portfolios import WORST, signals

pytestmark = pytest.mark.one_database

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def result(**given: Any) -> CSMHealthScoreResult:
    values = {"account_id": "a-1", "score": 80, "rag_status": "Green", "scan_timestamp": NOON, **given}
    return CSMHealthScoreResult(**values)


@pytest.mark.parametrize(
    ("score", "rag", "previous", "alerts"),
    [
        (80, "Green", None, False),
        (80, "Green", "Red", False),
        (60, "Amber", None, False),
        (60, "Amber", "Amber", False),
        (60, "Amber", "Green", True),
        (60, "Amber", "Red", False),
        (39, "Red", "Red", True),
        (39, "Red", None, True),
        (39, "Unknown", None, True),
        (90, "Unknown", "Green", False),
        # The band that was last known stands although the data left would score well.
        (90, "Red", "Amber", True),
        (90, "Red", "Red", False),
        (40, "Amber", "Amber", False),
    ],
)
def test_somebody_must_hear_of_red_and_of_a_fall_from_green(
    score: int, rag: str, previous: str | None, alerts: bool
) -> None:
    assert result(score=score, rag_status=rag, previous_rag=previous).should_alert is alerts


def test_the_red_threshold_is_the_tenants() -> None:
    assert result(score=45, rag_status="Red", previous_rag="Red", red_threshold=50).should_alert
    assert not result(score=45, rag_status="Amber", previous_rag="Amber", red_threshold=45).should_alert


def test_should_alert_is_computed_and_cannot_be_given() -> None:
    with pytest.raises(ValidationError, match="should_alert follows from the score"):
        result(should_alert=True)


def test_a_result_survives_json() -> None:
    evaluation = health.evaluate(HealthSignals(**WORST), HealthPolicy())
    first = result(
        score=evaluation.score,
        rag_status=evaluation.rag,
        previous_score=71,
        previous_rag="Green",
        breakdown=results.breakdown(explain.rows(evaluation)),
    )

    assert CSMHealthScoreResult.model_validate_json(first.model_dump_json()) == first
    assert first.model_dump()["should_alert"] is True


@given(signals)
def test_the_breakdown_of_every_account_is_accepted(account: HealthSignals) -> None:
    evaluation = health.evaluate(account, HealthPolicy())
    made = result(
        score=evaluation.score,
        rag_status=evaluation.rag,
        breakdown=results.breakdown(explain.rows(evaluation)),
    )

    assert sum(row.penalty for row in made.breakdown) == 100 - made.score


def test_a_breakdown_that_does_not_explain_the_score_is_refused() -> None:
    rows = results.breakdown(
        explain.rows(health.evaluate(HealthSignals(payment_current=False), HealthPolicy()))
    )

    with pytest.raises(ValidationError, match="The penalties come to 30, but 100 − 80 is 20"):
        result(score=80, breakdown=rows)


def test_the_time_is_kept_in_utc_and_needs_a_zone() -> None:
    berlin = timezone(timedelta(hours=1))

    assert result(scan_timestamp=NOON.astimezone(berlin)).scan_timestamp.tzinfo is UTC
    with pytest.raises(ValidationError, match="timezone"):
        result(scan_timestamp=NOON.replace(tzinfo=None))


@pytest.mark.parametrize(
    "wrong", [{"score": 101}, {"score": -1}, {"rag_status": "Orange"}, {"account_id": ""}, {"mood": 3}]
)
def test_what_cannot_be_a_result_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        result(**wrong)
