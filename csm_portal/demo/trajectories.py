"""How an invented account fared over a year: what its signals were on any day. Pure, from a seed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from random import Random

from accounts.scoring.signals import HealthSignals

# How far customers differ from each other in each signal, all their life: one has many tickets, another few logins.
_SPREAD = {"adoption": 0.11, "tickets": 0.05, "login": 0.12, "stakeholders": 0.14, "seats": 0.14}

Course = Callable[[float], float]
"""How well the account does, 0 to 1, by weeks before today (52 is a year ago, 0 today)."""


class Shape(StrEnum):
    """The kinds of year that customers have."""

    STRONG = "strong"
    STEADY = "steady"
    EXPANDING = "expanding"
    SLIPPING = "slipping"
    COLLAPSED = "collapsed"
    RECOVERING = "recovering"
    SEASONAL = "seasonal"
    NEW = "new"
    ARREARS = "arrears"
    CHAMPION_LEFT = "champion_left"
    OVERDUE = "overdue"
    SILENT = "silent"


def _ramp(start: float, end: float, *, begins: float, ends: float) -> Course:
    """Go from one level to another between two moments, in weeks before today."""

    def course(weeks_ago: float) -> float:
        if weeks_ago >= begins:
            return start
        if weeks_ago <= ends:
            return end
        way = (begins - weeks_ago) / (begins - ends)
        smooth = way * way * (3 - 2 * way)
        return start + (end - start) * smooth

    return course


def _season(base: float, depth: float, *, at: float) -> Course:
    def course(weeks_ago: float) -> float:
        distance = abs(weeks_ago - at)
        return base - (depth * (1 - distance / 7) if distance < 7 else 0.0)

    return course


def course_of(shape: Shape, random: Random) -> Course:
    """Return the course of a shape, a little different for each account."""
    jitter = random.uniform(-0.04, 0.04)
    match shape:
        case Shape.STRONG:
            return _ramp(0.88 + jitter, 0.94 + jitter / 2, begins=52, ends=10)
        case Shape.EXPANDING:
            return _ramp(0.66 + jitter, 0.93, begins=44, ends=6)
        case Shape.STEADY | Shape.ARREARS:
            return _ramp(0.72 + jitter, 0.70 + jitter, begins=52, ends=0)
        case Shape.SLIPPING:
            return _ramp(
                0.82 + jitter,
                random.uniform(0.33, 0.46),
                begins=random.uniform(30, 20),
                ends=random.uniform(-6, 2),
            )
        case Shape.OVERDUE:
            return _ramp(0.82 + jitter, 0.30, begins=random.uniform(30, 20), ends=2)
        case Shape.COLLAPSED:
            return _ramp(
                0.80 + jitter,
                random.uniform(0.12, 0.24),
                begins=random.uniform(14, 9),
                ends=random.uniform(0, 3),
            )
        case Shape.CHAMPION_LEFT:
            return _ramp(0.84 + jitter, 0.36, begins=random.uniform(7, 4), ends=random.uniform(-1.5, 0.5))
        case Shape.RECOVERING:
            return _ramp(0.22, 0.74 + jitter, begins=random.uniform(34, 26), ends=random.uniform(-4, 4))
        case Shape.SEASONAL:
            return _season(0.80 + jitter, 0.34, at=random.uniform(14, 24))
        case Shape.NEW:
            return _ramp(0.46, 0.70 + jitter, begins=20, ends=4)
        case Shape.SILENT:
            return _ramp(0.5, 0.5, begins=52, ends=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """One account's year. ``signals(day)`` is None before it became a customer."""

    shape: Shape
    course: Course
    today: date
    seats_purchased: int
    renews_on: date | None
    meetings: tuple[date, ...]
    noise: Mapping[str, tuple[float, ...]]
    has_nps: bool
    has_tam: bool
    began_weeks_ago: float

    def level(self, day: date) -> float:
        return min(1.0, max(0.0, self.course((self.today - day).days / 7)))

    def seats_used(self, day: date) -> int:
        share = 0.42 + 0.58 * self.level(day) + 0.5 * self._noise("seats", day)
        if self.shape is Shape.EXPANDING:
            share += 0.06
        # A few seats over what was bought are let pass until the next invoice.
        return max(1, round(self.seats_purchased * min(share, 1.05)))

    def renewal_on(self, day: date) -> date | None:
        """Return the renewal that was next on a day; an overdue one stays until it is renewed."""
        if self.renews_on is None:
            return None
        before = self.renews_on - timedelta(days=365)
        return before if day <= before else self.renews_on

    def last_meeting(self, day: date) -> date | None:
        return max((met for met in self.meetings if met <= day), default=None)

    def signals(self, day: date) -> HealthSignals | None:
        """Return what was known of the account on a day."""
        if (self.today - day).days / 7 > self.began_weeks_ago:
            return None
        level = self.level(day)
        met, renewal = self.last_meeting(day), self.renewal_on(day)
        if self.shape is Shape.SILENT:
            return HealthSignals(
                payment_current=True, renewal_days_out=(renewal - day).days if renewal else None
            )
        return HealthSignals(
            feature_adoption_rate=_share(0.24 + 0.64 * level + self._noise("adoption", day)),
            support_ticket_volume=max(0, round((1.15 - level) * 9 + 30 * self._noise("tickets", day))),
            support_sentiment=self._sentiment(level),
            last_interaction_days=(day - met).days if met else None,
            login_frequency_score=_share(0.12 + 0.82 * level + self._noise("login", day)),
            usage_trend=self._trend(day, level),
            payment_current=not (self.shape is Shape.ARREARS and (self.today - day).days < 38),
            stakeholder_engagement_score=_share(self._stakeholders(day, level)),
            nps_score=self._nps(day),
            renewal_days_out=(renewal - day).days if renewal else None,
            seats_utilization=self.seats_used(day) / self.seats_purchased,
            escalation_history_count=self._escalations(day),
            tam_health_rag=self._tam(level),
        )

    def _noise(self, name: str, day: date) -> float:
        values, weeks_ago = self.noise[name], (self.today - day).days / 7
        at = int(weeks_ago)
        before, after = values[at % len(values)], values[(at + 1) % len(values)]
        return before + (after - before) * (weeks_ago - at)

    def _sentiment(self, level: float) -> str:
        return "negative" if level < 0.34 else "positive" if level > 0.76 else "neutral"

    def _trend(self, day: date, level: float) -> str:
        change = level - self.level(day - timedelta(weeks=6))
        return "growing" if change > 0.05 else "declining" if change < -0.05 else "stable"

    def _stakeholders(self, day: date, level: float) -> float:
        value = 0.22 + 0.70 * level + self._noise("stakeholders", day)
        return value - 0.28 if self.shape is Shape.CHAMPION_LEFT and level < 0.6 else value

    def _nps(self, day: date) -> int | None:
        if not self.has_nps:
            return None
        # Asked once a quarter, so the answer stands for thirteen weeks.
        asked = self.today - timedelta(weeks=13 * ((self.today - day).days // 91 + 1) - 10)
        return round(min(10.0, max(0.0, 1 + 8.6 * self.level(min(asked, day)))))

    def _escalations(self, day: date) -> int:
        weeks = [self.today - timedelta(weeks=back) for back in range(52, -1, -1)]
        bad = [week for week in weeks if week <= day and self.level(week) < 0.36]
        return min(4, (len(bad) + 4) // 5)

    def _tam(self, level: float) -> str | None:
        if not self.has_tam:
            return None
        return "Red" if level < 0.30 else "Amber" if level < 0.55 else "Green"


def _share(value: float) -> float:
    return round(min(1.0, max(0.0, value)), 2)


def year_of(
    shape: Shape,
    *,
    random: Random,
    today: date,
    seats_purchased: int,
    renews_on: date | None,
    has_tam: bool,
) -> Year:
    """Return the year of an account of this shape."""
    course = course_of(shape, random)
    return Year(
        shape=shape,
        course=course,
        today=today,
        seats_purchased=seats_purchased,
        renews_on=renews_on,
        meetings=_meetings(course, random, today),
        noise={name: _wander(random, around=random.gauss(-0.02, spread)) for name, spread in _SPREAD.items()},
        has_nps=random.random() < 0.78,
        has_tam=has_tam,
        began_weeks_ago=20 if shape is Shape.NEW else 60,
    )


def _wander(random: Random, *, around: float) -> tuple[float, ...]:
    """Return a slow wander, a step a week."""
    values, at = [], 0.0
    for _ in range(60):
        at = 0.82 * at + random.gauss(0, 0.014)
        values.append(around + at)
    return tuple(values)


def _meetings(course: Course, random: Random, today: date) -> tuple[date, ...]:
    """Return the days on which somebody talked to them: the worse it goes, the rarer."""
    met: list[date] = []
    day = today - timedelta(weeks=56)
    while True:
        level = course(max(0.0, (today - day).days / 7))
        day += timedelta(days=round(random.uniform(8, 16) + (1 - level) ** 2 * 70))
        if day > today - timedelta(days=1):
            return tuple(met)
        met.append(day)
