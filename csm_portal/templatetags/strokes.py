"""SVG path data for lines that may be interrupted. Pure."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

Place: TypeAlias = tuple[float, float]
"""Where a value stands in the drawing: x, y."""


def runs(places: Sequence[Place | None], *, breaks: frozenset[int] = frozenset()) -> list[list[Place]]:
    """Split places into unbroken runs: None and the index of a break lift the pen."""
    unbroken: list[list[Place]] = []
    is_open = False
    for i, place in enumerate(places):
        if place is None:
            is_open = False
            continue
        if not is_open or i in breaks:
            unbroken.append([])
        unbroken[-1].append(place)
        is_open = True
    return unbroken


def path(unbroken: Sequence[Sequence[Place]]) -> str:
    """Return SVG path data; a run of one place becomes a dot through its round line cap."""
    return "".join(
        "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in run) + ("h0" if len(run) == 1 else "")
        for run in unbroken
    )


def bridges(unbroken: Sequence[Sequence[Place]]) -> str:
    """Return SVG path data that spans the pauses, each from the end of a run to the start of the next."""
    return "".join(
        f"M{before[-1][0]:.1f} {before[-1][1]:.1f}L{after[0][0]:.1f} {after[0][1]:.1f}"
        for before, after in pairwise(unbroken)
    )
