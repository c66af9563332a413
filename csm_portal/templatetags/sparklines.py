"""Geometry of the small score lines in lists. Pure: values in, coordinates and words out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from csm_portal.templatetags import strokes

_TOP_SCORE: Final = 100
_WIDTH: Final = 96
_HEIGHT: Final = 24
_MARGIN: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparkline:
    """A line of scores in a box of 96 by 24, on the fixed scale 0 to 100."""

    path: str
    end_x: float
    end_y: float
    summary: str


def draw(points: Iterable[float | None]) -> Sparkline | None:
    """Draw scores from oldest to newest; None is a gap. None is returned where nothing was ever known."""
    values = [None if point is None else float(point) for point in points]
    known = [value for value in values if value is not None]
    if not known:
        return None
    step = (_WIDTH - 2 * _MARGIN) / max(1, len(values) - 1)
    places = [None if value is None else (_MARGIN + i * step, _y(value)) for i, value in enumerate(values)]
    if len(values) == 1:
        places = [(_WIDTH - _MARGIN, _y(known[0]))]
    end = next(place for place in reversed(places) if place is not None)
    return Sparkline(
        path=strokes.path(strokes.runs(places)),
        end_x=round(end[0], 1),
        end_y=round(end[1], 1),
        summary=_summary(known),
    )


def _y(value: float) -> float:
    usable = _HEIGHT - 2 * _MARGIN
    return _MARGIN + usable * (1 - min(max(value, 0), _TOP_SCORE) / _TOP_SCORE)


def _summary(known: Sequence[float]) -> str:
    if len(known) == 1:
        return f"One score so far: {known[0]:g}"
    if max(known) == min(known):
        return f"Steady at {known[0]:g}"
    return f"From {known[0]:g} to {known[-1]:g}, between {min(known):g} and {max(known):g}"
