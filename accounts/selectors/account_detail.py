"""All that the page of one account shows of its mirror row, its score and its risk."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from accounts.models import Account, ChurnAssessment, HealthScore, PolicyVersion, PropertyMapping, SyncRun
from accounts.scoring import changes, explain, health, wording
from accounts.scoring.changes import Comparison
from accounts.scoring.explain import Row
from accounts.scoring.health import Evaluation, UnknownEngine
from accounts.scoring.policy import HealthPolicy
from accounts.scoring.signals import INPUTS, HealthSignals, InputSpec, Shape
from accounts.selectors import earlier, inputs

HISTORY_WEEKS: Final = 52
STALE_AFTER: Final = timedelta(days=90)
"""A measure that has not moved for so long is more likely not fed any more than steady."""

# What is measured anew all the time; a date, a flag or a person's judgement may well stand for a year.
_MEASURED: Final = frozenset({Shape.RATIO, Shape.RATE, Shape.COUNT})
SPANS: Final[Mapping[str, tuple[str, timedelta]]] = {
    "": ("Since the previous score", timedelta(days=1)),
    "4w": ("4 weeks", timedelta(weeks=4)),
    "12w": ("12 weeks", timedelta(weeks=12)),
    "52w": ("52 weeks", timedelta(weeks=52)),
}
"""How far back the score can be compared: the word in the address, what it is called, how long it is."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint:
    on: date
    score: int
    band: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendMark:
    on: date
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The last score of each week of a year, oldest first, and the days on which the policy changed.

    ``band_since`` is the first day of the present band; ``reaches_back`` says that it may be longer.
    """

    points: tuple[TrendPoint, ...]
    marks: tuple[TrendMark, ...]
    band_since: date | None
    reaches_back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    sentence: str
    on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """The churn assessment that goes with the score that is shown."""

    level: str
    trigger: str
    facts: tuple[Fact, ...]
    until: date | None
    narrative: str
    actions: tuple[str, ...]
    written_by_model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDetail:
    """One account with everything behind its score. ``score`` is None until it was scored once."""

    account: Account
    score: HealthScore | None
    red_threshold: int
    amber_threshold: int
    breakdown: Breakdown
    delta: int | None
    span: str
    comparison: Comparison | None
    compared_on: date | None
    history: History
    risk: Risk | None
    read_at: datetime | None
    other_issues: tuple[str, ...]
    today: date

    @property
    def kind_words(self) -> str:
        return " · ".join(word for word in (self.account.segment, self.account.lifecycle_stage) if word)

    @property
    def moved_words(self) -> str:
        """Say what the score did: ``From 68 on 21 November 2026 to 60, point by point.``"""
        if self.comparison is None or self.compared_on is None:
            return ""
        before, after = self.comparison.score_before, self.comparison.score_after
        on = wording.day(self.compared_on)
        if before == after:
            return f"{after} now as on {on}, and this is what changed beneath it."
        return f"From {before} on {on} to {after}, point by point."


TRIGGERS: Final[Mapping[str, str]] = {
    "contract_proximity": "the contract",
    "behavioral": "the behaviour of the account",
    "combined": "the behaviour of the account and the contract together",
}


def detail(account: Account, *, today: date, span: str = "") -> AccountDetail:
    """Gather what the account's page shows of it.

    ``span`` is a key of SPANS: how far back the score is compared. The account comes with its owner, latest
    score and that score's policy selected. Seven queries, one more where the policy changed within the year;
    three where the account was never scored.
    """
    latest = _latest(account)
    sources = dict(PropertyMapping.objects.values_list("field", "property_name"))
    read_at = (
        SyncRun.objects.exclude(finished_at=None)
        .filter(pages_read__gt=0)
        .order_by("-started_at")
        .values_list("finished_at", flat=True)
        .first()
    )
    policy = HealthPolicy() if latest is None else HealthPolicy.from_mapping(latest.policy.values)
    evaluation = None if latest is None else _replayed(latest, policy)
    mirrored = inputs.snapshots([account.pk], as_of=today if latest is None else latest.scored_on)[0].signals
    span = span if span in SPANS else ""
    before = None if latest is None else _earlier(latest, SPANS[span][1])
    issues = _issues(account)
    return AccountDetail(
        account=account,
        score=latest,
        red_threshold=policy.red_threshold,
        amber_threshold=policy.amber_threshold,
        breakdown=_breakdown(account, evaluation, mirrored, sources=sources, issues=issues, today=today),
        delta=None
        if latest is None or latest.previous_score is None
        else latest.score - latest.previous_score,
        span=span,
        comparison=_comparison(before, evaluation),
        compared_on=None if before is None else before.scored_on,
        history=History(points=(), marks=(), band_since=None, reaches_back=False)
        if latest is None
        else _history(latest),
        risk=None if latest is None else _risk(latest),
        read_at=read_at,
        other_issues=tuple(
            message
            for field, messages in issues.items()
            if field not in _INPUT_FIELDS
            for message in messages
        ),
        today=today,
    )


def _latest(account: Account) -> HealthScore | None:
    shown = getattr(account, "health", None)
    return None if shown is None else shown.latest


def _earlier(latest: HealthScore, span: timedelta) -> HealthScore | None:
    """Return the last score that is at least so old, on an earlier local day (SPEC 3.4)."""
    return (
        HealthScore.objects.filter(
            account_id=latest.account_id, is_of_day=True, scored_on__lte=latest.scored_on - span
        )
        .select_related("policy")
        .order_by("-scored_on")
        .first()
    )


def _replayed(score: HealthScore, policy: HealthPolicy) -> Evaluation | None:
    try:
        return health.score_with(score.engine_version, HealthSignals.from_mapping(score.inputs), policy)
    except UnknownEngine:
        return None


def _comparison(before: HealthScore | None, after: Evaluation | None) -> Comparison | None:
    if before is None or after is None:
        return None
    earlier_one = _replayed(before, HealthPolicy.from_mapping(before.policy.values))
    return None if earlier_one is None else changes.compare(earlier_one, after)


# The inputs


def _fields_of(name: str) -> tuple[str, ...]:
    return _FIELDS_OF.get(name, (name,))


_INPUT_FIELDS: Final = frozenset(field for spec in INPUTS for field in _fields_of(spec.name))


def _issues(account: Account) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for issue in account.field_issues:
        found.setdefault(issue["field"], []).append(issue["message"])
    return found


def _breakdown(
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


# The history


def _history(latest: HealthScore) -> History:
    """Read a year of scores. Two queries, one where the policy never changed."""
    begins = latest.scored_on - timedelta(weeks=HISTORY_WEEKS)
    days = list(
        HealthScore.objects.filter(
            account_id=latest.account_id,
            is_of_day=True,
            scored_on__gt=begins,
            scored_on__lte=latest.scored_on,
        )
        .order_by("scored_on")
        .values_list("scored_on", "score", "effective_band", "policy_id")
    )
    weekly: dict[date, TrendPoint] = {}
    for on, score, band, _ in days:
        weekly[earlier.monday_of(on)] = TrendPoint(on=on, score=score, band=band)
    since = latest.scored_on
    for on, _, band, _ in reversed(days):
        if band != latest.effective_band:
            break
        since = on
    return History(
        points=tuple(weekly.values()),
        marks=_marks([(on, policy_id) for on, _, _, policy_id in days]),
        band_since=since,
        reaches_back=bool(days) and since == days[0][0] and latest.scored_on - since > timedelta(weeks=50),
    )


def _marks(days: Sequence[tuple[date, UUID]]) -> tuple[TrendMark, ...]:
    changed = [
        (on, policy_id) for (_, before), (on, policy_id) in itertools.pairwise(days) if policy_id != before
    ]
    if not changed:
        return ()
    versions = {
        version.pk: version
        for version in PolicyVersion.objects.filter(pk__in={policy_id for _, policy_id in changed})
    }
    return tuple(
        TrendMark(on=on, label=_mark_words(versions[policy_id]))
        for on, policy_id in changed
        if policy_id in versions
    )


def _mark_words(version: PolicyVersion) -> str:
    told = f"Thresholds version {version.number}"
    return f"{told}: {version.reason}" if version.reason else told


# The risk


def _risk(latest: HealthScore) -> Risk | None:
    assessment = (
        ChurnAssessment.objects.filter(account_id=latest.account_id, assessed_on__lte=latest.scored_on)
        .order_by("-assessed_on")
        .first()
    )
    if assessment is None:
        return None
    return Risk(
        level=assessment.level,
        trigger=TRIGGERS.get(assessment.trigger, ""),
        facts=tuple(fact(one) for one in assessment.facts),
        until=assessment.until,
        narrative=assessment.narrative,
        actions=tuple(assessment.actions),
        written_by_model="" if assessment.written_by == "templates" else assessment.written_by,
    )


def fact(stored: Any) -> Fact:
    """Read one stored fact."""
    if isinstance(stored, str):
        return Fact(sentence=stored, on=None)
    on = stored.get("on")
    return Fact(sentence=stored["sentence"], on=date.fromisoformat(on) if on else None)
