"""From a task to its handler and back: what is asked for is recorded, and whatever happens is answered (SPEC 5.2)."""

import traceback
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from asgiref.sync import sync_to_async
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from pydantic import BaseModel

from accounts.services import coaching, handoffs, health
from csm_portal.agent import handlers, tasks
from csm_portal.agent.orders import NoSuchAccount, Order
from csm_portal.agent.results import CSMResult, Status, TaskAnswer, TaskFailure
from csm_portal.agent.reviews import NotYet
from csm_portal.agent.tasks import CSMTask, TaskType
from csm_portal.core import acting, agent_runs
from csm_portal.core.agent_runs import Caller
from csm_portal.core.models import AgentRun, RunOrigin, RunState, Tenant
from csm_portal.core.scope import OutsideTenantScope, current_tenant_id, tenant_scope
from csm_portal.ports.errors import PortError
from qbr.services import drafting

log = structlog.get_logger(__name__)

Handler = Callable[[Order], TaskAnswer]
Clock = Callable[[], datetime]

HANDLERS: Final[Mapping[TaskType, Handler]] = {
    TaskType.HEALTH_SCAN: handlers.health_scan,
    TaskType.CHURN_RISK_ASSESSMENT: handlers.churn_risk_assessment,
    TaskType.QBR_GENERATION: handlers.qbr_generation,
    TaskType.EXPANSION_DISPATCH: handlers.expansion_dispatch,
    TaskType.ADOPTION_COACHING: handlers.adoption_coaching,
    TaskType.CHURN_ALERT: handlers.churn_alert,
    TaskType.UPDATE_CSM_PROFILE: handlers.update_csm_profile,
}
A_PROGRAM: Final = Caller(origin=RunOrigin.PROGRAM, name="A program of this installation")

# The rules leave nothing to do; what these say is written for people, as is what a port says.
_REFUSED: Final = (
    NotYet,
    health.NothingToScore,
    drafting.NothingToReview,
    handoffs.NotPossible,
    coaching.NothingToCoach,
)
NO_SUCH_TENANT: Final = "There is no company with that tenant_id here. Give its id or its short name."


class CSMAgent:
    """The customer success agent: seven tasks over the same services that the pages use.

    ``caller`` is recorded with each run, and where it is a person their rights hold. ``clock`` tells the time.
    """

    def __init__(self, *, caller: Caller = A_PROGRAM, clock: Clock = timezone.now) -> None:
        self._caller = caller
        self._clock = clock

    def execute(self, task: CSMTask | Mapping[str, Any]) -> CSMResult:
        """Carry out a task and return what came of it.

        Raises ValueError where it is no task: ``tasks.UnknownTaskType``, or pydantic's ValidationError. Whatever goes
        wrong after that is in the result (SPEC 5.2). Waits for what takes long, and so is not called inside a transaction.
        """
        given = tasks.read(task)
        tenant = tenant_of(given)
        if tenant is None or _is_in_anothers_scope(tenant):
            return _of_no_tenant(given, now=self._clock())
        with tenant_scope(tenant):
            run = begin(given, caller=self._caller, now=self._clock())
            return carry_out(run, given, tenant=tenant, caller=self._caller, clock=self._clock)

    async def aexecute(self, task: CSMTask | Mapping[str, Any]) -> CSMResult:
        """Do the same from asynchronous code, in a thread of its own."""
        return await sync_to_async(self.execute)(task)


def tenant_of(task: CSMTask) -> Tenant | None:
    """Return the tenant that a task names by its id or its short name, or None."""
    active = Tenant.objects.filter(is_active=True)
    try:
        return active.filter(pk=UUID(task.tenant_id)).first()
    except ValueError:
        return active.filter(slug=task.tenant_id).first()


def _is_in_anothers_scope(tenant: Tenant) -> bool:
    """Tell whether this is asked from within the work for another tenant, which reaches no further than that."""
    try:
        return current_tenant_id() != tenant.pk
    except OutsideTenantScope:
        return False


def begin(task: CSMTask, *, caller: Caller, now: datetime) -> AgentRun:
    """Write down that a task was asked for. Call it in the tenant's scope."""
    return agent_runs.begin(
        task_type=task.task_type,
        task=as_kept(task),
        account_ref=task.account_id or "",
        caller=caller,
        now=now,
    ).run


def as_kept(task: CSMTask) -> dict[str, Any]:
    """Return a task as its run keeps it."""
    return task.model_dump(mode="json", exclude_none=True)


def carry_out(run: AgentRun, task: CSMTask, *, tenant: Tenant, caller: Caller, clock: Clock) -> CSMResult:
    """Do what a run was begun for, in the tenant's scope, and keep what came of it. Raises nothing of a handler's."""
    started_at = clock()
    agent_runs.start(run, now=started_at)
    order = Order(task=task, tenant=tenant, caller=caller, clock=clock, run_id=run.pk)
    with (
        acting.on_behalf_of(caller.name, run_id=run.pk),
        structlog.contextvars.bound_contextvars(run_id=str(run.pk), task_type=task.task_type.value),
    ):
        status, answer, account_id = _answer(run, order)
        result = _result(
            task, status, answer, account_id=account_id, run_id=str(run.pk), started_at=started_at, finished_at=clock()
        )  # fmt: skip
        agent_runs.finish(
            run,
            _STATES[status],
            result=result.model_dump(mode="json"),
            error=result.error or "",
            now=result.finished_at,
        )
        log.info("agent_task", status=status, origin=caller.origin)
    return result


_STATES: Final[Mapping[Status, RunState]] = {
    "done": RunState.DONE,
    "partial": RunState.PARTIAL,
    "refused": RunState.REFUSED,
    "not_found": RunState.REFUSED,
    "not_allowed": RunState.REFUSED,
    "failed": RunState.FAILED,
}


def _answer(run: AgentRun, order: Order) -> tuple[Status, BaseModel, str | None]:
    """Return how it ended, what is answered, and the id of the account that it was about, where there is such a one."""
    account_id: str | None = None
    status: Status
    answer: BaseModel
    try:
        if order.task.account_id is not None:
            account = order.account()
            account_id = account.notion_page_id
            agent_runs.about(run, account_name=account.name)
        done = HANDLERS[order.task.task_type](order)
        status, answer = ("partial" if done.partial else "done"), done
    except NoSuchAccount as error:
        log.info("agent_task_without_account")
        status, answer = "not_found", TaskFailure(error=str(error))
    except PermissionDenied as error:
        log.warning("agent_task_not_allowed")
        status, answer = "not_allowed", TaskFailure(error=str(error) or "You may not do this.")
    except _REFUSED as error:
        log.info("agent_task_refused", kind=type(error).__name__)
        status, answer = "refused", TaskFailure(error=str(error))
    except PortError as error:
        log.warning("agent_task_failed", kind=type(error).__name__, trouble=error.trouble)
        status, answer = "failed", TaskFailure(error=str(error))
    except Exception as error:
        log.exception("agent_task_failed")
        status, answer = "failed", TaskFailure(error=_of_its_own(error))
    return status, answer, account_id


def _of_its_own(error: Exception) -> str:
    """Say what happened without what the exception may carry from a customer's data or a secret."""
    places = traceback.extract_tb(error.__traceback__)
    place = f" in {places[-1].name}" if places else ""
    return f"The task stopped on an error of its own ({type(error).__name__}{place}). The log has the rest."


def _result(
    task: CSMTask,
    status: Status,
    answer: BaseModel,
    *,
    account_id: str | None,
    run_id: str | None,
    started_at: datetime,
    finished_at: datetime,
) -> CSMResult:
    result = answer.model_dump(mode="json")
    return CSMResult(
        task_type=task.task_type,
        tenant_id=task.tenant_id,
        account_id=account_id,
        run_id=run_id,
        status=status,
        result=result,
        confidence=result["confidence"],
        partial=result["partial"],
        error=result.get("error") or result.get("trouble") or None,
        started_at=started_at,
        finished_at=finished_at,
    )


def _of_no_tenant(task: CSMTask, *, now: datetime) -> CSMResult:
    log.warning("agent_task_without_tenant", task_type=task.task_type.value)
    failure = TaskFailure(error=NO_SUCH_TENANT)
    return _result(task, "not_found", failure, account_id=None, run_id=None, started_at=now, finished_at=now)
