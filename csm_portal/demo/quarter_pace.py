"""How far a company is with the reviews of a quarter, on any day after it. Pure, from the name's dice."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import IntEnum
from itertools import pairwise
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from qbr import quarters


class Reached(IntEnum):
    """How far a review has come, in order."""

    NOTHING = 0
    DRAFT = 1
    SENT_BACK = 2
    IN_REVIEW = 3
    APPROVED = 4
    PUBLISHED = 5


# (days since the quarter ended, share of the accounts that have come so far). Half are published after two weeks; in the
# end a tenth waits for somebody all the same, which is what the board is for.
_PACE: Final[dict[Reached, tuple[tuple[int, float], ...]]] = {
    Reached.PUBLISHED: ((0, 0.04), (4, 0.12), (14, 0.50), (49, 0.86), (91, 0.90)),
    Reached.APPROVED: ((0, 0.06), (4, 0.16), (14, 0.56), (49, 0.88), (91, 0.92)),
    Reached.IN_REVIEW: ((0, 0.09), (4, 0.22), (14, 0.64), (49, 0.91), (91, 0.94)),
    Reached.SENT_BACK: ((0, 0.10), (4, 0.24), (14, 0.66), (49, 0.92), (91, 0.95)),
    Reached.DRAFT: ((0, 0.14), (4, 0.36), (14, 0.80), (49, 0.945), (91, 0.965)),
}
# Of a quarter whose successor is over as well, so many were published in the end; the others were given up.
_IN_THE_END: Final = 0.96
# Working hours in which people draft, submit, decide and publish.
_HOURS: Final = (8, 17)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What became of one review, and when. What has not come about is None."""

    reached: Reached
    begun_at: datetime | None = None
    submitted_at: datetime | None = None
    decided_at: datetime | None = None
    published_at: datetime | None = None


def reached(place: int, of: int, *, days: int) -> Reached:
    """Return how far the account at a place (from 0) of so many has come, so many days after the quarter's last."""
    rank = (place + 0.5) / of
    for stage in sorted(_PACE, reverse=True):
        if rank < _share(stage, days):
            return stage
    return Reached.NOTHING


def course(name: str, place: int, of: int, *, ended_on: date, now: datetime, zone: ZoneInfo) -> Course:
    """Return the course of an account's review. ``ended_on`` is the first day after the quarter, ``now`` any moment after it.

    The same for the same name, place and moment. Steps lie in working hours, in order, and none lies before the quarter
    was over or after ``now``.
    """
    dice = Random(f"{name} {ended_on.isoformat()}")  # noqa: S311
    today = now.astimezone(zone).date()
    far, rank = reached(place, of, days=(today - ended_on).days), (place + 0.5) / of
    if today >= quarters.quarter_of(ended_on).end:
        # So long ago nothing waits for anybody any more.
        far = Reached.PUBLISHED if rank < _IN_THE_END else Reached.NOTHING
        rank *= _PACE[Reached.PUBLISHED][-1][1] / _IN_THE_END
    if far is Reached.NOTHING:
        return Course(reached=far)
    # The last step is the one that is dated, the others lie before it.
    is_over = far is Reached.PUBLISHED
    if is_over:
        last = ended_on + timedelta(days=_day_of(rank))
    else:
        # A draft may have lain for weeks; what waits for a manager does so for days.
        last = today - timedelta(
            days=dice.choice((1, 9, 13, 18) if far is Reached.DRAFT else (1, 1, 2, 3, 4))
        )
    gaps = {
        Reached.DRAFT: (),
        Reached.SENT_BACK: (dice.randint(1, 2), dice.randint(4, 12)),
        Reached.IN_REVIEW: (dice.randint(2, 14),),
        Reached.APPROVED: (dice.randint(0, 3), dice.randint(2, 14)),
        Reached.PUBLISHED: (dice.randint(0, 1), dice.randint(0, 3), dice.randint(1, 5)),
    }[far]
    days = [last]
    for gap in gaps:
        days.append(days[-1] - timedelta(days=gap))
    moments = _in_order(
        [
            datetime.combine(max(_weekday(day, to_monday=is_over), ended_on), _hour(dice), tzinfo=zone)
            for day in reversed(days)
        ],
        begin=datetime.combine(ended_on, time(0), tzinfo=zone),
        now=now,
    )
    steps: list[datetime | None] = [*moments, *[None] * (4 - len(moments))]
    return Course(
        reached=far, begun_at=steps[0], submitted_at=steps[1], decided_at=steps[2], published_at=steps[3]
    )


def _share(stage: Reached, days: float) -> float:
    knots = _PACE[stage]
    for (left, low), (right, high) in pairwise(knots):
        if days < right:
            return low + (high - low) * (max(days, left) - left) / (right - left)
    return knots[-1][1]


def _day_of(rank: float) -> int:
    """Return the day by which the published ones reached a rank."""
    knots = _PACE[Reached.PUBLISHED]
    if rank <= knots[0][1]:
        return 0
    for (left, low), (right, high) in pairwise(knots):
        if rank <= high:
            return int(left + (right - left) * (rank - low) / (high - low))
    return knots[-1][0]


def _weekday(day: date, *, to_monday: bool) -> date:
    """Return the day, or where it lies in a weekend the Monday after it or the Friday before."""
    beyond = day.weekday() - 4
    if beyond <= 0:
        return day
    return day + timedelta(days=3 - beyond if to_monday else -beyond)


def _hour(dice: Random) -> time:
    return time(dice.randint(*_HOURS), dice.randint(0, 59), dice.randint(0, 59))


def _in_order(moments: list[datetime], *, begin: datetime, now: datetime) -> list[datetime]:
    """Return the moments one after the other between two others, a minute at least between them where there is room."""
    pause = min(timedelta(minutes=1), (now - begin) / (len(moments) + 1))
    kept = sorted(moments)
    for index in range(1, len(kept)):
        kept[index] = max(kept[index], kept[index - 1] + pause)
    for index in reversed(range(len(kept))):
        latest = now - pause * (len(kept) - index)
        kept[index] = min(kept[index], latest)
    return kept
