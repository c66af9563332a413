"""Lets a model write about an account's risk of leaving, held to the facts; else the fixed sentences stand (SPEC 4.1, P1).

Level and trigger come from the rules. What is kept are sentences that cite facts; the figures are put in when they are
shown. A story is written anew when the level, the trigger or the kinds of facts change, not each day.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from accounts import churn_told
from accounts.models import Account, ChurnAssessment, ChurnStory
from accounts.prompts import churn as prompt
from accounts.prompts.system import CSM_SYSTEM_PROMPT
from accounts.selectors import churn_stories as selector
from csm_portal.core import asking, jobs
from csm_portal.core.asking import Answered, Reason
from csm_portal.core.models import Job, JobState, Tenant, User
from csm_portal.ports.writer import Writers

TASK: Final = "accounts.churn_tasks.tell"
A_DAY: Final = 200
"""So many accounts of a tenant are written about on a local day at most."""
A_STEP: Final = timedelta(seconds=45)
"""A job begins no further story after this long."""
_FAILURES: Final = 3
"""So many failed calls in a row say that the model cannot be had now."""


class NotAssessed(LookupError):
    """The account has never been scored, so there is no risk to tell of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """The risk of an account as the rules assessed it, and the words about it.

    ``written_by`` is ``templates`` for the fixed sentences; ``trouble`` then says what went wrong, if a model was asked.
    """

    account_id: UUID
    assessed_on: date
    level: str
    trigger: str
    until: date | None
    facts: tuple[dict[str, Any], ...]
    narrative: str
    actions: tuple[str, ...]
    written_by: str
    facts_checked: int
    trouble: str


def assess(
    account: Account,
    *,
    writers: Writers,
    now: datetime,
    actor: User | None = None,
    run_id: UUID | None = None,
) -> Assessed:
    """Return the latest assessment of an account with its words, written now if they are not: what the agent calls.

    Asks a model, so call it outside a transaction; the account comes with its owner. Raises NotAssessed.
    """
    assessment = selector.latest(account)
    if assessment is None:
        raise NotAssessed(f"{account.name} has not been scored yet. Scan it first.")
    story = ChurnStory.objects.filter(account=account).first()
    trouble = ""
    if story is None or story.basis != selector.basis(assessment):
        asked = _ask(assessment, account, writers=writers, now=now, actor=actor, run_id=run_id)
        story = _keep(assessment, account, asked, model=writers.first.name, now=now)
        trouble = asked.trouble
    words = selector.words(assessment, account, story)
    return Assessed(
        account_id=account.pk,
        assessed_on=assessment.assessed_on,
        level=assessment.level,
        trigger=assessment.trigger,
        until=assessment.until,
        facts=tuple(one for one in assessment.facts if isinstance(one, dict)),
        narrative=words.narrative,
        actions=words.actions,
        written_by=words.written_by or "templates",
        facts_checked=words.facts_checked,
        trouble=words.trouble or ("" if words.written_by else trouble),
    )


def ask(tenant: Tenant, *, writers: Writers, now: datetime) -> Job | None:
    """Ask for a job that writes about the risks which have changed; None where no model is set or none has."""
    if writers.first is writers.fallback or not _left(tenant, now) or not selector.due(at_most=1):
        return None
    under_way = Job.objects.filter(task=TASK, state__in=[JobState.QUEUED, JobState.RUNNING]).first()
    if under_way is not None:
        return under_way
    return jobs.enqueue(
        TASK, tenant=tenant, title="Words for the churn risks that changed", now=now, key="churn-stories"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one job came to. ``is_over`` says that no further one is needed today; ``trouble`` why it stopped early."""

    written: int
    refused: int
    is_over: bool
    trouble: str = ""


def step(
    tenant: Tenant,
    *,
    writers: Writers,
    clock: Callable[[], datetime],
    job: Job | None = None,
    a_day: int = A_DAY,
) -> Step:
    """Write about some of the risks that have changed, for less than two minutes. Call it outside a transaction."""
    began = clock()
    written = refused = failed = 0
    if writers.first is writers.fallback:
        return Step(written=0, refused=0, is_over=True)
    for account_id in selector.due(at_most=_left(tenant, began, a_day)):
        now = clock()
        if now - began > A_STEP:
            return Step(written=written, refused=refused, is_over=False)
        account = Account.objects.select_related("owner").get(pk=account_id)
        assessment = selector.latest(account)
        if assessment is None:
            continue
        asked = _ask(assessment, account, writers=writers, now=now, job=job)
        failed = failed + 1 if asked.reason is Reason.FAILED else 0
        if asked.reason is Reason.OVER_CAP or failed == _FAILURES:
            # The next account would fare no better; these are asked about again after the next scan.
            return Step(written=written, refused=refused, is_over=True, trouble=asked.trouble)
        if failed:
            continue
        _keep(assessment, account, asked, model=writers.first.name, now=now)
        written += asked.answer is not None
        refused += asked.answer is None
    return Step(written=written, refused=refused, is_over=True)


def _left(tenant: Tenant, now: datetime, a_day: int = A_DAY) -> int:
    """Return how many more stories the day allows."""
    midnight = selector.start_of(now.astimezone(tenant.zone).date(), tenant.zone)
    return max(0, a_day - selector.written_since(midnight))


def _ask(
    assessment: ChurnAssessment,
    account: Account,
    *,
    writers: Writers,
    now: datetime,
    actor: User | None = None,
    job: Job | None = None,
    run_id: UUID | None = None,
) -> Answered[churn_told.ChurnRiskAnswer]:
    known = selector.facts(assessment, account)
    return asking.ask(
        asking.Question(
            purpose="churn_risk",
            system=CSM_SYSTEM_PROMPT,
            prompt=prompt.build_churn_risk_prompt(known, notes=account.notes),
            answer=churn_told.ChurnRiskAnswer,
            check=lambda answer: churn_told.objections(answer, known),
            material={"facts": {fact.id: fact.shown for fact in known.values()}},
        ),
        writers=writers,
        now=now,
        actor=actor,
        job=job,
        run_id=run_id,
        about=f"accounts.account:{account.pk}",
    )


def _keep(
    assessment: ChurnAssessment,
    account: Account,
    asked: Answered[churn_told.ChurnRiskAnswer],
    *,
    model: str,
    now: datetime,
) -> ChurnStory | None:
    """Keep an answer, or that this basis got none that could be used. What failed by the way leaves what was."""
    if asked.reason in (Reason.NO_MODEL, Reason.OVER_CAP, Reason.FAILED):
        return ChurnStory.objects.filter(account=account).first()
    answer = asked.answer
    story, _ = ChurnStory.objects.update_or_create(
        account=account,
        defaults={
            "basis": selector.basis(assessment),
            "narrative": "" if answer is None else answer.risk_narrative,
            "actions": [] if answer is None else list(answer.recommended_actions),
            "written_by": (asked.author or model)[:100],
            "facts_checked": len(selector.facts(assessment, account)),
            "written_at": now,
            "trouble": asked.trouble[:500],
        },
    )
    return story
