"""Calendar quarters: which one a review covers, and what it is called (SPEC 6.1)."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Quarter:
    """A calendar quarter as the half-open range ``[start, end)`` of dates."""

    year: int
    number: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= 4:
            raise ValueError(f"A year has quarters 1 to 4, not {self.number}.")

    @property
    def start(self) -> date:
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def end(self) -> date:
        """The first day that is no longer part of the quarter."""
        return self.next.start

    @property
    def last_day(self) -> date:
        return self.end - timedelta(days=1)

    @property
    def label(self) -> str:
        return f"Q{self.number} {self.year}"

    @property
    def previous(self) -> "Quarter":
        if self.number == 1:
            return Quarter(year=self.year - 1, number=4)
        return Quarter(year=self.year, number=self.number - 1)

    @property
    def next(self) -> "Quarter":
        if self.number == 4:
            return Quarter(year=self.year + 1, number=1)
        return Quarter(year=self.year, number=self.number + 1)

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def __str__(self) -> str:
        return self.label


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPeriod:
    """What a review looks at: a quarter, as far as it had passed on the day of writing.

    ``as_of`` is the last day looked at; ``is_to_date`` says that the quarter was still running.
    """

    quarter: Quarter
    as_of: date
    is_to_date: bool


def quarter_of(day: date) -> Quarter:
    """Return the quarter that a day lies in."""
    return Quarter(year=day.year, number=(day.month + 2) // 3)


# A year beyond these is a slip of the keyboard, and some of them are no dates at all.
YEARS: Final = range(1990, 2200)


def from_label(label: str) -> Quarter:
    """Read a label such as ``Q1 2026``. Raises ValueError on anything else, and on years that nobody reviews."""
    head, _, year = label.strip().upper().partition(" ")
    if head in {"Q1", "Q2", "Q3", "Q4"} and len(year) == 4 and year.isascii() and year.isdigit():
        if int(year) not in YEARS:
            raise ValueError(
                f"“{label}” is no quarter of a review: years from {YEARS[0]} to {YEARS[-1]} are."
            )
        return Quarter(year=int(year), number=int(head[1]))
    raise ValueError(f"“{label}” is not a quarter; write it like “Q1 2026”.")


def scheduled_period(today: date) -> ReviewPeriod:
    """Return what the quarterly run reviews: the quarter that has just ended (SPEC 6.1)."""
    ended = quarter_of(today).previous
    return ReviewPeriod(quarter=ended, as_of=ended.last_day, is_to_date=False)


def requested_period(today: date) -> ReviewPeriod:
    """Return what a draft on demand reviews: the running quarter, up to and including today (SPEC 6.1)."""
    current = quarter_of(today)
    return ReviewPeriod(quarter=current, as_of=today, is_to_date=today != current.last_day)
