"""What the pages of adoption coaching show: one account's plan, and the plans of the whole book."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from accounts import policies
from accounts.models import Account, CoachingPlan, CoachingStep, PlanState
from accounts.scoring import coaching as rules
from accounts.scoring.coaching import Recommendation
from accounts.selectors import coaching_facts, messages
from accounts.selectors.messages import Message
from csm_portal.core.models import Membership

_EARLIER: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    sentence: str
    on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """One step. ``is_late`` says that its day is over and it is not done."""

    step_id: UUID
    number: int
    title: str
    why: str
    owner: str
    due_on: date | None
    evidence: tuple[Evidence, ...]
    done_at: datetime | None
    done_by: str
    version: int
    is_late: bool
    is_first: bool
    is_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One plan with its steps. ``written_by`` is empty where the portal's own sentences stand."""

    plan_id: UUID
    state: str
    scope: str
    coached_on: date
    created_at: datetime
    created_by: str
    written_by: str
    facts_checked: int
    trouble: str
    closed_at: datetime | None
    closed_by: str
    closed_because: str
    steps: tuple[StepRow, ...]

    @property
    def done(self) -> int:
        return sum(step.done_at is not None for step in self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One recommendation. ``is_shared`` says that facts which stand with an earlier one speak for it too."""

    area: str
    title: str
    why: str
    evidence: tuple[Evidence, ...]
    is_shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CoachingPage:
    """One account: the plan that is open, or what would be in one; and the plans before.

    ``scope`` says what the recommendations rest on, also where there are none.
    """

    account: Account
    plan: Plan | None
    recommendations: tuple[Found, ...]
    scope: str
    earlier: tuple[Plan, ...]
    drafts: tuple[Message, ...]
    can_write: bool
    today: date


def page(account: Account, membership: Membership, *, today: date) -> CoachingPage:
    """Return all that the coaching page of an account shows. At most six queries, however many steps there are."""
    plans = _plans(account)
    shown = [_plan(row, today=today) for row in plans]
    standing = next((plan for plan in shown if plan.state == PlanState.OPEN), None)
    recommendations: tuple[Found, ...] = ()
    scope = standing.scope if standing is not None else ""
    is_current = not account.is_archived and account.removed_at is None
    if standing is None and is_current:
        coaching = rules.recommend(coaching_facts.known(account, today=today))
        recommendations, scope = _found(coaching.recommendations), coaching.scope
    return CoachingPage(
        account=account,
        plan=standing,
        recommendations=recommendations,
        scope=scope,
        earlier=tuple(plan for plan in shown if plan is not standing),
        drafts=messages.about(standing.plan_id, membership) if standing is not None else (),
        can_write=policies.can_write(membership, account) and is_current,
        today=today,
    )


def _found(recommendations: Sequence[Recommendation]) -> tuple[Found, ...]:
    """Tell each fact once: where it was told already, the row says so."""
    told: set[str] = set()
    rows = []
    for one in recommendations:
        fresh = [fact for fact in one.evidence if fact.sentence not in told]
        told.update(fact.sentence for fact in fresh)
        rows.append(
            Found(
                area=one.area,
                title=one.title,
                why=one.why,
                evidence=tuple(Evidence(sentence=fact.sentence, on=fact.on) for fact in fresh),
                is_shared=len(fresh) < len(one.evidence),
            )
        )
    return tuple(rows)


def _plans(account: Account) -> list[CoachingPlan]:
    found: QuerySet[CoachingPlan] = (
        CoachingPlan.objects.filter(account=account)
        .select_related("created_by", "closed_by")
        .prefetch_related("steps__done_by")
        .order_by("-created_at", "-pk")
    )
    return list(found[:_EARLIER])


def _plan(row: CoachingPlan, *, today: date) -> Plan:
    steps = sorted(row.steps.all(), key=lambda step: (step.position, step.pk))
    return Plan(
        plan_id=row.pk,
        state=row.state,
        scope=row.scope,
        coached_on=row.coached_on,
        created_at=row.created_at,
        created_by=str(row.created_by) if row.created_by else "An agent",
        written_by="" if row.written_by == "templates" else row.written_by,
        facts_checked=row.facts_checked,
        trouble=row.trouble,
        closed_at=row.closed_at,
        closed_by=str(row.closed_by) if row.closed_by else "",
        closed_because=row.closed_because,
        steps=tuple(
            _step(step, number, today=today, count=len(steps)) for number, step in enumerate(steps, start=1)
        ),
    )


def _step(row: CoachingStep, number: int, *, today: date, count: int) -> StepRow:
    return StepRow(
        step_id=row.pk,
        number=number,
        title=row.title,
        why=row.why,
        owner=row.owner_name,
        due_on=row.due_on,
        evidence=tuple(_evidence(row.evidence)),
        done_at=row.done_at,
        done_by=str(row.done_by) if row.done_by else "",
        version=row.version,
        is_late=row.done_at is None and row.due_on is not None and row.due_on < today,
        is_first=number == 1,
        is_last=number == count,
    )


def _evidence(stored: Sequence[Any]) -> list[Evidence]:
    found = []
    for one in stored:
        if isinstance(one, dict) and one.get("sentence"):
            on = one.get("on")
            found.append(Evidence(sentence=str(one["sentence"]), on=date.fromisoformat(on) if on else None))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class InBrief:
    """An account's plan as its own page shows it: how far it is, and what comes next."""

    done: int
    steps: int
    next_title: str
    next_on: date | None


def in_brief(account: Account) -> InBrief | None:
    """Return how far the open plan is, None where there is none. One query."""
    rows = list(
        CoachingStep.objects.filter(plan__account=account, plan__state=PlanState.OPEN)
        .order_by("position", "pk")
        .values_list("title", "due_on", "done_at")
    )
    if not rows:
        return None
    left = [row for row in rows if row[2] is None]
    return InBrief(
        done=len(rows) - len(left),
        steps=len(rows),
        next_title=left[0][0] if left else "",
        next_on=left[0][1] if left else None,
    )


def idle(account: Account) -> tuple[str, ...]:
    """Return the licensed features that nobody uses, none where the workspace does not name them. No query."""
    if not account.features_licensed or account.features_used is None:
        return ()
    return rules.unused(account.features_licensed, account.features_used)
