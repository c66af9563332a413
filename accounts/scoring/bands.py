"""The effective band: what pages, alerts and Notion show, where data is missing (SPEC 3.3).

Two bands are told apart. The *computed* one follows from the score alone; what is not known costs nothing
there, so it is the best that the account can be. The *effective* one is never better than what was known
before, unless data that is there says so:

1. An input that was known when the band was last known, and is not known now, is read as it was then. What
   was lost so costs what it cost, and losing it changes nothing.
2. Where less was observed than the policy's minimum coverage, the band cannot improve at all: the last known
   one stands, or the one of step 1 where that is worse.
3. Where there is no last known band either, it is Unknown.

The band of step 1 or 2 is marked as *last known* wherever the computed one differs from it. It ends when the
data returns, or when a person decides to go by what there is: the caller then passes ``last_known=None``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from accounts.scoring import wording
from accounts.scoring.health import Evaluation, score_with
from accounts.scoring.signals import INPUT_BY_NAME, INPUT_NAMES, HealthSignals, Rag


class Band(StrEnum):
    """A band that is shown: a computed one, or the word for too little data."""

    GREEN = "Green"
    AMBER = "Amber"
    RED = "Red"
    UNKNOWN = "Unknown"


_WORST_FIRST: Final = (Band.RED, Band.AMBER, Band.GREEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownBand:
    """The band that was last known, with the inputs that it rests on, each as it was last seen.

    ``known_on`` is the last day on which enough was observed, ``seen_on`` the day on which each input was
    last known. Store it beside the account (``to_mapping``) and hand it to the next scoring.
    """

    band: Rag
    known_on: date
    signals: HealthSignals
    seen_on: Mapping[str, date]

    def to_mapping(self) -> dict[str, Any]:
        """Return JSON values; ``from_mapping`` gives back an equal band."""
        return {
            "band": str(self.band),
            "known_on": self.known_on.isoformat(),
            "signals": self.signals.to_mapping(),
            "seen_on": {name: day.isoformat() for name, day in self.seen_on.items()},
        }

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "KnownBand":
        """Rebuild what ``to_mapping`` wrote. Raises KeyError or ValueError on anything else."""
        return cls(
            band=Rag(values["band"]),
            known_on=date.fromisoformat(values["known_on"]),
            signals=HealthSignals.from_mapping(values["signals"]),
            seen_on={name: date.fromisoformat(day) for name, day in values["seen_on"].items()},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveBand:
    """The band to show, why, and what to remember for next time.

    ``is_last_known`` marks a band that the data of the day alone would not give. ``lost`` names the inputs
    that are read as last seen. ``reason`` is at most 300 characters. ``known`` is None until enough was observed once.
    """

    band: Band
    reason: str
    is_last_known: bool
    lost: tuple[str, ...]
    known: KnownBand | None


def effective_band(evaluation: Evaluation, *, last_known: KnownBand | None, as_of: date) -> EffectiveBand:
    """Return the band to show for an evaluation of the day ``as_of``."""
    if last_known is None:
        return _first(evaluation, as_of=as_of)
    signals = evaluation.signals
    known_now = signals.known()
    lost = _in_order(last_known.signals.known() - known_now)
    carried = signals.filled_from(last_known.signals) if lost else signals
    rag = score_with(evaluation.engine_version, carried, evaluation.policy).rag if lost else evaluation.rag
    if not evaluation.is_covered:
        rag = _worse(rag, last_known.band)
    known = KnownBand(
        band=rag,
        known_on=as_of if evaluation.is_covered else last_known.known_on,
        signals=carried,
        seen_on={**last_known.seen_on, **dict.fromkeys(_in_order(known_now), as_of)},
    )
    if not evaluation.is_covered:
        reason = _uncovered_reason(evaluation, rag, last_known)
    elif rag is not evaluation.rag:
        reason = _lost_reason(evaluation, rag, [(name, last_known.seen_on[name]) for name in lost])
    else:
        reason = _plain_reason(evaluation)
    return EffectiveBand(
        band=Band(rag),
        reason=reason,
        is_last_known=rag is not evaluation.rag or not evaluation.is_covered,
        lost=lost,
        known=known,
    )


def _first(evaluation: Evaluation, *, as_of: date) -> EffectiveBand:
    if not evaluation.is_covered:
        reason = (
            f"Too little is known to call a band: {wording.percent(evaluation.coverage)} of the weight was observed, "
            f"and the policy asks for {evaluation.policy.minimum_coverage} %."
        )
        return EffectiveBand(band=Band.UNKNOWN, reason=reason, is_last_known=False, lost=(), known=None)
    signals = evaluation.signals
    known = KnownBand(
        band=evaluation.rag,
        known_on=as_of,
        signals=signals,
        seen_on=dict.fromkeys(_in_order(signals.known()), as_of),
    )
    return EffectiveBand(
        band=Band(evaluation.rag),
        reason=_plain_reason(evaluation),
        is_last_known=False,
        lost=(),
        known=known,
    )


def _worse(one: Rag, other: Rag) -> Rag:
    return min(one, other, key=lambda rag: _WORST_FIRST.index(Band(rag)))


def _in_order(names: frozenset[str]) -> tuple[str, ...]:
    return tuple(name for name in INPUT_NAMES if name in names)


def _plain_reason(evaluation: Evaluation) -> str:
    policy, score = evaluation.policy, evaluation.score
    match evaluation.rag:
        case Rag.RED:
            where = f"is under {policy.red_threshold}"
        case Rag.AMBER:
            where = f"lies between {policy.red_threshold} and {policy.amber_threshold - 1}"
        case Rag.GREEN:
            where = f"is at least {policy.amber_threshold}"
    return f"The score of {score} {where}, which is {evaluation.rag}."


def _lost_reason(evaluation: Evaluation, rag: Rag, lost: list[tuple[str, date]]) -> str:
    seen = [f"{INPUT_BY_NAME[name].label} (last seen on {wording.day(day)})" for name, day in lost]
    if len(seen) > 3:
        seen = [*seen[:2], f"{len(seen) - 2} more inputs"]
    verb = "is" if len(seen) == 1 else "are"
    return (
        f"{wording.listed(seen)} {verb} no longer known. Losing data never improves a band, so it stays {rag} "
        f"until the data returns or somebody decides to go by the score of {evaluation.score} alone."
    )


def _uncovered_reason(evaluation: Evaluation, rag: Rag, last_known: KnownBand) -> str:
    observed = (
        f"Only {wording.percent(evaluation.coverage)} of the weight was observed, and the policy asks for "
        f"{evaluation.policy.minimum_coverage} %."
    )
    if rag is not last_known.band:
        return (
            f"{observed} Yet what is known today already makes the account {rag}; it was {last_known.band}."
        )
    return (
        f"{observed} The band last known on {wording.day(last_known.known_on)}, {rag}, stands until data returns "
        "or somebody decides."
    )
