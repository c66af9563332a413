"""The health score: 100 minus what each signal costs, as a pure function (SPEC 3.1)."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from accounts.scoring import engine_v1
from accounts.scoring.policy import POLICY_FIELDS, HealthPolicy, weights
from accounts.scoring.signals import INPUT_NAMES, INPUTS, HealthSignals, Rag

CLAMP: Final = "clamp"
"""The name of the row that takes back what the penalties come to beyond 100."""

Engine: TypeAlias = Callable[[HealthSignals, HealthPolicy], tuple[int, ...]]
ENGINES: Final[Mapping[str, Engine]] = {"1": engine_v1.penalties}
ENGINE_VERSION: Final = "1"


class UnknownEngine(LookupError):
    """A score was stored by an engine version that this installation does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One account scored: everything that explains the number, and nothing that is not needed to replay it.

    ``rag`` is the *computed* band: from the score alone, however little is known; what pages show is
    ``bands.effective_band``. ``penalties`` are in the order of ``signals.INPUTS``. ``clamp`` is 0 or negative.
    """

    signals: HealthSignals
    policy: HealthPolicy
    engine_version: str
    score: int
    rag: Rag
    penalties: tuple[int, ...]
    clamp: int
    observed_weight: int
    total_weight: int

    @property
    def coverage(self) -> float:
        """The share of the total weight that was observed, 0 to 1; NPS, renewal and TAM health aside."""
        return self.observed_weight / self.total_weight if self.total_weight else 1.0

    @property
    def is_covered(self) -> bool:
        """Whether as much was observed as the policy asks for."""
        return self.observed_weight * 100 >= self.policy.minimum_coverage * self.total_weight

    @property
    def points(self) -> dict[str, int]:
        """The cost of each input by its name, and of the clamp; they sum to 100 − score."""
        return {**dict(zip(INPUT_NAMES, self.penalties, strict=True)), CLAMP: self.clamp}


def evaluate(signals: HealthSignals, policy: HealthPolicy) -> Evaluation:
    """Score one account with today's engine."""
    return score_with(ENGINE_VERSION, signals, policy)


def score_with(engine_version: str, signals: HealthSignals, policy: HealthPolicy) -> Evaluation:
    """Score one account as the named engine version did, so that a stored score can be replayed (SPEC 3.5).

    Raises UnknownEngine for a version that was never published here.
    """
    engine = ENGINES.get(engine_version)
    if engine is None:
        raise UnknownEngine(
            f"Engine version {engine_version} is not known here; the known ones are "
            f"{', '.join(ENGINES)}. Upgrade the portal to the release that wrote the score."
        )
    penalties = engine(signals, policy)
    raw = 100 - sum(penalties)
    score = max(0, raw)
    observed, total = _coverage(signals, policy)
    return Evaluation(
        signals=signals,
        policy=policy,
        engine_version=engine_version,
        score=score,
        rag=band_of(score, policy),
        penalties=penalties,
        clamp=raw - score,
        observed_weight=observed,
        total_weight=total,
    )


def band_of(score: int, policy: HealthPolicy) -> Rag:
    """Return the band that a score falls in."""
    if score < policy.red_threshold:
        return Rag.RED
    return Rag.AMBER if score < policy.amber_threshold else Rag.GREEN


class CSMHealthScorer:
    """The scorer of one policy. Every threshold and penalty is a keyword; one that is left out has its default.

    Raises TypeError for a keyword that is no setting, ``policy.PolicyError`` (a ValueError) for a figure
    that cannot be one.
    """

    __slots__ = ("policy",)

    def __init__(self, **thresholds: int) -> None:
        names = {item.name for item in POLICY_FIELDS}
        if unknown := sorted(set(thresholds) - names):
            raise TypeError(
                f"CSMHealthScorer has no setting {unknown[0]!r}. It has {', '.join(sorted(names))}."
            )
        self.policy = HealthPolicy.from_mapping(thresholds)

    @classmethod
    def for_policy(cls, policy: HealthPolicy) -> "CSMHealthScorer":
        """Return the scorer of a policy that exists already."""
        return cls(**policy.to_mapping())

    def compute_score(
        self,
        *,
        feature_adoption_rate: float | None = None,
        support_ticket_volume: float | None = None,
        support_sentiment: str | None = None,
        last_interaction_days: float | None = None,
        login_frequency_score: float | None = None,
        usage_trend: str | None = None,
        payment_current: bool | None = None,
        stakeholder_engagement_score: float | None = None,
        nps_score: float | None = None,
        renewal_days_out: float | None = None,
        seats_utilization: float | None = None,
        escalation_history_count: float | None = None,
        tam_health_rag: str | None = None,
    ) -> tuple[int, str]:
        """Return the score (0 to 100) and its band: ``Green``, ``Amber`` or ``Red``.

        None is *not known* and costs nothing. Raises ValueError, naming the input, for an impossible value.
        """
        signals = HealthSignals(
            feature_adoption_rate=feature_adoption_rate,
            support_ticket_volume=support_ticket_volume,
            support_sentiment=support_sentiment,
            last_interaction_days=last_interaction_days,
            login_frequency_score=login_frequency_score,
            usage_trend=usage_trend,
            payment_current=payment_current,
            stakeholder_engagement_score=stakeholder_engagement_score,
            nps_score=nps_score,
            renewal_days_out=renewal_days_out,
            seats_utilization=seats_utilization,
            escalation_history_count=escalation_history_count,
            tam_health_rag=tam_health_rag,
        )
        score = max(0, 100 - sum(ENGINES[ENGINE_VERSION](signals, self.policy)))
        return score, str(band_of(score, self.policy))

    def evaluate(self, signals: HealthSignals) -> Evaluation:
        """Score one account, with everything that explains the number."""
        return evaluate(signals, self.policy)


# ``help(CSMHealthScorer)`` and an editor show the settings by name, from the one table.
CSMHealthScorer.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    [
        inspect.Parameter(item.name, inspect.Parameter.KEYWORD_ONLY, default=item.default, annotation=int)
        for item in POLICY_FIELDS
    ]
)

_COVERED_INPUTS: Final = tuple(spec.name for spec in INPUTS if spec.counts_in_coverage)


def _coverage(signals: HealthSignals, policy: HealthPolicy) -> tuple[int, int]:
    weight: dict[str, Any] = weights(policy)
    observed = total = 0
    for name in _COVERED_INPUTS:
        total += weight[name]
        if getattr(signals, name) is not None:
            observed += weight[name]
    return observed, total
