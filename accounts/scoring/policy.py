"""Every threshold and penalty of the score: one table that form, help page and docs are made from."""

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final


class Group(StrEnum):
    """The headings under which the settings stand in the form and in the docs."""

    BANDS = "Bands"
    ADOPTION = "Feature adoption"
    SUPPORT = "Support and escalations"
    ENGAGEMENT = "Engagement"
    USAGE = "Usage"
    COMMERCIAL = "Payment, renewal and seats"
    OPINION = "NPS and TAM health"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyField:
    """One setting: whole numbers of ``unit`` from ``minimum`` to ``maximum``, both allowed."""

    name: str
    group: Group
    label: str
    unit: str
    minimum: int
    maximum: int
    default: int
    help: str


class PolicyError(ValueError):
    """A policy that cannot be one. ``problems`` holds a sentence for each setting's name."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = dict(problems)


def _setting(
    default: int, group: Group, label: str, help_: str, *, unit: str = "points", low: int = 0, high: int = 100
) -> Any:
    about = {"group": group, "label": label, "unit": unit, "minimum": low, "maximum": high, "help": help_}
    return field(default=default, metadata=about)


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthPolicy:
    """The settings of one tenant's score, as whole numbers; shares and levels are percentages.

    Raises PolicyError when a setting is out of its range or two contradict each other. The figures that
    SPEC 3.2 names are fixed there; the others are design, judged by ``make bench-health``.
    """

    red_threshold: int = _setting(40, Group.BANDS, "Red below", "A score under this is Red.", low=1, high=99)
    amber_threshold: int = _setting(
        70,
        Group.BANDS,
        "Amber below",
        "A score under this, and not Red, is Amber; any other is Green.",
        low=2,
    )
    minimum_coverage: int = _setting(
        40,
        Group.BANDS,
        "Minimum coverage",
        "With a smaller share of the weight observed the band is shown as Unknown, or stays the last known one.",
        unit="%",
    )
    adoption_threshold: int = _setting(
        50, Group.ADOPTION, "Adoption asked", "Feature adoption under this costs points.", unit="%", low=1
    )
    adoption_penalty: int = _setting(
        15,
        Group.ADOPTION,
        "No adoption costs",
        "The cost at 0 %; it shrinks evenly up to the adoption asked.",
    )
    tickets_tolerated: int = _setting(
        4,
        Group.SUPPORT,
        "Tickets tolerated",
        "Open tickets that a fully active account may have free of charge; half as active, half as many.",
        unit="tickets",
        high=1000,
    )
    ticket_penalty: int = _setting(
        1,
        Group.SUPPORT,
        "Each further ticket costs",
        "The cost of each open ticket above the tolerated number.",
    )
    ticket_penalty_limit: int = _setting(
        5, Group.SUPPORT, "Tickets cost at most", "Active customers file tickets: keep this small."
    )
    sentiment_penalty: int = _setting(
        15,
        Group.SUPPORT,
        "Negative sentiment costs",
        "Complaints foretell churn where ticket volume does not.",
    )
    escalation_penalty: int = _setting(
        8, Group.SUPPORT, "Each escalation costs", "The cost of each past escalation."
    )
    escalation_penalty_limit: int = _setting(
        24, Group.SUPPORT, "Escalations cost at most", "The cost stops growing here."
    )
    interaction_staleness_days: int = _setting(
        30,
        Group.ENGAGEMENT,
        "Stale after",
        "A last interaction longer ago than this costs points.",
        unit="days",
        high=3650,
    )
    interaction_ramp_days: int = _setting(
        60,
        Group.ENGAGEMENT,
        "Full cost after a further",
        "So many days after it went stale, silence costs its whole penalty.",
        unit="days",
        low=1,
        high=3650,
    )
    interaction_penalty: int = _setting(
        20, Group.ENGAGEMENT, "Silence costs at most", "Recency is one of the two strongest signs of churn."
    )
    stakeholder_threshold: int = _setting(
        50,
        Group.ENGAGEMENT,
        "Stakeholder engagement asked",
        "Stakeholder engagement under this costs points.",
        unit="%",
        low=1,
    )
    stakeholder_penalty: int = _setting(
        10,
        Group.ENGAGEMENT,
        "No stakeholder engagement costs",
        "The cost at 0 %; it shrinks evenly up to the engagement asked.",
    )
    login_threshold: int = _setting(
        60,
        Group.USAGE,
        "Login frequency asked",
        "A login frequency under this costs points.",
        unit="%",
        low=1,
    )
    login_penalty: int = _setting(
        25,
        Group.USAGE,
        "No logins cost",
        "The cost at 0 %; it shrinks evenly up to the frequency asked. The other of the two strongest signs.",
    )
    usage_decline_penalty: int = _setting(
        20,
        Group.USAGE,
        "Declining usage costs at most",
        "In full only when the login frequency is low too: a fall from a high level is not yet churn.",
    )
    usage_low_level: int = _setting(
        30, Group.USAGE, "Low level", "A decline at or under this login frequency costs in full.", unit="%"
    )
    usage_decline_share: int = _setting(
        25,
        Group.USAGE,
        "Share at a healthy level",
        "The part of the decline's cost that is due although the login frequency is as asked, or not known.",
        unit="%",
    )
    payment_penalty: int = _setting(
        30, Group.COMMERCIAL, "Payment not current costs", "An account in arrears."
    )
    renewal_days_amber: int = _setting(
        90,
        Group.COMMERCIAL,
        "Renewal costs from",
        "So many days before the renewal its penalty begins.",
        unit="days",
        low=1,
        high=730,
    )
    renewal_days_red: int = _setting(
        60,
        Group.COMMERCIAL,
        "Renewal costs more from",
        "So many days before the renewal its penalty steps up and grows until the day.",
        unit="days",
        low=1,
        high=730,
    )
    renewal_penalty_amber: int = _setting(
        5, Group.COMMERCIAL, "Renewal in sight costs", "The cost between the two dates above."
    )
    renewal_penalty_red: int = _setting(
        10, Group.COMMERCIAL, "Renewal close costs", "The cost on the second of the two dates above."
    )
    renewal_penalty_due: int = _setting(
        15, Group.COMMERCIAL, "Renewal due costs", "The cost on the renewal day and while it is overdue."
    )
    seats_threshold: int = _setting(
        70,
        Group.COMMERCIAL,
        "Seats in use asked",
        "A smaller share of seats in use costs points.",
        unit="%",
        low=1,
    )
    seats_penalty: int = _setting(
        10,
        Group.COMMERCIAL,
        "No seats in use cost",
        "The cost at 0 %; it shrinks evenly up to the share asked. More seats used than purchased cost nothing.",
    )
    nps_threshold: int = _setting(
        7, Group.OPINION, "NPS asked", "An NPS answer under this costs points.", unit="of 10", low=1, high=10
    )
    nps_penalty: int = _setting(
        10, Group.OPINION, "An NPS of 0 costs", "The cost at 0; it shrinks evenly up to the answer asked."
    )
    tam_penalty_red: int = _setting(
        15, Group.OPINION, "TAM Red costs", "The technical account manager's own judgement."
    )
    tam_penalty_amber: int = _setting(
        8, Group.OPINION, "TAM Amber costs", "The technical account manager's own judgement."
    )

    def __post_init__(self) -> None:
        if problems := _range_problems(self) or _contradictions(self):
            raise PolicyError(problems)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "HealthPolicy":
        """Build a policy from setting names and whole numbers; a setting that is left out has its default.

        Raises PolicyError with a sentence for each unknown name and each value that is no whole number,
        is out of its range or contradicts another one.
        """
        known = {item.name for item in fields(cls)}
        problems = {
            name: f"{name} is not a setting of the health policy. Remove it, or mend its spelling."
            for name in values
            if name not in known
        }
        whole: dict[str, int] = {}
        for name, value in values.items():
            number = _whole(value)
            if number is not None:
                whole[name] = number
            elif name in known:
                problems[name] = f"{POLICY_FIELD[name].label} must be a whole number, not {value!r}."
        if problems:
            raise PolicyError(problems)
        return cls(**whole)

    def to_mapping(self) -> dict[str, int]:
        """Return every setting as JSON; ``from_mapping`` gives back an equal policy."""
        return {item.name: getattr(self, item.name) for item in POLICY_FIELDS}


def _whole(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, (float, Decimal)) and math.isfinite(value) and value == int(value):
        return int(value)
    return None


def _range_problems(policy: HealthPolicy) -> dict[str, str]:
    problems = {}
    for item in POLICY_FIELDS:
        value = getattr(policy, item.name)
        if not isinstance(value, int) or isinstance(value, bool):
            problems[item.name] = f"{item.label} must be a whole number, not {value!r}."
        elif not item.minimum <= value <= item.maximum:
            problems[item.name] = (
                f"{item.label} is {value}; it must lie between {item.minimum} and {item.maximum} {item.unit}."
            )
    return problems


# (setting, must be, than): what a tuned policy may not turn upside down.
_ORDER: Final = (
    ("red_threshold", "less", "amber_threshold"),
    ("usage_low_level", "less", "login_threshold"),
    ("renewal_days_red", "less", "renewal_days_amber"),
    ("renewal_penalty_amber", "at most", "renewal_penalty_red"),
    ("renewal_penalty_red", "at most", "renewal_penalty_due"),
    ("tam_penalty_amber", "at most", "tam_penalty_red"),
    ("ticket_penalty", "at most", "ticket_penalty_limit"),
    ("escalation_penalty", "at most", "escalation_penalty_limit"),
)


def _contradictions(policy: HealthPolicy) -> dict[str, str]:
    problems = {}
    for name, relation, other in _ORDER:
        value, bound = getattr(policy, name), getattr(policy, other)
        if value > bound or (relation == "less" and value == bound):
            wanted = "less than" if relation == "less" else "no more than"
            problems[name] = (
                f"{POLICY_FIELD[name].label} is {value}; it must be {wanted} "
                f"“{POLICY_FIELD[other].label}”, which is {bound}."
            )
    if not problems and (reach := sum(weights(policy).values())) < 100:
        problems["payment_penalty"] = (
            f"All penalties together come to {reach} points; they must reach 100, or the worst account that "
            "can be would not score 0. Raise this one or any other penalty."
        )
    return problems


def weights(policy: HealthPolicy) -> dict[str, int]:
    """Return the most that each input can cost, by the input's name in the order of ``signals.INPUTS``."""
    return {
        "feature_adoption_rate": policy.adoption_penalty,
        "support_ticket_volume": policy.ticket_penalty_limit if policy.ticket_penalty else 0,
        "support_sentiment": policy.sentiment_penalty,
        "last_interaction_days": policy.interaction_penalty,
        "login_frequency_score": policy.login_penalty,
        "usage_trend": policy.usage_decline_penalty,
        "payment_current": policy.payment_penalty,
        "stakeholder_engagement_score": policy.stakeholder_penalty,
        "nps_score": policy.nps_penalty,
        "renewal_days_out": policy.renewal_penalty_due,
        "seats_utilization": policy.seats_penalty,
        "escalation_history_count": policy.escalation_penalty_limit if policy.escalation_penalty else 0,
        "tam_health_rag": policy.tam_penalty_red,
    }


def _table() -> tuple[PolicyField, ...]:
    table = []
    for item in fields(HealthPolicy):
        assert item.default is not MISSING  # noqa: S101  # every setting is made by _setting
        table.append(PolicyField(name=item.name, default=item.default, **item.metadata))
    return tuple(table)


POLICY_FIELDS: Final = _table()
POLICY_FIELD: Final[Mapping[str, PolicyField]] = {item.name: item for item in POLICY_FIELDS}
