"""What the pages about syncs show."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from accounts import mirror
from accounts.models import Account, SyncKind, SyncRun, SyncState
from accounts.selectors import absent
from accounts.selectors.absent import Absent
from csm_portal.core import jobs, keyset
from csm_portal.core.models import Job, JobState

SYNC_KEY = "sync"
RUNS_A_PAGE = 25
ACCOUNTS_A_PAGE = 50
# A run without a job has no heartbeat beside its work: a long Retry-After must not look like death.
_SILENT_WITHOUT_JOB = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run in the list. ``state`` is what a person should read: a run without a process is not running."""

    run_id: UUID
    kind: str
    state: str
    started_at: datetime
    took: str
    accounts: int
    created: int
    updated: int
    unchanged: int
    removed: int
    failed: int
    requests: int
    told: str
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRunsPage:
    """The runs, newest first, and the sync that is asked for or at work. Two queries however many runs."""

    rows: tuple[RunRow, ...]
    previous: str
    next: str
    job: Job | None

    @property
    def is_busy(self) -> bool:
        """Tell whether the page should look again soon."""
        is_waiting = self.job is not None and not self.job.is_over
        return is_waiting or any(row.state == SyncState.RUNNING for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A value of an account that could not be read."""

    account_id: UUID
    account: str
    url: str
    label: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRunPage:
    """One run with all that it told, and the values that could not be read. At most five queries."""

    run: SyncRun
    kind: str
    state: str
    took: str
    is_latest: bool
    unreadable: tuple[Unreadable, ...]
    accounts_with_issues: int
    absent: Absent
    previous: str
    next: str

    @property
    def is_busy(self) -> bool:
        """Tell whether the page should look again soon."""
        return self.state == SyncState.RUNNING


KINDS: Final = {
    SyncKind.FULL: "Sync",
    SyncKind.QUICK: "Quick refresh",
    SyncKind.PAGES: "Refresh of single accounts",
}
"""What a person calls each kind of run."""


def is_abandoned(run: SyncRun, *, now: datetime) -> bool:
    """Tell whether a run that says it is running has lost its process. Reads ``run.job``."""
    if run.state != SyncState.RUNNING:
        return False
    if run.job is None:
        return (run.heartbeat_at or run.started_at) < now - _SILENT_WITHOUT_JOB
    return _has_stopped(run.job.state, run.job.heartbeat_at, now=now)


def runs(*, mark: str, now: datetime) -> SyncRunsPage:
    """Return a page of the scope's tenant's runs. Raises keyset.UnknownPlace on a mark that is none."""
    columns = (
        keyset.Column(by="started_at", read=datetime.fromisoformat, is_descending=True),
        keyset.Column(by="pk", read=keyset.key, is_descending=True),
    )
    found = keyset.page(
        [keyset.Part(rows=SyncRun.objects.all(), columns=columns)],
        order="started",
        mark=mark,
        fields=_ROW_FIELDS,
        size=RUNS_A_PAGE,
    )
    return SyncRunsPage(
        rows=tuple(_row(dict(zip(_ROW_FIELDS, values, strict=True)), now) for values in found.rows),
        previous=found.previous,
        next=found.next,
        job=Job.objects.filter(key=SYNC_KEY).order_by("-created_at", "-pk").first(),
    )


def run_page(run: SyncRun, *, mark: str, now: datetime) -> SyncRunPage:
    """Return the page of one run; ``run.job`` and its ``requested_by`` are loaded by the caller.

    The values that could not be read are those of the mirror as it stands, so only the latest run lists them.
    Raises keyset.UnknownPlace.
    """
    later = SyncRun.objects.filter(started_at__gt=run.started_at, kind=SyncKind.FULL)
    is_latest = run.kind == SyncKind.FULL and not later.exists()
    with_issues = Account.objects.current().exclude(field_issues=[])
    columns = (keyset.Column(by="name", read=keyset.words), keyset.Column(by="pk", read=keyset.key))
    found = keyset.Slice(rows=(), previous="", next="")
    if is_latest:
        found = keyset.page(
            [keyset.Part(rows=with_issues, columns=columns)],
            order="name",
            mark=mark,
            fields=("pk", "name", "url", "field_issues"),
            size=ACCOUNTS_A_PAGE,
        )
    return SyncRunPage(
        run=run,
        kind=KINDS[SyncKind(run.kind)],
        state=SyncState.INCOMPLETE if is_abandoned(run, now=now) else run.state,
        took=_took(run.started_at, run.finished_at),
        is_latest=is_latest,
        unreadable=tuple(value for row in found.rows for value in _unreadable(*row)),
        accounts_with_issues=with_issues.count() if found.rows else 0,
        absent=absent.of(run, is_latest=is_latest),
        previous=found.previous,
        next=found.next,
    )


_ROW_FIELDS = (
    "pk",
    "kind",
    "state",
    "started_at",
    "finished_at",
    "heartbeat_at",
    "created",
    "updated",
    "unchanged",
    "removed",
    "failed",
    "missing",
    "known",
    "requests",
    "problems",
    "error",
    "job_id",
    "job__state",
    "job__heartbeat_at",
)


def _row(values: dict[str, Any], now: datetime) -> RunRow:
    problems: list[str] = values["problems"]
    question = SyncRun(**{name: values[name] for name in ("state", "missing", "known")}).question
    told = [sentence for sentence in (values["error"], question, *problems) if sentence]
    return RunRow(
        run_id=values["pk"],
        kind=KINDS[SyncKind(values["kind"])],
        state=_shown_state(values, now),
        started_at=values["started_at"],
        took=_took(values["started_at"], values["finished_at"]),
        accounts=sum(values[name] for name in ("created", "updated", "unchanged", "failed")),
        created=values["created"],
        updated=values["updated"],
        unchanged=values["unchanged"],
        removed=values["removed"],
        failed=values["failed"],
        requests=values["requests"],
        told=told[0] if told else "",
        more=max(0, len(told) - 1),
    )


def _shown_state(values: dict[str, Any], now: datetime) -> str:
    state: str = values["state"]
    if state != SyncState.RUNNING:
        return state
    if values["job_id"] is None:
        is_lost = (values["heartbeat_at"] or values["started_at"]) < now - _SILENT_WITHOUT_JOB
    else:
        is_lost = _has_stopped(values["job__state"], values["job__heartbeat_at"], now=now)
    return SyncState.INCOMPLETE if is_lost else state


def _has_stopped(state: str, heartbeat_at: datetime | None, *, now: datetime) -> bool:
    return state != JobState.RUNNING or heartbeat_at is None or heartbeat_at < now - jobs.LOST_AFTER


def _took(started_at: datetime, finished_at: datetime | None) -> str:
    if finished_at is None:
        return ""
    seconds = (finished_at - started_at).total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes:,} min {rest} s" if minutes < 60 else f"{minutes // 60:,} h {minutes % 60} min"


def _unreadable(account_id: UUID, name: str, url: str, issues: list[dict[str, str]]) -> list[Unreadable]:
    return [
        Unreadable(
            account_id=account_id,
            account=name,
            url=url,
            label=mirror.labels([issue["field"]]),
            message=issue["message"],
        )
        for issue in issues
    ]
