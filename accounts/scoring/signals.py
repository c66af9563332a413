"""The eleven health signals in their thirteen inputs (SPEC 1): names, ranges, words."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final


class Signal(StrEnum):
    """The eleven signals; support and usage are read from two inputs each."""

    FEATURE_ADOPTION = "feature_adoption"
    SUPPORT = "support"
    ENGAGEMENT_RECENCY = "engagement_recency"
    USAGE = "usage"
    PAYMENT = "payment"
    STAKEHOLDERS = "stakeholders"
    NPS = "nps"
    RENEWAL = "renewal"
    SEATS = "seats"
    ESCALATIONS = "escalations"
    TAM_HEALTH = "tam_health"


class Sentiment(StrEnum):
    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"


class Trend(StrEnum):
    GROWING = "growing"
    STABLE = "stable"
    DECLINING = "declining"


class Rag(StrEnum):
    """The three words of a band that was computed, and of the TAM's own judgement."""

    GREEN = "Green"
    AMBER = "Amber"
    RED = "Red"


class Shape(StrEnum):
    """What a value of an input looks like."""

    RATIO = "ratio"  # 0 to 1
    RATE = "rate"  # 0 and up: seats used ÷ seats purchased
    COUNT = "count"  # 0 and up
    DAYS = "days"  # 0 and up
    DAYS_AHEAD = "days_ahead"  # negative: overdue
    NPS = "nps"  # 0 to 10
    WORD = "word"
    FLAG = "flag"


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSpec:
    """One input: what it is called and which values it can hold.

    ``counts_in_coverage`` is False for what an account may well not have (SPEC 3.3: NPS, renewal, TAM).
    """

    name: str
    signal: Signal
    label: str
    shape: Shape
    words: tuple[str, ...] = ()
    counts_in_coverage: bool = True


# The order is the one of SPEC 1 and of `HealthSignals`; points are stored and shown in it.
INPUTS: Final[tuple[InputSpec, ...]] = (
    InputSpec(
        name="feature_adoption_rate",
        signal=Signal.FEATURE_ADOPTION,
        label="Feature adoption",
        shape=Shape.RATIO,
    ),
    InputSpec(name="support_ticket_volume", signal=Signal.SUPPORT, label="Open tickets", shape=Shape.COUNT),
    InputSpec(
        name="support_sentiment",
        signal=Signal.SUPPORT,
        label="Support sentiment",
        shape=Shape.WORD,
        words=tuple(Sentiment),
    ),
    InputSpec(
        name="last_interaction_days",
        signal=Signal.ENGAGEMENT_RECENCY,
        label="Last interaction",
        shape=Shape.DAYS,
    ),
    InputSpec(name="login_frequency_score", signal=Signal.USAGE, label="Login frequency", shape=Shape.RATIO),
    InputSpec(
        name="usage_trend", signal=Signal.USAGE, label="Usage trend", shape=Shape.WORD, words=tuple(Trend)
    ),
    InputSpec(name="payment_current", signal=Signal.PAYMENT, label="Payment", shape=Shape.FLAG),
    InputSpec(
        name="stakeholder_engagement_score",
        signal=Signal.STAKEHOLDERS,
        label="Stakeholder engagement",
        shape=Shape.RATIO,
    ),
    InputSpec(name="nps_score", signal=Signal.NPS, label="NPS", shape=Shape.NPS, counts_in_coverage=False),
    InputSpec(
        name="renewal_days_out",
        signal=Signal.RENEWAL,
        label="Renewal",
        shape=Shape.DAYS_AHEAD,
        counts_in_coverage=False,
    ),
    InputSpec(name="seats_utilization", signal=Signal.SEATS, label="Seat utilisation", shape=Shape.RATE),
    InputSpec(
        name="escalation_history_count", signal=Signal.ESCALATIONS, label="Escalations", shape=Shape.COUNT
    ),
    InputSpec(
        name="tam_health_rag",
        signal=Signal.TAM_HEALTH,
        label="TAM health",
        shape=Shape.WORD,
        words=tuple(Rag),
        counts_in_coverage=False,
    ),
)
INPUT_NAMES: Final[tuple[str, ...]] = tuple(spec.name for spec in INPUTS)
INPUT_BY_NAME: Final[Mapping[str, InputSpec]] = {spec.name: spec for spec in INPUTS}

_MAXIMUM: Final[Mapping[Shape, int]] = {Shape.RATIO: 1, Shape.NPS: 10}
_RANGE: Final[Mapping[Shape, str]] = {
    Shape.RATIO: "a number from 0 to 1",
    Shape.RATE: "a number of at least 0",
    Shape.COUNT: "a number of at least 0",
    Shape.DAYS: "a number of days of at least 0",
    Shape.DAYS_AHEAD: "a number of days, negative when overdue",
    Shape.NPS: "a number from 0 to 10",
    Shape.FLAG: "true or false",
}


def range_words(spec: InputSpec) -> str:
    """Say which values an input takes: ``a number from 0 to 1``, ``growing, stable or declining``."""
    if spec.shape is Shape.WORD:
        return f"{', '.join(spec.words[:-1])} or {spec.words[-1]}"
    return _RANGE[spec.shape]


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthSignals:
    """What is known about one account on one day; None is *not known*.

    Takes ints, floats and Decimals, and keeps floats (whole numbers as ints), so that a value reads the
    same after a way through JSON or either database. Raises ValueError with a sentence that names the
    input when a value cannot be one.
    """

    feature_adoption_rate: float | None = None
    support_ticket_volume: float | None = None
    support_sentiment: str | None = None
    last_interaction_days: float | None = None
    login_frequency_score: float | None = None
    usage_trend: str | None = None
    payment_current: bool | None = None
    stakeholder_engagement_score: float | None = None
    nps_score: float | None = None
    renewal_days_out: float | None = None
    seats_utilization: float | None = None
    escalation_history_count: float | None = None
    tam_health_rag: str | None = None

    def __post_init__(self) -> None:
        for name, spec, check, ready in _CHECKS:
            value = getattr(self, name)
            if value is None or (value.__class__ is str and value in ready):
                continue
            checked = check(spec, value)
            if checked is not value:
                object.__setattr__(self, name, checked)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "HealthSignals":
        """Rebuild the signals that ``to_mapping`` wrote. Raises ValueError on a name that is no input."""
        if unknown := sorted(set(values) - set(INPUT_NAMES)):
            raise ValueError(f"{unknown[0]} is not a health input. The inputs are {', '.join(INPUT_NAMES)}.")
        return cls(**values)

    def to_mapping(self) -> dict[str, Any]:
        """Return the known inputs as JSON values; what is not known is left out."""
        return {name: value for name in INPUT_NAMES if (value := getattr(self, name)) is not None}

    def known(self) -> frozenset[str]:
        """Return the names of the inputs that are known."""
        return frozenset(name for name in INPUT_NAMES if getattr(self, name) is not None)

    def filled_from(self, earlier: "HealthSignals") -> "HealthSignals":
        """Return these signals with each input that is not known taken from ``earlier``."""
        return HealthSignals.from_mapping({**earlier.to_mapping(), **self.to_mapping()})

    def without(self, names: frozenset[str]) -> "HealthSignals":
        """Return these signals with the named inputs not known."""
        return HealthSignals.from_mapping(
            {name: value for name, value in self.to_mapping().items() if name not in names}
        )


def days_since(last_interaction_on: date | None, *, as_of: date) -> int | None:
    """Return the age of the last interaction; one dated after ``as_of`` counts as today's."""
    return None if last_interaction_on is None else max(0, (as_of - last_interaction_on).days)


def days_until(renewal_on: date | None, *, as_of: date) -> int | None:
    """Return the days that are left, negative when overdue."""
    return None if renewal_on is None else (renewal_on - as_of).days


def utilization(*, used: int | None, purchased: int | None) -> float | None:
    """Return seats used ÷ seats purchased, None where either is not known or nothing was purchased."""
    return used / purchased if used is not None and purchased else None


def _number(spec: InputSpec, value: Any) -> float:
    kind = type(value)
    if kind is not float and kind is not int:
        if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
            raise ValueError(f"{spec.name} is {value!r}; it must be {_RANGE[spec.shape]}.")
        if isinstance(value, Decimal) and not value.is_finite():
            raise ValueError(f"{spec.name} is not a number ({value}); it must be {_RANGE[spec.shape]}.")
        value = int(value) if value == int(value) else float(value)
    elif kind is float:
        if not math.isfinite(value):
            raise ValueError(f"{spec.name} is not a number ({value}); it must be {_RANGE[spec.shape]}.")
        if value.is_integer():
            value = int(value)
    shape = spec.shape
    if (value < 0 and shape is not Shape.DAYS_AHEAD) or value > _MAXIMUM.get(shape, value):
        raise ValueError(f"{spec.name} is {value}; it must be {_RANGE[shape]}.")
    number: float = value
    return number


def _word(spec: InputSpec, value: Any) -> str:
    if isinstance(value, str):
        wanted = value.strip().casefold()
        for word in spec.words:
            if wanted == word.casefold():
                return str(word)
    raise ValueError(f"{spec.name} is {value!r}; it must be {range_words(spec)}.")


def _flag(spec: InputSpec, value: Any) -> bool:
    if value is True or value is False:
        return bool(value)
    raise ValueError(f"{spec.name} is {value!r}; it must be true or false.")


_CHECKS: Final = tuple(
    (
        spec.name,
        spec,
        {Shape.WORD: _word, Shape.FLAG: _flag}.get(spec.shape, _number),
        frozenset(str(word) for word in spec.words),
    )
    for spec in INPUTS
)

# Whoever adds an input to one list and forgets the other learns it at import, not in a replay.
if tuple(item.name for item in fields(HealthSignals)) != INPUT_NAMES:  # pragma: no cover
    raise RuntimeError("INPUTS and HealthSignals must name the same inputs in the same order.")
