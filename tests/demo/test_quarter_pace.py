"""How far the demo's reviews are: in order and believable whatever the day, nothing before its time."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csm_portal.demo import quarter_pace
from csm_portal.demo.quarter_pace import Reached

pytestmark = pytest.mark.one_database

ENDED_ON = date(2026, 10, 1)
BERLIN = ZoneInfo("Europe/Berlin")


def book(days: int, of: int = 100) -> Counter[Reached]:
    return Counter(quarter_pace.reached(place, of, days=days) for place in range(of))


@pytest.mark.parametrize(("days", "low", "high"), [(0, 1, 8), (14, 45, 55), (49, 80, 90), (91, 85, 92)])
def test_so_many_of_a_hundred_are_published(days, low, high):
    assert low <= book(days)[Reached.PUBLISHED] <= high


@given(days=st.integers(min_value=0, max_value=92))
@settings(max_examples=30, deadline=None)
def test_every_state_occurs_on_every_day_and_a_handful_at_the_end(days):
    counts = book(days)

    assert all(counts[stage] for stage in Reached)
    if days >= 49:
        assert sum(counts[stage] for stage in Reached if stage is not Reached.PUBLISHED) <= 15


@given(days=st.integers(min_value=0, max_value=91), of=st.integers(min_value=1, max_value=120))
@settings(max_examples=30, deadline=None)
def test_nothing_goes_back_from_one_day_to_the_next(days, of):
    for place in range(of):
        published = [
            quarter_pace.reached(place, of, days=day) is Reached.PUBLISHED for day in (days, days + 1)
        ]
        assert published != [True, False]


@given(
    # The second one begins on a Saturday.
    ended_on=st.sampled_from([ENDED_ON, date(2028, 1, 1)]),
    since=st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=90)),
    place=st.integers(min_value=0, max_value=99),
)
@settings(max_examples=100, deadline=None)
def test_steps_lie_in_order_after_the_quarter_and_before_now(ended_on, since, place):
    begin = datetime.combine(ended_on, datetime.min.time(), tzinfo=BERLIN).astimezone(UTC)
    now = begin + since

    course = quarter_pace.course("Acme", place, 100, ended_on=ended_on, now=now, zone=BERLIN)

    steps = [course.begun_at, course.submitted_at, course.decided_at, course.published_at]
    known = [step for step in steps if step is not None]
    assert steps == known + [None] * (4 - len(known))
    assert known == sorted(known)
    assert len(set(known)) == len(known)
    assert len(known) == {0: 0, 1: 1, 2: 3, 3: 2, 4: 3, 5: 4}[course.reached]
    assert all(begin <= step <= now for step in known)
    assert course == quarter_pace.course("Acme", place, 100, ended_on=ended_on, now=now, zone=BERLIN)


def test_of_an_earlier_quarter_almost_all_were_published_before_the_next_one_ended():
    now = datetime(2027, 1, 4, 9, 0, tzinfo=BERLIN)

    courses = [
        quarter_pace.course("Acme", place, 100, ended_on=ENDED_ON, now=now, zone=BERLIN)
        for place in range(100)
    ]

    reached = Counter(course.reached for course in courses)
    assert reached == {Reached.PUBLISHED: 96, Reached.NOTHING: 4}
    published = [course.published_at for course in courses if course.published_at is not None]
    assert all(datetime.combine(ENDED_ON, datetime.min.time(), tzinfo=BERLIN) < at < now for at in published)
    # As it was while the quarter was the last one.
    assert sum(at.date() < ENDED_ON + timedelta(days=31) for at in published) > 60


def test_who_publishes_does_so_on_working_days():
    now = datetime.combine(ENDED_ON + timedelta(days=53), datetime.min.time(), tzinfo=BERLIN)
    for place in range(86):
        course = quarter_pace.course("Acme", place, 100, ended_on=ENDED_ON, now=now, zone=BERLIN)
        assert course.published_at is not None
        assert course.published_at.weekday() < 5
