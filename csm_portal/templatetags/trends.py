"""A score's history in words and in a table, and what is drawn of it. Pure: values in, words out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from csm_portal.templatetags import trend_plots, wording
from csm_portal.templatetags.trend_plots import Limits, Plot, PolicyMark, TrendPoint


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


def lay_out(
    points: Iterable[Any],
    *,
    red: float,
    amber: float,
    marks: Iterable[Any] = (),
    title: str = "Health score",
    limits: Iterable[Any] = (),
) -> Trend | None:
    """Lay out a score history with its bands, gaps and policy changes.

    ``points`` are TrendPoints, ``(date, score)`` or ``(date, score, band)``, in any order; ``marks`` are
    PolicyMarks or ``(date, label)``. ``limits`` are the earlier thresholds by the day from which they held, with
    ``on``, ``red`` and ``amber``; where none are given, ``red`` and ``amber`` held all along. A missing band is read off the thresholds. None where nothing was scored.
    """
    history = sorted((_point(item, red=red, amber=amber) for item in points), key=lambda point: point.on)
    if not any(point.score is not None for point in history):
        return None
    first, last = history[0].on, history[-1].on
    shown = tuple(
        mark for mark in sorted(map(_mark, marks), key=lambda mark: mark.on) if first <= mark.on <= last
    )
    held = _held(limits, red=red, amber=amber, last=last)
    return Trend(
        title=title,
        summary=_summary(history, shown),
        points=tuple(history),
        marks=shown,
        has_gap=_has_gap(history),
        wide=trend_plots.draw(history, shown, limits=held, width=640, height=232, labels=12),
        narrow=trend_plots.draw(history, shown, limits=held, width=330, height=200, labels=4),
    )


def _held(limits: Iterable[Any], *, red: float, amber: float, last: date) -> tuple[Limits, ...]:
    """Return the thresholds in the order of their days, those of now at the end."""
    held = sorted(
        (Limits(on=_day(one.on), red=one.red, amber=one.amber) for one in limits), key=lambda one: one.on
    )
    if not held or (held[-1].red, held[-1].amber) != (red, amber):
        held.append(Limits(on=last, red=red, amber=amber))
    return tuple(held)


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
        times = {1: "once", 2: "twice"}.get(len(marks), f"{len(marks)} times")
        sentences.append(f"The thresholds changed {times}.")
    return " ".join(sentences)


def _has_gap(history: Sequence[TrendPoint]) -> bool:
    return any(point.score is None for point in history) or any(
        trend_plots.is_pause(before, after) for before, after in pairwise(history)
    )
