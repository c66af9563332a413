"""Geometry of the charts that pages draw as inline SVG. Pure: values in, coordinates and words out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any, Final

from csm_portal.templatetags import wording

_TOP_SCORE: Final = 100
_SPARK_WIDTH: Final = 96
_SPARK_HEIGHT: Final = 24
_SPARK_MARGIN: Final = 3
# Two weekly scores are seven days apart; a pause well beyond that is drawn as a gap, never bridged.
_LONGEST_STEP_DAYS: Final = 10
_WEEKS_PER_LABEL: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparkline:
    """A line of scores in a box of 96 by 24, on the fixed scale 0 to 100."""

    path: str
    end_x: float
    end_y: float
    summary: str


def sparkline(points: Iterable[float | None]) -> Sparkline | None:
    """Draw scores from oldest to newest; None is a gap. None is returned where nothing was ever known."""
    values = [None if point is None else float(point) for point in points]
    known = [value for value in values if value is not None]
    if not known:
        return None
    step = (_SPARK_WIDTH - 2 * _SPARK_MARGIN) / max(1, len(values) - 1)
    places = [
        None if value is None else (_SPARK_MARGIN + i * step, _spark_y(value))
        for i, value in enumerate(values)
    ]
    if len(values) == 1:
        places = [(_SPARK_WIDTH - _SPARK_MARGIN, _spark_y(known[0]))]
    end = next(place for place in reversed(places) if place is not None)
    return Sparkline(
        path=_path(_runs(places)),
        end_x=round(end[0], 1),
        end_y=round(end[1], 1),
        summary=_spark_summary(known),
    )


def _spark_y(value: float) -> float:
    usable = _SPARK_HEIGHT - 2 * _SPARK_MARGIN
    return _SPARK_MARGIN + usable * (1 - min(max(value, 0), _TOP_SCORE) / _TOP_SCORE)


def _spark_summary(known: Sequence[float]) -> str:
    if len(known) == 1:
        return f"One score so far: {known[0]:g}"
    if max(known) == min(known):
        return f"Steady at {known[0]:g}"
    return f"From {known[0]:g} to {known[-1]:g}, between {min(known):g} and {max(known):g}"


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
class BandArea:
    name: str
    tone: str
    rule: str
    high: float
    y: float
    height: float
    label_y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    x: float
    label: str
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
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

    @property
    def end_anchor(self) -> str:
        return "end" if self.end is not None and self.end.x > self.right - 24 else "middle"

    @property
    def end_label_y(self) -> float:
        return 0 if self.end is None else max(self.top + 10, self.end.y - 9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A trend in words, in a table and drawn twice: for a wide window and for a phone."""

    title: str
    summary: str
    points: tuple[TrendPoint, ...]
    marks: tuple[PolicyMark, ...]
    has_gap: bool
    wide: Plot
    narrow: Plot

    @property
    def newest_first(self) -> tuple[TrendPoint, ...]:
        return tuple(reversed(self.points))


def trend(
    points: Iterable[Any],
    *,
    red: float,
    amber: float,
    marks: Iterable[Any] = (),
    title: str = "Health score",
) -> Trend | None:
    """Lay out a score history with its bands, gaps and policy changes.

    ``points`` are TrendPoints, ``(date, score)`` or ``(date, score, band)``, in any order; ``marks`` are
    PolicyMarks or ``(date, label)``. A missing band is read off the thresholds. None where nothing was scored.
    """
    history = sorted((_point(item, red=red, amber=amber) for item in points), key=lambda point: point.on)
    if not any(point.score is not None for point in history):
        return None
    first, last = history[0].on, history[-1].on
    shown = tuple(
        mark for mark in sorted(map(_mark, marks), key=lambda mark: mark.on) if first <= mark.on <= last
    )
    return Trend(
        title=title,
        summary=_summary(history, shown),
        points=tuple(history),
        marks=shown,
        has_gap=_has_gap(history),
        wide=_plot(history, shown, red=red, amber=amber, width=760, height=236, labels=12),
        narrow=_plot(history, shown, red=red, amber=amber, width=330, height=200, labels=4),
    )


def _point(item: Any, *, red: float, amber: float) -> TrendPoint:
    if isinstance(item, TrendPoint):
        point = item
    elif isinstance(item, (tuple, list)):
        point = TrendPoint(
            on=_day(item[0]), score=item[1], band=str(item[2]) if len(item) > 2 and item[2] else ""
        )
    else:
        band = getattr(item, "band", "") or ""
        point = TrendPoint(on=_day(item.on), score=item.score, band=str(band))
    if point.band:
        return point
    return TrendPoint(on=point.on, score=point.score, band=_band(point.score, red=red, amber=amber))


def _mark(item: Any) -> PolicyMark:
    if isinstance(item, PolicyMark):
        return item
    if isinstance(item, (tuple, list)):
        return PolicyMark(on=_day(item[0]), label=str(item[1]))
    return PolicyMark(on=_day(item.on), label=str(item.label))


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def _band(score: float | None, *, red: float, amber: float) -> str:
    if score is None:
        return "Unknown"
    return "Red" if score < red else "Amber" if score < amber else "Green"


def _summary(history: Sequence[TrendPoint], marks: Sequence[PolicyMark]) -> str:
    known = [(point.on, point.score) for point in history if point.score is not None]
    (first_on, first), (last_on, last) = known[0], known[-1]
    low_on, low = min(known, key=lambda pair: pair[1])
    sentences = [
        f"{first:g} on {wording.day(first_on)}, {last:g} on {wording.day(last_on)}.",
        f"The lowest was {low:g} on {wording.day(low_on)}.",
    ]
    if _has_gap(history):
        sentences.append("Some weeks have no score.")
    if marks:
        times = "once" if len(marks) == 1 else f"{len(marks)} times"
        sentences.append(f"The thresholds changed {times}.")
    return " ".join(sentences)


def _has_gap(history: Sequence[TrendPoint]) -> bool:
    return any(point.score is None for point in history) or any(
        (after.on - before.on).days > _LONGEST_STEP_DAYS for before, after in pairwise(history)
    )


def _plot(
    history: Sequence[TrendPoint],
    marks: Sequence[PolicyMark],
    *,
    red: float,
    amber: float,
    width: int,
    height: int,
    labels: int,
) -> Plot:
    left, right, top, bottom = 28, width - 10, 18, height - 24
    first = history[0].on
    span = max(1, (history[-1].on - first).days)

    def x(on: date) -> float:
        share = (on - first).days / span if len(history) > 1 else 1
        return round(left + (right - left) * share, 1)

    def y(score: float) -> float:
        return round(top + (bottom - top) * (1 - min(max(score, 0), _TOP_SCORE) / _TOP_SCORE), 1)

    places = [None if point.score is None else (x(point.on), y(point.score)) for point in history]
    runs = _runs(places, breaks=_breaks(history))
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
        areas=_areas(y, red=red, amber=amber),
        line=_path(runs),
        gaps=_bridges(runs),
        ticks=_ticks(history, x, labels=labels),
        flags=tuple(Flag(x=x(mark.on), number=i) for i, mark in enumerate(marks, start=1)),
        hits=hits,
        end=hits[-1] if hits else None,
    )


def _areas(y: Any, *, red: float, amber: float) -> tuple[BandArea, ...]:
    edges = (
        ("Green", f"{amber:g} and above", float(_TOP_SCORE), amber),
        ("Amber", f"{red:g} to {amber - 1:g}", amber, red),
        ("Red", f"below {red:g}", red, 0.0),
    )
    return tuple(
        BandArea(
            name=name,
            tone=name.lower(),
            rule=rule,
            high=high,
            y=y(high),
            height=round(y(low) - y(high), 1),
            label_y=round(y(high) + 13, 1),
        )
        for name, rule, high, low in edges
        if high > low
    )


def _breaks(history: Sequence[TrendPoint]) -> frozenset[int]:
    """Return the indexes before which the line is lifted, because too many days passed."""
    return frozenset(
        i
        for i, (before, after) in enumerate(pairwise(history), start=1)
        if (after.on - before.on).days > _LONGEST_STEP_DAYS
    )


def _ticks(history: Sequence[TrendPoint], x: Any, *, labels: int) -> tuple[Tick, ...]:
    first, last = history[0].on, history[-1].on
    months = [month for month in _months(first, last) if first <= month <= last]
    if len(months) < 2:
        ends = [first] if first == last else [first, last]
        return tuple(
            Tick(x=x(on), label=wording.day(on), anchor="end" if on == last else "start") for on in ends
        )
    step = -(-len(months) // labels)
    kept = months[:: max(1, step)]
    shown = []
    for i, month in enumerate(kept):
        names_year = i == 0 or month.year != kept[i - 1].year
        near_end = (last - month).days < _WEEKS_PER_LABEL * 5 and names_year
        shown.append(
            Tick(
                x=x(month),
                label=f"{month:%b} {month.year}" if names_year else f"{month:%b}",
                anchor="end" if near_end else "start",
            )
        )
    return tuple(shown)


def _months(first: date, last: date) -> list[date]:
    months, year, month = [], first.year, first.month
    while (year, month) <= (last.year, last.month):
        months.append(date(year, month, 1))
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return months


_Place = tuple[float, float]


def _runs(places: Sequence[_Place | None], *, breaks: frozenset[int] = frozenset()) -> list[list[_Place]]:
    """Split places into unbroken runs."""
    runs: list[list[_Place]] = []
    is_open = False
    for i, place in enumerate(places):
        if place is None:
            is_open = False
            continue
        if not is_open or i in breaks:
            runs.append([])
        runs[-1].append(place)
        is_open = True
    return runs


def _path(runs: Sequence[Sequence[_Place]]) -> str:
    """Return SVG path data; a run of one place becomes a dot through its round line cap."""
    return "".join(
        "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in run) + ("h0" if len(run) == 1 else "") for run in runs
    )


def _bridges(runs: Sequence[Sequence[_Place]]) -> str:
    return "".join(
        f"M{before[-1][0]:.1f} {before[-1][1]:.1f}L{after[0][0]:.1f} {after[0][1]:.1f}"
        for before, after in pairwise(runs)
    )
