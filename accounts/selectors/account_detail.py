"""All that the page of one account shows of its mirror row, its score and its risk."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from accounts import mirror
from accounts.models import Account, ChurnAssessment, HealthScore, PropertyMapping, SyncKind, SyncRun
from accounts.scoring import changes, health, wording
from accounts.scoring.changes import Comparison
from accounts.scoring.health import Evaluation, UnknownEngine
from accounts.scoring.policy import HealthPolicy
from accounts.scoring.signals import HealthSignals
from accounts.selectors import account_answer, account_history, account_inputs, churn_stories, inputs
from accounts.selectors.account_answer import Answer
from accounts.selectors.account_history import History
from accounts.selectors.account_inputs import Breakdown

SPANS: Final[Mapping[str, tuple[str, timedelta]]] = {
    "": ("Since the previous score", timedelta(days=1)),
    "1w": ("1 week", timedelta(weeks=1)),
    "4w": ("4 weeks", timedelta(weeks=4)),
    "12w": ("12 weeks", timedelta(weeks=12)),
    "52w": ("52 weeks", timedelta(weeks=52)),
}
"""How far back the score can be compared: the word in the address, what it is called, how long it is."""


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
    facts_checked: int
    trouble: str


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
    answer: Answer | None
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
            beneath = ", and this is what changed beneath it" if self.comparison.changes else ""
            return f"{after} now, as on {on}{beneath}."
        return f"From {before} on {on} to {after}, point by point."


TRIGGERS: Final[Mapping[str, str]] = {
    "contract_proximity": "the contract",
    "behavioral": "the behaviour of the account",
    "combined": "the behaviour of the account and the contract together",
}


_NO_HISTORY: Final = History(points=(), marks=(), band_since=None, reaches_back=False)


def detail(account: Account, *, today: date, span: str = "") -> AccountDetail:
    """Gather what the account's page shows of it.

    ``span`` is a key of SPANS: how far back the score is compared. The account comes with its owner, its churn story,
    its latest score and that score's policy selected. Seven queries, one more where the policy changed within the year
    and one where the band did; three where the account was never scored.
    """
    latest = _latest(account)
    mapped = list(PropertyMapping.objects.all())
    sources = {row.field: row.property_name for row in mapped}
    read_at = (
        # A refresh reads some accounts and says nothing of the others.
        SyncRun.objects.exclude(finished_at=None)
        .filter(kind=SyncKind.FULL, pages_read__gt=0)
        .order_by("-started_at")
        .values_list("finished_at", flat=True)
        .first()
    )
    policy = HealthPolicy() if latest is None else latest.applied()
    evaluation = None if latest is None else _replayed(latest, policy)
    mirrored = inputs.snapshots([account.pk], as_of=today if latest is None else latest.scored_on)[0].signals
    span = span if span in SPANS else ""
    before = None if latest is None else _earlier(latest, SPANS[span][1])
    history = _NO_HISTORY if latest is None else account_history.year(latest)
    issues = account_inputs.issues_of(account)
    for row in mapped:
        if row.frozen_since is not None:
            issues.setdefault(row.field, []).append(_stands(row, row.frozen_since))
    return AccountDetail(
        account=account,
        score=latest,
        red_threshold=policy.red_threshold,
        amber_threshold=policy.amber_threshold,
        breakdown=account_inputs.breakdown(
            account, evaluation, mirrored, sources=sources, issues=issues, today=today
        ),
        delta=None
        if latest is None or latest.previous_score is None
        else latest.score - latest.previous_score,
        span=span,
        comparison=_comparison(before, evaluation),
        compared_on=None if before is None else before.scored_on,
        history=history,
        answer=None
        if latest is None or evaluation is None
        else account_answer.answer(latest, evaluation, history, today=today),
        risk=None if latest is None else _risk(latest, account),
        read_at=read_at,
        other_issues=tuple(
            message
            for field, messages in issues.items()
            if field not in account_inputs.INPUT_FIELDS
            for message in messages
        ),
        today=today,
    )


def _stands(row: PropertyMapping, since: datetime) -> str:
    label, on = mirror.labels([row.field]), wording.day(timezone.localdate(since))
    return f"{label} stands as it was last known: since {on} {row.frozen_because}."


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
    earlier_one = _replayed(before, before.applied())
    return None if earlier_one is None else changes.compare(earlier_one, after)


def _risk(latest: HealthScore, account: Account) -> Risk | None:
    assessment = (
        ChurnAssessment.objects.filter(account_id=latest.account_id, assessed_on__lte=latest.scored_on)
        .order_by("-assessed_on")
        .first()
    )
    if assessment is None:
        return None
    words = churn_stories.words(assessment, account, getattr(account, "churn_story", None))
    return Risk(
        level=assessment.level,
        trigger=TRIGGERS.get(assessment.trigger, ""),
        facts=tuple(fact(one) for one in assessment.facts),
        until=assessment.until,
        narrative=words.narrative,
        actions=words.actions,
        written_by_model=words.written_by,
        facts_checked=words.facts_checked,
        trouble=words.trouble,
    )


def fact(stored: Any) -> Fact:
    """Read one stored fact."""
    if isinstance(stored, str):
        return Fact(sentence=stored, on=None)
    on = stored.get("on")
    return Fact(sentence=stored["sentence"], on=date.fromisoformat(on) if on else None)
