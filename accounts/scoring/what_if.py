"""What would happen if: an account scored with other inputs, and the smallest change that reaches a band. Pure."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from accounts.scoring import explain
from accounts.scoring.health import Evaluation, evaluate
from accounts.scoring.policy import HealthPolicy
from accounts.scoring.signals import INPUT_BY_NAME, INPUT_NAMES, HealthSignals, Rag, Shape

BEYOND_REACH: Final = frozenset({"renewal_days_out", "escalation_history_count"})
"""A date that comes nearer and what has happened already: time moves them, no customer success manager does."""

MOST_STEPS: Final = 4
"""A change of more inputs at once is no smallest change any more, but another account."""

_BEST_FIRST: Final[Mapping[str, tuple[Any, ...]]] = {
    "support_sentiment": ("positive", "neutral", "negative"),
    "usage_trend": ("growing", "stable", "declining"),
    "tam_health_rag": ("Green", "Amber", "Red"),
    "payment_current": (True, False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One input moved: its value for the form, and in words what it is and what it would have to be."""

    input: str
    label: str
    value: Any
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Inputs that have to move together, and the score that they lead to."""

    steps: tuple[Step, ...]
    score: int


def tried(evaluation: Evaluation, given: Mapping[str, Any]) -> Evaluation:
    """Score an account again with some inputs replaced; None is *not known*.

    Raises ValueError with a sentence that names the input where a value cannot be one.
    """
    signals = HealthSignals(**{name: getattr(evaluation.signals, name) for name in INPUT_NAMES} | dict(given))
    return evaluate(signals, evaluation.policy)


def ways_to(band: Rag, evaluation: Evaluation, *, at_most: int = 3) -> tuple[Way, ...]:
    """Return the smallest changes that lift the computed band to at least ``band``: the fewest inputs, each moved least.

    None where the band is reached already, or cannot be by moving up to four of the inputs that people can
    move. What is not known costs nothing, so that learning it is never a way.
    """
    floor = _floor(band, evaluation.policy)
    if evaluation.score >= floor:
        return ()
    costly = [
        name
        for name, points in evaluation.points.items()
        if points > 0 and name in INPUT_BY_NAME and name not in BEYOND_REACH and _values(name, evaluation)
    ]
    for count in range(1, min(MOST_STEPS, len(costly)) + 1):
        ways = [
            _least(names, evaluation, floor)
            for names in combinations(costly, count)
            if tried(evaluation, {name: _values(name, evaluation)[0] for name in names}).score >= floor
        ]
        if ways:
            # The way that overshoots least asks for least.
            return tuple(sorted(ways, key=lambda way: way.score)[:at_most])
    return ()


def _floor(band: Rag, policy: HealthPolicy) -> int:
    match band:
        case Rag.GREEN:
            return policy.amber_threshold
        case Rag.AMBER:
            return policy.red_threshold
        case _:
            return 0


def _least(names: Sequence[str], evaluation: Evaluation, floor: int) -> Way:
    """Take back from each input in turn what the band does not need; a better input never costs more."""
    chosen = {name: _values(name, evaluation)[0] for name in names}
    for name in names:
        values = _values(name, evaluation)
        enough, too_little = 0, len(values)
        while too_little - enough > 1:
            middle = (enough + too_little) // 2
            if tried(evaluation, {**chosen, name: values[middle]}).score >= floor:
                enough = middle
            else:
                too_little = middle
        chosen[name] = values[enough]
    reached = tried(evaluation, chosen)
    return Way(
        steps=tuple(_step(name, evaluation, reached) for name in names),
        score=reached.score,
    )


def _step(name: str, before: Evaluation, after: Evaluation) -> Step:
    spec = INPUT_BY_NAME[name]
    return Step(
        input=name,
        label=spec.label,
        value=getattr(after.signals, name),
        before=explain.shown(spec, before.signals),
        after=explain.shown(spec, after.signals),
    )


def _values(name: str, evaluation: Evaluation) -> tuple[Any, ...]:
    """Return what an input could be instead, the best first, in steps that people speak of."""
    present = getattr(evaluation.signals, name)
    if name in _BEST_FIRST:
        words = _BEST_FIRST[name]
        return words[: words.index(present)]
    return tuple(_figures(INPUT_BY_NAME[name].shape, present))


def _figures(shape: Shape, present: float) -> Iterator[float]:
    match shape:
        case Shape.RATIO | Shape.RATE:
            yield from (percent / 100 for percent in range(100, 0, -1) if percent / 100 > present)
        case Shape.NPS:
            yield from (answer for answer in range(10, 0, -1) if answer > present)
        case _:
            # Of tickets and of days fewer are better.
            yield from range(math.ceil(present))
