"""Makes part of the mirror newer between two full scans: pages that were hinted at, pages edited of late (SPEC 2.4).

A refresh is a run like a scan's, and at most one run of a tenant writes the mirror at a time: a full scan takes over
from a refresh, and a refresh waits for a scan. So what was read earlier never replaces what was read later.
"""

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import DatabaseError, transaction

from accounts.models import Account, NotionWatch, SyncKind, SyncRun, SyncState
from accounts.services import absences, mapping, owners, sync
from accounts.services.mapping import Mapped
from accounts.services.mirroring import Mirroring
from csm_portal.core import audit
from csm_portal.core.models import Job, NotionConnection
from csm_portal.ports.errors import PortError
from csm_portal.ports.workspace import AccountRecord, Workspace

log = structlog.get_logger(__name__)

Progress = Callable[[int, int | None, str], None]

# What a full scan read is right even where it could not read everything.
_READ = (SyncState.DONE, SyncState.INCOMPLETE, SyncState.ASKS)
_READ_ALL = (SyncState.DONE, SyncState.ASKS)
_OVERLAP = timedelta(minutes=1)
_INTERRUPTED = "The refresh made way for a full sync, which reads everything."
_BROKEN = "The refresh stopped on an error of its own. The log has the rest."
_CUT = (
    "More accounts were edited within one minute than Notion hands out. A full sync reads the rest of them; what was read "
    "is stored."
)


class NeverRead(Exception):
    """There is nothing to make newer: no full scan has read the accounts yet. The message is for a person."""

    def __init__(self) -> None:
        super().__init__(
            "The accounts have not been read in full yet, so there is nothing to refresh. Press “Sync now” first."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What a refresh came to: its run, and the accounts that have other values now."""

    run: SyncRun
    account_ids: tuple[UUID, ...]


@dataclass(slots=True)
class Refreshing:
    """One refresh at work. Asks the workspace between transactions, never inside one."""

    run: SyncRun
    workspace: Workspace
    now: datetime
    progress: Progress
    problems: list[str] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    is_partial: bool = False
    _began: float = field(default_factory=time.monotonic)
    _pages: int = 0
    _counts: Counter[str] = field(default_factory=Counter)
    _before: tuple[int, float] = (0, 0.0)
    _mapped: Mapped | None = None
    _owners: owners.Owners = field(default_factory=owners.Owners)

    def __post_init__(self) -> None:
        usage = self.workspace.usage
        self._before = (usage.requests, usage.waited_seconds)

    @property
    def mapped(self) -> Mapped:
        """The mapping held against the live schema; asked for once, and only where there is something to read."""
        if self._mapped is None:
            self._mapped = mapping.refresh(workspace=self.workspace)
            mapping.freeze(self._mapped, now=self.now)
        return self._mapped

    def store(
        self,
        records: Collection[AccountRecord],
        *,
        gone: Collection[str] = (),
        settle: Callable[[SyncRun, datetime], object] | None = None,
    ) -> None:
        """Write records and remove accounts that are known to be gone, in one transaction.

        ``settle`` writes down in the same transaction what this answers. Raises sync.Superseded, and writes
        nothing, where a full scan has taken over.
        """
        around = sync.surroundings(self.mapped, self._owners) if records else None
        with transaction.atomic():
            # First the claim: it holds the run's row until the records are written, or there is no claim any more.
            self._beat(pages_read=self._pages + bool(records))
            if around is not None:
                mirroring = Mirroring(around, now=self.at(), page_ids=[record.id for record in records])
                mirroring.store(records)
                absences.found_again([record.id for record in records])
                self._counts.update(mirroring.counts())
                self.changed.update(mirroring.changed)
                self.problems += mirroring.failures.values()
                self.is_partial = self.is_partial or bool(mirroring.failures)
            if gone:
                self._counts["removed"] += absences.tombstone(gone, now=self.at())
            if settle is not None:
                settle(self.run, self.at())
        self._pages += bool(records)

    def tell(self, done: int, total: int | None, message: str) -> None:
        """Tell whoever watches how far the work is."""
        self.progress(done, total, message)

    def finish(self, state: SyncState, *, error: str = "") -> None:
        """Write the outcome and its one audit row, unless a full scan has taken this run's place."""
        at = self.at()
        with transaction.atomic():
            still_ours = SyncRun.objects.filter(pk=self.run.pk, state=SyncState.RUNNING).update(
                state=state, error=error, problems=self.problems, finished_at=at, **self._figures()
            )
            if still_ours:
                self.run.refresh_from_db()
                audit.record(
                    "sync.failed" if state == SyncState.FAILED else "sync.finished",
                    self.run,
                    actor=self.run.job.requested_by if self.run.job else None,
                    at=at,
                    data={"state": state, "kind": self.run.kind, **self._figures()},
                )
        self.run.refresh_from_db()
        log.info(
            "refresh_finished", run_id=str(self.run.pk), kind=self.run.kind, state=state, **self._figures()
        )

    def result(self) -> Refreshed:
        """Return what it came to."""
        ids = Account.objects.filter(notion_page_id__in=self.changed, removed_at=None).values_list(
            "pk", flat=True
        )
        return Refreshed(run=self.run, account_ids=tuple(ids))

    def at(self) -> datetime:
        """Return the present moment: the caller's, and a stopwatch's time since then."""
        return self.now + timedelta(seconds=time.monotonic() - self._began)

    def _beat(self, *, pages_read: int) -> None:
        alive = SyncRun.objects.filter(pk=self.run.pk, state=SyncState.RUNNING).update(
            heartbeat_at=self.at(), **{**self._figures(), "pages_read": pages_read}
        )
        if not alive:
            raise sync.Superseded

    def _figures(self) -> dict[str, Any]:
        usage = self.workspace.usage
        return {
            "pages_read": self._pages,
            "requests": usage.requests - self._before[0],
            "waited_seconds": round(usage.waited_seconds - self._before[1], 1),
            **{name: self._counts[name] for name in ("created", "updated", "unchanged", "failed", "removed")},
        }


@contextlib.contextmanager
def at_work(
    kind: SyncKind, *, workspace: Workspace, now: datetime, job: Job | None, progress: Progress | None
) -> Iterator[Refreshing]:
    """Claim a run, let the block do its work, and write down how it ended. Raises sync.AlreadyRunning.

    A PortError ends the run as FAILED, a full scan that takes over leaves it as it put it; neither is raised.
    """
    run = sync.claim(job, now, kind=kind)
    refreshing = Refreshing(run, workspace, now, progress or (lambda done, total, message: None))
    try:
        yield refreshing
    except sync.Superseded:
        refreshing.run.refresh_from_db()
    except PortError as error:
        refreshing.finish(SyncState.FAILED, error=str(error))
    except Exception:
        # Where the database itself is the trouble the run stays as it is, and the next one clears it away.
        with contextlib.suppress(DatabaseError):
            refreshing.finish(SyncState.FAILED, error=_BROKEN)
        raise
    else:
        refreshing.finish(SyncState.INCOMPLETE if refreshing.is_partial else SyncState.DONE)


def quick(
    *, workspace: Workspace, now: datetime, job: Job | None = None, progress: Progress | None = None
) -> Refreshed:
    """Read what was edited since the last refresh or full scan, and store it; nothing is removed (SPEC 2.4).

    Costs two requests where nothing was edited, two more than one for each 100 edited accounts otherwise. The
    place to go on from moves only where everything was read and stored. Raises NeverRead and sync.AlreadyRunning.
    """
    since, source_id = _place()
    with at_work(SyncKind.QUICK, workspace=workspace, now=now, job=job, progress=progress) as refreshing:
        sweep(refreshing, since=since - _OVERLAP, source_id=source_id)
        if not refreshing.is_partial:
            NotionWatch.objects.update_or_create(defaults={"read_until": now})
    return refreshing.result()


def sweep(
    refreshing: Refreshing,
    *,
    since: datetime,
    source_id: str = "",
    settle: Callable[[Iterable[str]], Callable[[SyncRun, datetime], object]] | None = None,
) -> None:
    """Store every account edited in the minute of ``since`` or later; ``settle`` is told whose records they are."""
    done = 0
    for page in refreshing.workspace.edited_accounts(since=since, source_id=source_id):
        if page.is_incomplete:
            refreshing.is_partial = True
            refreshing.problems.append(_CUT)
        if not page.ids:
            continue
        records = page.read(refreshing.mapped.readable)
        refreshing.store(records, settle=settle(page.ids) if settle else None)
        done += len(records)
        refreshing.tell(done, None, f"{done:,} edited accounts read.")


def last_scan(*, is_whole: bool = False) -> SyncRun | None:
    """Return the last full scan that came to its end: each row that it met is as it was after the scan's start.

    ``is_whole`` wants one that met every row and stored it.
    """
    # One with an error broke off: what it had not read by then is older.
    states = _READ_ALL if is_whole else _READ
    runs = SyncRun.objects.filter(kind=SyncKind.FULL, state__in=states, error="")
    return runs.order_by("-started_at", "-pk").first()


def read_until() -> datetime | None:
    """Return the moment up to which the mirror holds every edit, or None where nothing was read in full."""
    scan = last_scan()
    if scan is None:
        return None
    watch = NotionWatch.objects.first()
    return max(scan.started_at, watch.read_until) if watch and watch.read_until else scan.started_at


def _place() -> tuple[datetime, str]:
    """Return since when to read, and of which data source, where that is known for sure."""
    moment = read_until()
    if moment is None:
        raise NeverRead
    connection = NotionConnection.objects.first()
    is_sure = connection is not None and connection.updated_at < moment
    return moment, connection.mapped_data_source_id if connection and is_sure else ""
