"""What the page of a sync says about accounts that did not come, and what it asks (SPEC 2.4)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Count

from accounts.models import Absence, Account, SyncRun, SyncState

NAMED: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentAccount:
    account_id: UUID
    name: str
    url: str
    unseen_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """Accounts that scans did not bring: how many wait for an answer, are asked for, are kept; the first of them.

    ``is_open``: this run asks about them. Only the latest full scan has anything to say; of others it is empty.
    """

    is_open: bool
    waiting: int
    asking: int
    kept: int
    first: tuple[AbsentAccount, ...]

    @property
    def shown(self) -> int:
        """How many ``first`` is the beginning of."""
        return self.waiting if self.is_open else self.kept

    @property
    def more(self) -> int:
        return max(0, self.shown - len(self.first))


NOTHING: Final = Absent(is_open=False, waiting=0, asking=0, kept=0, first=())


def of(run: SyncRun, *, is_latest: bool) -> Absent:
    """Return what a run's page says about them. At most two queries, none for earlier runs."""
    if not is_latest:
        return NOTHING
    present = Account.objects.filter(removed_at=None).exclude(absence="")
    counts = dict(present.values_list("absence").annotate(count=Count("pk")).order_by())
    is_open = run.state == SyncState.ASKS
    chosen = Absence.WAITS if is_open else Absence.KEPT
    first = []
    if counts.get(chosen):
        first = list(
            present.filter(absence=chosen)
            .order_by("name", "pk")
            .values_list("pk", "name", "url", "unseen_since")[:NAMED]
        )
    return Absent(
        is_open=is_open,
        waiting=counts.get(Absence.WAITS, 0),
        asking=counts.get(Absence.ASK, 0),
        kept=counts.get(Absence.KEPT, 0),
        first=tuple(
            AbsentAccount(account_id=pk, name=name, url=url, unseen_since=since)
            for pk, name, url, since in first
        ),
    )
