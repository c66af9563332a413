"""Tasks that take long, done in the background: each run has a job (SPEC 5.4)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from csm_portal.agent import router
from csm_portal.agent.tasks import CSMTask
from csm_portal.core import agent_runs, jobs
from csm_portal.core.jobs import Partial, Running
from csm_portal.core.models import AgentRun, Job, Tenant

TASK: Final = "csm_portal.agent.queueing.work"


@transaction.atomic
def enqueue(run: AgentRun, *, tenant: Tenant, now: datetime) -> Job:
    """Have a run seen to by a job of its own."""
    job = jobs.enqueue(
        TASK,
        tenant=tenant,
        title=f"Agent: {run.task_type.replace('_', ' ')}",
        now=now,
        params={"run_id": str(run.pk)},
        requested_by=run.actor,
        key=f"agent-run:{run.pk}",
    )
    agent_runs.given_to(run, job)
    return job


def work(job: Running) -> Mapping[str, Any]:
    """Do what a run was begun for. Run again after a crash, it does it again: what the services did stands."""
    run = AgentRun.objects.select_related("actor", "key").get(pk=UUID(job.params["run_id"]))
    if not run.is_over:
        router.carry_out(
            run,
            CSMTask.model_validate(run.task),
            tenant=job.tenant,
            caller=agent_runs.caller_of(run),
            clock=timezone.now,
        )
    if run.error:
        raise Partial(run.error)
    return {"run": str(run.pk)}
