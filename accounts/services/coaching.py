"""Adoption plans: made from the rules, put into words, closed (SPEC 4.4).

A plan is begun with the portal's own sentences, which are good enough to send. Where a model is set it may write better
ones, for the steps that nobody has edited meanwhile.
"""

from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from accounts import coaching_told, policies
from accounts.models import Account, CoachingPlan, CoachingStep, PlanState
from accounts.prompts import coaching as prompt
from accounts.prompts.system import CSM_SYSTEM_PROMPT
from accounts.scoring import coaching as rules
from accounts.selectors import coaching_facts
from csm_portal.core import asking, audit, jobs
from csm_portal.core.models import Job, Membership, User
from csm_portal.ports.writer import Writers

TASK: Final = "accounts.coaching_tasks.word"
TEMPLATES: Final = "templates"
# The customer may be told of these; what engagement and sentiment say of people is for colleagues.
_FOR_THE_CUSTOMER: Final = frozenset(
    {"features_used", "feature_adoption_rate", "usage_trend", "login_frequency_score", "seats_utilization"}
)


class NothingToCoach(ValueError):
    """Nothing calls for a plan; the message says what was looked at."""


def begin(
    account: Account, *, actor: User | None, today: date, now: datetime, words: bool = False
) -> CoachingPlan:
    """Make the plan that the rules recommend, or return the one that is open.

    ``actor`` is None for an agent. ``words`` asks for a job in which a model writes the sentences. The plan was begun by
    this call where its ``created_at`` is ``now``. Raises PermissionDenied, NothingToCoach.
    """
    _may_write(account, actor)
    standing = open_plan(account)
    if standing is not None:
        return standing
    if account.is_archived or account.removed_at is not None:
        raise NothingToCoach(
            f"{account.name} is archived or gone in Notion. Restore its page there and sync, then make the plan."
        )
    coaching = rules.recommend(coaching_facts.known(account, today=today))
    if not coaching.recommendations:
        raise NothingToCoach(coaching.scope)
    try:
        with transaction.atomic():
            return _begin(account, coaching, actor=actor, today=today, now=now, words=words)
    except IntegrityError:
        # Somebody else made one between the look and now: theirs stands.
        return CoachingPlan.objects.get(account=account, state=PlanState.OPEN)


def _begin(
    account: Account,
    coaching: rules.Coaching,
    *,
    actor: User | None,
    today: date,
    now: datetime,
    words: bool,
) -> CoachingPlan:
    plan = CoachingPlan.objects.create(
        account=account, scope=coaching.scope, coached_on=today, created_at=now, created_by=actor
    )
    owner = account.owner.name if account.owner is not None else account.owner_name
    CoachingStep.objects.bulk_create(
        CoachingStep(
            plan=plan,
            position=position,
            title=step.title[: coaching_told.LONGEST_TITLE],
            why=step.why,
            owner_name=owner[:120],
            due_on=step.due_on,
            cause=step.cause,
            area=step.area[:200],
            evidence=[{**asdict(one), "on": one.on.isoformat()} for one in step.evidence],
        )
        for position, step in enumerate(rules.steps(coaching, as_of=today), start=1)
    )
    audit.record(
        "coaching.planned",
        plan,
        actor=actor,
        at=now,
        data={"account": str(account.pk), "steps": len(coaching.recommendations) + 1},
    )
    if words:
        jobs.enqueue(
            TASK,
            tenant=account.tenant,
            title=f"Words for the coaching plan of {account.name}"[:200],
            now=now,
            params={"plan_id": str(plan.pk)},
            requested_by=actor,
            key=f"coaching-words:{plan.pk}",
        )
    return plan


def plan_for(
    account: Account,
    *,
    actor: User | None,
    writers: Writers,
    today: date,
    now: datetime,
    run_id: UUID | None = None,
) -> CoachingPlan:
    """Return the account's open plan, made and put into words at once where there is none: what the agent calls.

    Asks a model, so call it outside a transaction. Raises PermissionDenied, NothingToCoach.
    """
    plan = begin(account, actor=actor, today=today, now=now)
    if plan.created_at == now:
        plan = word(plan, writers=writers, now=now, actor=actor, run_id=run_id)
    return plan


def open_plan(account: Account) -> CoachingPlan | None:
    """Return the plan that is at work, if there is one."""
    return CoachingPlan.objects.filter(account=account, state=PlanState.OPEN).first()


def word(
    plan: CoachingPlan,
    *,
    writers: Writers,
    now: datetime,
    actor: User | None = None,
    job: Job | None = None,
    run_id: UUID | None = None,
) -> CoachingPlan:
    """Let a model write title and why of the steps that nobody has touched; return the plan as it is then.

    No usable answer leaves the portal's own sentences, and the plan says why. Call it outside a transaction.
    """
    account = plan.account
    steps = [step for step in _untouched(plan) if step.cause]
    wanted = [
        coaching_told.Wanted(
            key=str(step.pk),
            area=step.area,
            sentences=coaching_told.sentences_of(step.evidence, allowed=_FOR_THE_CUSTOMER),
        )
        for step in steps
    ]
    if not wanted or plan.state != PlanState.OPEN:
        return plan
    owner = account.owner.name if account.owner is not None else account.owner_name
    known = coaching_told.facts(wanted, account=account.name, owner=owner)
    asked = asking.ask(
        asking.Question(
            purpose="adoption_coaching",
            system=CSM_SYSTEM_PROMPT,
            prompt=prompt.build_adoption_coaching_prompt(
                known, goals=account.customer_goals, notes=account.notes
            ),
            answer=coaching_told.CoachingAnswer,
            check=lambda answer: coaching_told.objections(answer, known),
            material={"facts": {fact.id: fact.shown for fact in known.values()}},
        ),
        writers=writers,
        now=now,
        actor=actor,
        job=job,
        run_id=run_id,
        about=f"accounts.coachingplan:{plan.pk}",
    )
    if asked.answer is None:
        _say(plan, trouble=asked.trouble[:500])
    else:
        _put_in(plan, steps, coaching_told.told(asked.answer, known), author=asked.author, facts=len(known))
    return plan


@transaction.atomic
def _put_in(
    plan: CoachingPlan, steps: list[CoachingStep], texts: list[tuple[str, str]], *, author: str, facts: int
) -> None:
    for step, (title, why) in zip(steps, texts, strict=True):
        # A person may have edited or ticked it while the model was writing: their words stand.
        CoachingStep.objects.filter(pk=step.pk, version=step.version, done_at=None).update(
            title=title[: coaching_told.LONGEST_TITLE], why=why
        )
    _say(plan, written_by=author[:100], facts_checked=facts, trouble="")


def _say(plan: CoachingPlan, **columns: Any) -> None:
    for name, value in columns.items():
        setattr(plan, name, value)
    CoachingPlan.objects.filter(pk=plan.pk).update(**columns)


def _untouched(plan: CoachingPlan) -> list[CoachingStep]:
    return list(
        CoachingStep.objects.filter(plan=plan, is_edited=False, done_at=None).order_by("position", "pk")
    )


def _may_write(account: Account, actor: User | None) -> None:
    if actor is None:
        return
    membership = Membership.objects.filter(user=actor).first()
    if membership is None or not policies.can_write(membership, account):
        raise PermissionDenied
