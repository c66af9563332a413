"""The thirteen inputs of one account: what each is, where it comes from, how old it is, what it costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from accounts.models import Account
from accounts.scoring import explain, health
from accounts.scoring.explain import Row
from accounts.scoring.health import Evaluation
from accounts.scoring.signals import INPUTS, HealthSignals, InputSpec, Shape

STALE_AFTER: Final = timedelta(days=90)
"""A measure that has not moved for so long is more likely not fed any more than steady."""

# What is measured anew all the time; a date, a flag or a person's judgement may well stand for a year.
_MEASURED: Final = frozenset({Shape.RATIO, Shape.RATE, Shape.COUNT})
_FIELDS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "last_interaction_days": ("last_interaction_on",),
    "renewal_days_out": ("renewal_on",),
    "seats_utilization": ("seats_used", "seats_purchased"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRow:
    """One of the thirteen inputs: what it is, where it comes from, what it costs.

    ``penalty`` is None where nothing was scored yet. ``newer`` is the mirror's value where it has changed
    since the score was made, ``issues`` sentences about what could not be read.
    """

    name: str
    label: str
    value: str
    is_known: bool
    newer: str
    threshold: str
    penalty: int | None
    at_most: int
    sentence: str
    sources: tuple[str, ...]
    seen_at: datetime | None
    is_stale: bool
    issues: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """The inputs in the order of what they cost, and the sum: the penalties come to 100 − score."""

    rows: tuple[InputRow, ...]
    clamp: Row | None
    total: int | None
    score: int | None

    @property
    def is_explained(self) -> bool:
        """Whether the costs are known: not before the first score, nor for an engine that is not here."""
        return self.total is not None

    @property
    def unknown(self) -> int:
        return sum(not row.is_known for row in self.rows)


def _fields_of(name: str) -> tuple[str, ...]:
    return _FIELDS_OF.get(name, (name,))


INPUT_FIELDS: Final = frozenset(field for spec in INPUTS for field in _fields_of(spec.name))


def issues_of(account: Account) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for issue in account.field_issues:
        found.setdefault(issue["field"], []).append(issue["message"])
    return found


def breakdown(
    account: Account,
    evaluation: Evaluation | None,
    mirrored: HealthSignals,
    *,
    sources: Mapping[str, str],
    issues: Mapping[str, Sequence[str]],
    today: date,
) -> Breakdown:
    explained = {row.input: row for row in explain.rows(evaluation)} if evaluation is not None else {}
    rows = [
        _input(
            spec,
            account,
            explained.get(spec.name),
            mirrored,
            scored=None if evaluation is None else evaluation.signals,
            sources=sources,
            issues=issues,
            today=today,
        )
        for spec in INPUTS
    ]
    rows.sort(key=lambda row: (-(row.penalty or 0), not row.is_known))
    return Breakdown(
        rows=tuple(rows),
        clamp=explained.get(health.CLAMP),
        total=None if evaluation is None else 100 - evaluation.score,
        score=None if evaluation is None else evaluation.score,
    )


def _input(
    spec: InputSpec,
    account: Account,
    row: Row | None,
    mirrored: HealthSignals,
    *,
    scored: HealthSignals | None,
    sources: Mapping[str, str],
    issues: Mapping[str, Sequence[str]],
    today: date,
) -> InputRow:
    fields = _fields_of(spec.name)
    present = getattr(mirrored, spec.name)
    seen = [datetime.fromisoformat(account.changed_at[name]) for name in fields if name in account.changed_at]
    seen_at = max(seen, default=None)
    has_changed = scored is not None and getattr(scored, spec.name) != present
    return InputRow(
        name=spec.name,
        label=spec.label,
        value=explain.shown(spec, mirrored) if row is None else row.value,
        is_known=present is not None if row is None else row.is_known,
        newer=explain.shown(spec, mirrored) if has_changed else "",
        threshold="" if row is None else row.threshold,
        penalty=None if row is None else row.penalty,
        at_most=0 if row is None else row.at_most,
        sentence="" if row is None else row.sentence,
        sources=tuple(sources[name] for name in fields if name in sources),
        seen_at=seen_at,
        is_stale=(spec.shape in _MEASURED and seen_at is not None and today - seen_at.date() > STALE_AFTER),
        issues=tuple(message for name in fields for message in issues.get(name, ())),
    )
