"""What would happen if: an account scored with other inputs, and the smallest change that reaches a band. Pure."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from accounts.scoring import explain, wording
from accounts.scoring.health import Evaluation, evaluate
from accounts.scoring.many import ManyScorer
from accounts.scoring.policy import HealthPolicy, weights
from accounts.scoring.signals import INPUT_BY_NAME, INPUT_NAMES, INPUTS, HealthSignals, Rag, Shape

BEYOND_REACH: Final = frozenset({"renewal_days_out", "escalation_history_count"})
"""A date that comes nearer and what has happened already: time moves them, no customer success manager does."""

MOST_STEPS: Final = 4
"""A change of more inputs at once is no smallest change any more, but another account."""

_IN_WORDS: Final = "four"
_LEVEL: Final = "login_frequency_score"
_WITH_LEVEL: Final = ("support_ticket_volume", "usage_trend")
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


def missing(evaluation: Evaluation) -> list[str]:
    """Name the inputs, the weightiest first, that would bring enough of the weight to call a band; none where it is."""
    policy, weight = evaluation.policy, weights(evaluation.policy)
    known = evaluation.signals.known()
    unknown = [spec for spec in INPUTS if spec.counts_in_coverage and spec.name not in known]
    unknown.sort(key=lambda spec: -weight[spec.name])
    observed, needed = evaluation.observed_weight, []
    for spec in unknown:
        if observed * 100 >= policy.minimum_coverage * evaluation.total_weight:
            break
        observed += weight[spec.name]
        needed.append(spec.label)
    return needed


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """The best band that a few changes lead to, those changes, and why it is this band and no better one.

    ``band`` is None where there is nothing to reach: the account is Green, or nothing that people can move lifts it.
    """

    band: Rag | None
    ways: tuple[Way, ...]
    why: str


def goal(evaluation: Evaluation, *, at_most: int = 3) -> Goal:
    """Return Green where a small change leads there, else Amber, else nothing; with the reason in a sentence."""
    policy, score = evaluation.policy, evaluation.score
    if evaluation.rag is Rag.GREEN:
        return Goal(band=None, ways=(), why="")
    if ways := ways_to(Rag.GREEN, evaluation, at_most=at_most):
        missing = wording.points(policy.amber_threshold - score)
        return Goal(
            band=Rag.GREEN, ways=ways, why=f"Green begins at {policy.amber_threshold}: {missing} to go."
        )
    out_of_reach = _out_of_reach(evaluation)
    if ways := ways_to(Rag.AMBER, evaluation, at_most=at_most):
        why = f"{out_of_reach} Amber begins at {policy.red_threshold}, and is the next step."
        return Goal(band=Rag.AMBER, ways=ways, why=why)
    return Goal(band=None, ways=(), why=out_of_reach)


def _out_of_reach(evaluation: Evaluation) -> str:
    """Say why no small change leads to Green: too many inputs would have to move, or time alone moves the rest."""
    movable = _movable(evaluation)
    best = ManyScorer(evaluation.policy).score(
        {**evaluation.signals.to_mapping(), **{name: values[0] for name, values in movable.items()}}
    )
    if best >= evaluation.policy.amber_threshold:
        return f"Green would take more than {_IN_WORDS} inputs at once."
    held = [
        f"{explain.label(name).lower()} ({wording.points(evaluation.points[name])})"
        for name in INPUT_NAMES
        if name in BEYOND_REACH and evaluation.points[name]
    ]
    by = f" because of {wording.listed(held)}, which only time moves" if held else ""
    return f"Green is out of reach for now: all that people can move at its best comes to {best}{by}."


def ways_to(band: Rag, evaluation: Evaluation, *, at_most: int = 3) -> tuple[Way, ...]:
    """Return the smallest changes that lift the computed band to at least ``band``: the fewest inputs, each moved least.

    None where the band is reached already, or cannot be by moving up to four of the inputs that people can
    move. What is not known costs nothing, so that learning it is never a way.
    """
    floor = _floor(band, evaluation.policy)
    if evaluation.score >= floor:
        return ()
    search = _Search(evaluation, _movable(evaluation), floor)
    for count in range(1, min(MOST_STEPS, len(search.movable)) + 1):
        found: list[tuple[int, dict[str, Any]]] = []
        for names in search.promising(count):
            chosen = search.least(names)
            if chosen is not None:
                found.append((search.score(chosen), chosen))
            # Nothing overshoots less than not at all.
            if sum(score == floor for score, _ in found) == at_most:
                break
        if found:
            # The way that overshoots least asks for least.
            found.sort(key=lambda one: one[0])
            return tuple(_way(chosen, evaluation) for _, chosen in found[:at_most])
    return ()


def _movable(evaluation: Evaluation) -> dict[str, tuple[Any, ...]]:
    """Return the inputs that cost something and that people can move, with what each could be, the best first."""
    found = {
        name: _values(name, evaluation)
        for name in INPUT_NAMES
        if name not in BEYOND_REACH and evaluation.points[name] > 0
    }
    return {name: values for name, values in found.items() if values}


class _Search:
    """Scores what is tried from plain values, each value's cost asked once, and skips what cannot be enough."""

    __slots__ = ("_floor", "_inputs", "_missing", "_points", "_scorer", "movable")

    def __init__(self, evaluation: Evaluation, movable: Mapping[str, tuple[Any, ...]], floor: int) -> None:
        self.movable = movable
        self._inputs = evaluation.signals.to_mapping()
        self._scorer = ManyScorer(evaluation.policy)
        self._points = evaluation.points
        self._floor = floor
        self._missing = floor - (100 - sum(evaluation.penalties))

    def score(self, chosen: Mapping[str, Any]) -> int:
        return self._scorer.score({**self._inputs, **chosen})

    def promising(self, count: int) -> list[tuple[str, ...]]:
        """Return the sets of so many inputs whose points together are enough, those with least to spare first."""
        enough = [
            (most, names)
            for names in combinations(self.movable, count)
            if (most := self._most(names)) >= self._missing
        ]
        return [names for _, names in sorted(enough, key=lambda one: one[0])]

    def _most(self, names: Sequence[str]) -> int:
        """Return the most points that moving these inputs can give back."""
        most = sum(self._points[name] for name in names)
        if _LEVEL in names:
            # Whoever comes back often may have more tickets, and declines from a healthier level.
            most += sum(self._points[name] for name in _WITH_LEVEL if name not in names)
        return most

    def least(self, names: Sequence[str]) -> dict[str, Any] | None:
        """Take back from each input in turn what the band does not need; None where its best is not enough.

        A better input never costs more, so halving finds the least of each.
        """
        chosen = {name: self.movable[name][0] for name in names}
        if self.score(chosen) < self._floor:
            return None
        for name in names:
            values = self.movable[name]
            enough, too_little = 0, len(values)
            while too_little - enough > 1:
                middle = (enough + too_little) // 2
                if self.score({**chosen, name: values[middle]}) >= self._floor:
                    enough = middle
                else:
                    too_little = middle
            chosen[name] = values[enough]
        return chosen


def _floor(band: Rag, policy: HealthPolicy) -> int:
    match band:
        case Rag.GREEN:
            return policy.amber_threshold
        case Rag.AMBER:
            return policy.red_threshold
        case _:
            return 0


def _way(chosen: Mapping[str, Any], evaluation: Evaluation) -> Way:
    reached = tried(evaluation, chosen)
    return Way(steps=tuple(_step(name, evaluation, reached) for name in chosen), score=reached.score)


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
