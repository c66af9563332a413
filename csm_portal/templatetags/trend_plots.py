"""Geometry of the chart of a score's history. Pure: values in, coordinates out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final, TypeAlias

from csm_portal.templatetags import strokes, wording

_TOP_SCORE: Final = 100
# The last scores of two calendar weeks lie thirteen days apart at most, from a Monday to the Sunday after next; a
# longer pause is a week without a score, drawn as a gap and never bridged.
_LONGEST_STEP_DAYS: Final = 13
# Room for the scale on the left and the bands' names on the right, in units of the drawing.
_SCALE_GUTTER: Final = 28
_BAND_GUTTER: Final = 48
_ROOM_FOR_A_LABEL: Final = 24

Scale: TypeAlias = Callable[[date], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint:
    """The score of one day; None where the account could not be scored."""

    on: date
    score: float | None
    band: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyMark:
    """A day on which the thresholds changed."""

    on: date
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The thresholds from a day on."""

    on: date
    red: float
    amber: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BandArea:
    """The strip of one band while its thresholds held, from its upper edge down; ``name`` only on the last."""

    name: str
    tone: str
    high: float
    x: float
    width: float
    y: float
    height: float
    label_y: float
    is_top: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A mark on the time axis."""

    x: float
    label: str
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A score to point at, with what it says."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A numbered change of policy."""

    x: float
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """One drawing of a trend, at one width."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    areas: tuple[BandArea, ...]
    line: str
    gaps: str
    ticks: tuple[Tick, ...]
    flags: tuple[Flag, ...]
    hits: tuple[Hit, ...]
    end: Hit | None

    @property
    def inner_width(self) -> int:
        return self.right - self.left


def draw(
    history: Sequence[TrendPoint],
    marks: Sequence[PolicyMark],
    *,
    limits: Sequence[Limits],
    width: int,
    height: int,
    labels: int,
) -> Plot:
    """Lay out a history, oldest first, in a box of ``width`` by ``height`` with about ``labels`` dates.

    ``limits`` are the thresholds in the order of their days; the first hold from the beginning on.
    """
    left, right, top, bottom = _SCALE_GUTTER, width - _BAND_GUTTER, 18, height - 24
    first = history[0].on
    span = max(1, (history[-1].on - first).days)

    def x(on: date) -> float:
        share = (on - first).days / span if len(history) > 1 else 1
        return round(left + (right - left) * share, 1)

    def y(score: float) -> float:
        return round(top + (bottom - top) * (1 - min(max(score, 0), _TOP_SCORE) / _TOP_SCORE), 1)

    places = [None if point.score is None else (x(point.on), y(point.score)) for point in history]
    runs = strokes.runs(places, breaks=_breaks(history))
    hits = tuple(
        Hit(x=place[0], y=place[1], text=f"{wording.day(point.on)}: {point.score:g}, {point.band}")
        for point, place in zip(history, places, strict=True)
        if place is not None
    )
    return Plot(
        width=width,
        height=height,
        left=left,
        right=right,
        top=top,
        bottom=bottom,
        areas=_areas(limits, x, y, left=left, right=right),
        line=strokes.path(runs),
        gaps=strokes.bridges(runs),
        ticks=_ticks(history, x, labels=labels, right=right),
        flags=tuple(Flag(x=x(mark.on), number=i) for i, mark in enumerate(marks, start=1)),
        hits=hits,
        end=hits[-1] if hits else None,
    )


def is_pause(before: TrendPoint, after: TrendPoint) -> bool:
    """Tell whether too many days lie between two points to draw a line from one to the other."""
    return (after.on - before.on).days > _LONGEST_STEP_DAYS


def _breaks(history: Sequence[TrendPoint]) -> frozenset[int]:
    return frozenset(
        i for i, (before, after) in enumerate(pairwise(history), start=1) if is_pause(before, after)
    )


def _areas(
    limits: Sequence[Limits], x: Scale, y: Callable[[float], float], *, left: int, right: int
) -> tuple[BandArea, ...]:
    """Lay out the bands side by side, each as long as its thresholds held; those that hold now are named."""
    begins = [float(left), *(min(max(x(one.on), left), right) for one in limits[1:])]
    ends = [*begins[1:], float(right)]
    areas: list[BandArea] = []
    for one, begin, end in zip(limits, begins, ends, strict=True):
        is_last = one is limits[-1]
        edges = (
            ("Green", float(_TOP_SCORE), one.amber),
            ("Amber", one.amber, one.red),
            ("Red", one.red, 0.0),
        )
        areas += (
            BandArea(
                name=name if is_last else "",
                tone=name.lower(),
                high=high,
                x=begin,
                width=round(end - begin, 1),
                y=y(high),
                height=round(y(low) - y(high), 1),
                label_y=round((y(high) + y(low)) / 2, 1),
                is_top=high == _TOP_SCORE,
            )
            for name, high, low in edges
            if high > low and (end > begin or is_last)
        )
    return tuple(areas)


def _ticks(history: Sequence[TrendPoint], x: Scale, *, labels: int, right: int) -> tuple[Tick, ...]:
    first, last = history[0].on, history[-1].on
    months = [month for month in _months(first, last) if month >= first]
    if len(months) < 2:
        return tuple(
            Tick(x=x(on), label=wording.day(on), anchor="end" if on == last else "start")
            for on in sorted({first, last})
        )
    step = max(1, -(-len(months) // labels))
    return tuple(
        Tick(
            x=x(month),
            # January carries the year, which saves the others from repeating it.
            label=str(month.year) if month.month == 1 else f"{month:%b}",
            anchor="end" if x(month) > right - _ROOM_FOR_A_LABEL else "start",
        )
        for month in months[::step]
    )


def _months(first: date, last: date) -> list[date]:
    months, year, month = [], first.year, first.month
    while (year, month) <= (last.year, last.month):
        months.append(date(year, month, 1))
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return months
