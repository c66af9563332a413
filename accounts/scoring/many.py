"""Many accounts scored under one policy, from plain stored values: for a trial while a person types (SPEC 3.6). Pure.

The engine is asked once for each value that an input takes, and what it says is remembered: ten thousand accounts
share a few hundred values. A property test holds every answer against the long way, ``health`` and ``bands``.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from accounts.scoring.bands import Band
from accounts.scoring.health import ENGINE_VERSION, ENGINES, Engine, band_of
from accounts.scoring.policy import HealthPolicy, weights
from accounts.scoring.signals import INPUT_NAMES, INPUTS, HealthSignals, Rag

_LEVEL: Final = "login_frequency_score"
_WITH_LEVEL: Final = frozenset({"support_ticket_volume", "usage_trend"})
"""Inputs whose cost depends on the login frequency too; that of every other input depends on itself alone."""

_COVERED: Final = frozenset(spec.name for spec in INPUTS if spec.counts_in_coverage)
_PLACE: Final[Mapping[str, int]] = {name: place for place, name in enumerate(INPUT_NAMES)}
_SEVERITY: Final[Mapping[str, int]] = {Band.RED: 0, Band.AMBER: 1, Band.GREEN: 2}


class ManyScorer:
    """The score and the shown band of any number of accounts under one policy.

    ``inputs`` are always those of ``HealthSignals.to_mapping``: checked when they were stored, known ones only.
    """

    __slots__ = ("_asked", "_costs", "_costs_by_level", "_weights", "policy")

    def __init__(self, policy: HealthPolicy) -> None:
        self.policy = policy
        weight = weights(policy)
        engine = ENGINES[ENGINE_VERSION]
        self._weights = {name: weight[name] for name in INPUT_NAMES if name in _COVERED}
        self._asked = policy.minimum_coverage * sum(self._weights.values())
        self._costs: dict[str, _Costs] = {
            name: _Costs(name, engine, policy) for name in INPUT_NAMES if name not in _WITH_LEVEL
        }
        self._costs_by_level: dict[str, _CostsByLevel] = {
            name: _CostsByLevel(name, engine, policy) for name in _WITH_LEVEL
        }

    def score(self, inputs: Mapping[str, Any]) -> int:
        """Return the score, 0 to 100."""
        left, costs = 100, self._costs
        for name, value in inputs.items():
            if name in costs:
                left -= costs[name][value]
            else:
                left -= self._costs_by_level[name][value, inputs.get(_LEVEL)]
        return max(0, left)

    def is_covered(self, inputs: Mapping[str, Any]) -> bool:
        """Whether as much is known as the policy asks for."""
        weight = self._weights
        return 100 * sum([weight[name] for name in inputs if name in weight]) >= self._asked

    def rag(self, score: int) -> Rag:
        """Return the computed band of a score."""
        return band_of(score, self.policy)

    def shown(
        self, inputs: Mapping[str, Any], *, stored_band: str, known: Mapping[str, Any]
    ) -> tuple[int, str]:
        """Return the score and the band that would be shown (SPEC 3.3), as ``bands.effective_band`` says it.

        ``stored_band`` and ``known`` are the effective band and the memory that the account's latest score has.
        """
        score = self.score(inputs)
        rag = band_of(score, self.policy)
        is_covered = self.is_covered(inputs)
        if known:
            carried = {**known["signals"], **inputs}
            if len(carried) > len(inputs):
                rag = band_of(self.score(carried), self.policy)
            if not is_covered:
                rag = _worse(rag, known["band"])
        elif not is_covered:
            if stored_band == Band.UNKNOWN:
                return score, Band.UNKNOWN
            rag = _worse(rag, stored_band)
        return score, rag


def _worse(one: Rag, other: str) -> Rag:
    return one if _SEVERITY[one] <= _SEVERITY[other] else Rag(other)


class _Costs(dict[Any, int]):
    """What each value of one input costs, asked when it comes first."""

    __slots__ = ("_ask",)

    def __init__(self, name: str, engine: Engine, policy: HealthPolicy) -> None:
        super().__init__()
        self._ask: Callable[[Any], int] = lambda value: engine(HealthSignals(**{name: value}), policy)[
            _PLACE[name]
        ]

    def __missing__(self, value: Any) -> int:
        cost = self[value] = self._ask(value)
        return cost


class _CostsByLevel(dict[tuple[Any, Any], int]):
    """What each value of an input costs at each login frequency."""

    __slots__ = ("_ask",)

    def __init__(self, name: str, engine: Engine, policy: HealthPolicy) -> None:
        super().__init__()
        self._ask: Callable[[tuple[Any, Any]], int] = lambda pair: engine(
            HealthSignals(**{name: pair[0], _LEVEL: pair[1]}), policy
        )[_PLACE[name]]

    def __missing__(self, pair: tuple[Any, Any]) -> int:
        cost = self[pair] = self._ask(pair)
        return cost
