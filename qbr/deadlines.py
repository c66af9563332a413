"""When a review is due, and when somebody is reminded of it. Pure: the day comes as an argument.

A review is due thirty days after its quarter ended. Before a renewal it is due thirty days ahead of that, so that
something can still be done; nobody is given less than a week.
"""

from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from qbr.workflow import State

AFTER_QUARTER: Final = timedelta(days=30)
BEFORE_RENEWAL: Final = timedelta(days=30)
RENEWAL_WINDOW: Final = timedelta(days=90)
"""How long before a renewal its review is begun (SPEC 6.4)."""

LEAST: Final = timedelta(days=7)
SOON: Final = timedelta(days=7)
WAITS_TOO_LONG: Final = timedelta(days=3)


class Call(StrEnum):
    """Why somebody is reminded of a review."""

    SOON = "soon"
    LATE = "late"
    WAITING = "waiting"


def due_on(*, quarter_end: date, renewal_on: date | None, begun_on: date) -> date:
    """Return the day by which a review is to be published. ``quarter_end`` is the first day after the quarter."""
    due = after_quarter(quarter_end)
    if renewal_on is not None and renewal_on >= begun_on:
        due = min(due, renewal_on - BEFORE_RENEWAL)
    return max(due, begun_on + LEAST)


def after_quarter(quarter_end: date) -> date:
    """Return the day by which the review of a quarter is due where no renewal comes earlier."""
    return quarter_end - timedelta(days=1) + AFTER_QUARTER


def expected_on(*, quarter_start: date, quarter_end: date, renewal_on: date | None) -> date:
    """Return the day by which a review is due that nobody has begun: as if the schedule had begun it on its day.

    A renewal that was within 90 days before the quarter has begun was for an earlier quarter's review to prepare.
    """
    due = after_quarter(quarter_end)
    if renewal_on is not None and renewal_on >= quarter_start + RENEWAL_WINDOW:
        due = min(due, renewal_on - BEFORE_RENEWAL)
    return due


def calls_for(state: State, *, due: date | None, submitted_on: date | None, today: date) -> tuple[Call, ...]:
    """Return what somebody is to be reminded of today, each once for a due date.

    A CSM is told a week ahead and when the day has passed; managers where a review waits three days for them.
    """
    if state in (State.PUBLISHED, State.PUBLISHING):
        return ()
    calls = []
    if due is not None and due < today:
        calls.append(Call.LATE)
    elif due is not None and due - today <= SOON:
        calls.append(Call.SOON)
    if state is State.IN_REVIEW and submitted_on is not None and today - submitted_on >= WAITS_TOO_LONG:
        calls.append(Call.WAITING)
    return tuple(calls)
