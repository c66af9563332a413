"""Which quarter a review covers."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qbr import quarters
from qbr.quarters import Quarter

DAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))


@settings(deadline=None)
@given(DAYS)
def test_a_day_lies_in_its_quarter_and_in_no_other(day):
    quarter = quarters.quarter_of(day)

    assert day in quarter
    assert day not in quarter.previous
    assert day not in quarter.next


@settings(deadline=None)
@given(DAYS)
def test_quarters_follow_one_another_without_gaps(day):
    quarter = quarters.quarter_of(day)

    assert quarter.previous.end == quarter.start
    assert quarter.next.start == quarter.end
    assert quarter.last_day + timedelta(days=1) == quarter.end
    assert quarter.next.previous == quarter


@settings(deadline=None)
@given(DAYS)
def test_a_label_is_read_back(day):
    quarter = quarters.quarter_of(day)

    assert quarters.from_label(quarter.label) == quarter


@pytest.mark.parametrize("label", ["", "Q5 2026", "2026", "Q1", "Q1 26", "Q1 ２０２６", "Q0 2026"])
def test_anything_else_is_not_a_label(label):
    with pytest.raises(ValueError, match="is not a quarter"):
        quarters.from_label(label)


@pytest.mark.parametrize("label", ["Q1 0000", "Q1 0001", "Q4 1989", "Q4 9999"])
def test_a_year_that_nobody_reviews_is_a_slip(label):
    with pytest.raises(ValueError, match="years from 1990 to 2199"):
        quarters.from_label(label)


def test_the_first_of_a_quarter_reviews_the_one_just_ended():
    period = quarters.scheduled_period(date(2026, 1, 1))

    assert period.quarter.label == "Q4 2025"
    assert period.as_of == date(2025, 12, 31)
    assert not period.is_to_date


def test_on_demand_the_running_quarter_is_reviewed_to_date():
    period = quarters.requested_period(date(2026, 5, 14))

    assert period.quarter == Quarter(year=2026, number=2)
    assert period.as_of == date(2026, 5, 14)
    assert period.is_to_date


def test_there_is_no_fifth_quarter():
    with pytest.raises(ValueError, match="quarters 1 to 4"):
        Quarter(year=2026, number=5)
