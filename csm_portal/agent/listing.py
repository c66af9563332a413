"""What the pages about the agent's runs and keys show."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Max, QuerySet

from accounts.models import Account
from csm_portal.agent.orders import named
from csm_portal.agent.tasks import TaskType
from csm_portal.core import agent_runs, keyset
from csm_portal.core.models import AgentKey, AgentRun, RunOrigin, RunState

A_PAGE: Final = 50

WORDS: Final[Mapping[str, str]] = {
    TaskType.HEALTH_SCAN: "Health scan",
    TaskType.CHURN_RISK_ASSESSMENT: "Churn risk assessment",
    TaskType.QBR_GENERATION: "QBR generation",
    TaskType.EXPANSION_DISPATCH: "Expansion dispatch",
    TaskType.ADOPTION_COACHING: "Adoption coaching",
    TaskType.CHURN_ALERT: "Churn alert",
    TaskType.UPDATE_CSM_PROFILE: "CSM Profile update",
}
"""What a person calls each task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run in the list. ``state`` is what a person should read: a run whose process is gone is not running."""

    run_id: UUID
    task: str
    account: str
    origin: str
    caller: str
    state: str
    asked_at: datetime
    seconds: float | None
    calls: int | None
    tokens: int | None
    cost_usd: Decimal | None
    error: str

    @property
    def took(self) -> str:
        if self.seconds is None:
            return ""
        if self.seconds < 60:
            return f"{self.seconds:.1f} s" if self.seconds < 10 else f"{self.seconds:.0f} s"
        minutes, rest = divmod(round(self.seconds), 60)
        return f"{minutes} min {rest} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What of the runs is asked for; "" is everything."""

    task: str = ""
    state: str = ""
    origin: str = ""

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "Filters":
        """Return the filters of an address; what means nothing is left out."""
        task, state, origin = (given.get(name, "") for name in ("task", "state", "origin"))
        return cls(
            task=task if task in set(TaskType) else "",
            state=state if state in set(RunState) else "",
            origin=origin if origin in set(RunOrigin) else "",
        )

    @property
    def are_set(self) -> bool:
        return bool(self.task or self.state or self.origin)

    def of(self, runs: QuerySet[AgentRun]) -> QuerySet[AgentRun]:
        for name, value in (("task_type", self.task), ("state", self.state), ("origin", self.origin)):
            if value:
                runs = runs.filter(**{name: value})
        return runs


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsPage:
    """Runs, newest first. One query however many there are."""

    rows: tuple[RunRow, ...]
    previous: str
    next: str

    @property
    def is_busy(self) -> bool:
        return any(row.state in (RunState.QUEUED, RunState.RUNNING) for row in self.rows)


_FIELDS: Final = (
    "pk", "task_type", "account_name", "account_ref", "origin", "caller_name", "state", "asked_at", "started_at",
    "finished_at", "model_calls", "prompt_tokens", "completion_tokens", "cost_usd", "error", "job_id",
)  # fmt: skip


def page(filters: Filters, *, mark: str, now: datetime, size: int = A_PAGE) -> RunsPage:
    """Return a page of the scope's tenant's runs. Raises keyset.UnknownPlace."""
    columns = (
        keyset.Column(by="asked_at", read=datetime.fromisoformat, is_descending=True),
        keyset.Column(by="pk", read=keyset.key, is_descending=True),
    )
    found = keyset.page(
        [keyset.Part(rows=filters.of(AgentRun.objects.all()), columns=columns)],
        order="asked",
        mark=mark,
        fields=_FIELDS,
        size=size,
    )
    return RunsPage(
        rows=tuple(_row(dict(zip(_FIELDS, values, strict=True)), now) for values in found.rows),
        previous=found.previous,
        next=found.next,
    )


def row_of(run: AgentRun, *, now: datetime) -> RunRow:
    """Return one run as the list shows it."""
    return _row({name: getattr(run, name) for name in _FIELDS}, now)


def _row(values: dict[str, Any], now: datetime) -> RunRow:
    started, finished = values["started_at"], values["finished_at"]
    tokens = [count for count in (values["prompt_tokens"], values["completion_tokens"]) if count is not None]
    state, error = values["state"], values["error"]
    lost = agent_runs.is_lost(
        state=state, has_job=values["job_id"] is not None, since=started or values["asked_at"], now=now
    )
    return RunRow(
        run_id=values["pk"],
        task=WORDS.get(values["task_type"], values["task_type"]),
        account=values["account_name"] or values["account_ref"] or "All accounts",
        origin=RunOrigin(values["origin"]).label,
        caller=values["caller_name"],
        state="incomplete" if lost else state,
        asked_at=values["asked_at"],
        seconds=(finished - started).total_seconds() if started and finished else None,
        calls=values["model_calls"],
        tokens=sum(tokens) if tokens else None,
        cost_usd=values["cost_usd"],
        error="Its process ended before it did. What was done stands; ask again." if lost else error,
    )


def account_of(run: AgentRun) -> Account | None:
    """Return the account that a run was about, where it is still known. One query."""
    if not run.account_ref:
        return None
    found: Account | None = Account.objects.filter(named(run.account_ref)).order_by("pk").first()
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """One key as admins see it."""

    key: AgentKey
    tasks: str
    state: str
    runs: int
    last_run_at: datetime | None


def keys(*, now: datetime) -> tuple[KeyRow, ...]:
    """Return the scope's tenant's keys, those in force first, the newest first. One query."""
    rows = (
        AgentKey.objects.select_related("created_by", "revoked_by")
        .annotate(runs_made=Count("runs"), last_run_at=Max("runs__asked_at"))
        .order_by("-created_at", "pk")
    )
    listed = [
        KeyRow(
            key=key,
            tasks=_tasks(key.task_types),
            state=_state(key, now),
            runs=key.runs_made,
            last_run_at=key.last_run_at,
        )
        for key in rows
    ]
    return tuple(sorted(listed, key=lambda row: row.state != "in force"))


def _state(key: AgentKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= now else "in force"


def _tasks(names: list[str]) -> str:
    if set(names) == set(TaskType):
        return "All seven tasks"
    return ", ".join(WORDS.get(name, name) for name in names)
