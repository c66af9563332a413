"""Keeps score and churn risk on the account pages, from an account's first alert on (SPEC 2.5a).

One run brings every page up to date that says something else than the portal: a job of steps of under two minutes,
each of which finds out anew what is left. Setting a figure twice is the same as once, so a step that was broken off,
or an answer that never came, needs no looking: the next one writes again what is not known to stand.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.db.models import F

from accounts.models import FiguresInNotion, FiguresRun, WriteState, WrittenFigures
from accounts.selectors import due_figures
from accounts.selectors.due_figures import Due
from csm_portal.core import audit, jobs
from csm_portal.core.models import Job, NotionConnection, Tenant, User
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.figures import Figure, FigureProperties, PageEdit
from csm_portal.ports.workspace import Workspace

log = structlog.get_logger(__name__)

TASK: Final = "accounts.tasks.write_figures"
KEY: Final = "write_figures"
STEP_SECONDS: Final = 90.0
# A run whose step died for good is put aside by the next one.
ABANDONED_AFTER: Final = timedelta(minutes=15)
# Refusals of the token itself, or no answer at all, so often in a row mean that the others would fare the same.
IN_A_ROW: Final = 3

Progress = Callable[[int, int | None, str], None]


class AlreadyRunning(PortError):
    """Another run of the tenant is at work."""

    def __init__(self) -> None:
        super().__init__(
            "The scores are being written to Notion already. Wait until that is done.",
            trouble=Trouble.CONFLICT,
            permanent=False,
        )


def begin(account_ids: Iterable[UUID], *, at: datetime) -> None:
    """Keep the figures on the pages of these accounts from now on: they have their first alert.

    Accounts whose figures are kept already stay as they are. Call it in the transaction that raises the alert.
    """
    rows = [FiguresInNotion(account_id=account_id, alerted_at=at) for account_id in account_ids]
    if rows:
        FiguresInNotion.objects.bulk_create(rows, ignore_conflicts=True)


def ask(tenant: Tenant, *, now: datetime, requested_by: User | None = None) -> Job | None:
    """Ask for the job that writes what changed; None where nothing did, or where the tenant has switched it off."""
    if not _is_on() or not due_figures.everything():
        return None
    return jobs.enqueue(
        TASK,
        tenant=tenant,
        title="Write scores to Notion",
        now=now,
        requested_by=requested_by,
        key=KEY,
    )


@transaction.atomic
def switch(*, on: bool, actor: User, now: datetime) -> None:
    """Let the scans write the figures from now on, or keep them from it; what stands on the pages stays."""
    connection, _ = NotionConnection.objects.get_or_create()
    if connection.writes_figures != on:
        NotionConnection.objects.filter(pk=connection.pk).update(writes_figures=on)
    audit.record("notion.writing_switched", connection, actor=actor, at=now, data={"on": on})


def run(
    *,
    workspace: Workspace,
    now: datetime,
    job: Job | None = None,
    progress: Progress | None = None,
    step_seconds: float = STEP_SECONDS,
) -> FiguresRun:
    """Do one step of writing the figures, and ask for the next one if something is left; return the run.

    It is DONE when every page says what the portal says, PARTIAL where a page could not be written or a property is
    missing (``problems`` has a sentence for each), FAILED where the workspace does not answer or refuses the token:
    what was written stands, and the next scan goes on. Raises AlreadyRunning and nothing of the workspace's.
    """
    claimed = _claim(job, now)
    step = _Step(claimed, workspace, now=now, seconds=step_seconds, tell=progress or (lambda *_: None))
    try:
        is_over = step.write_all()
    except PortError as error:
        step.finish(WriteState.FAILED, error=str(error))
    else:
        if is_over:
            step.finish(WriteState.PARTIAL if step.is_partial else WriteState.DONE)
        else:
            step.go_on()
    claimed.refresh_from_db()
    return claimed


class _Step:
    """One step at work: each call outside stands alone, what came of it is written down right after."""

    def __init__(
        self, run: FiguresRun, workspace: Workspace, *, now: datetime, seconds: float, tell: Progress
    ) -> None:
        self._run = run
        self._workspace = workspace
        self._now = now
        self._seconds = seconds
        self._tell = tell
        self._began = time.monotonic()
        self._requests, self._waited = workspace.usage.requests, workspace.usage.waited_seconds
        self._properties: FigureProperties | None = None
        self._has_asked_again = False
        self._troubles_in_a_row = 0

    @property
    def is_partial(self) -> bool:
        self._run.refresh_from_db(fields=["failed"])
        return bool(self._run.failed or self._problems())

    def write_all(self) -> bool:
        """Write what is due until the step's time is over; tell whether nothing is left. Raises PortError."""
        if not _is_on():
            return True
        self._tell(0, None, "Asking Notion where score and risk go.")
        left = list(self._left())
        total = len(left) + self._run.written + self._run.failed
        FiguresRun.objects.filter(pk=self._run.pk).update(wanted=total)
        for done, one in enumerate(left, start=total - len(left)):
            if time.monotonic() - self._began >= self._seconds:
                return False
            self._tell(done, total, f"{done:,} of {total:,} accounts written.")
            self._write(one)
        self._tell(total, total, f"{total:,} of {total:,} accounts written.")
        return True

    def go_on(self) -> None:
        """Ask for the next step, and count this one, in one transaction."""
        job = self._run.job
        with transaction.atomic():
            self._count()
            following = jobs.enqueue(
                TASK,
                tenant=Tenant.objects.get(pk=self._run.tenant_id),
                title="Write scores to Notion, continued",
                now=self._at(),
                params={"run": str(self._run.pk)},
                requested_by=self._run.requested_by,
                # The job of this step is still running, so the next one needs a key of its own.
                key=f"{KEY}:{self._run.pk}:{self._run.steps + 1}",
            )
            FiguresRun.objects.filter(pk=self._run.pk).update(job=following, steps=F("steps") + 1)
        log.info("figures_step_over", run_id=str(self._run.pk), job_id=str(job and job.pk))

    def finish(self, state: WriteState, *, error: str = "") -> None:
        """Write the outcome and the run's one audit row, unless another run has taken this one's place."""
        at = self._at()
        with transaction.atomic():
            self._count()
            problems = [*([error] if error else []), *self._problems(), *due_figures.about_failed(self._run)]
            problems += due_figures.about_overruled(self._run)
            ended = FiguresRun.objects.filter(pk=self._run.pk, state=WriteState.RUNNING).update(
                state=state, finished_at=at, problems=problems
            )
            self._run.refresh_from_db()
            if ended:
                audit.record(
                    "figures.written" if state != WriteState.FAILED else "figures.failed",
                    self._run,
                    actor=self._run.requested_by,
                    at=at,
                    data={"state": state, **due_figures.counts(self._run)},
                )
        log.info("figures_run_over", run_id=str(self._run.pk), state=state, **due_figures.counts(self._run))

    def _left(self) -> Iterator[Due]:
        """Yield what is due and was not tried in vain by this run, where there is a place for it."""
        found = due_figures.everything()
        if not found:
            return
        properties = self._properties = self._properties or self._workspace.describe_figures()
        in_vain = set(due_figures.tried_in_vain(self._run).values_list("pk", flat=True))
        yield from (one for one in found if one.account_id not in in_vain and one.changes(properties.names))

    def _write(self, one: Due) -> None:
        try:
            self._set(one)
        except PortError as error:
            if error.trouble is Trouble.INVALID and self._schema_has_moved():
                self._write(one)
            else:
                self._failed(one, error)

    def _set(self, one: Due) -> None:
        if self._properties is None:
            raise AssertionError("The properties are known before anything is written.")
        values = one.changes(self._properties.names)
        if not values:
            return
        edit = self._workspace.write_figures(one.page_id, values, self._properties)
        self._troubles_in_a_row = 0
        self._wrote(one, values, edit)

    def _schema_has_moved(self) -> bool:
        """Look at the schema once more: a property that was renamed meanwhile is refused for every account."""
        if self._has_asked_again:
            return False
        self._has_asked_again = True
        before, self._properties = self._properties, self._workspace.describe_figures()
        return self._properties != before

    @transaction.atomic
    def _wrote(self, one: Due, values: Mapping[str, int | str], edit: PageEdit) -> None:
        at = self._at()
        overruled = one.overruled(values)
        written = {"score": values.get(Figure.SCORE), "risk": values.get(Figure.RISK)}
        FiguresInNotion.objects.filter(pk=one.account_id).update(
            **{name: value for name, value in written.items() if value is not None},
            held={**(one.held or {}), **edit.held},
            written_at=at,
            page_edited_at=edit.at,
            page_edited_by=edit.by,
            trouble="",
            tried_at=at,
        )
        WrittenFigures.objects.create(
            run=self._run,
            account_id=one.account_id,
            before=one.held,
            after={name: str(value) for name, value in values.items()},
            overruled=bool(overruled),
            written_at=at,
        )
        FiguresRun.objects.filter(pk=self._run.pk).update(
            written=F("written") + 1, overruled=F("overruled") + len(overruled), heartbeat_at=at
        )

    def _failed(self, one: Due, error: PortError) -> None:
        """Note that one page could not be written. Raises the error where the others would fare the same."""
        at = self._at()
        concerns_all = error.trouble in (Trouble.UNAUTHORIZED, Trouble.NOT_CONFIGURED) or not error.permanent
        self._troubles_in_a_row = self._troubles_in_a_row + 1 if concerns_all else 0
        log.warning("figures_not_written", account_id=str(one.account_id), trouble=error.trouble.value)
        with transaction.atomic():
            FiguresInNotion.objects.filter(pk=one.account_id).update(trouble=str(error), tried_at=at)
            FiguresRun.objects.filter(pk=self._run.pk).update(failed=F("failed") + 1, heartbeat_at=at)
        if self._troubles_in_a_row >= IN_A_ROW:
            raise error

    def _problems(self) -> tuple[str, ...]:
        return () if self._properties is None else self._properties.problems

    def _count(self) -> None:
        usage = self._workspace.usage
        FiguresRun.objects.filter(pk=self._run.pk).update(
            requests=F("requests") + usage.requests - self._requests,
            waited_seconds=F("waited_seconds") + round(usage.waited_seconds - self._waited, 1),
            heartbeat_at=self._at(),
        )

    def _at(self) -> datetime:
        # The moment is the caller's; how long it took since then is a stopwatch's.
        return self._now + timedelta(seconds=time.monotonic() - self._began)


def _claim(job: Job | None, now: datetime) -> FiguresRun:
    """Go on with the run that the job belongs to, or begin the one that a tenant may have at a time."""
    running = FiguresRun.objects.filter(state=WriteState.RUNNING).first()
    if running is not None and job is not None and _belongs(job, running):
        return running
    if running is not None and running.heartbeat_at < now - ABANDONED_AFTER:
        _put_aside(running, now)
    try:
        with transaction.atomic():
            return FiguresRun.objects.create(
                job=job, requested_by=job.requested_by if job else None, started_at=now, heartbeat_at=now
            )
    except IntegrityError as error:
        raise AlreadyRunning from error


def _belongs(job: Job, running: FiguresRun) -> bool:
    return running.job_id == job.pk or job.params.get("run") == str(running.pk)


def _put_aside(running: FiguresRun, now: datetime) -> None:
    with transaction.atomic():
        ended = FiguresRun.objects.filter(pk=running.pk, state=WriteState.RUNNING).update(
            state=WriteState.INTERRUPTED, finished_at=running.heartbeat_at
        )
        if ended:
            audit.record("figures.interrupted", running, actor=None, at=now, data=due_figures.counts(running))


def _is_on() -> bool:
    return not NotionConnection.objects.filter(writes_figures=False).exists()
