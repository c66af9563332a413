"""Has a model write what to say about an opportunity; the template's words stand where it cannot (SPEC 4.3, P1, P3)."""

from datetime import datetime
from typing import Final

from django.db import transaction

from accounts import cited, expansion_told, policies
from accounts.expansion_told import ExpansionAnswer
from accounts.models import Opportunity
from accounts.prompts import expansion as prompts
from accounts.prompts.system import CSM_SYSTEM_PROMPT
from accounts.scoring.expansion_states import OpportunityState
from accounts.services.handoffs import NotPossible
from csm_portal.core import asking, audit, jobs
from csm_portal.core.models import Job, Membership, User
from csm_portal.ports.writer import Writers

TASK: Final = "accounts.expansion_tasks.write_talk_track"
PURPOSE: Final = "expansion"


@transaction.atomic
def ask(opportunity: Opportunity, *, actor: User | None, now: datetime) -> Job:
    """Have the words of an opportunity written by the model that is set; the job says what came of it.

    Raises NotPossible once it was handed over: what Sales was given stays as it was.
    """
    if opportunity.state != OpportunityState.FOUND:
        raise NotPossible("It was handed over already, and what Sales was given stays as it is.")
    if actor is not None:
        member = Membership.objects.get(user=actor)
        if not policies.can_write(member, opportunity.account):
            raise NotPossible("Whoever looks after the account can have it written.")
        audit.record("expansion.words_asked", opportunity, actor=actor, at=now)
    job = jobs.enqueue(
        TASK,
        tenant=opportunity.account.tenant,
        title=f"Write the talk track for {opportunity.account.name}"[:200],
        now=now,
        params={"opportunity": str(opportunity.pk)},
        requested_by=actor,
        key=f"talk_track:{opportunity.pk}",
    )
    Opportunity.objects.filter(pk=opportunity.pk).update(talk_job=job)
    return job


def ask_for_new(*, writers: Writers, now: datetime) -> int:
    """Have the words of what scans found written, where a model is set; return how many were asked for."""
    if writers.first is writers.fallback:
        return 0
    waiting = Opportunity.objects.filter(
        state=OpportunityState.FOUND, talk_track_by="templates", talk_track_note="", talk_job=None
    ).select_related("account__tenant")
    found = list(waiting.order_by("found_at", "pk")[:5])
    for one in found:
        ask(one, actor=None, now=now)
    return len(found)


def write(
    opportunity: Opportunity,
    *,
    writers: Writers,
    now: datetime,
    actor: User | None = None,
    job: Job | None = None,
) -> str:
    """Ask the model once and keep its words if they pass the check; return a sentence on what went wrong, or nothing.

    Call it outside a transaction. Figures in the words are the portal's: they are kept as citations.
    """
    told = expansion_told.facts(opportunity.facts)
    asked = asking.ask(
        asking.Question(
            purpose=PURPOSE,
            system=CSM_SYSTEM_PROMPT,
            prompt=prompts.build_expansion_prompt(told, notes=opportunity.account.notes),
            answer=ExpansionAnswer,
            check=lambda answer: expansion_told.problems(answer, told),
            material=expansion_told.material(opportunity.facts),
        ),
        writers=writers,
        now=now,
        actor=actor,
        job=job,
        about=f"accounts.opportunity:{opportunity.pk}",
    )
    still_there = Opportunity.objects.filter(
        pk=opportunity.pk, state=OpportunityState.FOUND, version=opportunity.version
    )
    if asked.answer is None:
        still_there.update(talk_track_note=asked.trouble[:300])
        return asked.trouble
    prose = asked.answer.talk_track
    still_there.update(
        talk_track=cited.rendered(prose, told),
        talk_prose=prose,
        talk_track_by=asked.author[:120],
        talk_track_note="",
    )
    return ""
