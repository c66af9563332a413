"""What other agents asked of the demo's agent lately, and the keys by which they did."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from accounts.models import Account, Alert
from csm_portal.agent import Caller, CSMAgent
from csm_portal.agent.tasks import TaskType
from csm_portal.core import agent_keys
from csm_portal.core.models import AgentKey, Membership, RunOrigin, Tenant, User

_READING = [TaskType.CHURN_RISK_ASSESSMENT, TaskType.HEALTH_SCAN]
_WORKING = [TaskType.CHURN_RISK_ASSESSMENT, TaskType.CHURN_ALERT, TaskType.ADOPTION_COACHING]


def fill(tenant: Tenant, *, now: datetime) -> int:
    """Make two keys and a revoked one, and give the agent some tasks by them; return how many. In the tenant's scope."""
    admin = Membership.objects.select_related("user").filter(is_admin=True).order_by("user__name").first()
    if admin is None:
        return 0
    desk = _key("Support desk assistant", _WORKING, admin.user, at=now - timedelta(days=20))
    sheet = _key("Board report", _READING, admin.user, at=now - timedelta(days=9))
    trial = _key("Trial of March", list(TaskType), admin.user, at=now - timedelta(days=60))
    agent_keys.revoke(trial, actor=admin.user, now=now - timedelta(days=41))
    count = 0
    for key, task_type, account_id, at in _asked(desk, sheet, now):
        caller = Caller(origin=RunOrigin.KEY, name=key.name, key=key)
        CSMAgent(caller=caller, clock=_Ticking(at)).execute(
            {"task_type": task_type, "tenant_id": tenant.slug, "account_id": account_id}
        )
        AgentKey.objects.filter(pk=key.pk).update(last_used_at=at)
        count += 1
    return count


def _asked(
    desk: AgentKey, sheet: AgentKey, now: datetime
) -> Iterator[tuple[AgentKey, TaskType, str, datetime]]:
    """Return who asks for what, oldest first: accounts in trouble, one that nobody knows, an alert that has gone out."""
    alerts = Alert.objects.running().select_related("account").order_by("-urgency", "pk")
    troubled = list(dict.fromkeys(alert.account for alert in alerts[:12]))[:4]
    for hours, account in zip((75, 52, 27), troubled, strict=False):
        yield desk, TaskType.CHURN_RISK_ASSESSMENT, account.notion_page_id, now - timedelta(hours=hours)
    yield desk, TaskType.CHURN_RISK_ASSESSMENT, "acct-0042", now - timedelta(hours=26)
    told = alerts.exclude(handed_over_at=None).first()
    if told is not None:
        yield desk, TaskType.CHURN_ALERT, told.account.notion_page_id, now
    well = Account.objects.current().filter(health__effective_band="Green").order_by("name", "pk").first()
    if well is not None:
        yield sheet, TaskType.HEALTH_SCAN, well.notion_page_id, now


def _key(name: str, task_types: list[TaskType], actor: User, *, at: datetime) -> AgentKey:
    return agent_keys.make(
        name=name, task_types=task_types, per_minute=60, expires_at=None, actor=actor, now=at
    )[0]


class _Ticking:
    """A clock that begins at a moment and goes on by a third of a second each time that it is asked."""

    def __init__(self, at: datetime) -> None:
        self._next = at

    def __call__(self) -> datetime:
        at, self._next = self._next, self._next + timedelta(milliseconds=340)
        return at
