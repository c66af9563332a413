"""What people do with a plan's steps: add, change, tick off, put in order, remove; and close the plan (SPEC 4.4)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, Max

from accounts import policies
from accounts.models import CoachingPlan, CoachingStep, PlanState
from csm_portal.core import audit
from csm_portal.core.models import Membership, User

MOST_STEPS: Final = 20


class NotPossible(ValueError):
    """It cannot be done with this plan any more; the message says why and what to do."""


class OutOfDate(Exception):
    """Somebody else has changed the step since it was read; ``step`` is what it says now."""

    def __init__(self, step: CoachingStep) -> None:
        super().__init__("Somebody has changed this step since you opened it.")
        self.step = step


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a person writes into a step. ``due_on`` is None where no day is set."""

    title: str
    why: str
    owner_name: str
    due_on: date | None


@transaction.atomic
def add(plan: CoachingPlan, said: Said, *, actor: User, now: datetime) -> CoachingStep:
    """Put a step at the end of an open plan. Raises PermissionDenied, NotPossible."""
    held = _hold(plan, actor)
    _must_be_open(held)
    count = CoachingStep.objects.filter(plan=held).count()
    if count >= MOST_STEPS:
        raise NotPossible(
            f"A plan has {MOST_STEPS} steps at most, and this one has {count}. Remove one that is not done, or put this "
            "into one of them."
        )
    last = CoachingStep.objects.filter(plan=held).aggregate(last=Max("position"))["last"] or 0
    step = CoachingStep.objects.create(
        plan=held,
        position=last + 1,
        is_edited=True,
        title=said.title,
        why=said.why,
        owner_name=said.owner_name,
        due_on=said.due_on,
    )
    _record("coaching.step_added", step, actor=actor, now=now)
    return step


@transaction.atomic
def change(step: CoachingStep, said: Said, *, version: int, actor: User, now: datetime) -> CoachingStep:
    """Write a step anew. ``version`` is the one that was read. Raises PermissionDenied, NotPossible, OutOfDate."""
    held = _hold(step.plan, actor)
    _must_be_open(held)
    columns: dict[str, Any] = {
        "title": said.title,
        "why": said.why,
        "owner_name": said.owner_name,
        "due_on": said.due_on,
    }
    changed = CoachingStep.objects.filter(pk=step.pk, version=version).update(
        **columns, is_edited=True, version=F("version") + 1
    )
    if changed != 1:
        raise OutOfDate(_again(step))
    _record("coaching.step_changed", step, actor=actor, now=now)
    return _again(step)


@transaction.atomic
def tick(step: CoachingStep, *, is_done: bool, actor: User, now: datetime) -> CoachingStep:
    """Tick a step off, or take the tick back; the last tick finishes the plan, taking one back opens it again.

    Ticking what is ticked changes nothing. Raises PermissionDenied, NotPossible.
    """
    plan = _hold(step.plan, actor)
    if plan.state == PlanState.DROPPED:
        raise NotPossible("This plan was given up, so its steps stand as they were. Make a new plan.")
    found = CoachingStep.objects.filter(pk=step.pk, done_at__isnull=is_done)
    done_at, done_by = (now, actor) if is_done else (None, None)
    if found.update(done_at=done_at, done_by=done_by, version=F("version") + 1) == 1:
        is_finished = not CoachingStep.objects.filter(plan=plan, done_at=None).exists()
        if is_finished and plan.state == PlanState.OPEN:
            _move(
                plan, PlanState.FINISHED, closed_at=now, closed_by=actor, closed_because="Every step is done."
            )
        elif not is_finished and plan.state == PlanState.FINISHED:
            _open_again(plan)
        verb = "coaching.step_done" if is_done else "coaching.step_undone"
        _record(verb, step, actor=actor, now=now, is_finished=is_finished)
    return _again(step)


@transaction.atomic
def move(step: CoachingStep, *, by: int, actor: User, now: datetime) -> None:
    """Let a step change places with the one before it (-1) or behind it (1). Raises PermissionDenied, NotPossible."""
    plan = _hold(step.plan, actor)
    _must_be_open(plan)
    order = list(
        CoachingStep.objects.filter(plan=plan).order_by("position", "pk").values_list("pk", flat=True)
    )
    if step.pk not in order:
        raise NotPossible("Somebody has removed this step.")
    at = order.index(step.pk)
    to = at + (1 if by > 0 else -1)
    if not 0 <= to < len(order):
        return
    order[at], order[to] = order[to], order[at]
    for position, pk in enumerate(order, start=1):
        CoachingStep.objects.filter(pk=pk).exclude(position=position).update(position=position)
    _record("coaching.step_moved", step, actor=actor, now=now)


@transaction.atomic
def remove(step: CoachingStep, *, actor: User, now: datetime) -> None:
    """Take a step out of an open plan; one that is done stays. Raises PermissionDenied, NotPossible."""
    plan = _hold(step.plan, actor)
    _must_be_open(plan)
    kept = _again(step)
    if kept.done_at is not None:
        raise NotPossible("What was done stays in the plan. Take the tick back first.")
    if CoachingStep.objects.filter(plan=plan, done_at=None).count() == 1:
        raise NotPossible("This is the last step that is left. Close the plan instead.")
    _record("coaching.step_removed", step, actor=actor, now=now)
    CoachingStep.objects.filter(pk=step.pk).delete()


@transaction.atomic
def close(plan: CoachingPlan, *, state: PlanState, because: str, actor: User, now: datetime) -> CoachingPlan:
    """Close a plan before its last step is done: finished, or given up. Raises PermissionDenied, NotPossible."""
    held = _hold(plan, actor)
    _must_be_open(held)
    if state is PlanState.OPEN:
        raise NotPossible("Say whether the plan has served its purpose or was given up.")
    if not because.strip():
        raise NotPossible("Say why: whoever makes the next plan will ask.")
    _move(held, state, closed_at=now, closed_by=actor, closed_because=because.strip())
    audit.record(
        "coaching.closed", held, actor=actor, at=now, data={"account": str(held.account_id), "state": state}
    )
    return held


def _hold(plan: CoachingPlan, actor: User) -> CoachingPlan:
    """Return the plan, held until the transaction ends: one person at a time."""
    held: CoachingPlan = CoachingPlan.objects.select_for_update().get(pk=plan.pk)
    membership = Membership.objects.filter(user=actor).first()
    if membership is None or not policies.can_write(membership, held.account):
        raise PermissionDenied
    return held


def _must_be_open(plan: CoachingPlan) -> None:
    if plan.state != PlanState.OPEN:
        raise NotPossible("This plan is closed, so its steps stand as they were. Make a new plan.")


def _open_again(plan: CoachingPlan) -> None:
    if CoachingPlan.objects.filter(account_id=plan.account_id, state=PlanState.OPEN).exists():
        raise NotPossible("The account has a newer plan by now, so this one stays finished.")
    _move(plan, PlanState.OPEN, closed_at=None, closed_by=None, closed_because="")


def _move(plan: CoachingPlan, state: PlanState, **columns: Any) -> None:
    CoachingPlan.objects.filter(pk=plan.pk).update(state=state, **columns)
    plan.state = state
    for name, value in columns.items():
        setattr(plan, name, value)


def _again(step: CoachingStep) -> CoachingStep:
    found = CoachingStep.objects.filter(pk=step.pk).select_related("plan").first()
    if found is None:
        raise NotPossible("Somebody has removed this step.")
    return found


def _record(verb: str, step: CoachingStep, *, actor: User, now: datetime, **data: Any) -> None:
    told = {"plan": str(step.plan_id), "account": str(step.plan.account_id), **data}
    audit.record(verb, step, actor=actor, at=now, data=told)
