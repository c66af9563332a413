"""The change between two scores, told point by point and summing exactly (SPEC 3.5).

The way from one score to the other is walked in three steps: first the policy (with its engine) changes, then
the inputs that were lost go, then the rest of the data changes. Each step's difference, input by input, is one
cause; what the steps come to is the change of the score, the clamp included.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from accounts.scoring import explain, wording
from accounts.scoring.health import CLAMP, Evaluation, score_with
from accounts.scoring.signals import INPUT_BY_NAME


class Cause(StrEnum):
    POLICY_CHANGED = "policy changed"
    DATA_LOST = "data lost"
    DATA_CHANGED = "data changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one input did to the score: ``points`` is negative where the score fell by it."""

    input: str
    label: str
    cause: Cause
    points: int
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two scores of one account and the changes that lead from one to the other, the largest first."""

    score_before: int
    score_after: int
    changes: tuple[Change, ...]

    @property
    def points(self) -> int:
        return self.score_after - self.score_before

    def points_by(self, cause: Cause) -> int:
        """Return what one cause did to the score."""
        return sum(change.points for change in self.changes if change.cause is cause)


def compare(before: Evaluation, after: Evaluation) -> Comparison:
    """Explain the difference of two scores. ``sum(change.points) == after.score - before.score``, always."""
    engine, policy = after.engine_version, after.policy
    lost = before.signals.known() - after.signals.known()
    replayed = score_with(engine, before.signals, policy)
    bereft = score_with(engine, before.signals.without(lost), policy)
    finished = score_with(engine, after.signals, policy)
    steps = (
        (Cause.POLICY_CHANGED, before, replayed),
        (Cause.DATA_LOST, replayed, bereft),
        (Cause.DATA_CHANGED, bereft, finished),
    )
    changes = [
        Change(
            input=name,
            label=explain.label(name),
            cause=cause,
            points=points_then - one_end.points[name],
            before=_value(name, before, after),
            after=_value(name, after, before),
        )
        for cause, other_end, one_end in steps
        for name, points_then in other_end.points.items()
        if points_then != one_end.points[name]
    ]
    changes.sort(key=lambda change: -abs(change.points))
    return Comparison(score_before=before.score, score_after=after.score, changes=tuple(changes))


_LEVEL: Final = "login_frequency_score"
_WITH_ACTIVITY: Final = frozenset({"support_ticket_volume", "usage_trend"})
"""Inputs whose cost depends on the login frequency too: they may cost something else and read the same."""


def _value(name: str, one: Evaluation, other: Evaluation) -> str:
    """Return an input's value at one end; with the login frequency where that alone changed what it costs."""
    value, activity = _shown(name, one), _shown(_LEVEL, one)
    is_by_activity = (
        name in _WITH_ACTIVITY and value == _shown(name, other) and activity != _shown(_LEVEL, other)
    )
    return f"{value}, login frequency {activity}" if is_by_activity else value


def _shown(name: str, evaluation: Evaluation) -> str:
    if name == CLAMP:
        return wording.points(sum(evaluation.penalties)) if evaluation.clamp else "none"
    return explain.shown(INPUT_BY_NAME[name], evaluation.signals)
