"""Keeps what the agent was asked to do: one row a task, begun before the work and finished after it (SPEC 5, 8)."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Count, Sum

from csm_portal.core.models import AgentKey, AgentRun, Job, ModelCall, RunOrigin, RunState, User

# Nothing that a caller waits for takes so long: a run without a job that is older has lost its process.
LOST_AFTER: Final = timedelta(minutes=15)
_LOOK_AGAIN_SECONDS: Final = 0.1


class UsedForAnother(ValueError):
    """The idempotency key was given with another task; the message is for the caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks for a task: a person, a key, the schedule, a command, or code of this installation."""

    origin: RunOrigin
    name: str
    actor: User | None = None
    key: AgentKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A task that was asked for, and whether this call is the one that is to see to it."""

    run: AgentRun
    is_new: bool


def begin(
    *,
    task_type: str,
    task: Mapping[str, Any],
    account_ref: str,
    caller: Caller,
    now: datetime,
    idempotency_key: str = "",
    body_hash: str = "",
    is_queued: bool = False,
) -> Asked:
    """Write down that a task was asked for; under an idempotency key that is known, return the run that there is.

    Of many at once with the same key exactly one is new: the database holds it. One whose process died before it ended
    is given to the next that asks. Raises UsedForAnother.
    """
    try:
        with transaction.atomic():
            run = AgentRun.objects.create(
                task_type=task_type,
                task=dict(task),
                account_ref=account_ref,
                origin=caller.origin,
                actor=caller.actor,
                key=caller.key,
                caller_name=caller.name[:200],
                asked_at=now,
                idempotency_key=idempotency_key,
                body_hash=body_hash,
                is_queued=is_queued,
            )
    except IntegrityError:
        if not idempotency_key:
            raise
        run = AgentRun.objects.get(key=caller.key, idempotency_key=idempotency_key)
        if run.body_hash != body_hash:
            raise UsedForAnother(
                "This Idempotency-Key was used for another task before. Send a new key with a new task."
            ) from None
        return Asked(run=run, is_new=_take_over(run, now))
    return Asked(run=run, is_new=True)


def is_lost(*, state: str, has_job: bool, since: datetime, now: datetime) -> bool:
    """Tell whether the process that was at a run is gone; one that has a job is looked after by that."""
    return not RunState(state).is_over and not has_job and now - since >= LOST_AFTER


def _take_over(run: AgentRun, now: datetime) -> bool:
    """Take a run whose process is gone."""
    since = run.started_at or run.asked_at
    if not is_lost(state=run.state, has_job=run.job_id is not None, since=since, now=now):
        return False
    taken = AgentRun.objects.filter(
        pk=run.pk, state=run.state, started_at=run.started_at, asked_at=run.asked_at
    )
    return bool(taken.update(state=RunState.QUEUED, started_at=None, asked_at=now))


def wait_for(run: AgentRun, *, longest_seconds: float = 20.0) -> AgentRun:
    """Wait for a run that another request is at, and return it as it is then."""
    deadline = time.monotonic() + longest_seconds
    while not run.is_over and time.monotonic() < deadline:
        time.sleep(_LOOK_AGAIN_SECONDS)
        run.refresh_from_db()
    return run


def start(run: AgentRun, *, now: datetime) -> None:
    """Write down that the work on a run begins."""
    run.state, run.started_at = RunState.RUNNING, now
    AgentRun.objects.filter(pk=run.pk).update(state=run.state, started_at=now)


def given_to(run: AgentRun, job: Job) -> None:
    """Write down which job sees to a run."""
    run.job = job
    AgentRun.objects.filter(pk=run.pk).update(job=job)


def about(run: AgentRun, *, account_name: str) -> None:
    """Write down what the account that the task named is called."""
    run.account_name = account_name[:300]
    AgentRun.objects.filter(pk=run.pk).update(account_name=run.account_name)


def finish(run: AgentRun, state: RunState, *, result: Mapping[str, Any], error: str, now: datetime) -> None:
    """Write down what came of a run, with the calls of a model that were made for it. Two queries."""
    used = ModelCall.objects.filter(run_id=run.pk).aggregate(
        calls=Count("pk"),
        read=Sum("prompt_tokens"),
        written=Sum("completion_tokens"),
        cost=Sum("cost_usd"),
    )
    columns: dict[str, Any] = {
        "state": state,
        "result": dict(result),
        "error": error,
        "finished_at": now,
        "model_calls": used["calls"],
        "prompt_tokens": used["read"],
        "completion_tokens": used["written"],
        "cost_usd": used["cost"],
    }
    for name, value in columns.items():
        setattr(run, name, value)
    AgentRun.objects.filter(pk=run.pk).update(**columns)


def caller_of(run: AgentRun) -> Caller:
    """Return who asked for a run, for whoever goes on with it. Reads its actor and key."""
    return Caller(origin=RunOrigin(run.origin), name=run.caller_name, actor=run.actor, key=run.key)
