"""Writes pages of account records into the mirror: what is new or changed, in bulk, and nothing else (SPEC 2.4)."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import structlog
from django.core.exceptions import ValidationError
from django.db import DatabaseError, OperationalError, transaction

from accounts import mirror
from accounts.models import Account
from accounts.services import figures_held
from csm_portal.core import bulk
from csm_portal.ports.workspace import AccountRecord, KnownRows

log = structlog.get_logger(__name__)

BESIDE_FIELDS = (
    "url",
    "is_archived",
    "created_in_notion_at",
    "edited_in_notion_at",
    "search_text",
    "field_issues",
    "roi_facts",
)
_COLUMNS = tuple(column for columns in mirror.COLUMNS_OF.values() for column in columns)
_WRITTEN = (
    *_COLUMNS,
    *BESIDE_FIELDS,
    "changed_at",
    "content_hash",
    "synced_at",
    "removed_at",
    "absence",
    "unseen_since",
)
# bulk_create wants the names of fields, not of columns.
_UPDATED = tuple("owner" if column == "owner_id" else column for column in _WRITTEN)
_NOTHING_KEPT: Mapping[str, Any] = {}
# What a strange value makes Python or the database say. A database that is gone is no fault of a row's.
_ROW_FAULTS = (DatabaseError, ValidationError, ValueError, TypeError, ArithmeticError, AttributeError)


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FAILED = "failed"


_WRITES = (Outcome.CREATED, Outcome.UPDATED)
_KNOWN_OF = (
    "notion_page_id",
    "content_hash",
    "edited_in_notion_at",
    "created_in_notion_at",
    "is_archived",
    "removed_at",
    "absence",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    content_hash: str
    edited_at: datetime | None
    is_removed: bool
    is_absent: bool
    kept: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What is to be written of some records: rows that are the same, and accounts that are new or changed.

    ``known`` are the page ids of those that were in the mirror before.
    """

    records: list[AccountRecord]
    same: list[mirror.Row]
    accounts: list[Account]
    known: frozenset[str]


class Mirroring:
    """One run's writing of the mirror, page by page.

    Knows the hash of every stored row from one query at its start, or of the rows of ``page_ids`` only, so that an
    unchanged row costs no statement. A record that comes twice (a row that is archived during a scan, windows that
    overlap) is counted once and written as it came last. Nobody else may write the mirror at the same time.
    """

    def __init__(
        self, around: mirror.Surroundings, *, now: datetime, page_ids: Collection[str] | None = None
    ) -> None:
        self._around = around
        self._now = now
        self._stored: dict[str, _Stored] = {}
        self._made: dict[bool, list[datetime]] = {False: [], True: []}
        self._outcomes: dict[str, Outcome] = {}
        self._counted: Counter[Outcome] = Counter()
        self.failures: dict[str, str] = {}
        rows = Account.objects.all()
        if page_ids is not None:
            rows = rows.filter(notion_page_id__in=list(page_ids))
        names = (*_KNOWN_OF, *around.frozen_columns)
        for (
            page_id,
            content_hash,
            edited_at,
            made_at,
            is_archived,
            removed_at,
            absence,
            *kept,
        ) in rows.values_list(*names).iterator():
            self._stored[page_id] = _Stored(
                content_hash=content_hash,
                edited_at=edited_at,
                is_removed=removed_at is not None,
                is_absent=absence != "",
                kept=dict(zip(around.frozen_columns, kept, strict=True)) if kept else _NOTHING_KEPT,
            )
            if made_at is not None and removed_at is None:
                self._made[is_archived].append(made_at)
        self.known = sum(not row.is_removed for row in self._stored.values())

    @property
    def known_rows(self) -> KnownRows:
        """When the rows that the mirror holds were made."""
        return KnownRows(current=sorted(self._made[False]), archived=sorted(self._made[True]))

    @property
    def changed(self) -> list[str]:
        """The page ids of the accounts that are new or hold something else than before."""
        return [page_id for page_id, outcome in self._outcomes.items() if outcome in _WRITES]

    @property
    def done(self) -> int:
        """How many accounts were looked at so far."""
        return len(self._outcomes)

    def counts(self) -> dict[str, int]:
        """Return how many accounts had each outcome, by the names of SyncRun's columns."""
        return {outcome.value: self._counted[outcome] for outcome in Outcome}

    def store(self, records: Iterable[AccountRecord]) -> None:
        """Write what is new or changed of a page. Call it in a transaction; at most one query a page beside it."""
        self.write(self.prepare(records))

    def prepare(self, records: Iterable[AccountRecord]) -> Prepared:
        """Work out what is to be written of a page. Outside a transaction, so that nobody waits for it meanwhile."""
        given = list(records)
        rows = {row.page_id: row for record in given if (row := self._row(record)) is not None}
        changed = {page_id: row for page_id, row in rows.items() if self._is_changed(row)}
        before = {}
        if any(page_id in self._stored for page_id in changed):
            found = Account.objects.filter(notion_page_id__in=list(changed))
            before = {row.notion_page_id: row for row in found}
        return Prepared(
            records=given,
            same=[row for page_id, row in rows.items() if page_id not in changed],
            accounts=[self._account(row, before.get(page_id)) for page_id, row in changed.items()],
            known=frozenset(before),
        )

    def write(self, prepared: Prepared) -> None:
        """Write what was prepared. Call it in a transaction."""
        figures_held.note(prepared.records)
        for row in prepared.same:
            if row.page_id not in self._outcomes:
                self._count(row.page_id, Outcome.UNCHANGED)
        self._touch(prepared.same)
        accounts = prepared.accounts
        if not accounts:
            return
        try:
            _upsert(accounts)
        except OperationalError:
            raise
        except _ROW_FAULTS:
            accounts = [account for account in accounts if self._stored_alone(account)]
        for account in accounts:
            self._note(account, is_new=account.notion_page_id not in prepared.known)

    def unseen(self) -> list[str]:
        """Return the page ids of rows that stand in the mirror and did not come."""
        return [key for key, row in self._stored.items() if key not in self._outcomes and not row.is_removed]

    def _touch(self, rows: Iterable[mirror.Row]) -> None:
        """Bring up to date what stands beside the values of rows that are the same: nobody is told of it."""
        by_edit: dict[datetime, list[str]] = {}
        for row in rows:
            stored = self._stored[row.page_id]
            edited = row.columns["edited_in_notion_at"]
            if not isinstance(edited, datetime):
                continue
            if stored.edited_at != edited or stored.is_absent:
                by_edit.setdefault(edited, []).append(row.page_id)
                self._stored[row.page_id] = replace(stored, edited_at=edited, is_absent=False)
        for edited, page_ids in by_edit.items():
            Account.objects.filter(notion_page_id__in=page_ids).update(
                edited_in_notion_at=edited, absence="", unseen_since=None
            )

    def _row(self, record: AccountRecord) -> mirror.Row | None:
        stored = self._stored.get(record.id)
        try:
            return mirror.row(record, self._around, kept=stored.kept if stored else {})
        except _ROW_FAULTS as error:
            name = record.values.get("name")
            self._fail(record.id, name if isinstance(name, str) else mirror.UNTITLED, error)
            return None

    def _is_changed(self, row: mirror.Row) -> bool:
        stored = self._stored.get(row.page_id)
        return stored is None or stored.content_hash != row.content_hash or stored.is_removed

    def _account(self, row: mirror.Row, before: Account | None) -> Account:
        if before is None:
            fields, seen = mirror.known_fields(row.columns), {}
        else:
            fields = mirror.changed_fields({name: getattr(before, name) for name in _COLUMNS}, row.columns)
            seen = before.changed_at
        return Account(
            notion_page_id=row.page_id,
            content_hash=row.content_hash,
            changed_at={**seen, **dict.fromkeys(fields, self._changed_at(row, before).isoformat())},
            synced_at=self._now,
            removed_at=None,
            absence="",
            unseen_since=None,
            **row.columns,
        )

    def _changed_at(self, row: mirror.Row, before: Account | None) -> datetime:
        """Return since when the values that are new here stand in the workspace, as far as it can be told.

        A page's last edit is the latest moment at which any of them can have been written. Where the page was not
        edited since the last sync, a formula or rollup moved by itself, and all that is known is that it is new.
        """
        edited = row.columns.get("edited_in_notion_at")
        if not isinstance(edited, datetime) or edited > self._now:
            return self._now
        known = before.edited_in_notion_at if before is not None else None
        return edited if known is None or edited > known else self._now

    def _stored_alone(self, account: Account) -> bool:
        try:
            _upsert([account])
        except OperationalError:
            raise
        except _ROW_FAULTS as error:
            self._fail(account.notion_page_id, account.name, error)
            return False
        return True

    def _fail(self, page_id: str, name: str, error: Exception) -> None:
        log.warning("sync_row_failed", page_id=page_id, error=type(error).__name__)
        self._count(page_id, Outcome.FAILED)
        self.failures[page_id] = (
            f"“{name}” could not be stored: one of its values is of a kind that the mirror does not hold. "
            "What was known of it stands."
        )

    def _note(self, account: Account, *, is_new: bool) -> None:
        page_id = account.notion_page_id
        kept = {name: getattr(account, name) for name in self._around.frozen_columns}
        self.failures.pop(page_id, None)
        self._stored[page_id] = _Stored(
            content_hash=account.content_hash,
            edited_at=account.edited_in_notion_at,
            is_removed=False,
            is_absent=False,
            kept=kept or _NOTHING_KEPT,
        )
        if self._outcomes.get(page_id) != Outcome.CREATED:
            self._count(page_id, Outcome.CREATED if is_new else Outcome.UPDATED)

    def _count(self, page_id: str, outcome: Outcome) -> None:
        if before := self._outcomes.get(page_id):
            self._counted[before] -= 1
        self._outcomes[page_id] = outcome
        self._counted[outcome] += 1


def _upsert(accounts: list[Account]) -> None:
    with transaction.atomic():
        bulk.write(accounts, over=["tenant", "notion_page_id"], fields=_UPDATED)
